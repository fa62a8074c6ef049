/* Sums and biases in front of a neuron move into its program: every weighted layer then keeps an accumulator and a
 * weight scale of its own, and biases have the resolution of the state. The float arithmetic stays the same, in the
 * same order. */
#include <math.h>

#include "edit.h"
#include "neurons.h"
#include "passes.h"

static bool absorb_sum(nh_graph *g, int at, int k) {
    nh_layer *l = &g->layer[at];
    nh_layer *add = nh_graph_only_source(g, l, k);
    if (!add || add->op != NH_OP_ADD || l->neuron->program->is_exact || l->n_in + add->n_in - 1 > NH_NEURON_INPUTS)
        return false;
    nh_arena *a = g->arena;
    nh_neuron_program *p = nh_program_copy(a, l->neuron->program);
    int whole = p->input[k], part = nh_program_add_reg(a, p, nh_arena_printf(a, "%s_0", p->reg[whole].name),
                                                       NH_REG_TEMP, p->reg[whole].measure);
    /* The old register stays input k and becomes the first term; a new one is the sum. */
    nh_program_replace(p, 0, whole, part);
    int sum = whole;
    for (int j = 1; j < add->n_in; j++) {
        int term = nh_program_add_reg(a, p, nh_arena_printf(a, "%s_%d", p->reg[whole].name, j), NH_REG_INPUT,
                                      p->reg[whole].measure);
        int next = j + 1 < add->n_in ? nh_program_add_reg(a, p, nh_arena_printf(a, "%s_s%d", p->reg[whole].name, j),
                                                          NH_REG_TEMP, p->reg[whole].measure)
                                     : part;
        nh_program_insert(a, p, j - 1, NH_NOP_ADD, next, sum, term);
        sum = next;
        l->in[l->n_in++] = add->in[j];
        g->tensor[add->in[j]].n_consumers++;
    }
    l->neuron->program = p;
    nh_graph_remove_layer(g, (int)(add - g->layer));
    return true;
}

/* A bias per output as values for the neurons of l: one for all when they are the same; for each where the shape is
 * another than from's. */
static nh_neuron_value bias_value(nh_graph *g, const nh_layer *from, const nh_layer *l) {
    const nh_param *b = from->bias;
    int64_t n = nh_shape_size(b->shape), size = nh_shape_size(g->tensor[l->out].shape);
    bool same = true;
    for (int64_t i = 1; i < n; i++) same = same && !(b->value[i] < b->value[0]) && !(b->value[i] > b->value[0]);
    if (same || nh_shape_equal(g->tensor[from->out].shape, g->tensor[l->out].shape))
        return (nh_neuron_value){.name = "bias", .n = same ? 1 : n, .value = b->value, .at = b->at};
    double *each = nh_arena_array(g->arena, (size_t)size, sizeof *each);
    for (int64_t i = 0; i < size; i++) each[i] = b->value[i / (size / n)];
    return (nh_neuron_value){.name = "bias", .n = size, .value = each, .at = b->at};
}

static void absorb_bias(nh_graph *g, nh_layer *l, int k) {
    nh_layer *from = nh_graph_source_behind_reshapes(g, l, k);
    if (!from || (from->op != NH_OP_DENSE && from->op != NH_OP_CONV) || !from->bias) return;
    if (l->neuron->program->is_exact || l->neuron->program->n_param >= NH_NEURON_PARAMS) return;
    nh_arena *a = g->arena;
    nh_neuron_program *p = nh_program_copy(a, l->neuron->program);
    int in = p->input[k];
    const char *name = nh_arena_printf(a, "bias_%d", k);
    int bias = nh_program_add_reg(a, p, name, NH_REG_PARAM, p->reg[in].measure);
    int sum = nh_program_add_reg(a, p, nh_arena_printf(a, "%s_b", p->reg[in].name), NH_REG_TEMP, p->reg[in].measure);
    nh_program_replace(p, 0, in, sum);
    nh_program_insert(a, p, 0, NH_NOP_ADD, sum, in, bias);
    l->neuron->param[p->n_param - 1] = bias_value(g, from, l);
    l->neuron->param[p->n_param - 1].name = name;
    l->neuron->program = p;
    from->bias = NULL;
}

/* A sum that no neuron took in is a neuron without state. */
static bool sum_as_neuron(nh_graph *g, nh_layer *l, nh_diag *d) {
    nh_guard n = {"n", nh_arena_printf(g->arena, "%d", l->n_in)};
    l->op = NH_OP_NEURON;
    l->neuron = nh_neuron_make(g->arena, d, "add", &n, 1, NULL, 0);
    return l->neuron != NULL;
}

bool nh_pass_absorb(nh_graph *g, nh_diag *d) {
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; g->layer[i].op == NH_OP_NEURON && k < g->layer[i].n_in; k++)
            if (absorb_sum(g, i, k)) {
                i = -1; /* layers have moved */
                break;
            }
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer *l = &g->layer[i];
        for (int k = 0; l->op == NH_OP_NEURON && k < l->n_in; k++) absorb_bias(g, l, k);
        if (l->op == NH_OP_ADD && !sum_as_neuron(g, l, d)) return false;
    }
    return true;
}
