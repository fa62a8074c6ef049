#include "file.h"

#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The nearest name in the folder of a file that does not exist. */
static void suggest(nh_arena *a, nh_diag *d, const char *path) {
    enum { NAMES_MAX = 1000 };
    const char *name[NAMES_MAX];
    size_t n = 0;
    DIR *dir = opendir(nh_path_dir(a, path));
    if (!dir) return;
    for (struct dirent *e; n < NAMES_MAX && (e = readdir(dir));) name[n++] = nh_arena_str(a, e->d_name);
    closedir(dir);
    const char *near = nh_did_you_mean(nh_path_base(path), name, n);
    if (near) nh_diag_hint(d, "did you mean '%s'?", near);
}

/* A file of holes says that it has bytes which nobody wrote: reading it would take memory for nothing. */
static bool is_hollow(const struct stat *st) {
    enum { LARGE = 64 << 20, RATIO = 64, BLOCK = 512 };
    return st->st_size > LARGE && st->st_blocks * BLOCK < st->st_size / RATIO;
}

/* Bytes of a file that are there: the rest are holes, which take no room on the disk but would in memory. A file system
 * that does not tell holes says that all of it is there. */
static off_t bytes_there(int fd, off_t size) {
    enum { HOPS_MOST = 10000 };
    off_t there = 0, at = 0;
    for (int hop = 0; at < size && hop < HOPS_MOST; hop++) {
        off_t data = lseek(fd, at, SEEK_DATA), end = data < 0 ? data : lseek(fd, data, SEEK_HOLE);
        if (data < 0) return errno == ENXIO ? there : size;
        if (end < 0) return size;
        there += end - data;
        at = end;
    }
    return at < size ? size : there;
}

/* Larger files of which less than an eighth is there are not what anybody saved. */
enum { SPARSE_FROM = 16 << 20, SPARSE_PART = 8 };

static bool check_holes(nh_diag *d, nh_loc at, const char *path, int fd, off_t size) {
    if (size < SPARSE_FROM) return true;
    off_t there = bytes_there(fd, size);
    if (there >= size / SPARSE_PART && lseek(fd, 0, SEEK_SET) == 0) return true;
    nh_report(d, NH_O_READ, at, "'%s' is almost nothing but holes", path);
    nh_diag_found(d, "%lld bytes, of which %lld are on the disk", (long long)size, (long long)there);
    nh_diag_hint(d, "if it is meant to be zeros: cp --sparse=never writes them out");
    return false;
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer; it is refused by its type. */
static int open_regular(nh_arena *a, nh_diag *d, nh_loc at, const char *path, size_t limit, size_t *size) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int error = errno;
        nh_report(d, NH_O_READ, at, "cannot open '%s': %s", path, strerror(error));
        if (error == ENOENT) suggest(a, d, path);
    } else if (!S_ISREG(st.st_mode)) {
        nh_report(d, NH_O_READ, at, "'%s' is %s, not a file", path,
                  S_ISDIR(st.st_mode)    ? "a directory"
                  : S_ISFIFO(st.st_mode) ? "a pipe"
                                         : "a device");
    } else if ((uint64_t)st.st_size > limit) {
        nh_report(d, NH_O_READ, at, "'%s' is too large", path);
        nh_diag_found(d, "%lld bytes", (long long)st.st_size);
        nh_diag_allowed(d, "at most %zu bytes", limit);
    } else if (is_hollow(&st)) {
        nh_report(d, NH_O_READ, at, "'%s' is a sparse file: nearly all of it is holes", path);
        nh_diag_found(d, "%lld bytes, of which the disk has %lld", (long long)st.st_size,
                      (long long)st.st_blocks * 512);
        nh_diag_hint(d, "if it is meant so, a copy without holes is read: cp --sparse=never");
    } else if (check_holes(d, at, path, fd, st.st_size)) {
        *size = (size_t)st.st_size;
        return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

bool nh_file_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, size_t limit, nh_bytes *out) {
    *out = (nh_bytes){0};
    size_t size = 0;
    int fd = open_regular(a, d, at, path, limit, &size);
    if (fd < 0) return false;
    uint8_t *data = nh_arena_alloc(a, size + 1);
    size_t got = 0;
    ssize_t n = 1;
    while (got < size && n > 0) {
        n = read(fd, data + got, size - got);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            got += (size_t)n;
    }
    if (n < 0) nh_report(d, NH_O_READ, at, "cannot read '%s': %s", path, strerror(errno));
    close(fd);
    data[got] = 0;
    if (n < 0) return false;
    *out = (nh_bytes){data, got};
    return !d->sources || nh_sources_note(d, at, path, *out);
}

bool nh_text_bytes(nh_diag *d, nh_loc at, const char *path, nh_bytes *text) {
    /* The marks of UTF-32 stand first: the little-endian one begins with that of UTF-16. */
    static const struct {
        uint8_t mark[4];
        size_t size;
        const char *what;
    } known[] = {{{0xef, 0xbb, 0xbf}, 3, NULL},
                 {{0xff, 0xfe, 0, 0}, 4, "UTF-32"},
                 {{0, 0, 0xfe, 0xff}, 4, "UTF-32"},
                 {{0xff, 0xfe}, 2, "UTF-16"},
                 {{0xfe, 0xff}, 2, "UTF-16"}};
    const uint8_t *p = text->data;
    const char *what = text->size >= 2 && (p[0] == 0) != (p[1] == 0) ? "UTF-16" : NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text->size < known[i].size || memcmp(p, known[i].mark, known[i].size) != 0) continue;
        what = known[i].what;
        if (!what) *text = (nh_bytes){p + known[i].size, text->size - known[i].size};
        break;
    }
    if (!what) return true;
    nh_report(d, NH_C_ENCODING, at, "'%s' is %s text", path, what);
    nh_diag_allowed(d, "UTF-8, with or without a byte order mark");
    nh_diag_hint(d, "save it as UTF-8, or: iconv -f %s -t UTF-8", what);
    return false;
}

bool nh_text_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, size_t limit, nh_bytes *out) {
    return nh_file_read(a, d, at, path, limit, out) && nh_text_bytes(d, at, path, out);
}

bool nh_file_exists(const char *path) { return access(path, F_OK) == 0; }

char *nh_path_join(nh_arena *a, const char *dir, const char *b) {
    if (b[0] == '/' || dir[0] == 0 || strcmp(dir, ".") == 0) return nh_arena_str(a, b);
    return nh_arena_printf(a, dir[strlen(dir) - 1] == '/' ? "%s%s" : "%s/%s", dir, b);
}

char *nh_path_dir(nh_arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return nh_arena_str(a, ".");
    return nh_arena_strn(a, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *nh_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool nh_mkdirs(nh_diag *d, const char *path) {
    char *p = nh_arena_str(d->arena, path);
    for (char *s = p + 1;; s++) {
        if (*s != '/' && *s != 0) continue;
        char kept = *s;
        *s = 0;
        struct stat st;
        if (mkdir(p, 0777) != 0 && (errno != EEXIST || stat(p, &st) != 0 || !S_ISDIR(st.st_mode)))
            return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot make the directory '%s': %s", p,
                             errno == EEXIST ? "a file of that name exists" : strerror(errno));
        if (kept == 0) return true;
        *s = kept;
    }
}
