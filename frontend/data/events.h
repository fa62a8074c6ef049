/* Events before they are counted into steps. Private to frontend/data. */
#ifndef NH_EVENTS_H
#define NH_EVENTS_H

#include "sample_data.h"

typedef struct {
    int64_t sample, step, address; /* address: element of the input */
    double value;
} nh_event;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_sample_request *q;
    nh_event *event;
    size_t n_event, cap;
    int64_t n_sample;
    int64_t n_file;    /* recordings that there are, of which n_sample are taken */
    const char **name; /* [n_sample] or NULL */
} nh_events;

/* False with D_LIMIT when there are too many. */
bool nh_events_add(nh_events *e, nh_event event);

/* A text line by line: empty ones and comments are passed over. */
typedef struct {
    const char *word[2]; /* word[1]: NULL when there is one */
    int line;
} nh_line;

/* All lines of one or two words; -1: diagnosed (D_LIST). */
int64_t nh_lines_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_line **out);

/* Is ref a recording, a folder or a list of recordings (by its name)? */
bool nh_is_recordings(const nh_data_ref *ref);
/* Read recordings into e. */
bool nh_recordings_read(nh_events *e);

#endif
