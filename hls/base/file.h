/* Files: bounded reads, buffered writers with sticky errors, directories published whole or not at all. */
#ifndef NH_FILE_H
#define NH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "diag.h"

typedef struct {
    const uint8_t *data; /* data[size] is a readable 0 byte */
    size_t size;
} nh_bytes;

/* Read a regular file of at most `limit` bytes into a. NH_O_READ at `at` on failure (missing, not a regular
 * file, too large, I/O error), naming the file. Noted in d->sources where that is asked for (sources.h). */
bool nh_file_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, size_t limit, nh_bytes *out);
/* A text of UTF-8 without the byte order mark that editors put in front. False with NH_C_ENCODING at `at` when it is
 * UTF-16 or UTF-32: by their marks, or by a zero in its first two bytes. */
bool nh_text_bytes(nh_diag *d, nh_loc at, const char *path, nh_bytes *text);
/* nh_file_read, then nh_text_bytes. */
bool nh_text_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, size_t limit, nh_bytes *out);
bool nh_file_exists(const char *path);

/* Paths, all in a. nh_path_join gives b when b is absolute or dir is ".". */
char *nh_path_join(nh_arena *a, const char *dir, const char *b);
char *nh_path_dir(nh_arena *a, const char *path);
const char *nh_path_base(const char *path);

/* A buffered writer of one file. Errors stick and are reported by nh_writer_close. */
typedef struct nh_writer nh_writer;
nh_writer *nh_writer_open(nh_arena *a, const char *path);
/* A writer of a single output that the user named. It is made beside `path` and put in its place by nh_writer_close
 * when all of it is written: a failure leaves what was there. A link is followed and its target replaced, with the
 * permissions that it had; pipes, sockets and character devices are written through. NULL and NH_O_WRITE: folders,
 * disks, links to nowhere, a folder that cannot be written. */
nh_writer *nh_writer_output(nh_arena *a, nh_diag *d, const char *path);
/* Give such an output up. */
void nh_writer_cancel(nh_writer *w);
void nh_write(nh_writer *w, const void *data, size_t size);
void nh_puts(nh_writer *w, const char *s);
void nh_printf(nh_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Decimal integer, much faster than nh_printf: weight tables have millions of them. */
void nh_put_int(nh_writer *w, int64_t v);
/* False and NH_O_WRITE when anything failed since open. */
bool nh_writer_close(nh_writer *w, nh_diag *d);

/* mkdir -p. */
bool nh_mkdirs(nh_diag *d, const char *path);
/* Remove a file or a whole tree without following links; missing is fine. */
bool nh_remove_tree(nh_diag *d, const char *path);
/* What begins the end of a staged name: nobody else gives such names, so what a killed run left is known by them. */
#define NH_STAGE_MARK ".tmp-neurohls"
/* A fresh empty directory `<dst>.tmp-neurohlsXXXXXX` beside dst, registered for removal when the process ends on
 * SIGINT, SIGTERM or exit before nh_publish. */
char *nh_stage_dir(nh_arena *a, nh_diag *d, const char *dst);
/* The same for one file: a fresh empty file `<dst>.tmp-neurohlsXXXXXX`. Both refuse (NH_O_WRITE) a dst that is a link
 * or a device, and nh_publish one that is a folder for a file or a file for a folder. */
char *nh_stage_file(nh_arena *a, nh_diag *d, const char *dst);
/* Put the staged directory (or file) in the place of dst, atomically (renameat2 EXCHANGE, else rename), and
 * remove what was there. A reader sees the old or the new, never a mix. */
bool nh_publish(nh_diag *d, const char *staged, const char *dst);
/* The same, but what was there before is left under the staged name, for the caller to look at and nh_discard. */
bool nh_publish_swap(nh_diag *d, const char *staged, const char *dst);
/* Give a staged directory or file up, after a failure. */
void nh_discard(const char *staged);

/* SHA-256 (libcrypto, by the functions that need no memory), hex, 64 characters + NUL. */
typedef struct {
    char hex[65];
} nh_hash;
typedef struct nh_hasher nh_hasher;
nh_hasher *nh_hasher_new(nh_arena *a);
void nh_hash_bytes(nh_hasher *h, const void *data, size_t size);
void nh_hash_str(nh_hasher *h, const char *s); /* length-prefixed, so that fields cannot run together */
nh_hash nh_hash_end(nh_hasher *h);
/* A second reading: for outputs and programs. The hash of an input is that of the bytes that were read (sources.h). */
bool nh_hash_file(nh_arena *a, const char *path, nh_hash *out);

/* SHA-1, hex, 40 characters + NUL: only to hold data against a digest that a file format prescribes. */
typedef struct {
    char hex[41];
} nh_sha1;
nh_sha1 nh_sha1_of(nh_bytes data);

#endif
