/* Comparisons as Verilog: operands in the smallest width that holds both, with signs where one of them has one. */
#include "rtl_bench.h"

typedef struct {
    int width, frac;
    bool is_signed;
} operand;

static const char *text_of(nh_arena *a, operand x, operand y) {
    const char *dir = bench_dir(a);
    nh_dp *p = nh_dp_new(a, "d");
    nh_format fx = nh_format_make(x.is_signed, x.width, x.width - x.frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP),
              fy = nh_format_make(y.is_signed, y.width, y.width - y.frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP),
              one = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    int in = nh_dp_in_port(p, "x", 1, fx), other = nh_dp_in_port(p, "m", 1, fy), out = nh_dp_out_port(p, "y", 1, one);
    nh_val less = nh_dp_lt(p, nh_dp_input(p, in, 0, nh_range_of(fx)), nh_dp_input(p, other, 0, nh_range_of(fy)));
    nh_dp_output(p, out, 0, nh_dp_cast(p, less, one));
    nh_dp_finish(p);
    nh_dp_pipeline(p, &(nh_dp_timing){1000, 0.9, 0.1, 4.0, 2.0, 0.5}, false);
    cr_assert(bench_datapath(a, p, "t", dir));
    const char *text = bench_read(a, dir, "t_d.v");
    bench_drop(a, dir);
    return text;
}

Test(dp_text, comparisons_are_as_narrow_as_their_operands) {
    static const struct {
        operand x, y;
        const char *says;
    } row[] = {
        {{4, 0, false}, {4, 0, false}, " = v0 < v1;"},
        {{4, 0, true}, {4, 0, true}, " = $signed(v0) < $signed(v1);"},
        {{4, 0, false}, {4, 0, true}, " = $signed({1'd0, v0}) < $signed({v1[3], v1});"},
        {{4, 0, true}, {4, 0, false}, " = $signed({v0[3], v0}) < $signed({1'd0, v1});"},
        {{4, 2, false}, {4, 0, false}, " = {2'd0, v0} < {v1, 2'd0};"},
        {{4, 0, true}, {7, 3, true}, " = $signed({v0, 3'd0}) < $signed(v1);"},
    };
    nh_arena *a = nh_arena_new();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *text = text_of(a, row[i].x, row[i].y);
        cr_expect_not_null(strstr(text, row[i].says), "%s is not in\n%s", row[i].says, text);
    }
    nh_arena_free(a);
}
