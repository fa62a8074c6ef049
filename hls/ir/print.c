#include "ir.h"

#include "text.h"

/* The text form, one fact per line; parse.c reads it back:
 *
 *   graph "name" input 0 output 2 [temporal 16]
 *   tensor "x" frame 8x8 [q fixed<8,1> scale 1 range -128 127] [cal -1 1]
 *   layer "fc1" dense in 0 out 1 alpha 0 lo 0 hi 0
 *     options strategy 4 reuse 8 weight auto bias auto result fixed<8,1> accum auto weight_bits 8 ...
 *     weight "w" 4x64 format fixed<8,1> overflow 0 0 values 0.25 ... [scale ...] [raw ...]
 *     [numerics ...] of networks with time steps: the options as their enums' numbers
 *     window kernel 3 3 stride 1 1 before 0 0 after 0 0 dilation 1 1 groups 1
 *     delay 1 values 1
 *     neuron LIF reset 0 0
 *       ode "tau" 1 values 0.02
 *       program "lif" out 0 exact 0 spikes 1 output 4
 *         reg "v" state 0 constant 0 measure 1 [format fixed<16,4>]
 *         do ADD 4 0 1 [fixed<16,4>]       (destination, operands; the format of a CAST)
 *       param "alpha" 1 values 0.9
 *       fixed out fixed<1,1> (state fixed<16,4> scale 1)... (param fixed<13,1> 1 raw 3686)...
 *     end
 *     numbers exact 1 accum fixed<20,6> shift 0 [mul ...]
 *     overflow 1000 3
 *   end
 *
 * Reals are printed with 17 digits, so they come back exactly. */

static void put_string(const char *s, FILE *out) {
    fputc('"', out);
    for (const char *p = s; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\x%02x", (unsigned char)*p);
        else
            nh_print_escaped(p, 1, out);
    }
    fputc('"', out);
}

static void put_i128(nh_i128 v, FILE *out) {
    char digits[48];
    size_t n = sizeof digits - 1;
    nh_u128 m = v < 0 ? (nh_u128)0 - (nh_u128)v : (nh_u128)v;
    digits[n] = 0;
    do digits[--n] = (char)('0' + (int)(m % 10));
    while (m /= 10);
    fprintf(out, " %s%s", v < 0 ? "-" : "", digits + n);
}

static void put_format(const char *key, nh_format f, FILE *out) {
    char buf[NH_FORMAT_TEXT];
    fprintf(out, " %s %s", key, nh_format_print(f, buf));
}

static void put_shape(nh_shape s, FILE *out) {
    char buf[96];
    fprintf(out, " %s", nh_shape_print(s, buf));
}

static void put_tensor(const nh_tensor *t, FILE *out) {
    fprintf(out, "tensor ");
    put_string(t->name, out);
    fprintf(out, " %s", nh_edge_kind_text[t->kind]);
    put_shape(t->shape, out);
    if (t->q.known) {
        put_format("q", t->q.fmt, out);
        fprintf(out, " scale %.17g range", t->q.scale);
        put_i128(t->range.lo, out);
        put_i128(t->range.hi, out);
    }
    if (t->calibrated) fprintf(out, " cal %.17g %.17g", t->cal_min, t->cal_max);
    fputc('\n', out);
}

static void put_request(const char *key, nh_format_request r, FILE *out) {
    if (r.is_auto || r.fmt.width_bits == 0)
        fprintf(out, " %s %s", key, r.is_auto ? "auto" : "none");
    else
        put_format(key, r.fmt, out);
}

static void put_options(const nh_layer_options *o, FILE *out) {
    fprintf(out, "  options strategy %d reuse %lld", (int)o->strategy, (long long)o->reuse_factor);
    put_request("weight", o->weight, out);
    put_request("bias", o->bias, out);
    put_request("result", o->result, out);
    put_request("accum", o->accum, out);
    fprintf(out, " weight_bits %d result_bits %d scale %s granularity %s multiplier_bits %d table_size %lld\n",
            o->weight_bits, o->result_bits, nh_scale_text[o->scale], nh_granularity_text[o->granularity],
            o->multiplier_bits, (long long)o->table_size);
}

