/* The generated C kernels behind int64_t arrays. */
#include "cosim.h"

#include <stdlib.h>
#include <time.h>

#include "cosim_model.h"
#include "model.h"

#define PASTE(a, b) a##_##b
#define INPUT_ARGUMENT(k, stream, n, type, beat, port) typed_x##k,
#define FUNCTION(project, name) PASTE(project, name)

/* Typed copies are static: a tensor may be larger than a stack. */
#define DEFINE_CALL(id, in, out, n_in, in_type, n_out, out_type)                                                       \
    static void call_##id(const int64_t *x, int64_t *y) {                                                              \
        static in_type typed_x[n_in];                                                                                  \
        static out_type typed_y[n_out];                                                                                \
        for (int64_t i = 0; i < n_in; i++) typed_x[i] = (in_type)x[i];                                                 \
        FUNCTION(NH_PROJECT, id)(typed_x, typed_y);                                                                    \
        for (int64_t i = 0; i < n_out; i++) y[i] = (int64_t)typed_y[i];                                                \
    }
#if !NH_HAS_STEPS
NH_UNITS(DEFINE_CALL)

#define CALL_UNIT(id, in, out, n_in, in_type, n_out, out_type) call_##id(stream[in], stream[out]);
int nh_cosim_trace_frame(int64_t frame_in_sample, const int64_t *x, int64_t *const *stream) {
    (void)frame_in_sample;
    for (int64_t i = 0; i < nh_cosim_n_in; i++) stream[nh_cosim_inputs[0].stream][i] = x[i];
    NH_UNITS(CALL_UNIT)
    return 1;
}
#else
#define STREAM_NUMBER(id, n, beat, width, is_signed, wire) NUMBER_##id,
enum { NH_STREAMS(STREAM_NUMBER) };

#define TYPED_INPUT(k, stream, n, type, beat, port)                                                                    \
    static type typed_x##k[n];                                                                                         \
    for (int64_t i = 0; i < n; i++) typed_x##k[i] = (type)*x++;

#define WIDEN_STREAM(id, n, beat, width, is_signed, wire)                                                              \
    for (int64_t i = 0; i < n; i++) stream[NUMBER_##id][i] = (int64_t)kept.id[i];
int nh_cosim_trace_frame(int64_t frame_in_sample, const int64_t *x, int64_t *const *stream) {
    static FUNCTION(NH_PROJECT, state) state;
    static FUNCTION(NH_PROJECT, streams) kept;
    if (frame_in_sample == 0) FUNCTION(NH_PROJECT, reset)(&state);
    NH_INPUTS(TYPED_INPUT)
    FUNCTION(NH_PROJECT, trace)(&state, NH_INPUTS(INPUT_ARGUMENT) & kept);
    NH_STREAMS(WIDEN_STREAM)
    return 1;
}
#endif

#define STREAM_ROW(id, n, beat, width, is_signed, wire) {#id, n, beat, width, is_signed},
const nh_cosim_stream nh_cosim_streams[] = {NH_STREAMS(STREAM_ROW)};
const int nh_cosim_n_streams = (int)(sizeof nh_cosim_streams / sizeof nh_cosim_streams[0]);
#define LINK_ROW(src, dst) {src, dst},
const nh_cosim_link nh_cosim_links[] = {NH_LINKS(LINK_ROW)};
const int64_t nh_cosim_steps = NH_STEPS;
#define INPUT_ROW(k, stream, n, type, beat, port) {#port, stream, beat},
const nh_cosim_input nh_cosim_inputs[] = {NH_INPUTS(INPUT_ROW)};
const int nh_cosim_n_inputs = (int)(sizeof nh_cosim_inputs / sizeof nh_cosim_inputs[0]);
#define INPUT_SIZE(k, stream, n, type, beat, port) +n
const int64_t nh_cosim_n_in = NH_INPUTS(INPUT_SIZE);
const int nh_cosim_output = NH_OUTPUT;
const int64_t nh_cosim_out_beat = NH_OUTPUT_BEAT;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Of one input, all frames; x has the inputs of a frame one after the other. */
#define ALLOCATE_INPUT(k, stream, n, type, beat, port)                                                                 \
    type *typed_x##k = malloc((size_t)(n)*frames * sizeof *typed_x##k + 1);                                            \
    ok &= typed_x##k != NULL;                                                                                          \
    for (size_t f = 0; ok && f < frames; f++)                                                                          \
        for (size_t i = 0; i < (size_t)(n); i++)                                                                       \
            typed_x##k[f * (size_t)(n) + i] = (type)x[f * (size_t)nh_cosim_n_in + at + i];                             \
    at += (size_t)(n);
#define FREE_INPUT(k, stream, n, type, beat, port) free(typed_x##k);

int nh_cosim_batch(const int64_t *x, int64_t *y, size_t n, double *seconds) {
    size_t frames = n * NH_STEPS, n_out = (size_t)nh_cosim_streams[NH_OUTPUT].n * frames, at = 0;
    NH_OUTPUT_TYPE *typed_y = malloc((n_out ? n_out : 1) * sizeof *typed_y);
    int ok = typed_y != NULL;
    NH_INPUTS(ALLOCATE_INPUT)
    if (ok) {
        double start = now();
        FUNCTION(NH_PROJECT, batch)(NH_INPUTS(INPUT_ARGUMENT) typed_y, n);
        *seconds = now() - start;
        for (size_t i = 0; i < n_out; i++) y[i] = (int64_t)typed_y[i];
    }
    NH_INPUTS(FREE_INPUT)
    free(typed_y);
    return ok;
}
