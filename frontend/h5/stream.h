/* What the reading child tells its parent through the pipe, and the parent's parser, which trusts none of it.
 *
 * A stream is a sequence of records, all integers little-endian:
 *   BEGIN   u8 has a filter of system calls        first, once
 *   OBJECT  u16 length, name                       the child is about to read this member of the open group
 *   GROUP                                          the object is a group; it is the open one now
 *   UP                                             the open group ends
 *   NUMBER  u8 is integer, shape, f64 [n]          the object's values
 *   STRING  shape, { u32 length, bytes } [n]
 *   PROBLEM u8 what, u16 length, text              of the object, or of the open group or the file when it has none
 *   END                                            last, once
 * shape: u8 rank, i64 [rank]. */
#ifndef NH_H5_STREAM_H
#define NH_H5_STREAM_H

#include "h5.h"

typedef enum {
    NH_H5_BEGIN = 1,
    NH_H5_OBJECT,
    NH_H5_OPEN,
    NH_H5_UP,
    NH_H5_NUMBERS,
    NH_H5_STRINGS,
    NH_H5_PROBLEM,
    NH_H5_END
} nh_h5_record;

typedef enum {
    NH_H5_BAD_FORMAT,
    NH_H5_BAD_TRUNCATED,
    NH_H5_BAD_LINK,
    NH_H5_BAD_EXTERNAL,
    NH_H5_BAD_FILTER,
    NH_H5_BAD_TYPE,
    NH_H5_BAD_LIMIT,
    NH_H5_BAD_BOMB,
    NH_H5_BAD_VALUE,
    NH_H5_BAD_MEMORY,
    NH_H5_BAD_COUNT
} nh_h5_bad;

enum { NH_H5_MAX_NAME = 1024, NH_H5_MAX_TEXT = 400, NH_H5_MAX_LISTED = 20 };

/* Bytes of strings and numbers as the parent holds them. */
enum { NH_H5_NUMBER_SIZE = 8, NH_H5_STRING_SIZE = 32 };

/* How many bytes of data a file of this size may hold, as they are in the file after decompression. */
size_t nh_h5_room(size_t file_size);

/* Where the stream comes from: up to cap bytes, *got = 0 at its end; false when the time is over. */
typedef struct {
    bool (*fill)(void *ctx, uint8_t *out, size_t cap, size_t *got);
    void *ctx;
} nh_h5_source;

typedef enum {
    NH_H5_STREAM_WHOLE, /* up to END */
    NH_H5_STREAM_CUT,   /* it ended before */
    NH_H5_STREAM_LATE,  /* the source gave up */
    NH_H5_STREAM_BROKEN /* it breaks the rules above or a limit */
} nh_h5_stream;

typedef struct {
    const nh_h5 *root;
    size_t n_problem;
    bool has_filter;  /* of system calls */
    const char *at;   /* path of the object announced last, or NULL */
    const char *rule; /* BROKEN: which one */
} nh_h5_parsed;

/* Read a stream; problems are reported (the first NH_H5_MAX_LISTED) and counted. limit: bytes of data in memory that
 * are believed. */
nh_h5_stream nh_h5_parse(nh_arena *a, nh_diag *d, const char *path, size_t limit, nh_h5_source source,
                         nh_h5_parsed *out);

#endif
