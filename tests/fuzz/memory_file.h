/* Bytes as a file that has a path but is on no disk, for functions that read files. */
#ifndef NH_MEMORY_FILE_H
#define NH_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    int fd;
    char path[40];
} memory_file;

static inline memory_file memory_file_make(const uint8_t *data, size_t size) {
    memory_file f = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    if (f.fd < 0) abort();
    for (size_t done = 0; done < size;) {
        ssize_t n = write(f.fd, data + done, size - done);
        if (n <= 0) abort();
        done += (size_t)n;
    }
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

#endif
