#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BUFFER ((size_t)64 << 10)

struct nh_writer {
    nh_arena *arena;
    char *path;
    int fd;
    int error; /* errno of the first failure */
    size_t used;
    char *buffer;
};

nh_writer *nh_writer_open(nh_arena *a, const char *path) {
    nh_writer *w = NH_NEW(a, nh_writer);
    w->arena = a;
    w->path = nh_arena_str(a, path);
    w->buffer = nh_arena_alloc(a, BUFFER);
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0) w->error = errno;
    return w;
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

void nh_puts(nh_writer *w, const char *s) {
    nh_write(w, s, strlen(s));
}

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
    if (w->error == 0) return true;
    return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot write '%s': %s", w->path, strerror(w->error));
}
