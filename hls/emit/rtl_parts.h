/* Pieces that the RTL backend's files share; private to hls/emit. */
#ifndef NH_RTL_PARTS_H
#define NH_RTL_PARTS_H

#include "emit.h"
#include "vlog.h"

/* First lines of a netlist file: what it is, made from what, and that it is the user's. */
void nh_rtl_header(nh_vlog *v, const nh_provenance *p, const char *file, const char *what);

/* The accumulators that leave an engine: `lanes` of acc_bits in a transfer, `outputs` in `groups` transfers in turn. */
typedef struct {
    int64_t lanes, groups, outputs;
    int acc_bits;
} nh_rtl_lanes;

/* --- data files: $readmemh words, first word first ------------------------------------------------------------- */

typedef struct nh_mem nh_mem;
/* A file of words of word_bits bits. Everything lives in a. */
nh_mem *nh_mem_open(nh_arena *a, const char *path, int64_t word_bits, const nh_provenance *p);
/* The next lane of the current word, from bit 0 up: the low `bits` (1..64) bits of raw. */
void nh_mem_put(nh_mem *m, int64_t raw, int bits);
/* Ends the word; lanes not put are zero. */
void nh_mem_end_word(nh_mem *m);
bool nh_mem_close(nh_mem *m, nh_diag *d);

/* The layouts of templates.def: weights and biases of nh_dense_mac, multipliers of nh_beat_rom, a lookup table. */
bool nh_mem_weights(nh_arena *a, nh_diag *d, const nh_mac *m, const char *path, const nh_provenance *p);
bool nh_mem_bias(nh_arena *a, nh_diag *d, const nh_mac *m, const char *path, const nh_provenance *p);
bool nh_mem_multipliers(nh_arena *a, nh_diag *d, const nh_post *post, nh_rtl_lanes at, const char *path,
                        const nh_provenance *p);
bool nh_mem_table(nh_arena *a, nh_diag *d, const nh_dp_table *t, const char *path, const nh_provenance *p);
/* Weights and biases of nh_conv_mac; parameters of neurons, `depth` words; delays of nh_step_delay. */
bool nh_mem_conv_weights(nh_arena *a, nh_diag *d, const nh_conv *c, const char *path, const nh_provenance *p);
bool nh_mem_conv_bias(nh_arena *a, nh_diag *d, const nh_conv *c, const char *path, const nh_provenance *p);
bool nh_mem_neuron_params(nh_arena *a, nh_diag *d, const nh_neuron_unit *n, int64_t depth, const char *path,
                          const nh_provenance *p);
bool nh_mem_delays(nh_arena *a, nh_diag *d, const nh_delay_unit *u, int bits, const char *path, const nh_provenance *p);

/* --- the folder -------------------------------------------------------------------------------------------------- */

/* Where a file of the output belongs (STYLE c); LIST: files that only name the others. */
typedef enum { NH_BIN_TEMPLATE, NH_BIN_DATA, NH_BIN_NETLIST, NH_BIN_LIST } nh_bin;

typedef struct {
    nh_arena *arena;
    const char *dir, *project;
    const nh_provenance *made;
    struct nh_rtl_file {
        const char *name;
        nh_bin bin;
    } * file;
    size_t n_file, cap_file;
    bool *template_used; /* by index of nh_rtl_templates[] */
    const char *bug;     /* a file named twice, a template that does not exist; or NULL */
} nh_rtl_out;

nh_rtl_out *nh_rtl_out_new(nh_arena *a, const char *dir, const char *project, const nh_provenance *p);
/* Note a file of the folder; gives its path. The name must be new. */
const char *nh_rtl_out_file(nh_rtl_out *o, nh_bin bin, const char *name);
/* Templates named in a netlist; nh_rtl_out_finish adds those that they instantiate themselves. */
void nh_rtl_out_use(nh_rtl_out *o, const char *template_name);
/* Copy the templates, write files.f, <project>.core, <project>.vlt and manifest.json. traced: wires of the top module.
 */
bool nh_rtl_out_finish(nh_rtl_out *o, nh_diag *d, const char *const *traced, int n_traced);

