#include "step.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "folder.h"
#include "tool.h"

#define STATE_NAME ".neurohls.json"
#define STATE_MAX ((size_t)256 << 20)
#define STATE_FORMAT 1

/* As text in the state file:
 *     {"format": 1, "step": {"rtl": {"key": {part: value}, "file": {path: sha256}, "next": {path: sha256}}}}
 * file: what the folder has. next: what it has when the run that was publishing it was killed before it could
 * say so; absent else. jansson's own memory never outlives a call: rows are copied into the arena. */
typedef struct {
    const char *name;
    nh_pairs key, file, next;
} row;

struct nh_steps {
    nh_arena *arena;
    const char *out, *state_path;
    row *row;
    size_t n_row, cap_row;
};

struct nh_step {
    nh_steps *all;
    const char *name, *why, *staged;
    nh_pairs key;
};

static row *find_row(nh_steps *s, const char *name) {
    for (size_t i = 0; i < s->n_row; i++)
        if (strcmp(s->row[i].name, name) == 0) return &s->row[i];
    return NULL;
}

/* ---- the state file ---- */

static nh_hash file_hash(nh_arena *a, nh_bytes text) {
    nh_hasher *h = nh_hasher_new(a);
    nh_hash_bytes(h, text.data, text.size);
    return nh_hash_end(h);
}

static void read_pairs(nh_arena *a, json_t *object, nh_pairs *out) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        if (json_is_string(value)) nh_pairs_add(a, out, name, json_string_value(value));
    }
}

static row *new_row(nh_steps *s, const char *name) {
    s->row = nh_arena_grow(s->arena, s->row, &s->cap_row, s->n_row + 1, sizeof *s->row);
    row *r = &s->row[s->n_row++];
    *r = (row){.name = nh_arena_str(s->arena, name)};
    return r;
}

static void read_state(nh_steps *s) {
    nh_bytes text;
    nh_diag *ignored = nh_diag_new(s->arena);
    if (!nh_file_read(s->arena, ignored, NH_NOWHERE, s->state_path, STATE_MAX, &text)) return;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(root, "format")) == STATE_FORMAT) {
        const char *name;
        json_t *value;
        json_object_foreach(json_object_get(root, "step"), name, value) {
            row *r = new_row(s, name);
            read_pairs(s->arena, json_object_get(value, "key"), &r->key);
            read_pairs(s->arena, json_object_get(value, "file"), &r->file);
            read_pairs(s->arena, json_object_get(value, "next"), &r->next);
        }
    }
    json_decref(root);
}

static json_t *pairs_json(const nh_pairs *p) {
    json_t *object = json_object();
    for (size_t i = 0; i < p->n; i++) json_object_set_new(object, p->at[i].name, json_string(p->at[i].value));
    return object;
}

static int put_chunk(const char *data, size_t size, void *writer) {
    nh_write(writer, data, size);
    return 0;
}

static bool write_state(nh_steps *s, nh_diag *d) {
    char *staged = nh_stage_file(s->arena, d, s->state_path);
    if (!staged) return false;
    json_t *steps = json_object();
    for (size_t i = 0; i < s->n_row; i++) {
        json_t *step = json_object();
        json_object_set_new(step, "key", pairs_json(&s->row[i].key));
        json_object_set_new(step, "file", pairs_json(&s->row[i].file));
        if (s->row[i].next.n) json_object_set_new(step, "next", pairs_json(&s->row[i].next));
        json_object_set_new(steps, s->row[i].name, step);
    }
    json_t *root = json_object();
    json_object_set_new(root, "format", json_integer(STATE_FORMAT));
    json_object_set_new(root, "step", steps);
    nh_writer *w = nh_writer_open(s->arena, staged);
    json_dump_callback(root, put_chunk, w, JSON_INDENT(1) | JSON_SORT_KEYS);
    nh_puts(w, "\n");
    json_decref(root);
    if (nh_writer_close(w, d)) return nh_publish(d, staged, s->state_path);
    nh_discard(staged);
    return false;
}

/* Staged leftovers of a killed run do not make a directory foreign; anything else without a state file does. */
static bool is_foreign(const char *out) {
    DIR *dir = opendir(out);
    bool foreign = false;
    for (struct dirent *e; dir && !foreign && (e = readdir(dir));)
        foreign = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !strstr(e->d_name, NH_STAGE_MARK);
    if (dir) closedir(dir);
    return foreign;
}

