/* A neuron rewritten for fixed point. Two rewrites that change no spike:
 *   gains    t = (a + bias) * gain  ->  t = a' + bias', where a' comes from weights and bias' from a bias that hold the
 * gain; volts    everything measured in volts, inputs included, is divided by the threshold, which becomes 1. */
#include <math.h>
#include <string.h>

#include "edit.h"
#include "infer.h"

typedef struct {
    nh_graph *g;
    nh_layer *l;
    nh_neuron_program *p;
    nh_neuron_value *param; /* of p */
    double **row_gain;      /* [n_layer] */
} rewriter;

/* The weighted layer whose rows can hold a factor for input k; wires and uniform delays between do not matter. */
static nh_layer *weighted_source(const rewriter *w, int k) {
    int t = w->l->in[k];
    for (int steps = 0; steps <= w->g->n_layer; steps++) {
        const nh_tensor *x = &w->g->tensor[t];
        nh_layer *from = &w->g->layer[x->producer];
        if (x->n_consumers != 1 || t == w->g->output) return NULL;
        if (from->op == NH_OP_DENSE || from->op == NH_OP_CONV)
            return from->exact && !from->weight->raw ? from : NULL; /* raw: integers as they are */
        if (from->op != NH_OP_RESHAPE && from->op != NH_OP_DELAY) return NULL;
        t = from->in[0];
    }
    return NULL;
}

/* Rows of a weighted layer are its outputs, or the channels of an image. n: of a factor. */
static bool rows_match(const nh_layer *from, int64_t n) { return n == 1 || n == from->weight->shape.dim[0]; }

static int input_index(const nh_neuron_program *p, int reg) {
    return p->reg[reg].kind == NH_REG_INPUT ? p->reg[reg].index : -1;
}

static int64_t longer(int64_t a, int64_t b) { return a > b ? a : b; }

/* Can the value of reg, times n factors, be had from its leaves? */
static bool can_scale(const rewriter *w, int reg, int64_t n, int depth) {
    const nh_neuron_reg *r = &w->p->reg[reg];
    if (depth > 16 || nh_program_uses(w->p, reg) != 1) return false;
    if (r->kind == NH_REG_INPUT) {
        const nh_layer *from = weighted_source(w, input_index(w->p, reg));
        return from && !from->bias && rows_match(from, n);
    }
    if (r->kind == NH_REG_PARAM) {
        int64_t have = w->param[r->index].n;
        return n == 1 || have == 1 || have == n;
    }
    if (r->kind != NH_REG_TEMP) return false;
    int def = nh_program_definition(w->p, reg);
    if (def < 0 || (w->p->instr[def].op != NH_NOP_ADD && w->p->instr[def].op != NH_NOP_SUB)) return false;
    return can_scale(w, w->p->instr[def].src[0], n, depth + 1) && can_scale(w, w->p->instr[def].src[1], n, depth + 1);
}

static void scale_rows(rewriter *w, int k, const nh_neuron_value *by) {
    const nh_layer *from = weighted_source(w, k);
    int64_t rows = from->weight->shape.dim[0];
    double **gain = &w->row_gain[from - w->g->layer];
    if (!*gain) {
        *gain = nh_arena_array(w->g->arena, (size_t)rows, sizeof **gain);
        for (int64_t i = 0; i < rows; i++) (*gain)[i] = 1;
    }
    for (int64_t i = 0; i < rows; i++) (*gain)[i] *= by->value[i % by->n];
}

static void scale_param(rewriter *w, int index, const nh_neuron_value *by) {
    nh_neuron_value *v = &w->param[index];
    int64_t n = longer(v->n, by->n);
    double *out = nh_arena_array(w->g->arena, (size_t)n, sizeof *out);
    for (int64_t i = 0; i < n; i++) out[i] = v->value[v->n == 1 ? 0 : i] * by->value[by->n == 1 ? 0 : i];
    v->value = out;
    v->n = n;
}

static void scale(rewriter *w, int reg, const nh_neuron_value *by) {
    const nh_neuron_reg *r = &w->p->reg[reg];
    if (r->kind == NH_REG_INPUT) {
        scale_rows(w, r->index, by);
    } else if (r->kind == NH_REG_PARAM) {
        scale_param(w, r->index, by);
    } else {
        const nh_neuron_instr *def = &w->p->instr[nh_program_definition(w->p, reg)];
        int x = def->src[0], y = def->src[1];
        scale(w, x, by);
        scale(w, y, by);
    }
}