/* --- modules of units -------------------------------------------------------------------------------------------- */

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_design *g;
    nh_rtl_out *out;
    const char *project;
} nh_rtl_job;

/* Bits of a transfer at a stream's producer and at its consumer. */
int64_t nh_rtl_src_bits(const nh_stream *s);
int64_t nh_rtl_dst_bits(const nh_stream *s);
/* Module names of a unit and of a datapath. */
const char *nh_rtl_unit_module(nh_rtl_job *j, const nh_unit *u);
const char *nh_rtl_dp_module(nh_rtl_job *j, const nh_dp *dp);
/* Name of port i of n on one side ("s" or "m") of a unit: the side, with a number when there are several. */
const char *nh_rtl_port(nh_rtl_job *j, const char *side, int n, int i);
/* A new file with the unit's module up to its ports: clk, rst, the streams in, the streams out. */
nh_vlog *nh_rtl_open_unit(nh_rtl_job *j, const nh_unit *u, const char *what);

/* Begin an instance of a template, noted as used. */
void nh_rtl_begin(nh_rtl_job *j, nh_vlog *v, const char *template_name, const char *instance);
void nh_rtl_conn_clock(nh_vlog *v);
/* The three wires of a stream at one side ("s" or "m") of an instance; declare them. */
void nh_rtl_conn_stream(nh_rtl_job *j, nh_vlog *v, const char *side, const char *net);
void nh_rtl_stream_wires(nh_vlog *v, const char *net, int64_t bits);
/* Bits [lo +: width] of a net of `total` bits; lane i of `lanes`. */
const char *nh_rtl_slice(nh_rtl_job *j, const char *net, int64_t total, int64_t lo, int64_t width);
const char *nh_rtl_lane(nh_rtl_job *j, const char *net, int64_t lanes, int64_t i, int width);
/* Valid bits beside a datapath: from stream `from` to stream `to`, whose data the datapath drives. */
void nh_rtl_pipe(nh_rtl_job *j, nh_vlog *v, int depth, const char *from, const char *to);
/* A registered stream, so that ready never runs through two units. */
void nh_rtl_skid(nh_rtl_job *j, nh_vlog *v, int64_t bits, const char *from, const char *to);

/* From the stream acc to the ports m: multipliers and post datapath of every lane where there is one, a skid. Its files
 * (rtl_post.c). */
void nh_rtl_post(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const nh_post *post, nh_rtl_lanes at);
bool nh_rtl_post_files(nh_rtl_job *j, const nh_unit *u, const nh_post *post, nh_rtl_lanes at);
/* "<module>_<what>.mem": a data file of the unit, its path (noted as a file of the folder). */
const char *nh_rtl_data_name(nh_rtl_job *j, const nh_unit *u, const char *what);
const char *nh_rtl_data_path(nh_rtl_job *j, const nh_unit *u, const char *what);
/* Does a memory of that size belong in block RAM? */
bool nh_rtl_in_block(const nh_rtl_job *j, int64_t words, int64_t word_bits);
/* Report a vector that is longer than the simulators take. u may be NULL. */
void nh_rtl_check_bits(nh_rtl_job *j, const nh_unit *u, const char *what, int64_t bits);

/* One per row of units.def (rtl_<name>.c): report vectors that are too long; write the module and its data. */
#define NH_UNIT(symbol, name)                                                                                          \
    void nh_rtl_##name##_check(nh_rtl_job *j, const nh_unit *u);                                                       \
    bool nh_rtl_##name(nh_rtl_job *j, const nh_unit *u);
#include "units.def"
#undef NH_UNIT
bool nh_rtl_top(nh_rtl_job *j);

/* Verilog of one datapath: module <prefix>_<dp id> (clk, en, x, [m,] y): assigns and nh_reg / nh_rom / nh_cast
 * instances. Tables go to <prefix>_<dp id>_<table>.mem beside it. */
bool nh_rtl_dp_file(nh_rtl_out *o, nh_diag *d, const nh_dp *dp, const char *prefix, int64_t bram_bits);

#endif
