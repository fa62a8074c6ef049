/* Yosys and nextpnr on tests/unit/flow/rtl, a design small enough to count by hand. Skipped when a tool is missing. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "synth.h"
#include "yosys.h"

#define RTL NH_SOURCE_DIR "/tests/unit/flow/rtl"

static nh_arena *a;
static nh_diag *d;
static char dir[48], *work;
static nh_options opt;
static nh_stream stream[2];
static nh_unit unit[1];
static nh_graph graph;
static nh_design design;

/* What the RTL means: unit demo_scale between streams of one 8-bit and one 16-bit element. */
static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    strcpy(dir, "/tmp/nh_synth_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    /* A path that would break any script it were pasted into. */
    work = nh_path_join(a, dir, "a \"b\"; $(c)'\\");
    cr_assert(nh_mkdirs(d, work));
    opt = (nh_options){.project = "demo",
                       .clock_mhz = 24,
                       .target = {.name = "t", .family = "ice40", .device = "up5k", .package = "sg48"}};
    stream[0] = (nh_stream){
        .id = "s0", .n = 1, .fmt = {.width_bits = 8, .int_bits = 8}, .src = -1, .dst = 0, .src_beat = 1, .dst_beat = 1};
    stream[1] = (nh_stream){.id = "s1",
                            .n = 1,
                            .fmt = {.width_bits = 16, .int_bits = 16},
                            .src = 0,
                            .dst = -1,
                            .src_beat = 1,
                            .dst_beat = 1};
    unit[0] = (nh_unit){.id = "scale", .in = {0}, .out = {1}};
    graph = (nh_graph){.arena = a, .steps = 1};
    design = (nh_design){.arena = a,
                         .graph = &graph,
                         .steps = 1,
                         .opt = &opt,
                         .unit = unit,
                         .n_unit = 1,
                         .stream = stream,
                         .n_stream = 2,
                         .input = 0,
                         .output = 1};
}

static void tear_down(void) {
    nh_remove_tree(d, dir);
    nh_arena_free(a);
}

TestSuite(synth, .init = set_up, .fini = tear_down, .timeout = 300);

static const char *tool(const char *name) {
    const char *path = nh_tool_find(a, name);
    if (!path) cr_skip_test("%s is not installed", name);
    return path;
}

static void show_diagnostics(void) { nh_diag_print(d, NH_NOTE, false, stderr); }

/* By hand: the unit registers a 10-bit sum; its ROM word sits in the block RAM's own register. The top adds two
 * flip-flops. */
static void check_family(const char *family, int64_t bram_bits) {
    nh_synth_facts f;
    opt.target.family = family;
    opt.target.bram_bits = bram_bits;
    bool ok = nh_synth_run(a, d, &design, RTL, work, tool("yosys"), 2, &f);
    if (!ok) show_diagnostics();
    cr_assert(ok && f.ran);
    cr_assert_eq(f.n_unit, 2);
    cr_assert_str_eq(f.unit[0], "scale");
    cr_assert_str_eq(f.unit[1], "total");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(f.cells[i].ffs, i ? 12 : 10, "%s %s: %ld ffs", family, f.unit[i], (long)f.cells[i].ffs);
        cr_assert_eq(f.cells[i].brams, 1, "%s %s: %ld brams", family, f.unit[i], (long)f.cells[i].brams);
        cr_assert_eq(f.cells[i].dsps, 0);
        cr_assert(f.cells[i].luts >= 10 && f.cells[i].luts <= 80, "%s: %ld luts", family, (long)f.cells[i].luts);
    }
}

Test(synth, counts_for_ice40) { check_family("ice40", 4096); }
Test(synth, counts_for_ecp5) { check_family("ecp5", 18432); }
Test(synth, counts_for_xilinx7_in_36_kb_block_rams) { check_family("xilinx7", 36864); }

Test(synth, counts_for_generic) {
    /* The generic memory keeps its output register outside: 8 flip-flops more are allowed. */
    nh_synth_facts f;
    opt.target.family = "generic";
    bool ok = nh_synth_run(a, d, &design, RTL, work, tool("yosys"), 1, &f);
    if (!ok) show_diagnostics();
    cr_assert(ok);
    cr_assert_eq(f.cells[0].brams, 1);
    cr_assert(f.cells[0].ffs == 10 || f.cells[0].ffs == 18, "%ld", (long)f.cells[0].ffs);
}

