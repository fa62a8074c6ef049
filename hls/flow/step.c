#include "step.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "tool.h"

#define STATE_NAME ".neurohls.json"
#define STATE_MAX ((size_t)256 << 20)
#define STATE_FORMAT 1

/* As text in the state file:
 *     {"format": 1, "step": {"rtl": {"key": {part: value}, "file": {path: sha256}, "facts": text}}}
 * jansson's own memory never outlives a call: rows are copied into the arena. */
typedef struct { const char *name, *value; } pair;
typedef struct { pair *at; size_t n, cap; } pairs;

typedef struct {
    const char *name;
    pairs key, file;
    const char *facts;
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
    pairs key;
};

static void add(nh_arena *a, pairs *p, const char *name, const char *value) {
    p->at = nh_arena_grow(a, p->at, &p->cap, p->n + 1, sizeof *p->at);
    p->at[p->n++] = (pair){nh_arena_str(a, name), nh_arena_str(a, value)};
}

static const char *get(const pairs *p, const char *name) {
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->at[i].name, name) == 0) return p->at[i].value;
    return NULL;
}

static row *find_row(nh_steps *s, const char *name) {
    for (size_t i = 0; i < s->n_row; i++)
        if (strcmp(s->row[i].name, name) == 0) return &s->row[i];
    return NULL;
}

/* ---- files of an output directory ---- */

static int by_name(const void *x, const void *y) {
    return strcmp(((const pair *)x)->name, ((const pair *)y)->name);
}

/* Every regular file below folder/sub, with its hash; other kinds are not followed and count as "not a file". */
static bool list_tree(nh_arena *a, const char *folder, const char *sub, pairs *files) {
    DIR *dir = opendir(nh_path_join(a, folder, sub));
    if (!dir) return false;
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *path = sub[0] ? nh_path_join(a, sub, e->d_name) : nh_arena_str(a, e->d_name);
        struct stat st;
        nh_hash hash = {"not a file"};
        ok = fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (ok && S_ISDIR(st.st_mode)) {
            ok = list_tree(a, folder, path, files);
            continue;
        }
        if (ok && S_ISREG(st.st_mode)) ok = nh_hash_file(a, nh_path_join(a, folder, path), &hash);
        if (ok) add(a, files, path, hash.hex);
    }
    closedir(dir);
    return ok;
}

static bool manifest(nh_arena *a, const char *folder, pairs *files) {
    *files = (pairs){0};
    if (!list_tree(a, folder, "", files)) return false;
    if (files->n) qsort(files->at, files->n, sizeof *files->at, by_name);
    return true;
}

static nh_hash hash_pairs(nh_arena *a, const pairs *p) {
    nh_hasher *h = nh_hasher_new(a);
    for (size_t i = 0; i < p->n; i++) {
        nh_hash_str(h, p->at[i].name);
        nh_hash_str(h, p->at[i].value);
    }
    return nh_hash_end(h);
}

bool nh_step_hash_tree(nh_arena *a, const char *folder, char hex[65]) {
    pairs files;
    if (!manifest(a, folder, &files)) return false;
    nh_hash h = hash_pairs(a, &files);
    memcpy(hex, h.hex, sizeof h.hex);
    return true;
}

/* ---- the state file ---- */

static void read_pairs(nh_arena *a, json_t *object, pairs *out) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        if (json_is_string(value)) add(a, out, name, json_string_value(value));
    }
}

static row *new_row(nh_steps *s, const char *name) {
    s->row = nh_arena_grow(s->arena, s->row, &s->cap_row, s->n_row + 1, sizeof *s->row);
    row *r = &s->row[s->n_row++];
    *r = (row){.name = nh_arena_str(s->arena, name), .facts = ""};
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
            const char *facts = json_string_value(json_object_get(value, "facts"));
            if (facts) r->facts = nh_arena_str(s->arena, facts);
        }
    }
    json_decref(root);
}

