/* Files compiled into the binary by cmake/embed.cmake, byte for byte. */
#ifndef NH_EMBEDDED_H
#define NH_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;    /* path relative to the embedded folder, with '/' */
    const uint8_t *data; /* data[size] is a readable 0 byte */
    size_t size;
} nh_embedded;

#endif
