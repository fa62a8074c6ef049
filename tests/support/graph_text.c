#include "graph_text.h"
#include "ir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Reads the text form of graphs back. Recursive descent over blank-separated words; the form is described in
 * hls/ir/print.c. The first failure sticks: every function then does nothing, and nh_graph_parse reports it once. */
typedef struct {
    nh_arena *a;
    const char *text, *p;
    const char *why;
    nh_graph *g;
} parser;

static bool fail(parser *s, const char *why) {
    if (!s->why) s->why = why;
    return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t'; }

static size_t peek(parser *s) {
    while (is_blank(*s->p)) s->p++;
    size_t n = 0;
    while (s->p[n] && !is_blank(s->p[n])) n++;
    return n;
}

/* Whether the next word is `word`; consumes it then. */
static bool take(parser *s, const char *word) {
    size_t n = peek(s);
    if (s->why || n != strlen(word) || memcmp(s->p, word, n) != 0) return false;
    s->p += n;
    return true;
}

static bool want(parser *s, const char *word) {
    return take(s, word) || fail(s, nh_arena_printf(s->a, "'%s' is expected", word));
}

/* The next word as text, at most 95 characters. */
static const char *word(parser *s, char buf[96]) {
    size_t n = peek(s);
    if (n == 0 || n >= 96) fail(s, "a word is expected");
    if (s->why) n = 0;
    memcpy(buf, s->p, n);
    buf[n] = 0;
    s->p += n;
    return buf;
}

static int64_t integer(parser *s, int64_t lo, int64_t hi) {
    char buf[96], *end;
    word(s, buf);
    errno = 0;
    long long v = strtoll(buf, &end, 10);
    if (*end || end == buf || errno || v < lo || v > hi) fail(s, "a whole number in its range is expected");
    return s->why ? lo : v;
}

static int small(parser *s, int lo, int hi) { return (int)integer(s, lo, hi); }

static nh_i128 integer128(parser *s) {
    char buf[96];
    const char *p = word(s, buf);
    bool negative = *p == '-';
    if (negative) p++;
    nh_u128 v = 0;
    if (!*p || strlen(p) > 38) fail(s, "a whole number is expected");
    for (; !s->why && *p; p++) {
        if (*p < '0' || *p > '9') fail(s, "a whole number is expected");
        unsigned digit = (unsigned)*p - '0';
        v = v * 10 + digit;
    }
    return negative ? -(nh_i128)v : (nh_i128)v;
}

static double real(parser *s) {
    char buf[96], *end;
    word(s, buf);
    double v = strtod(buf, &end);
    if (*end || end == buf) fail(s, "a number is expected");
    return v;
}

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static const char *no_string(parser *s, const char *why) {
    fail(s, why);
    return "";
}

static const char *string(parser *s) {
    peek(s);
    if (s->why || *s->p != '"') return no_string(s, "a string is expected");
    const char *end = strchr(s->p + 1, '"');
    if (!end) return no_string(s, "a string does not end");
    char *out = nh_arena_strn(s->a, s->p + 1, (size_t)(end - s->p - 1)), *w = out;
    for (const char *p = out; *p; p++) {
        if (*p != '\\') {
            *w++ = *p;
            continue;
        }
        int high = p[1] == 'x' ? hex_digit(p[2]) : -1, low = high >= 0 ? hex_digit(p[3]) : -1;
        if (low < 0 || high * 16 + low == 0) return no_string(s, "an escape is \\xNN");
        *w++ = (char)(high * 16 + low);
        p += 3;
    }
    *w = 0;
    s->p = end + 1;
    return out;
}

/* Index of the next word in a table of texts. */
static int choice(parser *s, const char *const *text, int n) {
    for (int i = 0; i < n; i++)
        if (take(s, text[i])) return i;
    fail(s, "an unknown word");
    return 0;
}

static nh_format format(parser *s) {
    char buf[96];
    nh_format f = {0};
    const char *why;
    size_t at;
    word(s, buf);
    if (!s->why && !nh_format_parse(buf, &f, &why, &at)) fail(s, why);
    return f;
}

static nh_shape shape(parser *s) {
    char buf[96], *end = buf;
    nh_shape out = {0};
    if (take(s, "scalar")) return out;
    word(s, buf);
    do {
        const char *start = end;
        if (out.rank == NH_MAX_RANK) break;
        errno = 0;
        out.dim[out.rank++] = strtoll(start, &end, 10);
        if (end == start || errno) break;
    } while (*end++ == 'x');
    if (end != buf + strlen(buf) + 1 || nh_shape_size(out) < 1) {
        fail(s, "a shape like 4x64 is expected");
        out = (nh_shape){0};
    }
    return out;
}

/* n numbers follow: each takes two characters of text at least, so a huge n is refused before memory is asked
 * for. */
static bool fits(parser *s, int64_t n) {
    return !s->why && (n <= (int64_t)(strlen(s->p) / 2) || fail(s, "there are not as many numbers as the shape says"));
}

static double *reals(parser *s, int64_t n) {
    if (!fits(s, n)) return NULL;
    double *v = nh_arena_array(s->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; v && i < n && !s->why; i++) v[i] = real(s);
    return v;
}

static int64_t *integers(parser *s, int64_t n) {
    if (!fits(s, n)) return NULL;
    int64_t *v = nh_arena_array(s->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; v && i < n && !s->why; i++) v[i] = integer(s, INT64_MIN, INT64_MAX);
    return v;
}

static nh_fx_count count(parser *s) {
    nh_fx_count c;
    c.n = (uint64_t)integer(s, 0, INT64_MAX);
    c.overflowed = (uint64_t)integer(s, 0, INT64_MAX);
    return c;
}

static void parse_tensor(parser *s) {
    const char *name = string(s);
    int kind = choice(s, nh_edge_kind_text, 3);
    int t = nh_graph_add_tensor(s->g, name, shape(s), (nh_edge_kind)kind);
    nh_tensor *x = &s->g->tensor[t];
    if (take(s, "q")) {
        x->q.known = true;
        x->q.fmt = format(s);
        want(s, "scale");
        x->q.scale = real(s);
        want(s, "range");
        x->range.lo = integer128(s);
        x->range.hi = integer128(s);
    }
    if (take(s, "cal")) {
        x->calibrated = true;
        x->cal_min = real(s);
        x->cal_max = real(s);
    }
}

static nh_format_request request(parser *s, const char *key) {
    nh_format_request r = {0};
    want(s, key);
    if (take(s, "auto"))
        r.is_auto = true;
    else if (!take(s, "none"))
        r.fmt = format(s);
    return r;
}

static nh_layer_options options(parser *s) {
    nh_layer_options o = {0};
    want(s, "options");
    want(s, "strategy");
    o.strategy = (nh_strategy)small(s, 0, 63);
    want(s, "reuse");
    o.reuse_factor = integer(s, 0, INT64_MAX);
    o.weight = request(s, "weight");
    o.bias = request(s, "bias");
    o.result = request(s, "result");
    o.accum = request(s, "accum");
    want(s, "weight_bits");
    o.weight_bits = small(s, 0, 64);
    want(s, "result_bits");
    o.result_bits = small(s, 0, 64);
    want(s, "scale");
    o.scale = (nh_scale_kind)choice(s, nh_scale_text, 2);
    want(s, "granularity");
    o.granularity = (nh_granularity)choice(s, nh_granularity_text, 3);
    want(s, "multiplier_bits");
    o.multiplier_bits = small(s, 0, 64);
    want(s, "table_size");
    o.table_size = integer(s, 0, INT64_MAX);
    return o;
}

static nh_param *param(parser *s) {
    nh_param *p = NH_NEW(s->a, nh_param);
    p->name = string(s);
    p->shape = shape(s);
    int64_t n = nh_shape_size(p->shape);
    if (take(s, "format")) {
        p->fmt = format(s);
        want(s, "overflow");
        p->overflow = count(s);
    }
    if (take(s, "values")) p->value = reals(s, n);
    if (take(s, "scale")) p->scale = reals(s, p->shape.rank > 0 ? p->shape.dim[0] : 1);
    if (take(s, "raw")) p->raw = integers(s, n);
    return p;
}

static void parse_numbers(parser *s, nh_layer *l) {
    want(s, "exact");
    l->accum_exact = small(s, 0, 1) == 1;
    want(s, "accum");
    l->accum = format(s);
    want(s, "shift");
    l->requant_shift = small(s, -10000, 10000);
    if (!take(s, "mul")) return;
    if (l->weight && l->weight->shape.rank > 0)
        l->requant_mul = integers(s, l->weight->shape.dim[0]);
    else
        fail(s, "multipliers belong to a layer with weights");
}

/* The options that put_numerics wrote; every enum within its bounds. */
static void parse_numerics(parser *s, nh_layer_options *o) {
    nh_numerics *n = &o->numerics;
    n->preset = (nh_preset)small(s, 0, NH_PRESET_COUNT - 1);
    n->integrator = (nh_integrator)small(s, 0, NH_INTEGRATOR_STEPS_EXP);
    n->input_gain = (nh_input_gain)small(s, 0, NH_GAIN_ONE_MINUS_ALPHA);
    n->reset = (nh_reset)small(s, 0, NH_RESET_NONE);
    n->reset_timing = (nh_reset_timing)small(s, 0, NH_RESET_SNNTORCH_SUB);
    n->spike = (nh_spike_timing)small(s, 0, NH_SPIKE_BEFORE_UPDATE);
    n->compare = (nh_compare)small(s, 0, NH_COMPARE_GE);
    n->v_min = (nh_v_min)small(s, 0, NH_V_MIN_MINUS_THRESHOLD);
    n->syn_order = (nh_syn_order)small(s, 0, NH_SYN_DECAY_AFTER);
    n->recurrent_bias = (nh_recurrent_bias)small(s, 0, NH_REC_BIAS_NO);
    want(s, "spikes");
    n->spikes_per_step = integer(s, 0, INT64_MAX);
    want(s, "delay");
    n->layer_delay = integer(s, -1, INT32_MAX);
    want(s, "dt");
    n->dt = real(s);
    o->state = request(s, "state");
    want(s, "state_bits");
    o->state_bits = small(s, 0, 64);
    want(s, "decay_bits");
    o->decay_bits = small(s, 0, 64);
    if (take(s, "model")) o->neuron_model = string(s);
}

static void pair(parser *s, const char *key, int64_t v[2]) {
    want(s, key);
    for (int i = 0; i < 2; i++) v[i] = integer(s, 0, 1 << 24);
}

static void parse_window(parser *s, nh_window *w) {
    pair(s, "kernel", w->kernel);
    pair(s, "stride", w->stride);
    pair(s, "before", w->pad_before);
    pair(s, "after", w->pad_after);
    pair(s, "dilation", w->dilation);
    want(s, "groups");
    w->groups = integer(s, 0, 1 << 24);
}

static nh_neuron_value neuron_value(parser *s) {
    nh_neuron_value v = {.name = string(s)};
    v.n = integer(s, 1, INT32_MAX);
    want(s, "values");
    v.value = reals(s, v.n);
    return v;
}

/* Inputs, states and parameters by their index among their kind. */
static void place_register(parser *s, nh_neuron_program *p, int r) {
    const nh_neuron_reg *reg = &p->reg[r];
    int *table = reg->kind == NH_REG_INPUT ? p->input : reg->kind == NH_REG_STATE ? p->state : p->param;
    int *n = reg->kind == NH_REG_INPUT ? &p->n_input : reg->kind == NH_REG_STATE ? &p->n_state : &p->n_param;
    int most = reg->kind == NH_REG_INPUT   ? NH_NEURON_INPUTS
               : reg->kind == NH_REG_STATE ? NH_NEURON_STATES
                                           : NH_NEURON_PARAMS;
    if (reg->kind == NH_REG_CONST || reg->kind == NH_REG_TEMP) return;
    if (reg->index >= most || *n == most)
        fail(s, "a neuron program has too many inputs, states or parameters");
    else
        table[reg->index] = r, ++*n;
}

/* Are registers 0 to n-1 of a kind all there, once each? */
static bool is_complete(const nh_neuron_program *p, nh_neuron_reg_kind kind, const int *table, int n) {
    for (int i = 0; i < n; i++)
        if (p->reg[table[i]].kind != kind || p->reg[table[i]].index != i) return false;
    return true;
}

static void parse_register(parser *s, nh_neuron_program *p, size_t *cap) {
    p->reg = nh_arena_grow(s->a, p->reg, cap, (size_t)p->n_reg + 1, sizeof *p->reg);
    nh_neuron_reg *r = &p->reg[p->n_reg++];
    *r = (nh_neuron_reg){.name = string(s)};
    r->kind = (nh_neuron_reg_kind)choice(s, nh_reg_kind_text, 5);
    r->index = small(s, 0, INT32_MAX);
    want(s, "constant");
    r->constant = real(s);
    want(s, "measure");
    r->measure = (nh_neuron_measure)small(s, 0, NH_MEASURE_VOLT);
    r->has_format = take(s, "format");
    if (r->has_format) r->fmt = format(s);
    if (!s->why) place_register(s, p, p->n_reg - 1);
}

static void parse_instruction(parser *s, nh_neuron_program *p, size_t *cap) {
    char buf[96];
    p->instr = nh_arena_grow(s->a, p->instr, cap, (size_t)p->n_instr + 1, sizeof *p->instr);
    nh_neuron_instr *c = &p->instr[p->n_instr++];
    *c = (nh_neuron_instr){0};
    int op = nh_neuron_op_find(word(s, buf));
    if (op < 0) fail(s, "an unknown operation of neurons");
    if (s->why) return;
    c->op = (nh_neuron_op)op;
    c->dst = small(s, 0, p->n_reg - 1);
    for (int k = 0; k < nh_neuron_operands(c->op); k++) c->src[k] = small(s, 0, p->n_reg - 1);
    if (c->op != NH_NOP_CAST) return;
    want(s, "format");
    c->fmt = format(s);
}

/* A program and the values of its parameters. */
static const nh_neuron_program *program(parser *s, nh_neuron_value *param) {
    nh_neuron_program *p = NH_NEW(s->a, nh_neuron_program);
    size_t cap_reg = 0, cap_instr = 0;
    p->name = string(s);
    want(s, "out");
    p->out = (nh_neuron_out)small(s, 0, NH_NEURON_OUT_GRADED);
    want(s, "exact");
    p->is_exact = small(s, 0, 1) == 1;
    want(s, "spikes");
    p->spikes_per_step = integer(s, 0, INT64_MAX);
    want(s, "output");
    p->output = small(s, 0, INT32_MAX);
    while (take(s, "reg")) parse_register(s, p, &cap_reg);
    while (take(s, "do")) parse_instruction(s, p, &cap_instr);
    if (!s->why &&
        !(is_complete(p, NH_REG_INPUT, p->input, p->n_input) && is_complete(p, NH_REG_STATE, p->state, p->n_state) &&
          is_complete(p, NH_REG_PARAM, p->param, p->n_param)))
        fail(s, "inputs, states and parameters are numbered from 0");
    if (p->output >= p->n_reg) fail(s, "the output of a neuron program is not one of its registers");
    for (int i = 0; !s->why && i < p->n_param; i++)
        if (want(s, "param")) param[i] = neuron_value(s);
    return p;
}

static int kind_of(parser *s) {
    for (int kind = 0; kind < NH_KIND_COUNT; kind++)
        if (take(s, nh_neuron_kind_text((nh_neuron_kind)kind))) return kind;
    fail(s, "an unknown kind of neuron");
    return 0;
}

static nh_neuron *neuron(parser *s) {
    nh_neuron *n = NH_NEW(s->a, nh_neuron);
    n->kind = (nh_neuron_kind)kind_of(s);
    want(s, "reset");
    n->reset_period = integer(s, 0, INT64_MAX);
    n->reset_phase = integer(s, 0, INT64_MAX);
    while (take(s, "ode")) {
        if (n->n_ode == (int)(sizeof n->ode / sizeof *n->ode)) fail(s, "a neuron has too many parameters");
        if (!s->why) n->ode[n->n_ode++] = neuron_value(s);
    }
    if (take(s, "program")) n->program = program(s, n->param);
    if (take(s, "fixed")) n->fx = program(s, n->fx_param);
    want(s, "end");
    return n;
}

static int op_of(parser *s) {
    for (int op = 0; op < NH_OP_COUNT; op++)
        if (take(s, nh_op_get((nh_op)op)->text)) return op;
    fail(s, "an unknown operator");
    return 0;
}

static void parse_layer(parser *s) {
    nh_layer l = {.name = string(s)};
    l.op = (nh_op)op_of(s);
    want(s, "in");
    while (!s->why && !take(s, "out")) {
        if (l.n_in == NH_MAX_INPUTS) fail(s, "a layer has too many inputs");
        if (!s->why) l.in[l.n_in++] = small(s, 0, s->g->n_tensor - 1);
    }
    l.out = small(s, 0, s->g->n_tensor - 1);
    l.exact = take(s, "exact");
    if (take(s, "perm")) {
        int64_t rank = integer(s, 0, NH_MAX_RANK);
        for (int64_t k = 0; k < rank; k++) l.perm[k] = (int8_t)integer(s, 0, NH_MAX_RANK - 1);
    }
    if (take(s, "beta")) l.beta = real(s);
    if (take(s, "axis")) {
        l.axis = small(s, 0, NH_MAX_RANK);
        l.n_axes = small(s, 0, NH_MAX_RANK);
    }
    want(s, "alpha");
    l.alpha = real(s);
    want(s, "lo");
    l.lo = real(s);
    want(s, "hi");
    l.hi = real(s);
    l.opt = options(s);
    if (take(s, "numerics")) parse_numerics(s, &l.opt);
    if (take(s, "window")) parse_window(s, &l.window);
    if (take(s, "delay")) {
        l.n_delay = integer(s, 1, INT32_MAX);
        want(s, "values");
        l.delay = integers(s, l.n_delay);
    }
    if (take(s, "neuron")) l.neuron = neuron(s);
    if (take(s, "weight")) l.weight = param(s);
    if (take(s, "bias")) l.bias = param(s);
    if (take(s, "numbers")) parse_numbers(s, &l);
    if (take(s, "overflow")) l.result_overflow = count(s);
    if (!s->why) nh_graph_add_layer(s->g, l);
}

nh_graph *nh_graph_parse(nh_arena *a, nh_diag *d, const char *file, const char *text) {
    parser s = {.a = a, .text = text, .p = text};
    want(&s, "graph");
    s.g = nh_graph_new(a, string(&s));
    want(&s, "input");
    int input = small(&s, -1, INT32_MAX);
    want(&s, "output");
    int output = small(&s, -1, INT32_MAX);
    if (take(&s, "steps")) s.g->steps = integer(&s, 0, INT64_MAX);
    while (take(&s, "tensor")) parse_tensor(&s);
    while (take(&s, "layer")) parse_layer(&s);
    want(&s, "end");
    if (input >= s.g->n_tensor || output >= s.g->n_tensor) fail(&s, "the graph's input or output does not exist");
    s.g->input = input;
    s.g->output = output;
    if (!s.why) s.why = nh_graph_check(s.g, a);
    if (!s.why) return s.g;

    nh_loc at = {.file = file, .line = 1, .col = 1};
    for (const char *p = text; p < s.p; p++) {
        at.col = *p == '\n' ? 1 : at.col + 1;
        at.line += *p == '\n';
    }
    nh_report(d, NH_O_BUG, at, "%s", s.why);
    return NULL;
}
