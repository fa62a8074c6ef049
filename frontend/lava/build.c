#include "lava.h"

#include <string.h>

static void make_input(lava_reader *r, nh_shape shape) {
    nh_layer layer = {.name = "input", .op = NH_OP_INPUT, .at = {.file = r->path}};
    layer.out = nh_graph_add_tensor(r->g, "input", shape, NH_EDGE_GRADED);
    nh_graph_add_layer(r->g, layer);
    r->tensor = r->g->input = layer.out;
}

/* spiking.input_shape, rank 0 when it is not given. */
static nh_shape asked_shape(const lava_reader *r) {
    nh_shape s = {0};
    if (!r->o) return s;
    s.rank = r->o->spiking.input_rank;
    memcpy(s.dim, r->o->spiking.input_shape, sizeof r->o->spiking.input_shape);
    return s;
}

/* The shape of the network's input when no layer says it. */
static bool guess_input(lava_reader *r, const lava_layer *l, nh_shape *shape) {
    nh_shape asked = asked_shape(r);
    bool is_dense = l->type == LAVA_DENSE || l->type == LAVA_DENSE_REC;
    if (asked.rank > 0)
        *shape = asked;
    else if (is_dense)
        *shape = (nh_shape){1, {l->weight[0].shape.dim[1]}};
    if (shape->rank > 0) return true;
    nh_report(r->d, NH_M_LAVA_INPUT, l->at, "the shape of the network's input is not in the file");
    nh_diag_hint(
        r->d,
        "the file has no input layer and begins with a convolution or pool: give spiking: { input_shape: [C, H, W] }");
    return false;
}

/* The input, once the first layer that reads it is reached; file: what layers before say, rank 0 when there are none.
 */
static bool need_input(lava_reader *r, const lava_layer *l, nh_shape file) {
    nh_shape asked = asked_shape(r), shape = file;
    if (r->g->input >= 0) return true;
    if (file.rank > 0 && asked.rank > 0 && !nh_shape_equal(file, asked)) {
        char a[96], b[96];
        nh_report(r->d, NH_M_LAVA_INPUT, l->at, "spiking.input_shape is not the shape of the file");
        nh_diag_found(r->d, "%s", nh_shape_print(asked, a));
        nh_diag_allowed(r->d, "%s (channels first)", nh_shape_print(file, b));
        return false;
    }
    if (file.rank == 0 && !guess_input(r, l, &shape)) return false;
    int64_t size = nh_shape_size(shape);
    if (size < 1 || size > LAVA_MAX_ELEMENTS)
        return nh_report(r->d, NH_M_LAVA_INPUT, l->at, "the network's input is empty or too large");
    make_input(r, shape);
    return true;
}

/* SLAYER delays what a convolution's neurons send; netx ignores it. */
static bool add_axon_delay(lava_reader *r, const lava_layer *l) {
    if (!l->delay.value || l->type == LAVA_DENSE || l->type == LAVA_DENSE_REC) return true;
    if (l->delay.n != 1 && l->delay.n != l->shape.dim[0] && l->delay.n != nh_shape_size(l->shape))
        return lava_is_per(r, &l->delay, "delay", l->shape);
    int64_t n = l->delay.n == 1 ? 1 : nh_shape_size(l->shape), most = 0;
    int64_t *delay = nh_arena_array(r->a, (size_t)n, sizeof *delay);
    for (int64_t i = 0; i < n; i++) {
        delay[i] = l->delay.value[i * l->delay.n / n];
        if (delay[i] > most) most = delay[i];
    }
    if (most == 0) return true;
    nh_report(r->d, NH_M_LAVA_DECIDED, l->delay.at, "the layer's output is delayed by up to %lld steps",
              (long long)most);
    nh_diag_hint(r->d, "so SLAYER trained it; lava-dl's netx ignores the delays of convolutions and pools");
    nh_tensor t = r->g->tensor[r->tensor];
    r->tensor = lava_append(r, l, "axon", (nh_layer){.op = NH_OP_DELAY, .delay = delay, .n_delay = n}, r->tensor,
                            t.shape, t.kind);
    return true;
}

