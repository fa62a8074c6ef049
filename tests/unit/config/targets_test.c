#include <criterion/criterion.h>

#include "embedded.h"
#include "support.h"

extern const nh_embedded nh_builtin_targets[];
extern const size_t nh_builtin_targets_count;

Test(targets, the_built_in_set_is_complete_and_reads_without_a_word) {
    size_t n = 0;
    for (size_t i = 0; i < nh_builtin_targets_count; i++) {
        if (strchr(nh_builtin_targets[i].name, '/')) continue; /* sizes of fabrics */
        n++;
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        nh_target t;
        const char *file = nh_builtin_targets[i].name;
        const char *name = nh_arena_strn(a, file, strlen(file) - strlen(".yaml"));
        cr_assert(nh_target_read(a, d, NH_NOWHERE, name, "/nonexistent", &t), "%s", name);
        cr_assert_eq(d->count, 0);
        cr_assert_str_eq(t.name, name);
        cr_assert(t.lut_ns > 0 && t.carry_ns_per_bit > 0 && t.mul_ns > 0 && t.bram_ns > 0 && t.setup_ns > 0);
        cr_assert_eq(*t.device != '\0', *t.package != '\0');
        nh_arena_free(a);
    }
    cr_assert_eq(n, 8);
}

Test(targets, embedded_files_are_the_files_byte_for_byte) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    for (size_t i = 0; i < nh_builtin_targets_count; i++) {
        nh_bytes file;
        const char *path = nh_path_join(a, NH_SOURCE_DIR "/configs/targets", nh_builtin_targets[i].name);
        cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 1 << 20, &file));
        cr_assert_eq(file.size, nh_builtin_targets[i].size);
        cr_assert_arr_eq(file.data, nh_builtin_targets[i].data, file.size);
        cr_assert_eq(nh_builtin_targets[i].data[file.size], 0);
    }
    nh_arena_free(a);
}

/* Capacities from the iCE40 UltraPlus family data sheet, table 1.1: 5280 LUTs, 30 EBR of 4 Kb, 8 DSP blocks, 39 pins in
 * SG48. */
Test(targets, icebreaker_has_the_data_sheet_capacities) {
    nh_arena *a = nh_arena_new();
    nh_target t;
    cr_assert(nh_target_read(a, nh_diag_new(a), NH_NOWHERE, "icebreaker", ".", &t));
    cr_assert_eq(t.luts, 5280);
    cr_assert_eq(t.brams, 30);
    cr_assert_eq(t.bram_bits, 4096);
    cr_assert_eq(t.dsps, 8);
    cr_assert_eq(t.pins, 39);
    cr_assert_str_eq(t.device, "up5k");
    nh_arena_free(a);
}

static const char own[] = "family: ice40\nclock_mhz: 10\nbram_bits: 4096\nlut_inputs: 4\n"
                          "delay: { lut_ns: 1, carry_ns_per_bit: 0.1, mul_ns: 5, bram_ns: 3, setup_ns: 1 }\n";

static void write_target(const char *dir, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

Test(targets, a_file_beside_the_configuration_wins_then_the_environment_then_the_built_in) {
    char here[] = "/tmp/nh_targets_XXXXXX", there[] = "/tmp/nh_targets_XXXXXX";
    cr_assert(mkdtemp(here) && mkdtemp(there));
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_target t;
    write_target(there, "hx8k.yaml", own);
    setenv("NEUROHLS_TARGETS", there, 1);
    cr_assert(nh_target_read(a, d, NH_NOWHERE, "hx8k", here, &t));
    cr_assert_eq(t.clock_mhz, 10);
    write_target(here, "hx8k.yaml",
                 "family: ecp5\nclock_mhz: 11\nbram_bits: 4096\nlut_inputs: 4\n"
                 "delay: { lut_ns: 1, carry_ns_per_bit: 0.1, mul_ns: 5, bram_ns: 3, setup_ns: 1 }\n");
    cr_assert(nh_target_read(a, d, NH_NOWHERE, "hx8k", here, &t));
    cr_assert_eq(t.clock_mhz, 11);
    cr_assert_str_eq(t.family, "ecp5");
    cr_assert_eq(t.luts, 0);
    cr_assert_str_eq(t.device, "");
    cr_assert(nh_target_read(a, d, NH_NOWHERE, "./hx8k.yaml", here, &t));
    cr_assert_eq(d->count, 0);
    unlink(nh_path_join(a, here, "hx8k.yaml"));
    unlink(nh_path_join(a, there, "hx8k.yaml"));
    rmdir(here);
    rmdir(there);
    nh_arena_free(a);
}

Test(targets, target_files_get_the_same_diagnostics) {
    char here[] = "/tmp/nh_targets_XXXXXX";
    cr_assert_not_null(mkdtemp(here));
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_target t;
    write_target(here, "mine.yaml",
                 "family: ice41\nclock_mhz: 10\nlut_inputs: 4\nbram_bits: 4096\nlutz: 3\ndelay: { lut_ns: 1 }\n");
    cr_assert_not(nh_target_read(a, d, NH_NOWHERE, "mine", here, &t));
    cr_assert_eq(d->n_error, 6, "%zu", d->n_error); /* family, lutz, and four delays */
    cr_assert_eq(d->item[0].code, NH_C_RANGE);
    cr_assert_str_eq(d->item[0].hint, "did you mean 'ice40'?");
    cr_assert_eq(d->item[1].at.line, 5);
    unlink(nh_path_join(a, here, "mine.yaml"));
    rmdir(here);
    nh_arena_free(a);
}

Test(targets, an_unknown_name_gets_a_suggestion) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_target t;
    cr_assert_not(nh_target_read(a, d, NH_NOWHERE, "icebraker", ".", &t));
    cr_assert_eq(d->item[0].code, NH_C_TARGET);
    cr_assert_str_eq(d->item[0].hint, "did you mean 'icebreaker'?");
    nh_arena_free(a);
}
