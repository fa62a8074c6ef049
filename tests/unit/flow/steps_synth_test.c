/* Yosys and nextpnr on a time-stepped design: every unit is counted, the step marker passes the pins. Skipped when a
 * tool is missing. */
#include "../../cosim/steps.h"
#include "synth.h"
#include "tool.h"

static const nh_provenance made = {"0.0", "c0ffee", "deadbeef"};

static const char *tool(nh_arena *a, const char *name) {
    const char *path = nh_tool_find(a, name);
    if (!path) cr_skip_test("%s is not installed", name);
    return path;
}

static const nh_design *emit(steps *n, const char *dir) {
    n->opt.target =
        (nh_target){.name = "t", .family = "ice40", .device = "up5k", .package = "sg48", .bram_bits = 4096, .pins = 20};
    n->opt.clock_mhz = 12;
    const nh_design *g = steps_design(n, n->g.output, 1);
    cr_assert(nh_emit_rtl(n->a, n->d, g, &made, nh_path_join(n->a, dir, "rtl")));
    cr_assert(nh_mkdirs(n->d, nh_path_join(n->a, dir, "work")));
    return g;
}

static void drop(steps *n, const char *dir) {
    nh_remove_tree(n->d, dir);
    nh_arena_free(n->a);
}

Test(steps_synth, a_recurrent_layer_passes_serial_pins_with_its_step_marker, .timeout = 300) {
    char dir[] = "/tmp/nh_steps_XXXXXX";
    cr_assert(mkdtemp(dir));
    steps n = steps_recurrent("net", 1);
    const nh_design *g = emit(&n, dir);
    nh_pnr_facts f;
    bool ok = nh_pnr_run(n.a, n.d, g, nh_path_join(n.a, dir, "rtl"), nh_path_join(n.a, dir, "work"), tool(n.a, "yosys"),
                         tool(n.a, "nextpnr-ice40"), tool(n.a, "icepack"), &f);
    if (!ok) nh_diag_print(n.d, NH_NOTE, false, stderr);
    cr_assert(ok && f.fits);
    /* clk, rst, frame_error, 2 x (valid, ready, last, user), 2 x 8 and 8 data bits */
    cr_expect_str_eq(f.wrapper, "serial words of 4 bits at both ends: the ports need 35 pins, the package has 20");
    drop(&n, dir);
}

Test(steps_synth, every_unit_is_counted, .timeout = 300) {
    char dir[] = "/tmp/nh_steps_XXXXXX";
    cr_assert(mkdtemp(dir));
    steps n = steps_recurrent("net", 1);
    const nh_design *g = emit(&n, dir);
    nh_synth_facts f;
    bool ok = nh_synth_run(n.a, n.d, g, nh_path_join(n.a, dir, "rtl"), nh_path_join(n.a, dir, "work"),
                           tool(n.a, "yosys"), 2, &f);
    if (!ok) nh_diag_print(n.d, NH_NOTE, false, stderr);
    cr_assert(ok);
    cr_expect_eq(f.n_unit, 6);
    for (int i = 0; i < f.n_unit; i++)
        cr_expect(f.cells[i].luts > 0 && f.cells[i].luts < 2000, "%s: %ld", f.unit[i], (long)f.cells[i].luts);
    drop(&n, dir);
}
