/* FPGA families: what synthesis, counting, and place and route need to know of each. The facts are in families.def. */
#ifndef NH_FAMILY_H
#define NH_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    NH_CELL_OTHER,
    NH_CELL_LUT,
    NH_CELL_FF,
    NH_CELL_CARRY,
    NH_CELL_BRAM,
    NH_CELL_DSP,
    NH_CELL_MEMORY, /* a memory that synthesis left whole: counted by its size */
    NH_CELL_FREE,   /* takes no resource */
} nh_cell_kind;

/* One cell counts as `n` of its kind, and as `luts` look-up tables besides: distributed RAM and carry cells sit in LUT
 * sites that logic cannot use then. A trailing '*' stands for any ending. */
typedef struct {
    const char *cell;
    nh_cell_kind kind;
    int n, luts;
} nh_cell_rule;

/* Lists of words end with NULL, cell rules with a NULL name. */
typedef struct {
    const char *name;
    struct {
        const char *command; /* NULL: the recipe for no particular device */
        const char *with_dsp, *without_dsp, *flat, *hierarchical;
    } synthesis;
    struct {
        bool has_lut_ram;
        int64_t half_bits; /* block RAMs are counted in halves of this size; 0: as they are */
    } memory;
    const nh_cell_rule *cell;
    struct {
        const char *placer; /* NULL: no place and route */
        const char *const *place;
        const char *packer;
        const char *const *pack;
        const char *placed, *bits; /* endings of the files that they write */
        const char *const *device;
        const char *lut, *bram, *dsp, *pin; /* as the placer's report names them */
    } placement;
} nh_family;

extern const nh_family nh_families[];
extern const int nh_n_families;

/* NULL when no row has this name, or name is NULL. */
const nh_family *nh_family_find(const char *name);
/* The rule that counts a cell; one of kind NH_CELL_OTHER when the family has none. */
const nh_cell_rule *nh_family_cell(const nh_family *f, const char *cell);

#endif
