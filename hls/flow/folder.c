#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define EDITED ".edited"

void nh_pairs_add(nh_arena *a, nh_pairs *p, const char *name, const char *value) {
    p->at = nh_arena_grow(a, p->at, &p->cap, p->n + 1, sizeof *p->at);
    p->at[p->n++] = (nh_pair){nh_arena_str(a, name), nh_arena_str(a, value)};
}

const char *nh_pairs_get(const nh_pairs *p, const char *name) {
    for (size_t i = 0; p && i < p->n; i++)
        if (strcmp(p->at[i].name, name) == 0) return p->at[i].value;
    return NULL;
}

/* ---- what is in a folder ---- */

typedef struct {
    const char *name;
    struct stat st;
    bool is_empty_dir;
} entry;

typedef struct {
    entry *at;
    size_t n, cap;
} entries;

static bool read_dir(nh_arena *a, const char *folder, const char *sub, entries *out) {
    DIR *dir = opendir(nh_path_join(a, folder, sub));
    if (!dir) return false;
    bool ok = true, is_empty = true;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        entry x = {.name = sub[0] ? nh_path_join(a, sub, e->d_name) : nh_arena_str(a, e->d_name)};
        is_empty = false;
        ok = fstatat(dirfd(dir), e->d_name, &x.st, AT_SYMLINK_NOFOLLOW) == 0;
        if (ok && S_ISDIR(x.st.st_mode)) {
            ok = read_dir(a, folder, x.name, out);
            continue;
        }
        out->at = nh_arena_grow(a, out->at, &out->cap, out->n + 1, sizeof *out->at);
        out->at[out->n++] = x;
    }
    closedir(dir);
    if (!ok || !is_empty || !sub[0]) return ok;
    out->at = nh_arena_grow(a, out->at, &out->cap, out->n + 1, sizeof *out->at);
    out->at[out->n++] = (entry){.name = sub, .is_empty_dir = true};
    return true;
}

static int by_name(const void *x, const void *y) { return strcmp(((const entry *)x)->name, ((const entry *)y)->name); }

static bool read_folder(nh_arena *a, const char *folder, entries *out) {
    *out = (entries){0};
    if (!read_dir(a, folder, "", out)) return false;
    if (out->n) qsort(out->at, out->n, sizeof *out->at, by_name);
    return true;
}

static const entry *find(const entries *all, const char *name) {
    const entry key = {.name = name};
    return all->n ? bsearch(&key, all->at, all->n, sizeof *all->at, by_name) : NULL;
}

/* Links and devices are not followed; a file of somebody else that cannot be read is none of ours. */
static nh_hash hash_of(nh_arena *a, const char *folder, const entry *e) {
    nh_hash hash;
    bool ok = S_ISREG(e->st.st_mode) && nh_hash_file(a, nh_path_join(a, folder, e->name), &hash);
    return ok ? hash : (nh_hash){"not a file"};
}

bool nh_folder_files(nh_arena *a, const char *folder, nh_pairs *files) {
    entries all;
    *files = (nh_pairs){0};
    if (!read_folder(a, folder, &all)) return false;
    for (size_t i = 0; i < all.n; i++)
        if (!all.at[i].is_empty_dir) nh_pairs_add(a, files, all.at[i].name, hash_of(a, folder, &all.at[i]).hex);
    return true;
}

/* ---- keeping a file ---- */

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* name.edited, name.edited-2, ...: one that is in none of the folders. */
static const char *edited_name(nh_arena *a, const char *name, const char *folder, const char *other) {
    for (int i = 1;; i++) {
        const char *to = nh_arena_printf(a, i > 1 ? "%s" EDITED "-%d" : "%s" EDITED, name, i);
        if (!exists(nh_path_join(a, folder, to)) && !(other && exists(nh_path_join(a, other, to)))) return to;
    }
}

