/* Neuron programs as datapaths: every instruction is one exact operation; writes to a state are casts to its format. */
#include "neuron_dp.h"

#include <assert.h>
#include <math.h>

#include "internal.h"

typedef struct {
    nh_dp *p;
    const nh_neuron_spec *spec;
    nh_val *value; /* of every register, now */
    const char *why;
} builder;

int nh_dyadic_frac(const double *v, int64_t n) {
    int frac = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) return -1;
        while (frac <= 64 && ldexp(v[i], frac) != floor(ldexp(v[i], frac))) frac++;
        if (frac > 64) return -1;
    }
    return frac;
}

bool nh_dyadic_format(const double *v, int64_t n, nh_format *fmt, nh_range *range, int64_t *raw) {
    int frac = nh_dyadic_frac(v, n);
    if (frac < 0 || n < 1) return false;
    nh_range r = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        double scaled = ldexp(v[i], frac);
        if (fabs(scaled) >= 0x1p63) return false;
        nh_i128 k = (nh_i128)scaled;
        r = i == 0 ? (nh_range){k, k} : nh_range_hull(r, (nh_range){k, k});
        if (raw) raw[i] = (int64_t)k;
    }
    *range = r;
    return nh_range_format(r, frac, fmt);
}

static nh_val constant(nh_dp *p, double v) {
    int frac = nh_dyadic_frac(&v, 1);
    assert(frac >= 0 && "the fixed-point pass made all constants dyadic");
    return nh_dp_const(p, (nh_i128)ldexp(v, frac), frac);
}