/* demo: two flip-flops of its own, and u_scale, whose counts are those above. */
static void check_groups(const char *family) {
    opt.target.family = family;
    nh_yosys y = {.yosys = tool("yosys"), .rtl_dir = RTL, .work_dir = work, .keeps_modules = true};
    nh_cells_group group[] = {{.prefix = "u_scale"}, {.prefix = "u_other"}};
    const char *json = nh_yosys_synth(a, d, &y, &opt.target, "demo");
    if (!json) show_diagnostics();
    cr_assert_not_null(strstr(json, "/demo_modules.json"));
    cr_assert(nh_cells_count_groups(d, json, &opt.target, "demo", group, 2));
    cr_assert_eq(group[0].n, 1);
    cr_assert_eq(group[0].cells.brams, 1, "%s: %ld brams", family, (long)group[0].cells.brams);
    cr_assert_eq(group[0].cells.ffs, 10, "%s: %ld ffs", family, (long)group[0].cells.ffs);
    cr_assert(group[0].cells.luts >= 10 && group[0].cells.luts <= 80);
    cr_assert_eq(group[1].n, 0);
    cr_assert_eq(group[1].cells.ffs, 0);
}

Test(synth, modules_that_are_kept_are_counted_by_instance_on_ice40) { check_groups("ice40"); }
Test(synth, modules_that_are_kept_are_counted_by_instance_on_ecp5) { check_groups("ecp5"); }

Test(synth, a_module_that_is_not_there_fails_with_the_log) {
    nh_synth_facts f;
    unit[0].id = "nothing";
    cr_assert_not(nh_synth_run(a, d, &design, RTL, work, tool("yosys"), 2, &f));
    cr_assert_eq(d->item[0].code, NH_T_FAILED);
    cr_assert_not_null(strstr(d->item[0].found, "demo_nothing"));
    cr_assert_not(f.ran);
}

Test(synth, a_file_list_that_names_a_path_is_refused) {
    nh_writer *w = nh_writer_open(a, nh_path_join(a, work, "files.f"));
    nh_puts(w, "demo.v\n../x.v\n");
    nh_writer_close(w, d);
    nh_synth_facts f;
    cr_assert_not(nh_synth_run(a, d, &design, work, work, "/bin/false", 1, &f));
    cr_assert_eq(d->item[0].code, NH_O_BUG);
}

static void place(int64_t pins, nh_pnr_facts *f) {
    opt.target.pins = pins;
    bool ok = nh_pnr_run(a, d, &design, RTL, work, tool("yosys"), tool("nextpnr-ice40"), tool("icepack"), f);
    if (!ok) show_diagnostics();
    cr_assert(ok && f->ran);
}

Test(synth, places_and_routes_with_ports_on_pins) {
    nh_pnr_facts f;
    place(39, &f);
    cr_assert(f.fits);
    cr_assert_null(f.wrapper);
    cr_assert(f.fmax_mhz > 20 && f.fmax_mhz < 300, "%g", f.fmax_mhz);
    cr_assert_eq(f.luts_total, 5280, "UP5K data sheet");
    cr_assert_eq(f.brams_total, 30);
    cr_assert_eq(f.dsps_total, 8);
    cr_assert_eq(f.brams, 1);
    /* clk, rst, frame_error, 2 x (valid, ready, last), 8 and 16 data bits; tlast is constant but has its pin */
    cr_assert_eq(f.ios, 33);
    cr_assert_str_eq(f.bitstream, "demo.bin");
    nh_bytes bin;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, work, "demo.bin"), 1 << 20, &bin));
    cr_assert_eq(bin.size, 104090, "the size of every UP5K bitstream");
}

Test(synth, too_few_pins_get_a_serial_wrapper) {
    nh_pnr_facts f;
    place(20, &f);
    cr_assert(f.fits);
    cr_assert_str_eq(f.wrapper, "serial words of 4 bits at both ends: the ports need 33 pins, the package has 20");
    cr_assert_eq(f.ios, 9 + 2 * 4);
    cr_assert_str_eq(f.bitstream, "demo_pins.bin");
}

Test(synth, no_pins_at_all_do_not_fit) {
    nh_pnr_facts f;
    place(10, &f);
    cr_assert_not(f.fits);
    cr_assert_eq(f.ios, 11);
    cr_assert_eq(f.ios_total, 10);
}