/* Bytes, permissions and times, for file systems without hard links. */
static int copy_file(const char *from, const char *to) {
    struct stat st;
    char buffer[32768];
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error = 0;
    int out = in >= 0 && fstat(in, &st) == 0 && S_ISREG(st.st_mode)
                  ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                  : -1;
    if (out < 0) error = errno ? errno : EINVAL;
    for (ssize_t n = 1; error == 0 && n != 0;) {
        n = read(in, buffer, sizeof buffer);
        if (n < 0 && errno != EINTR) error = errno;
        for (ssize_t put = 0, k; error == 0 && put < n; put += k) {
            k = write(out, buffer + put, (size_t)(n - put));
            if (k < 0 && errno != EINTR) error = errno;
            if (k < 0) k = 0;
        }
    }
    if (out >= 0 && error == 0 &&
        (fchmod(out, st.st_mode & 07777) != 0 || futimens(out, (struct timespec[]){st.st_atim, st.st_mtim}) != 0))
        error = errno;
    if (out >= 0 && close(out) != 0 && error == 0) error = errno;
    if (in >= 0) close(in);
    return error;
}

/* The same file under a second name: at no moment is it in neither folder. 0 or errno. */
static int link_or_copy(const char *from, const char *to) {
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) == 0) return 0;
    return errno == EEXIST || errno == ENOTDIR || errno == EISDIR ? errno : copy_file(from, to);
}

static void warn_edited(nh_diag *d, const char *folder, const char *name, const char *to) {
    nh_report(d, NH_O_EDITED, NH_NOWHERE, "'%s%s%s' was changed since neurohls wrote it", folder, *folder ? "/" : "",
              name);
    nh_diag_found(d, "it is kept as '%s%s%s' beside the new one", folder, *folder ? "/" : "", to);
    nh_diag_hint(d, "generated files are written anew by every build: put what is yours into a file of another name");
}

/* ---- replacing a folder ---- */

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *staged, *dst;
    const nh_folder_record *ours;
    entries old, new;
} swap;

static bool taken(swap *s, const char *name) {
    nh_report(s->d, NH_O_TAKEN, (nh_loc){.file = nh_path_join(s->a, s->dst, name)},
              "a file of yours has the name of one that neurohls writes");
    nh_diag_found(s->d, "'%s/%s' was not made by neurohls, and is now a part of the output", nh_path_base(s->dst),
                  name);
    nh_diag_hint(s->d, "move it away or give it another name; nothing was replaced");
    return false;
}

/* Make the folders above name in the staged folder. */
static bool make_parents(swap *s, const char *name) {
    char *path = nh_path_join(s->a, s->staged, name), *end = path + strlen(s->staged);
    while ((end = strchr(end + 1, '/'))) {
        *end = 0;
        struct stat st;
        if (mkdir(path, 0777) != 0) {
            if (errno != EEXIST || stat(path, &st) != 0)
                return nh_report(s->d, NH_O_WRITE, NH_NOWHERE, "cannot make '%s': %s", path, strerror(errno));
            if (!S_ISDIR(st.st_mode)) return taken(s, name);
        }
        *end = '/';
    }
    return true;
}

static bool is_one_of(nh_hash hash, const char *x, const char *y) {
    return (x && strcmp(x, hash.hex) == 0) || (y && strcmp(y, hash.hex) == 0);
}