/* MUL t, x, gain with a gain without unit, read once. */
static void fold_gains(rewriter *w, const int *volts) {
    for (int i = 0; i < w->p->n_instr; i++) {
        nh_neuron_instr *x = &w->p->instr[i];
        for (int k = 0; x->op == NH_NOP_MUL && k < 2; k++) {
            const nh_neuron_reg *gain = &w->p->reg[x->src[k]];
            int other = x->src[1 - k];
            if (gain->kind != NH_REG_PARAM || volts[x->src[k]] != 0 || other == x->src[k]) continue;
            const nh_neuron_value *by = &w->param[gain->index];
            if (!can_scale(w, other, by->n, 0)) continue;
            scale(w, other, by);
            x->op = NH_NOP_MOV;
            x->src[0] = other;
        }
    }
}

/* The one uniform threshold that volts are compared with; 0: there is none, or several. */
static double threshold(const rewriter *w, const int *volts) {
    double found = 0;
    for (int i = 0; i < w->p->n_instr; i++) {
        const nh_neuron_instr *x = &w->p->instr[i];
        if (x->op != NH_NOP_GT && x->op != NH_NOP_GE && x->op != NH_NOP_COUNT) continue;
        for (int k = 0; k < 2; k++) {
            const nh_neuron_reg *r = &w->p->reg[x->src[k]];
            if (r->kind != NH_REG_PARAM || volts[x->src[k]] != 1) continue;
            const nh_neuron_value *v = &w->param[r->index];
            if (v->n != 1 || !(v->value[0] > 0) || (found > 0 && (found < v->value[0] || found > v->value[0])))
                return 0;
            found = v->value[0];
        }
    }
    return found;
}

/* Multiply input k by a factor inside the program: what feeds it has no weights of its own. */
static void scale_inside(rewriter *w, int k, double by) {
    nh_arena *a = w->g->arena;
    int in = w->p->input[k], c = nh_program_add_const(a, w->p, by);
    int scaled =
        nh_program_add_reg(a, w->p, nh_arena_printf(a, "%s_v", w->p->reg[in].name), NH_REG_TEMP, NH_MEASURE_VOLT);
    nh_program_replace(w->p, 0, in, scaled);
    nh_program_insert(a, w->p, 0, NH_NOP_MUL, scaled, in, c);
}

static void divide_volts(rewriter *w, const int *volts, double theta) {
    double inverse = 1 / theta;
    nh_neuron_value by = {.name = "1/threshold", .n = 1, .value = &inverse};
    for (int k = 0; k < w->p->n_param; k++)
        if (volts[w->p->param[k]] == 1) scale_param(w, k, &by);
    for (int k = 0, n = w->p->n_input; k < n; k++) {
        if (volts[w->p->input[k]] != 1) continue;
        const nh_layer *from = weighted_source(w, k);
        if (from && !from->bias)
            scale_rows(w, k, &by);
        else
            scale_inside(w, k, inverse);
    }
    /* theta / theta is 1, whatever the rounding of 1 / theta. */
    for (int k = 0; k < w->p->n_param; k++)
        if (w->param[k].n == 1 && fabs(w->param[k].value[0] - 1) < 1e-12 && volts[w->p->param[k]] == 1) {
            double *one = nh_arena_array(w->g->arena, 1, sizeof *one);
            *one = 1;
            w->param[k].value = one;
        }
}

/* Parameters that nothing reads any more leave. */
static void drop_unused_params(rewriter *w) {
    int kept = 0;
    for (int k = 0; k < w->p->n_param; k++) {
        int reg = w->p->param[k];
        if (nh_program_uses(w->p, reg) == 0) {
            w->p->reg[reg].kind = NH_REG_TEMP;
            continue;
        }
        w->param[kept] = w->param[k];
        w->p->reg[reg].index = kept;
        w->p->param[kept++] = reg;
    }
    w->p->n_param = kept;
}

bool nh_neuron_normalise(nh_graph *g, int layer, double **row_gain, nh_diag *d, double *volt) {
    nh_layer *l = &g->layer[layer];
    nh_neuron *n = l->neuron;
    *volt = 1;
    memcpy(n->fx_param, n->param, sizeof n->fx_param);
    n->fx = n->program;
    if (n->program->is_exact) return true;
    rewriter w = {g, l, nh_program_copy(g->arena, n->program), n->fx_param, row_gain};
    int *volts = nh_arena_array(g->arena, (size_t)w.p->n_reg + 1, sizeof *volts);
    bool consistent = nh_program_volts(w.p, volts);
    if (consistent) {
        fold_gains(&w, volts);
        double theta = threshold(&w, volts);
        if (theta > 0) {
            divide_volts(&w, volts, theta);
            *volt = theta;
        }
    }
    if (!consistent) {
        nh_report(d, NH_N_GRAPH, l->at, "layer '%s': the model '%s' mixes units, so its threshold is not scaled to 1",
                  l->name, n->program->name);
        nh_diag_layer(d, l->name);
    }
    drop_unused_params(&w);
    n->fx = w.p;
    return true;
}
