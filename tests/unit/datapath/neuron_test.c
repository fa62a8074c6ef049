/* Neurons as datapaths: random programs against exact integers, computed here from what hls/neuron/README.md says of
 * every instruction. */
#include <criterion/criterion.h>

#include <string.h>

#include "neuron_dp.h"

enum { REGS = 40, MOST = 9, PORTS = NH_NEURON_INPUTS + NH_NEURON_STATES + NH_NEURON_PARAMS };

/* raw * 2^-frac, frac >= 0. */
typedef struct {
    nh_i128 raw;
    int frac;
} number;

/* --- the arithmetic ---------------------------------------------------------------------------------------------- */

static nh_i128 pow2(int k) { return (nh_i128)1 << k; }

static void align(number *a, number *b) {
    int frac = a->frac > b->frac ? a->frac : b->frac;
    a->raw *= pow2(frac - a->frac), b->raw *= pow2(frac - b->frac);
    a->frac = b->frac = frac;
}

static int compare(number a, number b) {
    align(&a, &b);
    return (a.raw > b.raw) - (a.raw < b.raw);
}

static number whole(nh_i128 v) { return (number){v, 0}; }
static bool is_zero(number a) { return a.raw == 0; }
static number times(number a, number b) { return (number){a.raw * b.raw, a.frac + b.frac}; }
static number negated(number a) { return (number){-a.raw, a.frac}; }
static number larger(number a, number b) { return compare(a, b) >= 0 ? a : b; }

static number plus(number a, number b) {
    align(&a, &b);
    return (number){a.raw + b.raw, a.frac};
}

