/* The program image: what is loaded into a fabric, and what the host must know to feed it. Binary form: image.c; text
 * form: asm.c, disasm.c; execution: machine.c; as configuration flits: load.c. */
#ifndef NH_IMAGE_H
#define NH_IMAGE_H

#include "fabric.h"

typedef struct {
    int64_t synapse, acc, words;
    bool sparse, valid;
} nh_axon;

typedef struct {
    int64_t synapse, acc, features, channel_words, kh, kw, stride_y, stride_x, dilation_y, dilation_x, pad_y, pad_x, y0,
        x0, h, w;
    bool valid;
} nh_conv_axon; /* stride: 1, 2, 4, 8 here, its log2 in the memory */

typedef struct {
    int64_t words, param;
    bool per_word;
    int model;
} nh_group;

typedef struct {
    int x0, x1, y0, y1;
} nh_rect;

typedef struct {
    int64_t first, words, delay;
    bool to_host, is_conv;
    nh_rect to;
    int64_t base; /* addr of the first neuron (docs/fabric.md) */
    int64_t limit, pixel_words, width;
} nh_route;

typedef struct {
    int x, y;
    int64_t start, period, words; /* words: of neurons in use */
    int64_t reset_period,
        reset_phase; /* states are 0 in sweep k of a sample where k % reset_period == reset_phase; period 0: never */
    nh_axon *axon;
    int64_t n_axon;
    int16_t *weight;
    int64_t n_synapse;    /* [n_synapse][lanes][accumulators] */
    int32_t *synapse_acc; /* [n_synapse] of sparse words, or NULL when the fabric is not sparse */
    nh_conv_axon *conv;
    int64_t n_conv;
    nh_group *group;
    int64_t n_group;
    int64_t *param;
    int64_t n_param; /* [n_param][lanes][NH_NEURON_PARAMS] raw */
    nh_route *route;
    int64_t n_route;
} nh_core_image;

/* Elements first .. first+count-1 of a tensor, as events; of the network's inputs, which stand one after the other,
 * counted through all. With i = e - first, dense: addr = base + i. Conv: element ((i / (h*w)), i / w % h, i % w) of a
 * [c][h][w] tensor has the address base + its coordinates, where y_from <= y < y_to. Every input element has its events
 * in all entries that contain it. */
typedef struct {
    const char *tensor;
    int64_t first, count;
    bool is_conv;
    nh_rect to;
    int64_t base;
    int64_t c, h, w, y_from, y_to;
    int64_t delay; /* ticks after the step's own at which the host sends it */
} nh_input_entry;

/* Events to the host with first <= addr < first + count are elements addr - first + element of the tensor; those that
 * come in the sweep of tick t are of step (t - start) / period. */
typedef struct {
    const char *tensor;
    int64_t first, count, element;
    int64_t start, period;
    bool is_output; /* of the network; else it is an input of a later context */
} nh_output_entry;

/* Where neurons are: elements first .. first+count-1 of a layer (row-major [c][h][w]; of a region of it as named) are
 * in core (x, y) from neuron word `word`. */
typedef struct {
    const char *layer;
    int x, y;
    int64_t word, words;
    int64_t c0, c, y0, h, x0, w; /* region */
} nh_symbol;

typedef struct {
    int64_t ticks; /* of a sample with `steps` steps */
    nh_core_image *core;
    int n_core;
    nh_input_entry *input;
    int64_t n_input;
    nh_output_entry *output;
    int64_t n_output;
    nh_symbol *symbol;
    int64_t n_symbol;
} nh_context;

typedef struct {
    const char *project;
    nh_fabric fabric;
    int64_t steps;                   /* time steps of a sample */
    int64_t input_size, output_size; /* elements of the network's input and output */
    nh_context *context;
    int n_context; /* run one after the other */
} nh_image;

/* --- binary form: little endian, magic "NHIMAGE", version, fabric hash, sections with CRC-32 --------------------- */

/* The bytes; *size. Lives in a. Same image, same bytes. */
const uint8_t *nh_image_encode(nh_arena *a, const nh_image *m, size_t *size);
/* Untrusted bytes. NULL with diagnostics (wrong magic, version, checksum, sizes, entries outside the fabric); file: for
 * their places. */
nh_image *nh_image_decode(nh_arena *a, nh_diag *d, const char *file, const uint8_t *bytes, size_t size);
/* Do images for f run on `other`? False with what differs, at the place `at`. */
bool nh_fabric_same(const nh_fabric *f, const nh_fabric *other, nh_diag *d, nh_loc at);
/* Every index and number of an image against its fabric; all diagnostics at once. */
bool nh_image_check(const nh_image *m, nh_diag *d, nh_loc at);

/* --- text form --------------------------------------------------------------------------------------------------- */

void nh_image_print(const nh_image *m, FILE *out);
/* Of every core the first `limit` axons and words of weights only: not what nh_image_assemble reads. */
void nh_image_list(const nh_image *m, int64_t limit, FILE *out);
/* Untrusted text; NULL with diagnostics at line:col, all at once. */
nh_image *nh_image_assemble(nh_arena *a, nh_diag *d, const char *file, const char *text, size_t size);

/* --- as flits ---------------------------------------------------------------------------------------------------- */

/* Host words (docs/fabric.md, op included) that load a context: [*n][host bits / 8 bytes], in order. whole: every axon
 * and convolution that the image does not have is written as not valid, whatever was loaded before; else those of the
 * image's other contexts only. Lives in a. */
const uint8_t *nh_image_load_words(nh_arena *a, const nh_image *m, int context, bool whole, int64_t *n);

#endif
