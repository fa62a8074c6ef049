/* The harness on hand-written RTL: right RTL passes with the counts that hand arithmetic gives, and every
 * planted fault is found and named. Skipped (said so) without Verilator. */
#include <criterion/criterion.h>

#include "tiny.h"

static bool with_rtl(tiny *t, const char *fault, const char *with) {
    t->setup.verilator = nh_tool_find(t->a, "verilator");
    if (!t->setup.verilator) cr_skip_test("skipped: verilator not found");
    tiny_rtl(t, fault, with);
    return tiny_run(t);
}

static bool passes(tiny *t) {
    bool ok = with_rtl(t, "", "");
    if (!ok) nh_diag_print(t->d, NH_NOTE, false, stderr);
    return ok;
}

Test(harness, agrees_on_right_rtl_with_all_stalls) {
    tiny t = tiny_new("tiny", 50);
    cr_assert(passes(&t));
    /* free, random, long, mixed: 50 samples of 3 transfers of 2 elements, padding included */
    cr_assert_eq(t.facts.runs, 4);
    cr_assert_eq(t.facts.stalled_runs, 3);
    cr_assert_eq(t.facts.compared, 4 * 50 * 6);
    cr_assert_eq(t.facts.mismatches, 0);
    /* one register: the third transfer of a frame leaves 3 cycles after its first came; a frame takes 3
     * transfers */
    cr_assert_eq(t.facts.measured_latency, 3);
    cr_assert_float_eq(t.facts.measured_ii, 3.0, 1e-9);
    cr_assert_eq(t.facts.n_cycles, 1);
    cr_assert_eq(t.facts.cycles[0].measured_latency, 3);
    cr_assert_float_eq(t.facts.cycles[0].measured_ii, 3.0, 1e-9);
    cr_assert(t.facts.fixed_per_second > 0 && t.facts.rtl_cycles_per_second > 0);
    cr_assert(nh_file_exists(nh_path_join(t.a, t.setup.work_dir, "outputs_rtl.npy")));
    tiny_free(&t);
}

Test(harness, trace_compares_every_stream) {
    tiny t = tiny_new("a__b", 20); /* "__" is special in Verilator's names */
    t.opt.simulate.trace = true;
    t.opt.simulate.stalls = NH_STALLS_RANDOM;
    cr_assert(passes(&t));
    /* 2 runs: 6 elements at the port, 5 on each of two streams */
    cr_assert_eq(t.facts.compared, 2 * 20 * (6 + 5 + 5));
    cr_assert_eq(t.facts.mismatches, 0);
    tiny_free(&t);
}

Test(harness, first_mismatch_is_named) {
    tiny t = tiny_new("tiny", 10);
    t.opt.simulate.stalls = NH_STALLS_NONE;
    /* element 4 (third transfer, low half) is one too large */
    cr_assert(with_rtl(&t, "value", "+ (next_beat_q == 2'd2 ? 8'sd1 : 8'sd0)"));
    cr_assert_eq(t.facts.mismatches, 10);
    cr_assert_eq(t.facts.first.sample, 0);
    cr_assert_eq(t.facts.first.element, 4);
    cr_assert_str_eq(t.facts.first.layer, "triple");
    /* x = (0*37 + 4*11) % 64 - 32 = 12, plus 0/64: raw 12, y = 36 */
    cr_assert_eq(t.facts.first.expected, 36);
    cr_assert_eq(t.facts.first.got, 37);
    tiny_free(&t);
}

Test(harness, data_lost_under_stalls_only_is_found) {
    tiny t = tiny_new("tiny", 50);
    /* takes a new word although the old one was not read */
    cr_assert_not(with_rtl(&t, "ready", "|| full_q"));
    cr_assert(tiny_has(&t, NH_S_PROTOCOL, "changed while TVALID waited"));
    tiny_free(&t);
}

Test(harness, a_stuck_stream_is_named) {
    tiny t = tiny_new("tiny", 10);
    /* a gap after the first transfer of a frame, which only stalls make, ends everything */
    cr_assert_not(with_rtl(&t, "ready", "&& !(next_beat_q == 2'd1 && !full_q)"));
    cr_assert(tiny_has(&t, NH_S_HANG, "stream s0"));
    tiny_free(&t);
}

Test(harness, a_falling_valid_is_found) {
    tiny t = tiny_new("tiny", 20);
    cr_assert_not(with_rtl(&t, "valid", "&& (s1_ready || !(s0_valid && beat_q == 2'd1))"));
    cr_assert(tiny_has(&t, NH_S_PROTOCOL, "TVALID"));
    tiny_free(&t);
}

Test(harness, a_valid_that_waits_for_ready_is_found) {
    tiny t = tiny_new("tiny", 20);
    cr_assert_not(with_rtl(&t, "valid", "&& s1_ready"));
    cr_assert(tiny_has(&t, NH_S_PROTOCOL, "TVALID waits for TREADY"));
    tiny_free(&t);
}

Test(harness, tlast_at_the_wrong_transfer_is_found) {
    tiny t = tiny_new("tiny", 10);
    cr_assert_not(with_rtl(&t, "last", "|| beat_q == 2'd1"));
    cr_assert(tiny_has(&t, NH_S_PROTOCOL, "TLAST before the last transfer"));
    tiny_free(&t);
}

Test(harness, a_set_frame_error_is_found) {
    tiny t = tiny_new("tiny", 10);
    cr_assert_not(with_rtl(&t, "error", "| 1'b1"));
    cr_assert(tiny_has(&t, NH_S_PROTOCOL, "frame_error"));
    tiny_free(&t);
}

Test(harness, waves_are_written_on_demand) {
    tiny t = tiny_new("tiny", 10);
    t.opt.simulate.waves = true;
    cr_assert(passes(&t));
    cr_assert_str_eq(t.facts.waves, "waves.fst");
    cr_assert(nh_file_exists(nh_path_join(t.a, t.setup.work_dir, "waves.fst")));
    tiny_free(&t);
}

Test(harness, verilog_that_does_not_parse_is_a_tool_error_with_its_log) {
    tiny t = tiny_new("tiny", 10);
    cr_assert_not(with_rtl(&t, "value", "+ nowhere_declared("));
    cr_assert(tiny_has(&t, NH_T_FAILED, "verilator"));
    tiny_free(&t);
}