static nh_i128 floor_div(nh_i128 a, nh_i128 b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static nh_i128 rounded(nh_i128 raw, int drop, nh_round mode) {
    if (drop <= 0) return raw * pow2(-drop);
    nh_i128 unit = pow2(drop), down = floor_div(raw, unit), rest = raw - down * unit, half = unit / 2;
    switch (mode) {
    case NH_ROUND_TRN_ZERO: return down + (raw < 0 && rest != 0);
    case NH_ROUND_RND: return down + (rest >= half);
    case NH_ROUND_RND_CONV: return down + (rest > half || (rest == half && down % 2 != 0));
    default: cr_assert_eq(mode, NH_ROUND_TRN); return down;
    }
}

static number cast(number a, nh_format f) {
    int frac = f.width_bits - f.int_bits;
    nh_i128 v = rounded(a.raw, a.frac - frac, f.round), n = pow2(f.width_bits), most = f.is_signed ? n / 2 - 1 : n - 1,
            least = f.is_signed ? -n / 2 : 0;
    if (f.overflow == NH_OVERFLOW_SAT_SYM) least = f.is_signed ? -most : 0;
    if (f.overflow == NH_OVERFLOW_WRAP) {
        v -= floor_div(v, n) * n;
        v -= v > most ? n : 0;
    } else {
        v = v > most ? most : v < least ? least : v;
    }
    number r = {v, frac};
    if (frac < 0) r = (number){v * pow2(-frac), 0};
    return r;
}

static number clamped_count(number a, number b, int64_t most) {
    align(&a, &b);
    nh_i128 n = floor_div(a.raw, b.raw);
    return whole(n < 0 ? 0 : n > most ? most : n);
}

static number shifted_down(number a, number by) {
    return whole(floor_div(a.raw, pow2(a.frac + (int)(by.raw / pow2(by.frac)))));
}

static number result(const nh_neuron_program *p, const nh_neuron_instr *i, const number *r) {
    number d = r[i->dst], a = r[i->src[0]], b = r[i->src[1]], c = r[i->src[2]];
    switch (i->op) {
    case NH_NOP_MOV: return a;
    case NH_NOP_LEAK: return times(d, a);
    case NH_NOP_ADD: return plus(a, b);
    case NH_NOP_SUB: return plus(a, negated(b));
    case NH_NOP_MUL: return times(a, b);
    case NH_NOP_NEG: return negated(a);
    case NH_NOP_ABS: return larger(a, negated(a));
    case NH_NOP_MIN: return compare(a, b) <= 0 ? a : b;
    case NH_NOP_OR:
    case NH_NOP_MAX: return larger(a, b);
    case NH_NOP_RELU: return larger(a, whole(0));
    case NH_NOP_GT: return whole(compare(a, b) > 0);
    case NH_NOP_GE: return whole(compare(a, b) >= 0);
    case NH_NOP_EQ: return whole(compare(a, b) == 0);
    case NH_NOP_NOT: return plus(whole(1), negated(a));
    case NH_NOP_AND: return times(a, b);
    case NH_NOP_SEL: return is_zero(a) ? c : b;
    case NH_NOP_RESET: return is_zero(a) ? d : b;
    case NH_NOP_COUNT: return clamped_count(a, b, p->spikes_per_step);
    case NH_NOP_SHR: return shifted_down(a, b);
    case NH_NOP_CAST: return cast(a, i->fmt);
    case NH_NOP_KINDS: break;
    }
    cr_assert(false);
    return d;
}

/* --- random programs --------------------------------------------------------------------------------------------- */

typedef struct {
    nh_arena *a;
    uint64_t random;
    nh_neuron_program p;
    nh_neuron_spec spec;
    nh_neuron_reg reg[REGS];
    nh_neuron_instr instr[REGS];
    bool defined[REGS], is_flag[REGS];
    int first_temp, shift_by;
} maker;

static int64_t between(maker *m, int64_t lo, int64_t hi) {
    m->random ^= m->random >> 12, m->random ^= m->random << 25, m->random ^= m->random >> 27;
    return lo + (int64_t)((m->random * 0x2545f4914f6cdd1du >> 11) % (uint64_t)(hi - lo + 1));
}

static nh_format random_format(maker *m) {
    static const nh_round round[] = {NH_ROUND_TRN, NH_ROUND_TRN_ZERO, NH_ROUND_RND, NH_ROUND_RND_CONV};
    static const nh_overflow overflow[] = {NH_OVERFLOW_WRAP, NH_OVERFLOW_SAT, NH_OVERFLOW_SAT_SYM};
    int width = (int)between(m, 2, 12);
    return nh_format_make(between(m, 0, 3), width, (int)between(m, -1, width + 1), round[between(m, 0, 3)],
                          overflow[between(m, 0, 2)]);
}

static int add_reg(maker *m, nh_neuron_reg_kind kind, int index) {
    int r = m->p.n_reg++;
    cr_assert_lt(r, REGS);
    m->reg[r] = (nh_neuron_reg){.name = "r", .kind = kind, .index = index};
    m->defined[r] = kind != NH_REG_TEMP;
    return r;
}

static nh_range part_of(maker *m, nh_format f, nh_i128 least) {
    nh_range r = nh_range_of(f);
    if (r.lo < least) r.lo = least;
    if (between(m, 0, 1)) r.hi = r.lo + (r.hi - r.lo) / 2;
    return r;
}

static nh_i128 drawn(maker *m, nh_range r) {
    return between(m, 0, 5) ? between(m, (int64_t)r.lo, (int64_t)r.hi) : between(m, 0, 1) ? r.hi : r.lo;
}

static void declare(maker *m) {
    nh_neuron_program *p = &m->p;
    *p = (nh_neuron_program){
        .name = "random", .reg = m->reg, .instr = m->instr, .is_exact = true, .spikes_per_step = between(m, 1, MOST)};
    p->n_input = (int)between(m, 1, 3), p->n_state = (int)between(m, 0, 2), p->n_param = (int)between(m, 1, 3);
    for (int k = 0; k < p->n_input; k++) {
        p->input[k] = add_reg(m, NH_REG_INPUT, k);
        m->spec.in_fmt[k] = random_format(m);
        m->spec.in_range[k] = part_of(m, m->spec.in_fmt[k], -pow2(40));
    }
    for (int k = 0; k < p->n_state; k++) {
        p->state[k] = add_reg(m, NH_REG_STATE, k);
        m->reg[p->state[k]].fmt = random_format(m);
    }
    for (int k = 0; k < p->n_param; k++) { /* above 0: param 0 is a threshold */
        p->param[k] = add_reg(m, NH_REG_PARAM, k);
        nh_format f = random_format(m);
        nh_range r = part_of(m, f, k == 0 ? 1 : -pow2(40));
        m->spec.param[k].fmt = f, m->spec.param[k].range = r, m->spec.param[k].n = between(m, 1, 2),
        m->spec.param[k].raw = drawn(m, r);
    }
    for (int k = 0; k < 3; k++)
        m->reg[add_reg(m, NH_REG_CONST, k)].constant = k == 0   ? 0
                                                       : k == 1 ? (double)pow2((int)between(m, 0, 4)) / 4
                                                                : (double)between(m, -40, 40) / 8;
    m->shift_by = add_reg(m, NH_REG_CONST, 3);
    m->reg[m->shift_by].constant = (double)between(m, 0, 5);
    m->first_temp = p->n_reg;
    for (int k = 0; k < 6; k++) add_reg(m, NH_REG_TEMP, k);
    m->spec.program = p;
}

static int pick(maker *m, bool flag) {
    for (int tries = 0; tries < 400; tries++) {
        int r = (int)between(m, 0, m->p.n_reg - 1);
        if (m->defined[r] && (!flag || m->is_flag[r])) return r;
    }
    return -1;
}

static int written(maker *m, bool defined) {
    int states = m->p.n_state, r = 0;
    do
        r = between(m, 0, 2) == 0 && states ? m->p.state[between(m, 0, states - 1)]
                                            : (int)between(m, m->first_temp, m->p.n_reg - 1);
    while (defined && !m->defined[r] && !(between(m, 0, 9) == 0));
    return r;
}

static void add_instr(maker *m) {
    nh_neuron_op op = (nh_neuron_op)between(m, 0, NH_NOP_KINDS - 1);
    bool logic = op == NH_NOP_NOT || op == NH_NOP_AND || op == NH_NOP_OR,
         keeps = op == NH_NOP_LEAK || op == NH_NOP_RESET;
    nh_neuron_instr i = {.op = op, .dst = written(m, keeps), .fmt = random_format(m)};
    if (keeps && !m->defined[i.dst]) return;
    for (int k = 0; k < nh_neuron_operands(op); k++)
        if ((i.src[k] = pick(m, logic)) < 0) return;
    if (op == NH_NOP_COUNT) i.src[1] = between(m, 0, 1) ? m->p.param[0] : m->shift_by - 2;
    if (op == NH_NOP_SHR) i.src[1] = m->shift_by;
    m->instr[m->p.n_instr++] = i;
    m->defined[i.dst] = true;
    m->is_flag[i.dst] =
        m->reg[i.dst].kind == NH_REG_TEMP && (logic || op == NH_NOP_GT || op == NH_NOP_GE || op == NH_NOP_EQ);
}

static maker make(uint64_t seed) {
    maker m = {.a = nh_arena_new(), .random = seed * 0x9e3779b97f4a7c15u + 1};
    return m;
}

static void fill(maker *m) {
    declare(m);
    int n = (int)between(m, 1, 14);
    for (int k = 0; k < n; k++) add_instr(m);
    m->p.output = pick(m, false);
    if (between(m, 0, 2) == 0) m->spec.out_fmt = random_format(m);
}

/* --- the comparison ---------------------------------------------------------------------------------------------- */

static number of_raw(nh_i128 raw, nh_format f) {
    int frac = f.width_bits - f.int_bits;
    return frac < 0 ? (number){raw * pow2(-frac), 0} : (number){raw, frac};
}

static number of_double(double v) { return (number){(nh_i128)(v * 8), 3}; }

/* Draws what comes in: raw integers of the ports in order, and every register's value before the first instruction. */
static void draw(maker *m, nh_i128 *port, number *r) {
    const nh_neuron_program *p = &m->p;
    int at = 0;
    for (int k = 0; k < p->n_input; k++)
        r[p->input[k]] = of_raw(port[at++] = drawn(m, m->spec.in_range[k]), m->spec.in_fmt[k]);
    for (int k = 0; k < p->n_state; k++) {
        nh_format f = m->reg[p->state[k]].fmt;
        r[p->state[k]] = of_raw(port[at++] = drawn(m, nh_range_of(f)), f);
    }
    for (int k = 0; k < p->n_param; k++) {
        nh_i128 raw = m->spec.param[k].n > 1 ? port[at++] = drawn(m, m->spec.param[k].range) : m->spec.param[k].raw;
        r[p->param[k]] = of_raw(raw, m->spec.param[k].fmt);
    }
    for (int k = 0; k < p->n_reg; k++)
        if (m->reg[k].kind == NH_REG_CONST) r[k] = of_double(m->reg[k].constant);
}

static void run(const maker *m, number *r) {
    for (int k = 0; k < m->p.n_instr; k++) {
        const nh_neuron_instr *i = &m->instr[k];
        number v = result(&m->p, i, r);
        r[i->dst] = m->reg[i->dst].kind == NH_REG_STATE ? cast(v, m->reg[i->dst].fmt) : v;
    }
}

static void compare_once(maker *m, const nh_dp *dp, nh_range y_range, int y_frac, uint64_t seed) {
    nh_i128 port[PORTS], out[1 + NH_NEURON_STATES];
    const nh_i128 *in[PORTS];
    nh_i128 *to[1 + NH_NEURON_STATES];
    number r[REGS] = {{0, 0}};
    for (int k = 0; k < PORTS; k++) in[k] = &port[k];
    for (int k = 0; k <= NH_NEURON_STATES; k++) to[k] = &out[k];
    draw(m, port, r);
    nh_dp_eval(dp, in, to);
    run(m, r);
    number y = m->spec.out_fmt.width_bits > 0 ? cast(r[m->p.output], m->spec.out_fmt) : r[m->p.output];
    cr_assert_eq(compare(of_raw(out[0], dp->out[0].fmt), y), 0, "program %llu: output", (unsigned long long)seed);
    cr_assert(out[0] >= y_range.lo && out[0] <= y_range.hi, "program %llu: the output leaves its interval",
              (unsigned long long)seed);
    cr_assert_eq(y_frac, dp->out[0].fmt.width_bits - dp->out[0].fmt.int_bits);
    for (int k = 0; k < m->p.n_state; k++)
        cr_assert_eq(compare(of_raw(out[1 + k], dp->out[1 + k].fmt), r[m->p.state[k]]), 0, "program %llu: state %d",
                     (unsigned long long)seed, k);
}

Test(neuron, random_programs_are_exact_integer_arithmetic) {
    enum { PROGRAMS = 4000, RUNS = 40 };
    int built = 0;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        maker m = make(seed);
        fill(&m);
        nh_range y_range;
        int y_frac;
        const char *why = NULL;
        nh_dp *dp = nh_dp_neuron(m.a, &m.spec, "n", &y_range, &y_frac, &why);
        cr_assert_neq(dp == NULL, why == NULL);
        if (dp) {
            nh_dp_finish(dp);
            cr_assert_null(nh_dp_check(dp), "program %llu: %s", (unsigned long long)seed, nh_dp_check(dp));
            for (int k = 0; k < RUNS; k++) compare_once(&m, dp, y_range, y_frac, seed);
            built++;
        }
        nh_arena_free(m.a);
    }
    cr_assert_gt(built, PROGRAMS * 9 / 10, "%d of %d programs fit", built, PROGRAMS);
}