nh_steps *nh_steps_open(nh_arena *a, nh_diag *d, const char *out) {
    nh_steps *s = NH_NEW(a, nh_steps);
    s->arena = a;
    s->out = nh_tool_absolute(a, out);
    s->state_path = nh_path_join(a, s->out, STATE_NAME);
    if (nh_file_exists(s->state_path)) {
        read_state(s);
        return s;
    }
    if (is_foreign(s->out)) {
        nh_report(d, NH_O_FOREIGN, NH_NOWHERE, "the output directory '%s' holds files that neurohls did not make", out);
        nh_diag_hint(d, "choose a directory that is new or empty");
        return NULL;
    }
    return nh_mkdirs(d, s->out) && write_state(s, d) ? s : NULL;
}

/* ---- one step ---- */

nh_step *nh_step_new(nh_steps *s, const char *name) {
    nh_step *t = NH_NEW(s->arena, nh_step);
    *t = (nh_step){.all = s, .name = nh_arena_str(s->arena, name), .why = ""};
    return t;
}

void nh_step_key(nh_step *t, const char *part, const char *value) {
    assert(!nh_pairs_get(&t->key, part));
    nh_pairs_add(t->all->arena, &t->key, part, value);
}

/* The files that the step wrote, as they are now; what a user put beside them is no input. */
void nh_step_input(nh_step *t, const char *name) {
    nh_arena *a = t->all->arena;
    const row *r = find_row(t->all, name);
    const char *folder = nh_path_join(a, t->all->out, name);
    nh_hasher *h = nh_hasher_new(a);
    for (size_t i = 0; r && i < r->file.n; i++) {
        nh_hash file;
        bool ok = nh_hash_file(a, nh_path_join(a, folder, r->file.at[i].name), &file);
        nh_hash_str(h, r->file.at[i].name);
        nh_hash_str(h, ok ? file.hex : "missing");
    }
    nh_step_key(t, nh_arena_printf(a, "output of %s", name), r ? nh_arena_str(a, nh_hash_end(h).hex) : "missing");
}

static bool is_hash(const char *s) { return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64; }

/* Values that a reader can compare are shown, hashes are not. NULL: both keys are the same. */
static const char *key_difference(nh_arena *a, const nh_pairs *old, const nh_pairs *new) {
    for (size_t i = 0; i < new->n; i++) {
        const char *name = new->at[i].name, *now = new->at[i].value, *was = nh_pairs_get(old, name);
        if (was && strcmp(was, now) == 0) continue;
        if (!was) return nh_arena_printf(a, "%s is new", name);
        bool readable = !is_hash(was) && !is_hash(now) && strlen(was) + strlen(now) <= 120;
        return readable ? nh_arena_printf(a, "%s: %s -> %s", name, was, now) : nh_arena_printf(a, "%s changed", name);
    }
    for (size_t i = 0; i < old->n; i++)
        if (!nh_pairs_get(new, old->at[i].name)) return nh_arena_printf(a, "%s is no longer used", old->at[i].name);
    return NULL;
}

static const char *file_difference(nh_arena *a, const char *step, const nh_pairs *old, const nh_pairs *now) {
    for (size_t i = 0; i < old->n; i++) {
        const char *hash = nh_pairs_get(now, old->at[i].name);
        if (!hash) return nh_arena_printf(a, "%s/%s is missing", step, old->at[i].name);
        if (strcmp(hash, old->at[i].value) != 0) return nh_arena_printf(a, "%s/%s was changed", step, old->at[i].name);
    }
    return NULL;
}

/* NULL: nothing changed. */
static const char *reason(nh_step *t) {
    nh_arena *a = t->all->arena;
    const row *r = find_row(t->all, t->name);
    if (!r || r->key.n == 0) return "first run";
    const char *why = key_difference(a, &r->key, &t->key);
    if (why) return why;
    nh_pairs now;
    if (!nh_folder_files(a, nh_path_join(a, t->all->out, t->name), &now))
        return nh_arena_printf(a, "%s is missing", t->name);
    return file_difference(a, t->name, &r->file, &now);
}

bool nh_step_cached(nh_step *t, bool force) {
    const char *why = force ? "forced" : reason(t);
    t->why = why ? why : "nothing changed";
    return !why;
}

const char *nh_step_why(const nh_step *t) { return t->why; }

const char *nh_step_begin(nh_step *t, nh_diag *d) {
    return t->staged = nh_stage_dir(t->all->arena, d, nh_path_join(t->all->arena, t->all->out, t->name));
}

/* One run at a time publishes into an output directory, by the state that the last one left. */
static int enter(nh_steps *s) {
    int fd = open(s->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) flock(fd, LOCK_EX);
    s->n_row = 0;
    read_state(s);
    return fd;
}

static void leave(int fd) {
    if (fd >= 0) close(fd);
}

/* A run that was killed while it published left `next`: are they in the folder? Any of them that tells both lists apart
 * says it. */