/* What is not ours gets a second name in the staged folder. */
static bool keep(swap *s, const entry *e) {
    const entry *same = find(&s->new, e->name);
    const char *file = nh_pairs_get(s->ours->file, e->name), *next = nh_pairs_get(s->ours->next, e->name);
    if (e->is_empty_dir) return make_parents(s, nh_arena_printf(s->a, "%s/", e->name));
    if (file || next || same) {
        nh_hash hash = hash_of(s->a, s->dst, e);
        if (is_one_of(hash, file, next) ||
            (same && S_ISREG(e->st.st_mode) && is_one_of(hash, hash_of(s->a, s->staged, same).hex, NULL)))
            return true;
    }
    bool was_ours = file || next || (!s->ours->is_known && same);
    const char *to = was_ours ? edited_name(s->a, e->name, s->staged, s->dst) : e->name;
    if (!make_parents(s, to)) return false;
    int error = link_or_copy(nh_path_join(s->a, s->dst, e->name), nh_path_join(s->a, s->staged, to));
    if (error == EEXIST || error == ENOTDIR || error == EISDIR) return taken(s, e->name);
    if (error)
        return nh_report(s->d, NH_O_WRITE, NH_NOWHERE, "cannot keep '%s/%s': %s", s->dst, e->name, strerror(error));
    if (was_ours) warn_edited(s->d, nh_path_base(s->dst), e->name, to);
    return true;
}

static bool is_untouched(const entry *before, const entry *now) {
    const struct stat *x = &before->st, *y = &now->st;
    return x->st_ino == y->st_ino && x->st_size == y->st_size && x->st_mtim.tv_sec == y->st_mtim.tv_sec &&
           x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

/* After the exchange `staged` is the old folder. What came into it, or was changed, since it was looked at moves over.
 */
static void rescue(swap *s) {
    entries now;
    if (!read_folder(s->a, s->staged, &now)) return;
    for (size_t i = 0; i < now.n; i++) {
        const entry *e = &now.at[i], *before = find(&s->old, e->name);
        if (e->is_empty_dir || (before && is_untouched(before, e))) continue;
        const char *to =
            exists(nh_path_join(s->a, s->dst, e->name)) ? edited_name(s->a, e->name, s->dst, NULL) : e->name;
        swap back = {.a = s->a, .d = s->d, .staged = s->dst};
        if (make_parents(&back, to)) rename(nh_path_join(s->a, s->staged, e->name), nh_path_join(s->a, s->dst, to));
    }
}

bool nh_folder_publish(nh_arena *a, nh_diag *d, const char *staged, const char *dst, const nh_folder_record *ours) {
    swap s = {.a = a, .d = d, .staged = staged, .dst = dst, .ours = ours};
    if (!exists(dst)) return nh_publish(d, staged, dst);
    if (!read_folder(a, dst, &s.old) || !read_folder(a, staged, &s.new))
        return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot read '%s': %s", dst, strerror(errno));
    for (size_t i = 0; i < s.old.n; i++)
        if (!keep(&s, &s.old.at[i])) return false;
    if (!nh_publish_swap(d, staged, dst)) return false;
    rescue(&s);
    nh_discard(staged);
    return true;
}

/* Folders that are empty now go, too; rmdir leaves the others alone. */
static void remove_empty(nh_arena *a, const char *folder, const char *name) {
    for (char *p = nh_arena_str(a, name), *slash; (slash = strrchr(p, '/'));) {
        *slash = 0;
        rmdir(nh_path_join(a, folder, p));
    }
    rmdir(folder);
}

void nh_folder_drop(nh_arena *a, const char *folder, const nh_pairs *ours) {
    nh_hash hash;
    for (size_t i = 0; i < ours->n; i++) {
        const char *path = nh_path_join(a, folder, ours->at[i].name);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && nh_hash_file(a, path, &hash) &&
            strcmp(hash.hex, ours->at[i].value) == 0)
            unlink(path);
    }
    for (size_t i = 0; i < ours->n; i++) remove_empty(a, folder, ours->at[i].name);
    rmdir(folder);
}

bool nh_file_keep_edited(nh_arena *a, nh_diag *d, const char *path, const char *hash) {
    nh_hash now;
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || !nh_hash_file(a, path, &now) ||
        (hash && strcmp(now.hex, hash) == 0))
        return true;
    const char *to = edited_name(a, path, "", NULL);
    int error = link_or_copy(path, to);
    if (error) return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot keep '%s': %s", path, strerror(error));
    warn_edited(d, "", nh_path_base(path), nh_path_base(to));
    return true;
}