/* --- what does not fit ------------------------------------------------------------------------------------------- */

/* y = op(a, b) for two inputs of `bits`, then y = y * y `squares` times. */
static const char *fault(nh_neuron_op op, int bits, int squares, int64_t spikes, int64_t thresholds) {
    maker m = make(1);
    m.p = (nh_neuron_program){.name = "wide",
                              .reg = m.reg,
                              .instr = m.instr,
                              .is_exact = true,
                              .n_input = 1,
                              .n_param = 1,
                              .spikes_per_step = spikes};
    nh_format f = nh_format_make(true, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_SAT);
    m.p.input[0] = add_reg(&m, NH_REG_INPUT, 0), m.p.param[0] = add_reg(&m, NH_REG_PARAM, 0),
    m.p.output = add_reg(&m, NH_REG_TEMP, 0);
    m.spec = (nh_neuron_spec){.program = &m.p, .in_fmt = {f}, .in_range = {nh_range_of(f)}};
    m.spec.param[0].fmt = f, m.spec.param[0].range = (nh_range){1, nh_range_of(f).hi}, m.spec.param[0].n = thresholds,
    m.spec.param[0].raw = nh_range_of(f).hi;
    m.instr[m.p.n_instr++] = (nh_neuron_instr){.op = op, .dst = 2, .src = {0, 1}};
    for (int k = 0; k < squares; k++)
        m.instr[m.p.n_instr++] = (nh_neuron_instr){.op = NH_NOP_MUL, .dst = 2, .src = {2, 2}};
    nh_range r;
    int frac;
    const char *why = NULL;
    nh_dp *dp = nh_dp_neuron(m.a, &m.spec, "n", &r, &frac, &why);
    cr_assert_neq(dp == NULL, why == NULL);
    nh_arena_free(m.a);
    return why;
}