static void settle(nh_steps *s, row *r) {
    for (size_t i = 0; i < r->next.n; i++) {
        const char *name = r->next.at[i].name, *old = nh_pairs_get(&r->file, name);
        nh_hash hash;
        if (old && strcmp(old, r->next.at[i].value) == 0) continue;
        if (!nh_hash_file(s->arena, nh_path_join(s->arena, nh_path_join(s->arena, s->out, r->name), name), &hash))
            continue;
        if (strcmp(hash.hex, r->next.at[i].value) != 0) continue;
        r->file = r->next;
        break;
    }
    r->next = (nh_pairs){0};
}

static bool publish_step(nh_step *t, nh_diag *d, const nh_pairs *files) {
    nh_steps *s = t->all;
    row *r = find_row(s, t->name);
    nh_folder_record ours = {.is_known = r != NULL};
    if (!r) r = new_row(s, t->name);
    settle(s, r);
    ours.file = &r->file;
    r->next = *files;
    bool ok =
        write_state(s, d) && nh_folder_publish(s->arena, d, t->staged, nh_path_join(s->arena, s->out, t->name), &ours);
    r->next = (nh_pairs){0};
    if (!ok) {
        write_state(s, nh_diag_new(s->arena));
        return false;
    }
    t->staged = NULL;
    r->key = t->key;
    r->file = *files;
    return write_state(s, d);
}

bool nh_step_finish(nh_step *t, nh_diag *d) {
    assert(t->staged);
    nh_pairs files;
    bool ok = nh_folder_files(t->all->arena, t->staged, &files);
    if (!ok) {
        nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot read back '%s'", t->staged);
    } else {
        int fd = enter(t->all);
        ok = publish_step(t, d, &files);
        leave(fd);
    }
    if (!ok) nh_step_abandon(t);
    return ok;
}

void nh_step_abandon(nh_step *t) {
    if (t->staged) nh_discard(t->staged);
    t->staged = NULL;
}

/* ---- outputs beside those of the steps ---- */

/* A folder of logs has the list of its files with it: the state of the steps is as it was. */
static bool read_list(nh_arena *a, const char *folder, nh_pairs *out) {
    nh_bytes text;
    *out = (nh_pairs){0};
    if (!nh_file_read(a, nh_diag_new(a), NH_NOWHERE, nh_path_join(a, folder, STATE_NAME), STATE_MAX, &text))
        return false;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    read_pairs(a, json_object_get(root, "file"), out);
    json_decref(root);
    nh_pairs_add(a, out, STATE_NAME, file_hash(a, text).hex);
    return true;
}

static bool write_list(nh_arena *a, nh_diag *d, const char *folder) {
    nh_pairs files;
    if (!nh_folder_files(a, folder, &files))
        return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot read back '%s'", folder);
    json_t *root = json_object();
    json_object_set_new(root, "file", pairs_json(&files));
    nh_writer *w = nh_writer_open(a, nh_path_join(a, folder, STATE_NAME));
    json_dump_callback(root, put_chunk, w, JSON_INDENT(1) | JSON_SORT_KEYS);
    nh_puts(w, "\n");
    json_decref(root);
    return nh_writer_close(w, d);
}

static const char *failed_folder(const nh_step *t) {
    return nh_arena_printf(t->all->arena, "%s/%s.failed", t->all->out, t->name);
}

const char *nh_step_keep_failed(nh_step *t, nh_diag *d) {
    nh_arena *a = t->all->arena;
    const char *kept = failed_folder(t);
    nh_pairs ours;
    bool is_known = read_list(a, kept, &ours);
    if (!write_list(a, d, t->staged)) return NULL;
    if (!nh_folder_publish(a, d, t->staged, kept, &(nh_folder_record){.is_known = is_known, .file = &ours}))
        return NULL;
    t->staged = NULL;
    return kept;
}

void nh_step_drop_failed(nh_step *t) {
    nh_pairs ours;
    if (read_list(t->all->arena, failed_folder(t), &ours)) nh_folder_drop(t->all->arena, failed_folder(t), &ours);
}

bool nh_steps_publish_files(nh_steps *s, nh_diag *d, const char *const *name, const char *const *staged, size_t n) {
    nh_arena *a = s->arena;
    int fd = enter(s);
    row *r = find_row(s, "report");
    if (!r) r = new_row(s, "report");
    nh_pairs files = {0};
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        const char *path = nh_path_join(a, s->out, name[i]);
        nh_hash hash;
        ok = nh_hash_file(a, staged[i], &hash) && nh_file_keep_edited(a, d, path, nh_pairs_get(&r->file, name[i])) &&
             nh_publish(d, staged[i], path);
        nh_pairs_add(a, &files, name[i], hash.hex);
    }
    r->file = files;
    ok = ok && write_state(s, d);
    leave(fd);
    return ok;
}
