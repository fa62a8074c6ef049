/* Keys that a network of this kind has no use for. A key that stays without effect is most likely meant for something
 * else. */
#include <string.h>

#include "config.h"
#include "schema.h"

#define IS(name) (k->offset == offsetof(nh_layer_options, name))

static bool is_event(const nh_layer *l) { return l->opt.strategy == NH_STRATEGY_EVENT; }

/* Does something lead back to a layer before it? */
static bool has_loop(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->tensor[g->layer[i].in[k]].producer >= i) return true;
    return false;
}

/* Sums of exact layers are rounded where they leave the network or pass a loop; spikes have no bits to choose. */
static bool rounds_result(const nh_graph *g, const nh_layer *l) {
    if (l->op == NH_OP_NEURON) return g->tensor[l->out].kind != NH_EDGE_SPIKE;
    if (!l->exact) return true;
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == l->out && g->layer[i].op != NH_OP_NEURON) return true;
    return l->out == g->output || has_loop(g);
}

static bool is_scaled(const nh_layer *l) {
    return l->opt.scale == NH_SCALE_ARBITRARY || l->opt.granularity == NH_PER_CHANNEL;
}

/* Does the key decide anything for the layer, as its other keys are? */
static bool uses(const nh_graph *g, const nh_layer *l, const nh_key *k) {
    if (!nh_layer_has_key(l, k)) return false;
    if (IS(reuse_factor)) return l->opt.strategy == NH_STRATEGY_RESOURCE;
    if (IS(bias)) return !l->exact;
    if (IS(weight_bits)) return l->opt.weight.is_auto;
    if (IS(result_bits)) return l->opt.result.is_auto && rounds_result(g, l);
    if (IS(multiplier_bits)) return !l->exact && is_scaled(l);
    if (IS(state)) return !is_event(l);
    if (IS(state_bits)) return l->opt.state.is_auto || is_event(l);
    if (IS(numerics.recurrent_bias)) return has_loop(g);
    return true;
}

static bool has_exact_sums(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].exact && nh_op_get(g->layer[i].op)->has_weights) return true;
    return false;
}

static const char *why(const nh_graph *g, const nh_key *k) {
    if (IS(reuse_factor)) return "no layer that takes it has strategy: resource";
    if (IS(bias)) return "biases are as fine as the exact sums they are added to";
    if (IS(weight_bits)) return "the format of the weights is given";
    if (IS(result_bits))
        return has_exact_sums(g) ? "sums are exact, and spikes have one bit" : "the format of the results is given";
    if (IS(multiplier_bits))
        return has_exact_sums(g) ? "layers that keep their exact sums have no requantizers"
                                 : "no layer has scale: arbitrary or granularity: per_channel";
    if (IS(state)) return "on neuron cores state_bits and fabric: guard_bits decide";
    if (IS(state_bits)) return "the format of the states is given";
    if (IS(numerics.recurrent_bias)) return "no connection leads back";
    if (k->offset >= offsetof(nh_layer_options, numerics)) return "the network has no neurons";
    return "no layer of the network has it";
}

/* Is the value another than the table's default? init writes many defaults out; they say nothing. */
static bool says_something(const nh_layer_options *value, const nh_layer_options *standard, const nh_key *k) {
    if (k->type == NH_KEY_FORMAT) {
        nh_format_request q;
        memcpy(&q, (const char *)value + k->offset, sizeof q);
        return !q.is_auto;
    }
    bool by_value = k->type == NH_KEY_BOOL || k->type == NH_KEY_WORD || nh_key_is_number(k);
    return !by_value ||
           memcmp((const char *)value + k->offset, (const char *)standard + k->offset, nh_key_size(k)) != 0;
}

/* of_rule: the layers that the rule matches, else all that the defaults hold for. */
static bool is_used(const nh_options *o, const nh_graph *g, const nh_key *k, const struct nh_layer_rule *rule) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        bool own_reuse =
            IS(reuse_factor) && rule == o->given_defaults && l->opt.reuse_at.line != o->defaults.reuse_at.line;
        if (!own_reuse && (!rule->glob || nh_glob_match(rule->glob, l->name)) && uses(g, l, k)) return true;
    }
    return false;
}

static void check_keys(const nh_options *o, const nh_graph *g, nh_diag *d, const struct nh_layer_rule *rule,
                       const nh_layer_options *standard) {
    for (int i = 0; i < nh_layer_section.n_key; i++) {
        const nh_key *k = &nh_layer_section.key[i];
        bool told = rule->glob && IS(reuse_factor); /* with the layer, by resolve.c */
        bool is_place =
            k->offset >= offsetof(nh_layer_options, wish) && k->offset < offsetof(nh_layer_options, numerics);
        if (!(rule->given >> i & 1) || told || is_place || !says_something(&rule->value, standard, k) ||
            is_used(o, g, k, rule))
            continue;
        nh_report(d, NH_C_NO_EFFECT, rule->key_at[i], "%s has no effect: %s", k->name, why(g, k));
    }
}

void nh_check_effect(const nh_options *o, const nh_graph *g, nh_diag *d) {
    nh_reading r = {.arena = g->arena, .diag = d, .file = o->file};
    nh_layer_options *standard = NH_NEW(g->arena, nh_layer_options);
    bool on_fabric = false, elsewhere = false;
    nh_section_defaults(&r, &nh_layer_section, (char *)standard);
    if (o->given_defaults) check_keys(o, g, d, o->given_defaults, standard);
    for (size_t i = 0; i < o->n_rule; i++) check_keys(o, g, d, &o->rule[i], standard);
    for (int i = 0; i < g->n_layer; i++) {
        bool wire = nh_op_get(g->layer[i].op)->strategies == NH_STRATEGY_WIRE;
        on_fabric |= !wire && is_event(&g->layer[i]);
        elsewhere |= !wire && !is_event(&g->layer[i]);
    }
    if (nh_graph_has_steps(g) && o->output == NH_OUTPUT_ARGMAX)
        nh_report(d, NH_C_NO_EFFECT, o->output_at,
                  "output: argmax has no effect with time steps: spiking: readout says how outputs become a class");
    if (!on_fabric || elsewhere) return;
    if (o->io_at.line && o->io == NH_IO_PARALLEL)
        nh_report(d, NH_C_NO_EFFECT, o->io_at, "io: parallel has no effect: a fabric takes event after event");
    if (o->beat_at.line && o->beat != 1)
        nh_report(d, NH_C_NO_EFFECT, o->beat_at, "beat has no effect: a fabric takes event after event");
}