/* floor(v * 2^-shift) as an integer of its exact width. */
static nh_val floor_shift(builder *b, nh_val v, int shift) {
    nh_val scaled = nh_dp_scale(b->p, v, -shift);
    const nh_dp_node *n = &b->p->node[scaled];
    if (n->frac <= 0) return scaled;
    nh_format whole = nh_format_make(true, 64, 64, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_range r = nh_range_convert(n->range, n->frac, whole);
    if (!nh_range_format(r, 0, &whole)) {
        b->why = "an integer needs more than 64 bits";
        return scaled;
    }
    return nh_dp_cast(b->p, scaled, whole);
}

/* How many times the threshold fits into v: a shift when the threshold is a power of two, else one comparison per
 * spike. */
static nh_val count(builder *b, nh_val v, nh_val threshold) {
    enum { MOST_COMPARISONS = 64 };
    nh_dp *p = b->p;
    const nh_dp_node *t = &p->node[threshold];
    int64_t most = b->spec->program->spikes_per_step;
    nh_val zero = nh_dp_const(p, 0, 0);
    bool is_power = t->op == NH_DP_CONST && t->constant > 0 && (t->constant & (t->constant - 1)) == 0;
    if (is_power) {
        int shift = -t->frac;
        for (nh_i128 k = t->constant; k > 1; k >>= 1) shift++;
        nh_val n = nh_dp_max(p, floor_shift(b, v, shift), zero);
        return most < INT32_MAX ? nh_dp_min(p, n, nh_dp_const(p, most, 0)) : n;
    }
    if (most > MOST_COMPARISONS) {
        b->why = "counting more than 64 spikes per step needs the same threshold for all neurons of a layer";
        return zero;
    }
    nh_val sum = zero;
    for (int64_t k = 1; k <= most; k++)
        sum = nh_dp_add(p, sum, nh_dp_le(p, nh_dp_mul(p, threshold, nh_dp_const(p, k, 0)), v));
    return sum;
}

static bool is_flag(const nh_dp *p, nh_val v) {
    return p->node[v].frac == 0 && p->node[v].range.lo >= 0 && p->node[v].range.hi <= 1;
}

/* yes where x is not 0: x may be a count, or any number in a user's program. */
static nh_val choose(nh_dp *p, nh_val x, nh_val yes, nh_val no) {
    if (is_flag(p, x)) return nh_dp_select(p, x, yes, no);
    return nh_dp_select(p, nh_dp_eq(p, x, nh_dp_const(p, 0, 0)), no, yes);
}

static nh_val operate(builder *b, const nh_neuron_instr *i) {
    nh_dp *p = b->p;
    int n = nh_neuron_operands(i->op);
    nh_val zero = nh_dp_const(p, 0, 0), one = nh_dp_const(p, 1, 0);
    nh_val x = b->value[i->src[0]], y = n > 1 ? b->value[i->src[1]] : zero, z = n > 2 ? b->value[i->src[2]] : zero;
    switch (i->op) {
    case NH_NOP_MOV: return x;
    case NH_NOP_LEAK: return nh_dp_mul(p, b->value[i->dst], x);
    case NH_NOP_ADD: return nh_dp_add(p, x, y);
    case NH_NOP_SUB: return nh_dp_sub(p, x, y);
    case NH_NOP_MUL: return nh_dp_mul(p, x, y);
    case NH_NOP_NEG: return nh_dp_neg(p, x);
    case NH_NOP_ABS: return nh_dp_max(p, x, nh_dp_neg(p, x));
    case NH_NOP_MIN: return nh_dp_min(p, x, y);
    case NH_NOP_MAX: return nh_dp_max(p, x, y);
    case NH_NOP_RELU: return nh_dp_max(p, x, zero);
    case NH_NOP_GT: return nh_dp_lt(p, y, x);
    case NH_NOP_GE: return nh_dp_le(p, y, x);
    case NH_NOP_EQ: return nh_dp_eq(p, x, y);
    case NH_NOP_NOT: return is_flag(p, x) ? nh_dp_eq(p, x, zero) : nh_dp_sub(p, one, x);
    case NH_NOP_AND: return is_flag(p, x) ? nh_dp_select(p, x, y, zero) : nh_dp_mul(p, x, y);
    case NH_NOP_OR: return is_flag(p, x) && is_flag(p, y) ? nh_dp_select(p, x, one, y) : nh_dp_max(p, x, y);
    case NH_NOP_SEL: return choose(p, x, y, z);
    case NH_NOP_RESET: return choose(p, x, y, b->value[i->dst]);
    case NH_NOP_COUNT: return count(b, x, y);
    case NH_NOP_SHR: return floor_shift(b, x, (int)b->spec->program->reg[i->src[1]].constant);
    case NH_NOP_CAST: return nh_dp_cast(p, x, i->fmt);
    case NH_NOP_KINDS: break;
    }
    assert(false);
    return zero;
}

static void load_inputs(builder *b) {
    const nh_neuron_spec *s = b->spec;
    const nh_neuron_program *m = s->program;
    nh_dp *p = b->p;
    for (int k = 0; k < m->n_input; k++) {
        int port = nh_dp_in_port(p, nh_arena_printf(p->arena, "a%d", k), 1, s->in_fmt[k]);
        b->value[m->input[k]] = nh_dp_input(p, port, 0, s->in_range[k]);
    }
    for (int k = 0; k < m->n_state; k++) {
        nh_format f = m->reg[m->state[k]].fmt;
        int port = nh_dp_in_port(p, nh_arena_printf(p->arena, "s%d", k), 1, f);
        b->value[m->state[k]] = nh_dp_input(p, port, 0, nh_range_of(f));
    }
    for (int k = 0, ports = 0; k < m->n_param; k++) {
        if (s->param[k].n == 1) {
            b->value[m->param[k]] = nh_dp_const(p, s->param[k].raw, nh_format_frac(s->param[k].fmt));
            continue;
        }
        int port = nh_dp_in_port(p, nh_arena_printf(p->arena, "p%d", ports++), 1, s->param[k].fmt);
        b->value[m->param[k]] = nh_dp_input(p, port, 0, s->param[k].range);
    }
    for (int r = 0; r < m->n_reg; r++)
        if (m->reg[r].kind == NH_REG_CONST) b->value[r] = constant(p, m->reg[r].constant);
}

static bool store_outputs(builder *b, nh_range *y_range, int *y_frac) {
    const nh_neuron_program *m = b->spec->program;
    nh_dp *p = b->p;
    nh_val y = b->value[m->output];
    nh_format f = b->spec->out_fmt;
    if (f.width_bits > 0) y = nh_dp_cast(p, y, f);
    *y_range = p->node[y].range;
    *y_frac = p->node[y].frac;
    if (f.width_bits == 0 && !nh_range_format(*y_range, *y_frac, &f)) {
        b->why = "the output needs more than 64 bits";
        return false;
    }
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, f), 0, y);
    for (int k = 0; k < m->n_state; k++) {
        int port = nh_dp_out_port(p, nh_arena_printf(p->arena, "n%d", k), 1, m->reg[m->state[k]].fmt);
        nh_dp_output(p, port, 0, b->value[m->state[k]]);
    }
    return true;
}

nh_dp *nh_dp_neuron(nh_arena *a, const nh_neuron_spec *s, const char *id, nh_range *y_range, int *y_frac,
                    const char **why) {
    const nh_neuron_program *m = s->program;
    builder b = {.p = nh_dp_new(a, id), .spec = s};
    b.value = nh_arena_array(a, (size_t)m->n_reg + 1, sizeof *b.value);
    load_inputs(&b);
    for (int i = 0; i < m->n_instr && !b.why; i++) {
        const nh_neuron_instr *x = &m->instr[i];
        nh_val v = operate(&b, x);
        if (m->reg[x->dst].kind == NH_REG_STATE) v = nh_dp_cast(b.p, v, m->reg[x->dst].fmt);
        b.value[x->dst] = v;
    }
    if (!b.why && !b.p->overflow128) store_outputs(&b, y_range, y_frac);
    if (b.p->overflow128) b.why = "an exact intermediate needs more than 127 bits";
    *why = b.why;
    return b.why ? NULL : b.p;
}
