/* The table of FPGA families. */
#include <criterion/criterion.h>
#include <string.h>

#include "family.h"

Test(family, is_found_by_its_whole_name) {
    cr_expect_str_eq(nh_family_find("ecp5")->name, "ecp5");
    cr_expect_null(nh_family_find("ecp"));
    cr_expect_null(nh_family_find("ecp55"));
    cr_expect_null(nh_family_find(NULL));
}

/* Figures of FPGA-TN-02204, "ECP5 and ECP5-5G Memory Usage Guide": a 16x4 dual port RAM takes two slices of storage and
 * one for the write port. */
Test(family, cells_count_by_the_first_rule_that_fits) {
    const nh_family *ice40 = nh_family_find("ice40"), *ecp5 = nh_family_find("ecp5"), *any = nh_family_find("generic");
    cr_expect_eq(nh_family_cell(ice40, "SB_DFFESR")->kind, NH_CELL_FF);
    cr_expect_eq(nh_family_cell(ice40, "SB_LUT4")->kind, NH_CELL_LUT);
    cr_expect_eq(nh_family_cell(ice40, "SB_LUT4X")->kind, NH_CELL_OTHER, "only a star stands for any ending");
    cr_expect_eq(nh_family_cell(ice40, "LUT4")->kind, NH_CELL_OTHER, "a cell of another family");
    cr_expect_eq(nh_family_cell(ecp5, "TRELLIS_DPR16X4")->n, 6);
    cr_expect_eq(nh_family_cell(ecp5, "CCU2C")->luts, 2);
    cr_expect_eq(nh_family_cell(any, "$mem_v2")->kind, NH_CELL_MEMORY);
    cr_expect_eq(nh_family_cell(any, "$mul")->kind, NH_CELL_DSP);
    cr_expect_eq(nh_family_cell(any, "$scopeinfo")->kind, NH_CELL_FREE);
}

/* Nothing is half there: a placer has arguments, devices, and names for what it counts. */
Test(family, rows_are_whole) {
    for (int i = 0; i < nh_n_families; i++) {
        const nh_family *f = &nh_families[i];
        cr_expect_eq(nh_family_find(f->name), f, "%s stands twice", f->name);
        cr_expect_not_null(f->cell[0].cell, "%s", f->name);
        if (!f->placement.placer) continue;
        cr_expect(f->placement.place[0] && f->placement.device[0] && f->placement.placed, "%s", f->name);
        cr_expect(f->placement.lut && f->placement.bram && f->placement.dsp && f->placement.pin, "%s", f->name);
        cr_expect(!f->placement.packer || (f->placement.pack[0] && f->placement.bits), "%s", f->name);
    }
}
