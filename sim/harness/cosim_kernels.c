/* The generated C kernels behind int64_t arrays. */
#include "cosim.h"

#include <stdlib.h>
#include <time.h>

#include "cosim_model.h"
#include "model.h"

#define PASTE(a, b) a##_##b
#define FUNCTION(project, name) PASTE(project, name)

/* Typed copies are static: a tensor may be larger than a stack. */
#define DEFINE_CALL(id, in, out, n_in, in_type, n_out, out_type)                                             \
    static void call_##id(const int64_t *x, int64_t *y) {                                                    \
        static in_type typed_x[n_in];                                                                        \
        static out_type typed_y[n_out];                                                                      \
        for (int64_t i = 0; i < n_in; i++)                                                                   \
            typed_x[i] = (in_type)x[i];                                                                      \
        FUNCTION(NH_PROJECT, id)(typed_x, typed_y);                                                          \
        for (int64_t i = 0; i < n_out; i++)                                                                  \
            y[i] = (int64_t)typed_y[i];                                                                      \
    }
#if !NH_TEMPORAL
NH_UNITS(DEFINE_CALL)

#define CALL_UNIT(id, in, out, n_in, in_type, n_out, out_type) call_##id(stream[in], stream[out]);
int nh_cosim_trace_frame(int64_t frame_in_sample, const int64_t *x, int64_t *const *stream) {
    (void)frame_in_sample;
    for (int64_t i = 0; i < nh_cosim_streams[NH_INPUT].n; i++)
        stream[NH_INPUT][i] = x[i];
    NH_UNITS(CALL_UNIT)
    return 1;
}
#else
/* Elements of the input as a constant. */
#define STREAM_NUMBER(id, n, beat, width, is_signed, wire) NUMBER_##id,
#define STREAM_SIZE(id, n, beat, width, is_signed, wire) +(NUMBER_##id == NH_INPUT ? n : 0)
enum { NH_STREAMS(STREAM_NUMBER) };
enum { N_IN = 0 NH_STREAMS(STREAM_SIZE) };

#define WIDEN_STREAM(id, n, beat, width, is_signed, wire)                                                    \
    for (int64_t i = 0; i < n; i++)                                                                          \
        stream[NUMBER_##id][i] = (int64_t)kept.id[i];
int nh_cosim_trace_frame(int64_t frame_in_sample, const int64_t *x, int64_t *const *stream) {
    static FUNCTION(NH_PROJECT, state) state;
    static FUNCTION(NH_PROJECT, streams) kept;
    static NH_INPUT_TYPE typed_x[N_IN];
    if (frame_in_sample == 0)
        FUNCTION(NH_PROJECT, reset)(&state);
    for (int64_t i = 0; i < N_IN; i++)
        typed_x[i] = (NH_INPUT_TYPE)x[i];
    FUNCTION(NH_PROJECT, trace)(&state, typed_x, &kept);
    NH_STREAMS(WIDEN_STREAM)
    return 1;
}
#endif

#define STREAM_ROW(id, n, beat, width, is_signed, wire) {#id, n, beat, width, is_signed},
const nh_cosim_stream nh_cosim_streams[] = {NH_STREAMS(STREAM_ROW)};
const int nh_cosim_n_streams = (int)(sizeof nh_cosim_streams / sizeof nh_cosim_streams[0]);
#define LINK_ROW(src, dst) {src, dst},
const nh_cosim_link nh_cosim_links[] = {NH_LINKS(LINK_ROW)};
const int nh_cosim_is_temporal = NH_TEMPORAL;
const int64_t nh_cosim_steps = NH_STEPS;
const int nh_cosim_input = NH_INPUT, nh_cosim_output = NH_OUTPUT;
const int64_t nh_cosim_in_beat = NH_INPUT_BEAT, nh_cosim_out_beat = NH_OUTPUT_BEAT;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int nh_cosim_batch(const int64_t *x, int64_t *y, size_t n, double *seconds) {
    size_t frames = n * NH_STEPS;
    size_t n_in = (size_t)nh_cosim_streams[NH_INPUT].n * frames,
           n_out = (size_t)nh_cosim_streams[NH_OUTPUT].n * frames;
    NH_INPUT_TYPE *typed_x = malloc((n_in ? n_in : 1) * sizeof *typed_x);
    NH_OUTPUT_TYPE *typed_y = malloc((n_out ? n_out : 1) * sizeof *typed_y);
    if (typed_x && typed_y) {
        for (size_t i = 0; i < n_in; i++)
            typed_x[i] = (NH_INPUT_TYPE)x[i];
        double start = now();
        FUNCTION(NH_PROJECT, batch)(typed_x, typed_y, n);
        *seconds = now() - start;
        for (size_t i = 0; i < n_out; i++)
            y[i] = (int64_t)typed_y[i];
    }
    int ok = typed_x && typed_y;
    free(typed_x);
    free(typed_y);
    return ok;
}
