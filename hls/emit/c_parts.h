/* Pieces that the files of the C backend share; private to hls/emit. */
#ifndef NH_C_PARTS_H
#define NH_C_PARTS_H

#include "emit.h"

/* What the printing functions share. */
typedef struct {
    nh_arena *a;
    nh_writer *w;
    const nh_design *g;
    const char *project, *upper; /* upper: in capitals, for constants */
    bool has_steps;              /* nh_c_has_steps */
} nh_c;

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
/* What follows the names of input k: nothing, "1", "2" ... */
static inline const char *nh_c_nth(nh_arena *a, int k) { return k ? nh_arena_printf(a, "%d", k) : ""; }

/* --- units: one function per row of units.def prints the kernel of a unit and all that it needs ------------------- */

/* static void <name>_block(const X *x, Y *y, size_t n), n <= NH_C_BLOCK samples one after the other. */
void nh_c_datapath_unit(const nh_c *c, const nh_unit *u, const char *name);
/* As a datapath, or where nh_c_is_event as a convolution. */
void nh_c_mac_unit(const nh_c *c, const nh_unit *u, const char *name);
/* As a datapath, or where nh_c_is_event_conv static void <name>(const X *x, Y *y), one sample, over the inputs that are
 * not zero. */
void nh_c_conv_unit(const nh_c *c, const nh_unit *u, const char *name);
/* As a datapath. */
void nh_c_pool_unit(const nh_c *c, const nh_unit *u, const char *name);
/* static void <name>(const X0 *x0, ..., Y *y, S0 *s0, ...): one step of all neurons. */
void nh_c_neuron_unit(const nh_c *c, const nh_unit *u, const char *name);
/* static void <name>_read(const R *ring, size_t slot, [const T *x,] T *y): what leaves in a step, given the frame that
 * is `most` steps old. */
void nh_c_delay_unit(const nh_c *c, const nh_unit *u, const char *name);
/* A fork has no kernel: its copies share a buffer. */
void nh_c_fork_unit(const nh_c *c, const nh_unit *u, const char *name);

/* Does the sum of a MAC unit skip the inputs that are zero? Blocks of samples never do: they share every weight read.
 */
bool nh_c_is_event(const nh_c *c, const nh_unit *u);
void nh_c_event_mac(const nh_c *c, const nh_unit *u, const char *name);
/* Exact sums in networks with steps, whose inputs are mostly zero. */
bool nh_c_is_event_conv(const nh_c *c, const nh_unit *u);
void nh_c_event_conv(const nh_c *c, const nh_unit *u, const char *name);
/* The largest magnitude of a sum of a convolution, bias included, in any order. */
nh_i128 nh_c_worst_conv(const nh_conv *v);
/* A step of a sum that is cast: static void <name>_step(acc, x, w, y). */
void nh_c_casting_step(const nh_c *c, nh_format x, nh_format weight, nh_format w_type, nh_format acc, const char *name);
/* Multipliers and post datapath of an engine of n_out outputs: <name>_m, <name>_post. */
void nh_c_post(const nh_c *c, const nh_post *post, int64_t n_out, const char *name);
/* "    T name[length];", of static storage per thread when it is too large for a stack. */
void nh_c_local(nh_writer *w, const char *type, int size_bytes, const char *name, int64_t length);

/* --- c_driver.c: the entry points --------------------------------------------------------------------------------- */

/* Declarations of model.h, definitions of model.c, the whole of example.c. */
void nh_c_declare_entries(const nh_c *c);
void nh_c_declare_units(const nh_c *c);
void nh_c_define(const nh_c *c);
void nh_c_example(const nh_c *c);

#endif
