/* defaults: and layers: -> the options of every layer. */
#include <string.h>

#include "config.h"
#include "schema.h"

#define BUILT (NH_STRATEGY_LATENCY | NH_STRATEGY_RESOURCE | NH_STRATEGY_EVENT | NH_STRATEGY_HOST)

/* The keys numerics: to decay_bits: neurons have them all, weighted layers in front of them those of their delay and
 * bias. */
static bool has_numerics(const nh_layer *l, size_t field) {
    if (l->op == NH_OP_NEURON) return field != offsetof(nh_layer_options, numerics.layer_delay);
    return l->exact && nh_op_get(l->op)->has_weights &&
           (field == offsetof(nh_layer_options, numerics.preset) ||
            field == offsetof(nh_layer_options, numerics.layer_delay) ||
            field == offsetof(nh_layer_options, numerics.recurrent_bias));
}

/* Layers that are populations of a fabric: neurons, and dense layers that end in a result of their own. */
static bool is_placed(const nh_layer *l) { return l->op == NH_OP_NEURON || (l->op == NH_OP_DENSE && !l->exact); }

/* Which keys mean something for an operator. */
bool nh_layer_has_key(const nh_layer *l, const nh_key *k) {
    const nh_op_info *op = nh_op_get(l->op);
    size_t field = k->offset;
    bool computes = op->strategies != NH_STRATEGY_WIRE;
    if (field >= offsetof(nh_layer_options, numerics)) return has_numerics(l, field);
    if (field >= offsetof(nh_layer_options, wish)) return is_placed(l);
    bool is_window = nh_op_has_window(l->op);
    if (field == offsetof(nh_layer_options, reuse_factor)) return l->op == NH_OP_DENSE || is_window;
    if (field == offsetof(nh_layer_options, table_size)) return op->is_table;
    if (field == offsetof(nh_layer_options, strategy)) return computes;
    if (field == offsetof(nh_layer_options, result) || field == offsetof(nh_layer_options, result_bits) ||
        field == offsetof(nh_layer_options, scale))
        return computes && l->op != NH_OP_ARGMAX;
    return op->has_weights;
}

/* "'lif1.lif', 'lif1.w_rec'": the layers of a subgraph of that name, which has no layer of its own; NULL: there is no
 * such subgraph. */
static const char *members_of(const nh_graph *g, const char *name) {
    const char *text = NULL;
    size_t n = strlen(name);
    int count = 0;
    for (int l = 0; l < g->n_layer; l++) {
        const char *layer = g->layer[l].name;
        if (n == 0 || strncmp(layer, name, n) != 0 || layer[n] != '.' || count++ >= 4) continue;
        text = nh_arena_printf(g->arena, "%s%s'%.60s'", text ? text : "", text ? ", " : "", layer);
    }
    return text && count > 4 ? nh_arena_printf(g->arena, "%s, ...", text) : text;
}

static bool has_neurons(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) return true;
    return false;
}

static void check_rule(const nh_options *o, const struct nh_layer_rule *rule, const nh_graph *g, nh_diag *d) {
    bool matched = false;
    nh_key_set useful = 0;
    for (int l = 0; l < g->n_layer; l++) {
        if (!nh_glob_match(rule->glob, g->layer[l].name)) continue;
        matched = true;
        for (int k = 0; k < nh_layer_section.n_key; k++)
            if (nh_layer_has_key(&g->layer[l], &nh_layer_section.key[k])) useful |= (nh_key_set)1 << k;
    }
    if (!matched && !nh_diag_is_shown(d)) {
        nh_report(d, NH_C_GLOB, rule->at, "the pattern '%.80s' matches no layer", rule->glob);
        return;
    }
    if (!matched) {
        const char **name = nh_arena_array(g->arena, (size_t)g->n_layer, sizeof *name);
        size_t n = 0;
        for (int l = 0; l < g->n_layer; l++)
            if (g->layer[l].op != NH_OP_INPUT) name[n++] = g->layer[l].name;
        nh_report(d, NH_C_GLOB, rule->at, "the pattern '%.80s' matches no layer", rule->glob);
        const char *members = members_of(g, rule->glob), *near = nh_did_you_mean(rule->glob, name, n);
        if (members)
            nh_diag_hint(d, "'%.60s' is a subgraph, whose layers are %s: name one of them, or all as \"%.60s.*\"",
                         rule->glob, members, rule->glob);
        else if (near)
            nh_diag_hint(d, "did you mean '%s'?", near);
        else
            nh_diag_hint(d, "neurohls init lists the layers of %s", nh_path_base(o->model));
        return;
    }
    for (int k = 0; k < nh_layer_section.n_key; k++) {
        if (!(rule->given >> k & 1) || useful >> k & 1) continue;
        size_t field = nh_layer_section.key[k].offset;
        nh_report(d, NH_C_OPERATOR, rule->key_at[k], "%s means nothing for the layers that '%.80s' matches",
                  nh_layer_section.key[k].name, rule->glob);
        if (field >= offsetof(nh_layer_options, wish) && field < offsetof(nh_layer_options, numerics))
            nh_diag_hint(d, "give it to the %s: neurohls map lists them",
                         has_neurons(g) ? "neurons behind" : "dense layer in front");
    }
}

