/* The RTL of a fabric whose models differ in their states: it lints and elaborates without a word, and what leaves the
 * narrow model is filled up lane by lane. That it computes what the C model computes is tested in tests/cosim. */
#include "fabric_rtl.h"
#include "image.h"
#include "rtl_bench.h"

static const char head[] = "image \"f\" steps 1 input_size 2 output_size 2\n"
                           "fabric \"f\"\n"
                           "    mesh_x 2\n    mesh_y 1\n    lanes 2\n    neurons 4\n    axons 4\n    synapses 16\n"
                           "    convs 0\n    routes 4\n    groups 2\n    params 4\n    delays 4\n    queue 4\n"
                           "    weight_bits 4\n    accum_bits 8\n    accumulators 1\n    payload_bits 1\n"
                           "    guard_bits 0\n    conv_y_bits 0\n    conv_x_bits 0\n    conv_c_bits 0\n    sparse 0\n"
                           "end\n";
static const char models[] =
    "model wide out ufixed<1,1> param fixed<8,8>\n    input a\n    state v fixed<12,12,TRN,SAT>\n    param theta\n"
    "    output s spike\n    exact\n        ADD v, v, a\n        GE s, v, theta\n        RESET v, s, 0\nend\n"
    "model narrow out ufixed<1,1> param fixed<8,8>\n    input a\n    state v fixed<9,9,TRN,SAT>\n    param theta\n"
    "    output s spike\n    exact\n        ADD v, v, a\n        GE s, v, theta\n        RESET v, s, 0\nend\n";
static const char context[] = "context ticks 1\n"
                              "    input \"x\" first 0 count 2 base 0 delay 0 x0 0 x1 0 y0 0 y1 0\n"
                              "    output \"y\" first 0 count 2 element 0 start 0 period 1 network\n"
                              "    core x 0 y 0 start 0 period 1 words 1 axons 2 convs 0\n"
                              "        ACC 0 dense synapse 0 acc 0 words 1\n"
                              "        ACC 1 dense synapse 1 acc 0 words 1\n"
                              "        weights 0 : 1 0\n        weights 1 : 0 1\n"
                              "        FIRE wide words 1 param 0\n        param 0 : 1 | 1\n"
                              "        SEND first 0 words 1 delay 0 host base 0 limit 2\n";

static nh_fabric *fabric_of(nh_arena *a, nh_diag *d) {
    const char *text = nh_arena_printf(a, "%s%s%s", head, models, context);
    nh_image *m = nh_image_assemble(a, d, "f.s", text, strlen(text));
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(m);
    return &m->fabric;
}

Test(fabric_rtl, models_of_different_states_are_a_clean_netlist, .timeout = 120) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    nh_dp_timing timing = {10, 0.9, 0.1, 4.0, 2.0, 0.5};
    cr_assert(nh_emit_fabric(a, d, fabric_of(a, d), "net", &timing, 4096, 10, &bench_made, dir));
    cr_expect(bench_silent(a, dir, "iverilog -g2005 -Wall -Wno-timescale -s net -o sim $(cat files.f)"));
    cr_expect(
        bench_silent(a, dir, "verilator --lint-only -Wall -Wno-WIDTHCONCAT --top-module net $(ls *.vlt) -f files.f"));
    const char *neurons = bench_read(a, dir, "net_neurons.v");
    cr_expect_not_null(strstr(neurons, "assign next = model1 == 2'd0 ? m0_next0 : {3'd0, m1_next0[17:9], 3'd0, "
                                       "m1_next0[8:0]};"));
    cr_expect_not_null(strstr(neurons, "assign out = model1 == 2'd0 ? m0_out0 : m1_out0;"));
    bench_drop(a, dir);
    nh_arena_free(a);
}
