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
/* One datapath over `lanes` samples at once: static void <name>_lanes(const X *x, Y *y), where lane l of element e is at
 * x[e * lanes + l], X and Y the words of the ports' formats. Returns lanes: NH_C_LANES, or 1 when 128-bit words are needed. */
#define NH_C_LANES 4
int nh_c_datapath_lanes(nh_writer *w, const nh_dp *dp, const char *name);

/* Samples that a unit's function takes at a time. */
#define NH_C_BLOCK 8
/* static void <name>_block(const X *x, Y *y, size_t n), n <= NH_C_BLOCK samples one after the other, and all it needs. */
void nh_c_datapath_unit(nh_writer *w, const nh_unit *u, const char *name);
void nh_c_mac_unit(nh_arena *a, nh_writer *w, const nh_unit *u, const char *name);

#endif
