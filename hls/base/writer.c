#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER ((size_t)64 << 10)

struct nh_writer {
    nh_arena *arena;
    char *path;   /* as the user named it */
    char *staged; /* of an output: what is written, and where it comes when it is whole; else NULL */
    char *target;
    int fd;
    int error; /* errno of the first failure */
    size_t used;
    char *buffer;
};

static nh_writer *open_as(nh_arena *a, const char *path, const char *name) {
    nh_writer *w = NH_NEW(a, nh_writer);
    w->arena = a;
    w->path = nh_arena_str(a, name);
    w->buffer = nh_arena_alloc(a, BUFFER);
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (w->fd < 0) w->error = errno;
    return w;
}

nh_writer *nh_writer_open(nh_arena *a, const char *path) { return open_as(a, path, path); }

/* Is it what our standard output or error goes to? Then another one in its place would be seen by nobody. */
static bool is_standard(const struct stat *st) {
    struct stat other;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino) return true;
    return false;
}

static nh_writer *refuse(nh_diag *d, const char *path, const char *why) {
    nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot write '%s': %s", path, why);
    return NULL;
}

nh_writer *nh_writer_output(nh_arena *a, nh_diag *d, const char *path) {
    struct stat st, link;
    bool exists = stat(path, &st) == 0, is_link = lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
    if (!exists && is_link) return refuse(d, path, "it is a link to nowhere");
    if (exists && S_ISDIR(st.st_mode)) return refuse(d, path, "it is a folder");
    if (exists && S_ISBLK(st.st_mode)) return refuse(d, path, "it is a disk");
    if (exists && (!S_ISREG(st.st_mode) || is_standard(&st))) return open_as(a, path, path);
    if (exists && access(path, W_OK) != 0) return refuse(d, path, strerror(errno));
    if (!exists && access(nh_path_dir(a, path), F_OK) != 0) return refuse(d, path, strerror(errno));
    char *real = is_link ? realpath(path, NULL) : NULL, *target = nh_arena_str(a, real ? real : path);
    free(real);
    char *staged = nh_stage_file(a, d, target);
    if (!staged) return NULL;
    if (exists && chmod(staged, st.st_mode & 07777) != 0) return refuse(d, path, strerror(errno));
    nh_writer *w = open_as(a, staged, path);
    w->staged = staged;
    w->target = target;
    return w;
}

void nh_writer_cancel(nh_writer *w) {
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
    if (w->staged) nh_discard(w->staged);
}

static void put_all(nh_writer *w, const char *data, size_t size) {
    while (size > 0 && w->error == 0) {
        ssize_t n = write(w->fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            w->error = errno;
            return;
        }
        data += n;
        size -= (size_t)n;
    }
}

static void flush(nh_writer *w) {
    put_all(w, w->buffer, w->used);
    w->used = 0;
}

void nh_write(nh_writer *w, const void *data, size_t size) {
    if (size > BUFFER - w->used) flush(w);
    if (size > BUFFER) {
        put_all(w, data, size);
        return;
    }
    memcpy(w->buffer + w->used, data, size);
    w->used += size;
}

void nh_puts(nh_writer *w, const char *s) { nh_write(w, s, strlen(s)); }

/* Formats straight into the buffer; only what is longer than the whole buffer takes a detour through the arena. */
void nh_printf(nh_writer *w, const char *fmt, ...) {
    for (int attempt = 0; attempt < 2; attempt++) {
        va_list ap;
        va_start(ap, fmt);
        size_t room = BUFFER - w->used;
        int n = vsnprintf(w->buffer + w->used, room, fmt, ap);
        va_end(ap);
        if (n < 0) {
            if (w->error == 0) w->error = EILSEQ;
            return;
        }
        if ((size_t)n < room) {
            w->used += (size_t)n;
            return;
        }
        flush(w);
    }
    va_list ap;
    va_start(ap, fmt);
    nh_puts(w, nh_arena_vprintf(w->arena, fmt, ap));
    va_end(ap);
}

void nh_put_int(nh_writer *w, int64_t v) {
    char digit[20];
    size_t n = sizeof digit;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do digit[--n] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (sizeof digit + 1 > BUFFER - w->used) flush(w);
    if (v < 0) w->buffer[w->used++] = '-';
    memcpy(w->buffer + w->used, digit + n, sizeof digit - n);
    w->used += sizeof digit - n;
}

bool nh_writer_close(nh_writer *w, nh_diag *d) {
    flush(w);
    if (w->fd >= 0 && close(w->fd) != 0 && w->error == 0) w->error = errno;
    w->fd = -1;
    if (w->error == 0) return !w->staged || nh_publish(d, w->staged, w->target);
    if (w->staged) nh_discard(w->staged);
    return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot write '%s': %s", w->path, strerror(w->error));
}