/* The rule that decides key k of a layer; NULL: the defaults do. Most literal characters win, then the later rule. */
static const struct nh_layer_rule *decider(const nh_options *o, const nh_layer *l, int k) {
    const struct nh_layer_rule *best = NULL;
    for (size_t i = 0; i < o->n_rule; i++) {
        const struct nh_layer_rule *rule = &o->rule[i];
        if (!(rule->given >> k & 1) || (best && rule->n_literal < best->n_literal)) continue;
        if (nh_glob_match(rule->glob, l->name)) best = rule;
    }
    return best;
}

static void resolve_layer(const nh_options *o, nh_layer *l) {
    l->opt = o->defaults;
    for (int k = 0; k < nh_layer_section.n_key; k++) {
        const nh_key *key = &nh_layer_section.key[k];
        const struct nh_layer_rule *rule = decider(o, l, k);
        if (!rule) continue;
        memcpy((char *)&l->opt + key->offset, (const char *)&rule->value + key->offset, nh_key_size(key));
        if (nh_key_is_list(key))
            memcpy((char *)&l->opt + key->count, (const char *)&rule->value + key->count, sizeof(int));
        if (key->at != NH_NO_PLACE)
            memcpy((char *)&l->opt + key->at, (const char *)&rule->value + key->at, sizeof(nh_loc));
    }
}

static const char *strategy_text(nh_strategy s) {
    for (const nh_word *w = nh_layer_section.key[0].word; w->text; w++)
        if (w->value == (int)s) return w->text;
    return "wire";
}

static bool check_strategy(nh_layer *l, nh_diag *d) {
    const nh_op_info *op = nh_op_get(l->op);
    if (op->strategies == NH_STRATEGY_WIRE) {
        l->opt.strategy = NH_STRATEGY_WIRE;
        return true;
    }
    if (!(l->opt.strategy & BUILT)) {
        nh_report(d, NH_C_STRATEGY, l->opt.strategy_at, "the strategy %s is not built by this version",
                  strategy_text(l->opt.strategy));
        nh_diag_hint(d, "use latency: unrolled shift-adds, one inference per cycle");
    } else if (!(l->opt.strategy & op->strategies)) {
        nh_report(d, NH_C_STRATEGY, l->opt.strategy_at, "the operator %s cannot be built by the strategy %s", op->text,
                  strategy_text(l->opt.strategy));
        bool of_cores = l->opt.strategy == NH_STRATEGY_EVENT && (op->strategies & NH_STRATEGY_HOST);
        if (of_cores)
            nh_diag_hint(d,
                         "beside the fabric: layers: { %s: { strategy: host } }, or resource for a pipeline of its own",
                         l->name);
        else if (op->strategies & NH_STRATEGY_RESOURCE)
            nh_diag_hint(d, "it can by strategy: resource");
    } else {
        return true;
    }
    nh_diag_layer(d, l->name);
    return false;
}

/* A layer's own cores and tiles: only one says where, and only where there is a mesh. */
static void check_wish(const nh_layer *l, nh_diag *d) {
    const nh_map_wish *w = &l->opt.wish;
    if (w->n_region && w->n_region != 4) {
        nh_report(d, NH_C_RANGE, w->region_at, "region has %d numbers", w->n_region);
        nh_diag_allowed(d, "[x, y, width, height]");
    } else if (w->n_region && (w->region[2] < 1 || w->region[3] < 1)) {
        nh_report(d, NH_C_RANGE, w->region_at, "region is empty: [%lld, %lld, %lld, %lld]", (long long)w->region[0],
                  (long long)w->region[1], (long long)w->region[2], (long long)w->region[3]);
        nh_diag_allowed(d, "[x, y, width, height], width and height of 1 or more");
    } else if (w->n_region && w->n_tile) {
        nh_report(d, NH_C_CONFLICT, w->region_at, "tiles and region are both given");
        nh_diag_hint(d, "tiles says where every core is, region where all of them are: one is enough");
    } else if (w->n_tile && w->cores && w->cores != w->n_tile) {
        nh_report(d, NH_C_CONFLICT, w->cores_at, "cores is %lld, and tiles has %d", (long long)w->cores, w->n_tile);
        nh_diag_hint(d, "every tile has one core of the layer: cores can be left out");
    } else if ((w->n_tile || w->n_region || w->cores) && l->opt.strategy != NH_STRATEGY_EVENT) {
        nh_loc at = w->n_tile ? w->tile_at : w->n_region ? w->region_at : w->cores_at;
        nh_report(d, NH_C_NO_EFFECT, at, "%s has no effect without strategy: event",
                  w->n_tile     ? "tiles"
                  : w->n_region ? "region"
                                : "cores");
    } else {
        return;
    }
    nh_diag_layer(d, l->name);
}

