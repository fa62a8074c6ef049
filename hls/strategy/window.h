/* The ring of input rows in front of a convolution or pool (rtl_templates/conv/nh_window.v): how deep it is, and when
 * it gives the windows. */
#ifndef NH_WINDOW_H
#define NH_WINDOW_H

#include "schedule.h"

/* Frames that follow each other through a ring. Absolute rows: frame * h_in + y. Lives in an arena. */
typedef struct nh_window_run nh_window_run;

/* Room for `frames` frames of v, with a ring of `rows`. */
nh_window_run *nh_window_run_new(nh_arena *a, const nh_conv *v, int64_t rows, int64_t frames);
/* The next frame: its words are offered at in[h_in * w_in * c_in / in_lanes], NULL: always. last[i]: the cycle in which
 * the last step of window i is issued, in the order of the output's transfers; NULL: nobody asks. Returns last[] of the
 * frame's last window. */
int64_t nh_window_frame(nh_window_run *w, const int64_t *in, int64_t *last);

/* When the last step of every window of a step of the unit, a CONV or POOL, is issued. */
nh_times nh_window_times(nh_schedule *s, int unit, int step);

/* The fewest rows with which frames that are always offered follow each other every max(v->cycles, words) cycles: at
 * least those of a window, at most two frames. */
int64_t nh_window_rows(const nh_conv *v);

#endif