static json_t *pairs_json(const pairs *p) {
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
        json_object_set_new(step, "facts", json_string(s->row[i].facts));
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
        foreign = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !strstr(e->d_name, ".tmp-");
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
    assert(!get(&t->key, part));
    add(t->all->arena, &t->key, part, value);
}

void nh_step_input(nh_step *t, const char *name) {
    nh_arena *a = t->all->arena;
    char hex[65] = "missing";
    nh_step_hash_tree(a, nh_path_join(a, t->all->out, name), hex);
    nh_step_key(t, nh_arena_printf(a, "output of %s", name), hex);
}

static bool is_hash(const char *s) {
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* Values that a reader can compare are shown, hashes are not. NULL: both keys are the same. */
static const char *key_difference(nh_arena *a, const pairs *old, const pairs *new) {
    for (size_t i = 0; i < new->n; i++) {
        const char *name = new->at[i].name, *now = new->at[i].value, *was = get(old, name);
        if (was && strcmp(was, now) == 0) continue;
        if (!was) return nh_arena_printf(a, "%s is new", name);
        bool readable = !is_hash(was) && !is_hash(now) && strlen(was) + strlen(now) <= 120;
        return readable ? nh_arena_printf(a, "%s: %s -> %s", name, was, now) : nh_arena_printf(a, "%s changed", name);
    }
    for (size_t i = 0; i < old->n; i++)
        if (!get(new, old->at[i].name)) return nh_arena_printf(a, "%s is no longer used", old->at[i].name);
    return NULL;
}

static const char *file_difference(nh_arena *a, const char *step, const pairs *old, const pairs *now) {
    for (size_t i = 0; i < old->n; i++) {
        const char *hash = get(now, old->at[i].name);
        if (!hash) return nh_arena_printf(a, "%s/%s is missing", step, old->at[i].name);
        if (strcmp(hash, old->at[i].value) != 0) return nh_arena_printf(a, "%s/%s was changed", step, old->at[i].name);
    }
    for (size_t i = 0; i < now->n; i++)
        if (!get(old, now->at[i].name)) return nh_arena_printf(a, "%s/%s was added", step, now->at[i].name);
    return NULL;
}

/* NULL: nothing changed. */
static const char *reason(nh_step *t) {
    nh_arena *a = t->all->arena;
    const row *r = find_row(t->all, t->name);
    if (!r) return "first run";
    const char *why = key_difference(a, &r->key, &t->key);
    if (why) return why;
    pairs now;
    if (!manifest(a, nh_path_join(a, t->all->out, t->name), &now)) return nh_arena_printf(a, "%s is missing", t->name);
    return file_difference(a, t->name, &r->file, &now);
}

bool nh_step_cached(nh_step *t, bool force) {
    const char *why = force ? "forced" : reason(t);
    t->why = why ? why : "nothing changed";
    return !why;
}

const char *nh_step_why(const nh_step *t) {
    return t->why;
}

const char *nh_step_facts(const nh_step *t) {
    const row *r = find_row(t->all, t->name);
    return r ? r->facts : "";
}

const char *nh_step_begin(nh_step *t, nh_diag *d) {
    return t->staged = nh_stage_dir(t->all->arena, d, nh_path_join(t->all->arena, t->all->out, t->name));
}

bool nh_step_finish(nh_step *t, nh_diag *d, const char *facts_json) {
    nh_steps *s = t->all;
    assert(t->staged);
    pairs files;
    if (!manifest(s->arena, t->staged, &files)) {
        nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot read back '%s'", t->staged);
        nh_step_abandon(t);
        return false;
    }
    if (!nh_publish(d, t->staged, nh_path_join(s->arena, s->out, t->name))) return false;
    t->staged = NULL;
    row *r = find_row(s, t->name);
    if (!r) r = new_row(s, t->name);
    r->key = t->key;
    r->file = files;
    r->facts = nh_arena_str(s->arena, facts_json ? facts_json : "");
    return write_state(s, d);
}

void nh_step_abandon(nh_step *t) {
    if (t->staged) nh_discard(t->staged);
    t->staged = NULL;
}