/* FNV-1a: stands for values that are not printed; only ever compared by eye or by diff. */
static uint64_t hash_bytes(const void *data, size_t size) {
    const unsigned char *p = data;
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static void put_reals(const char *key, const double *v, int64_t n, bool values, FILE *out) {
    if (!v) return;
    fprintf(out, " %s", key);
    if (!values) fprintf(out, " #%016llx", (unsigned long long)hash_bytes(v, (size_t)n * sizeof *v));
    for (int64_t i = 0; values && i < n; i++) fprintf(out, " %.17g", v[i]);
}

static void put_ints(const char *key, const int64_t *v, int64_t n, bool values, FILE *out) {
    if (!v) return;
    fprintf(out, " %s", key);
    if (!values) fprintf(out, " #%016llx", (unsigned long long)hash_bytes(v, (size_t)n * sizeof *v));
    for (int64_t i = 0; values && i < n; i++) fprintf(out, " %lld", (long long)v[i]);
}

static void put_param(const char *key, const nh_param *p, bool values, FILE *out) {
    if (!p) return;
    int64_t n = nh_shape_size(p->shape);
    fprintf(out, "  %s ", key);
    put_string(p->name ? p->name : "", out);
    put_shape(p->shape, out);
    if (p->raw) {
        put_format("format", p->fmt, out);
        fprintf(out, " overflow %llu %llu", (unsigned long long)p->overflow.n,
                (unsigned long long)p->overflow.overflowed);
    }
    put_reals("values", p->value, n, values, out);
    put_reals("scale", p->scale, p->shape.rank > 0 ? p->shape.dim[0] : 1, values, out);
    put_ints("raw", p->raw, n, values, out);
    fputc('\n', out);
}

static void put_numbers(const nh_layer *l, bool values, FILE *out) {
    if (l->accum.width_bits == 0) return;
    fprintf(out, "  numbers exact %d", l->accum_exact);
    put_format("accum", l->accum, out);
    fprintf(out, " shift %d", l->requant_shift);
    put_ints("mul", l->requant_mul, l->requant_mul ? l->weight->shape.dim[0] : 0, values, out);
    fputc('\n', out);
}

/* Options that only layers of networks with time steps have. */
static void put_numerics(const nh_layer_options *o, FILE *out) {
    const nh_numerics *n = &o->numerics;
    fprintf(out, "  numerics %d %d %d %d %d %d %d %d %d %d spikes %lld delay %lld dt %.17g", (int)n->preset,
            (int)n->integrator, (int)n->input_gain, (int)n->reset, (int)n->reset_timing, (int)n->spike, (int)n->compare,
            (int)n->v_min, (int)n->syn_order, (int)n->recurrent_bias, (long long)n->spikes_per_step,
            (long long)n->layer_delay, n->dt);
    put_request("state", o->state, out);
    fprintf(out, " state_bits %d decay_bits %d", o->state_bits, o->decay_bits);
    if (o->neuron_model) {
        fprintf(out, " model ");
        put_string(o->neuron_model, out);
    }
    fputc('\n', out);
}

static void put_pair(const char *key, const int64_t v[2], FILE *out) {
    fprintf(out, " %s %lld %lld", key, (long long)v[0], (long long)v[1]);
}

static void put_window(const nh_window *w, FILE *out) {
    fprintf(out, "  window");
    put_pair("kernel", w->kernel, out);
    put_pair("stride", w->stride, out);
    put_pair("before", w->pad_before, out);
    put_pair("after", w->pad_after, out);
    put_pair("dilation", w->dilation, out);
    fprintf(out, " groups %lld\n", (long long)w->groups);
}

static void put_neuron_value(const char *key, const nh_neuron_value *v, bool values, FILE *out) {
    fprintf(out, "    %s ", key);
    put_string(v->name ? v->name : "", out);
    fprintf(out, " %lld", (long long)v->n);
    put_reals("values", v->value, v->n, values, out);
    fputc('\n', out);
}

/* A program and its parameters. key: program, or fixed. */
static void put_program(const char *key, const nh_neuron_program *p, const nh_neuron_value *param, bool values,
                        FILE *out) {
    fprintf(out, "    %s ", key);
    put_string(p->name, out);
    fprintf(out, " out %d exact %d spikes %lld output %d\n", (int)p->out, p->is_exact, (long long)p->spikes_per_step,
            p->output);
    for (int i = 0; i < p->n_reg; i++) {
        const nh_neuron_reg *r = &p->reg[i];
        fprintf(out, "      reg ");
        put_string(r->name ? r->name : "", out);
        fprintf(out, " %s %d constant %.17g measure %d", nh_reg_kind_text[r->kind], r->index, r->constant,
                (int)r->measure);
        if (r->has_format) put_format("format", r->fmt, out);
        fputc('\n', out);
    }
    for (int i = 0; i < p->n_instr; i++) {
        const nh_neuron_instr *c = &p->instr[i];
        fprintf(out, "      do %s %d", nh_neuron_op_text(c->op), c->dst);
        for (int k = 0; k < nh_neuron_operands(c->op); k++) fprintf(out, " %d", c->src[k]);
        if (c->op == NH_NOP_CAST) put_format("format", c->fmt, out);
        fputc('\n', out);
    }
    for (int i = 0; i < p->n_param; i++) put_neuron_value("param", &param[i], values, out);
}

static void put_neuron(const nh_neuron *n, bool values, FILE *out) {
    fprintf(out, "  neuron %s reset %lld %lld\n", nh_neuron_kind_text(n->kind), (long long)n->reset_period,
            (long long)n->reset_phase);
    for (int i = 0; i < n->n_ode; i++) put_neuron_value("ode", &n->ode[i], values, out);
    if (n->program) put_program("program", n->program, n->param, values, out);
    if (n->fx) put_program("fixed", n->fx, n->fx_param, values, out);
    fprintf(out, "  end\n");
}

static void put_layer(const nh_graph *g, const nh_layer *l, bool values, FILE *out) {
    fprintf(out, "layer ");
    put_string(l->name, out);
    fprintf(out, " %s in", nh_op_get(l->op)->text);
    for (int k = 0; k < l->n_in; k++) fprintf(out, " %d", l->in[k]);
    fprintf(out, " out %d", l->out);
    if (l->exact) fprintf(out, " exact");
    if (l->op == NH_OP_TRANSPOSE) {
        int rank = g->tensor[l->out].shape.rank;
        fprintf(out, " perm %d", rank);
        for (int k = 0; k < rank; k++) fprintf(out, " %d", l->perm[k]);
    }
    if (l->beta != 0) fprintf(out, " beta %.17g", l->beta);
    if (l->axis || l->n_axes) fprintf(out, " axis %d %d", l->axis, l->n_axes);
    fprintf(out, " alpha %.17g lo %.17g hi %.17g\n", l->alpha, l->lo, l->hi);
    put_options(&l->opt, out);
    if (nh_graph_has_steps(g)) put_numerics(&l->opt, out);
    if (nh_op_has_window(l->op)) put_window(&l->window, out);
    if (l->delay) {
        fprintf(out, "  delay %lld", (long long)l->n_delay);
        put_ints("values", l->delay, l->n_delay, values, out);
        fputc('\n', out);
    }
    if (l->neuron) put_neuron(l->neuron, values, out);
    put_param("weight", l->weight, values, out);
    put_param("bias", l->bias, values, out);
    put_numbers(l, values, out);
    if (l->result_overflow.n) {
        fprintf(out, "  overflow %llu %llu\n", (unsigned long long)l->result_overflow.n,
                (unsigned long long)l->result_overflow.overflowed);
    }
}

void nh_graph_print(const nh_graph *g, bool values, FILE *out) {
    fprintf(out, "graph ");
    put_string(g->name, out);
    fprintf(out, " input %d output %d", g->input, g->output);
    if (nh_graph_has_steps(g)) fprintf(out, " steps %lld", (long long)g->steps);
    fputc('\n', out);
    for (int t = 0; t < g->n_tensor; t++) put_tensor(&g->tensor[t], out);
    for (int i = 0; i < g->n_layer; i++) put_layer(g, &g->layer[i], values, out);
    fprintf(out, "end\n");
}