static bool is_spiking(lava_neuron_kind k) {
    return k == LAVA_LIF || k == LAVA_ALIF || k == LAVA_RF_PHASE || k == LAVA_RF_IZ;
}

/* Synapses and neurons of a layer. A recurrent layer's neurons are read before they are there: their tensor is made
 * first. */
static bool build_neurons(lava_reader *r, const lava_layer *l) {
    lava_sums sums = {.tensor = {r->tensor}, .n = 1, .shape = r->g->tensor[r->tensor].shape, .bound = -1};
    nh_edge_kind kind = is_spiking(l->neuron.kind) ? NH_EDGE_SPIKE : NH_EDGE_GRADED;
    const char *name = nh_arena_printf(r->a, "%s.neuron", l->name);
    int out = l->type == LAVA_DENSE_REC ? nh_graph_add_tensor(r->g, name, l->shape, kind) : -1;
    if (l->type != LAVA_INPUT && !lava_synapses(r, l, out, &sums)) return false;
    nh_layer layer = {
        .name = name, .op = NH_OP_NEURON, .at = l->neuron.at, .n_in = sums.n, .neuron = lava_program(r, l, &sums)};
    if (!layer.neuron) return false;
    memcpy(layer.in, sums.tensor, sizeof sums.tensor);
    layer.out = out >= 0 ? out : nh_graph_add_tensor(r->g, name, sums.shape, kind);
    nh_graph_add_layer(r->g, layer);
    r->tensor = layer.out;
    r->n_neuron++;
    return add_axon_delay(r, l);
}

static bool build_flatten(lava_reader *r, const lava_layer *l) {
    nh_tensor t = r->g->tensor[r->tensor];
    if (nh_shape_size(t.shape) != nh_shape_size(l->shape)) {
        char a[96], b[96];
        nh_report(r->d, NH_M_LAVA_SHAPE, lava_member_at(r, l->group, "shape"),
                  "the shape is not that of the layer before");
        nh_diag_found(r->d, "%s", nh_shape_print(l->shape, a));
        nh_diag_allowed(r->d, "%s", nh_shape_print(t.shape, b));
        return false;
    }
    if (t.shape.rank == 1) return true;
    r->tensor = lava_append(r, l, "flatten", (nh_layer){.op = NH_OP_RESHAPE}, r->tensor, l->shape, t.kind);
    return true;
}

static bool build_layer(lava_reader *r, const lava_layer *l, nh_shape *shape) {
    bool has_neurons = l->type != LAVA_FLATTEN && l->has_neuron;
    if (l->type == LAVA_INPUT && l->index > 0) {
        nh_report(r->d, NH_M_LAVA_LAYER, l->at, "an input layer stands behind other layers");
        return false;
    }
    if (l->type == LAVA_INPUT) *shape = l->shape;
    bool ok = true;
    if (l->is_kept && (has_neurons || l->type == LAVA_FLATTEN)) {
        if (!need_input(r, l, *shape)) return false;
        ok = has_neurons ? build_neurons(r, l) : build_flatten(r, l);
    }
    *shape = l->shape;
    if (has_neurons) {
        r->message_bits = l->neuron.message_bits;
        r->is_spike = l->is_kept && is_spiking(l->neuron.kind);
    }
    return ok;
}

bool lava_build(lava_reader *r) {
    nh_shape shape = {0};
    r->message_bits = r->o ? r->o->spiking.input_message_bits : 0;
    for (int i = 0; i < r->n_layer; i++) {
        size_t first = r->d->count;
        bool ok = build_layer(r, &r->layer[i], &shape);
        for (size_t k = first; k < r->d->count; k++)
            if (!r->d->item[k].layer) r->d->item[k].layer = r->layer[i].name;
        if (!ok) return false;
    }
    if (r->g->input < 0 || r->n_neuron == 0)
        return nh_report(r->d, NH_M_LAVA_SELECT, (nh_loc){.file = r->path}, "there is no layer of neurons to be built");
    r->g->output = r->tensor;
    nh_graph_keep_sums(r->g);
    r->g->steps = 0;
    return true;
}
