/* Pieces that the RTL backend's files share; private to hls/emit. */
#ifndef NH_RTL_PARTS_H
#define NH_RTL_PARTS_H

#include "emit.h"
#include "vlog.h"

/* First lines of a netlist file: what it is, made from what, and that it is the user's. */
void nh_rtl_header(nh_vlog *v, const nh_provenance *p, const char *file, const char *what);

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
bool nh_mem_multipliers(nh_arena *a, nh_diag *d, const nh_mac *m, const char *path, const nh_provenance *p);
bool nh_mem_table(nh_arena *a, nh_diag *d, const nh_dp_table *t, const char *path, const nh_provenance *p);


/* --- the folder ---------------------------------------------------------------------------------------------------- */

/* Where a file of the output belongs (STYLE c); LIST: files that only name the others. */
typedef enum { NH_BIN_TEMPLATE, NH_BIN_DATA, NH_BIN_NETLIST, NH_BIN_LIST } nh_bin;

typedef struct {
    nh_arena *arena;
    const char *dir, *project;
    const nh_provenance *made;
    struct nh_rtl_file { const char *name; nh_bin bin; } *file;
    size_t n_file, cap_file;
    bool *template_used; /* by index of nh_rtl_templates[] */
    const char *bug;     /* a file named twice, a template that does not exist; or NULL */
} nh_rtl_out;

nh_rtl_out *nh_rtl_out_new(nh_arena *a, const char *dir, const char *project, const nh_provenance *p);
/* Note a file of the folder; gives its path. The name must be new. */
const char *nh_rtl_out_file(nh_rtl_out *o, nh_bin bin, const char *name);
/* Templates named in a netlist; nh_rtl_out_finish adds those that they instantiate themselves. */
void nh_rtl_out_use(nh_rtl_out *o, const char *template_name);
/* Copy the templates, write files.f, <project>.core, <project>.vlt and manifest.json. traced: wires of the top module. */
bool nh_rtl_out_finish(nh_rtl_out *o, nh_diag *d, const char *const *traced, int n_traced);

/* nh_emit_dp_rtl into an open folder. */
bool nh_rtl_datapath(nh_rtl_out *o, nh_diag *d, const nh_dp *dp, const char *prefix, int64_t bram_bits);

#endif