static void assert_says(const char *why, const char *word) {
    cr_assert(why && strstr(why, word), "'%s' does not say '%s'", why ? why : "(none)", word);
}

Test(neuron, outputs_of_more_than_64_bits_are_refused) {
    cr_assert_null(fault(NH_NOP_MUL, 32, 0, 1, 2));
    assert_says(fault(NH_NOP_MUL, 33, 0, 1, 2), "output needs more than 64 bits");
    cr_assert_null(fault(NH_NOP_ADD, 63, 0, 1, 2));
    assert_says(fault(NH_NOP_ADD, 64, 0, 1, 2), "output needs more than 64 bits");
}

Test(neuron, intermediates_of_more_than_127_bits_are_refused) {
    assert_says(fault(NH_NOP_MUL, 30, 1, 1, 2), "output"); /* 120 bits inside */
    assert_says(fault(NH_NOP_MUL, 33, 1, 1, 2), "more than 127 bits");
    assert_says(fault(NH_NOP_MUL, 20, 3, 1, 2), "more than 127 bits");
}

Test(neuron, counts_of_many_spikes_need_one_threshold_that_is_a_power_of_two) {
    cr_assert_null(fault(NH_NOP_COUNT, 8, 0, 64, 2));
    assert_says(fault(NH_NOP_COUNT, 8, 0, 65, 2), "more than 64 spikes");
    assert_says(fault(NH_NOP_COUNT, 8, 0, 65, 1), "more than 64 spikes"); /* 127: no power of two */
}