static bool same_place(nh_loc a, nh_loc b) { return a.line == b.line && a.col == b.col; }

static void check_reuse(const nh_options *o, nh_layer *l, nh_diag *d) {
    bool is_matrix = l->op == NH_OP_DENSE && l->weight && l->weight->shape.rank == 2;
    bool is_conv = l->op == NH_OP_CONV && l->weight && l->weight->shape.rank == 4;
    if (!is_matrix && !is_conv) return;
    const int64_t *dim = l->weight->shape.dim;
    int64_t n_out = dim[0], n_in = is_conv ? dim[1] * dim[2] * dim[3] : dim[1], r = l->opt.reuse_factor;
    bool own = !same_place(l->opt.reuse_at, o->defaults.reuse_at); /* asked for by a rule, not by defaults: */
    if (l->opt.strategy == NH_STRATEGY_LATENCY || l->opt.strategy == NH_STRATEGY_HOST) {
        if (!own || r == 1) return;
        nh_report(d, NH_C_NO_EFFECT, l->opt.reuse_at, "reuse_factor has no effect with strategy: %s",
                  strategy_text(l->opt.strategy));
        nh_diag_layer(d, l->name);
        return;
    }
    if (r <= n_in * n_out) return;
    if (!own) {
        l->opt.reuse_factor = n_in * n_out;
        nh_report(d, NH_P_UNIT, l->opt.reuse_at,
                  "layer '%.80s': reuse factor %lld, its largest (n_in x n_out = %lld x %lld); defaults say %lld",
                  l->name, (long long)(n_in * n_out), (long long)n_in, (long long)n_out, (long long)r);
        nh_diag_layer(d, l->name);
        return;
    }
    nh_report(d, NH_C_REUSE, l->opt.reuse_at,
              "layer '%.80s': reuse factor %lld is outside 1..%lld (n_in x n_out = %lld x %lld)", l->name, (long long)r,
              (long long)(n_in * n_out), (long long)n_in, (long long)n_out);
    nh_diag_layer(d, l->name);
}

/* Without a strategy in the config, windows, exact sums and neurons get engines that are shared, as slow as the budget
 * allows: these networks are large. */
static void shared_by_default(nh_graph *g, nh_diag *d) {
    int n = 0;
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer *l = &g->layer[i];
        bool shared =
            l->exact || nh_op_has_window(l->op) || l->op == NH_OP_NEURON || l->op == NH_OP_DELAY || l->op == NH_OP_ADD;
        if (!shared || nh_op_get(l->op)->strategies == NH_STRATEGY_WIRE) continue;
        if (l->opt.reuse_at.line == 0) l->opt.reuse_factor = 0;
        if (l->opt.strategy_at.line != 0) continue;
        l->opt.strategy = NH_STRATEGY_RESOURCE;
        n++;
    }
    if (n > 0) nh_report(d, NH_N_GRAPH, NH_NOWHERE, "no strategy given for %d layers: resource", n);
}

/* Neuron cores need a fabric. */
static bool check_event(const nh_options *o, const nh_graph *g, nh_diag *d) {
    const nh_layer *event = NULL;
    for (int i = 0; i < g->n_layer && !event; i++)
        if (g->layer[i].opt.strategy == NH_STRATEGY_EVENT) event = &g->layer[i];
    if (!event && o->fabric.given)
        nh_report(d, NH_C_NO_EFFECT, o->fabric.at, "fabric has no effect: no layer has strategy: event");
    if (!event || o->fabric.given) return true;
    nh_report(d, NH_C_CONFLICT, event->opt.strategy_at, "strategy: event needs a fabric");
    nh_diag_hint(d, "add fabric: { mesh: [2, 2] }, or fabric: { limits: loihi2-like }");
    return false;
}

bool nh_config_resolve(const nh_options *o, nh_graph *g, nh_diag *d) {
    size_t before = d->n_error;
    if (!nh_graph_has_steps(g) && o->spiking.at.line)
        nh_report(d, NH_C_NO_EFFECT, o->spiking.at, "spiking has no effect: the model has no time steps");
    for (size_t i = 0; i < o->n_rule; i++) check_rule(o, &o->rule[i], g, d);
    const nh_strategy *refused = NULL;
    for (int i = 0; i < g->n_layer; i++) resolve_layer(o, &g->layer[i]);
    shared_by_default(g, d);
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer *l = &g->layer[i];
        /* One sentence for a strategy that many layers inherit from the same line. */
        if (refused && *refused == l->opt.strategy && !(l->opt.strategy & BUILT)) continue;
        if (is_placed(l)) check_wish(l, d);
        if (check_strategy(l, d))
            check_reuse(o, l, d);
        else
            refused = &l->opt.strategy;
    }
    if (d->n_error == before && check_event(o, g, d)) nh_check_effect(o, g, d);
    return d->n_error == before;
}
