/* Pieces that the files of the C backend share; private to hls/emit. */
#ifndef NH_C_PARTS_H
#define NH_C_PARTS_H

#include "emit.h"

/* Machine words that values are computed in; all signed. */
typedef enum { NH_C_32, NH_C_64, NH_C_128 } nh_c_word;

/* The narrowest word that holds an interval, and its C name: int32_t, int64_t, nh_i128. */
nh_c_word nh_c_word_of(nh_range r);
const char *nh_c_word_name(nh_c_word word);
/* An integer literal of that word. */
void nh_c_literal(nh_writer *w, nh_i128 v, nh_c_word word);

/* `static const T <name>_<table id>[]` for each of the datapath's tables. */
void nh_c_tables(nh_writer *w, const nh_dp *dp, const char *name);
/* One datapath over `lanes` samples at once: static void <name>_lanes(const X *x, Y *y), where lane l of element e is
 * at x[e * lanes + l], X and Y the words of the ports' formats. Returns lanes: NH_C_LANES, or 1 when 128-bit words are
 * needed. */
#define NH_C_LANES 4
int nh_c_datapath_lanes(nh_writer *w, const nh_dp *dp, const char *name);

/* Constant arrays: the interval of n raws, the smallest type of an interval of at most 64 bits, and
 * `static const T <unit>_<what>[length]` of n raws and zeros. */
nh_range nh_c_range_of_raws(const int64_t *raw, int64_t n, nh_format fmt);
nh_format nh_c_storage_of(nh_range r);
void nh_c_array(nh_arena *a, nh_writer *w, nh_format fmt, const char *unit, const char *what, const int64_t *raw,
                int64_t n, int64_t length);
/* The same on a 16-byte boundary, n elements; large ones as strings, which compilers read many times faster. */
void nh_c_big_array(nh_writer *w, nh_format fmt, const char *name, const int64_t *raw, int64_t n);
/* The largest |sum| over any `part` consecutive inputs (from a multiple of it) of any output; with the bias when that
 * is all. */
nh_i128 nh_c_worst_part(const nh_mac *m, int64_t part);

/* Samples that a unit's function takes at a time. */
#define NH_C_BLOCK 8
/* static void <name>_block(const X *x, Y *y, size_t n), n <= NH_C_BLOCK samples one after the other, and all it needs.
 */
void nh_c_datapath_unit(nh_writer *w, const nh_unit *u, const char *name);
void nh_c_mac_unit(nh_arena *a, nh_writer *w, const nh_unit *u, const char *name);

/* What follows the names of input k: nothing, "1", "2" ... */
static inline const char *nh_c_nth(nh_arena *a, int k) { return k ? nh_arena_printf(a, "%d", k) : ""; }

/* --- networks of time steps: c_steps.c puts the units together, c_event.c and c_neuron.c print them -------------- */

/* What a function needs of the design: its streams' types. */
typedef struct {
    nh_arena *a;
    nh_writer *w;
    const nh_design *g;
    const char *project, *upper; /* upper: in capitals, for constants */
} nh_c_steps;

/* Does the sum go over the inputs that are not zero? Else it is nh_c_mac_unit's. */
bool nh_c_is_event(const nh_c_steps *c, const nh_unit *u);
/* static void <name>(const X *x, Y *y) */
void nh_c_event_mac(const nh_c_steps *c, const nh_unit *u, const char *name);
void nh_c_event_conv(const nh_c_steps *c, const nh_unit *u, const char *name);
/* static void <name>(const X0 *x0, ..., Y *y, S0 *s0, ...): one step of all neurons */
void nh_c_neuron_unit(const nh_c_steps *c, const nh_unit *u, const char *name);
/* static void <name>_read(const R *ring, size_t slot, [const T *x,] T *y): what leaves in a step, given the frame that
 * is `most` steps old */
void nh_c_delay_unit(const nh_c_steps *c, const nh_unit *u, const char *name);
/* "    T name[length];", of static storage per thread when it is too large for a stack. */
void nh_c_local(nh_writer *w, const char *type, int size_bytes, const char *name, int64_t length);

/* Declarations of model.h, definitions of model.c, the example's loop. */
void nh_c_steps_header(const nh_c_steps *c);
void nh_c_steps_model(const nh_c_steps *c);
void nh_c_steps_example(const nh_c_steps *c);

#endif