/* The ports of demo around a shift register of 1000 bits whose taps all count: more than an LP384 has. */
static void write_large(void) {
    nh_writer *w = nh_writer_open(a, nh_path_join(a, work, "demo.v"));
    nh_puts(w, "module demo(input clk, rst, s_axis_tvalid, s_axis_tlast, m_axis_tready, input [7:0] s_axis_tdata,\n"
               "  output s_axis_tready, m_axis_tvalid, m_axis_tlast, frame_error, output [15:0] m_axis_tdata);\n"
               "reg [999:0] q; always @(posedge clk) q <= {q[998:0], s_axis_tdata[0] ^ q[999]};\n"
               "assign m_axis_tdata = q[15:0], s_axis_tready = 1, m_axis_tvalid = 1, m_axis_tlast = 1, frame_error = "
               "0;\nendmodule\n");
    cr_assert(nh_writer_close(w, d));
    w = nh_writer_open(a, nh_path_join(a, work, "files.f"));
    nh_puts(w, "demo.v\n");
    cr_assert(nh_writer_close(w, d));
}

Test(synth, a_design_that_is_too_large_does_not_fit_which_is_no_failure) {
    nh_pnr_facts f;
    write_large();
    opt.target.device = "lp384";
    opt.target.package = "qn32";
    opt.target.pins = 20;
    bool ok = nh_pnr_run(a, d, &design, work, work, tool("yosys"), tool("nextpnr-ice40"), tool("icepack"), &f);
    if (!ok) show_diagnostics();
    cr_assert(ok && f.ran);
    cr_assert_not(f.fits);
    cr_assert_null(f.bitstream);
    cr_assert_eq(f.luts_total, 384, "LP384 data sheet");
    cr_assert_gt(f.luts, 1000);
    cr_assert_eq(d->count, 0);
}

Test(synth, a_device_that_nextpnr_does_not_know_is_refused) {
    nh_pnr_facts f;
    opt.target.device = "run";
    cr_assert_not(nh_pnr_run(a, d, &design, RTL, work, "/bin/false", "/bin/false", NULL, &f));
    cr_assert_eq(d->item[0].code, NH_T_DEVICE);
    opt.target.device = "up5";
    cr_assert_not(nh_pnr_run(a, d, &design, RTL, work, "/bin/false", "/bin/false", NULL, &f));
    cr_assert_not_null(d->item[1].hint);
}

Test(synth, a_family_without_place_and_route_is_refused) {
    nh_pnr_facts f;
    opt.target.family = "ecp5";
    opt.target.device = "25k";
    cr_assert_not(nh_pnr_run(a, d, &design, RTL, work, "/bin/false", "/bin/false", NULL, &f));
    cr_assert_eq(d->item[0].code, NH_T_DEVICE);
    cr_assert_not_null(strstr(d->item[0].message, "the family 'ecp5'"));
}

/* Distributed RAM of Xilinx 7: LUTs by the table of UG474, "7 Series FPGAs Configurable Logic Block", and nothing
 * beside them. */
Test(synth, distributed_ram_takes_the_luts_that_its_maker_says) {
    static const struct {
        const char *cell;
        int luts;
    } row[] = {{"RAM32X1S", 1}, {"RAM32X1D", 2},  {"RAM32M", 4},    {"RAM64X1S", 1}, {"RAM64X1D", 2},
               {"RAM64M", 4},   {"RAM128X1S", 2}, {"RAM128X1D", 4}, {"RAM256X1S", 4}};
    const char *path = nh_path_join(a, work, "ram.json");
    opt.target.family = "xilinx7";
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        nh_cells cells;
        nh_writer *w = nh_writer_open(a, path);
        nh_printf(w,
                  "{\"modules\": {\"t\": {\"cells\": {\"one\": {\"type\": \"%s\"}, \"two\": {\"type\": \"%s_1\"}}}}}",
                  row[i].cell, row[i].cell);
        cr_assert(nh_writer_close(w, d));
        cr_assert(nh_cells_count(d, path, &opt.target, "t", &cells));
        cr_expect_eq(cells.luts, 2 * row[i].luts, "%s: %ld", row[i].cell, (long)cells.luts);
        cr_expect_eq(cells.ffs + cells.brams + cells.others, 0, "%s", row[i].cell);
    }
}
