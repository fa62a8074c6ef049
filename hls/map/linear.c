/* What stands between two populations: one dense layer or convolution as it is, everything else (pools in front of
 * weights, delays per element, grouped convolutions, neurons that read neurons) as a list of single synapses per delay.
 */
#include <stdlib.h>
#include <string.h>

#include "from_graph.h"

enum { CHAIN_MOST = 32, FULL_KERNEL_MOST = 1 << 20 };

typedef struct {
    nh_arena *a, *scratch;
    nh_diag *d;
    const nh_graph *g;
    const nh_layer *neuron;
    const nh_layer *chain[CHAIN_MOST]; /* from the source to the neuron */
    int n;
    int from;          /* layer that makes the source */
    int64_t weight_by; /* 2^shift */
    const nh_fabric *f;
    nh_projections *out;
} linear;

static bool refuse(const linear *c, const nh_layer *l, const char *why, const char *hint) {
    return nh_event_refuse(c->d, l, why, hint);
}

static bool add(const linear *c, nh_projection p) {
    c->out->proj = nh_arena_grow(c->a, c->out->proj, &c->out->cap, (size_t)c->out->n + 1, sizeof *c->out->proj);
    c->out->proj[c->out->n++] = p;
    return true;
}

static nh_shape shape_of(const linear *c, int tensor) { return c->g->tensor[tensor].shape; }

/* --- as it is ---------------------------------------------------------------------------------------------------- */

static bool too_wide(const linear *c, const nh_layer *l) {
    return refuse(c, l, nh_arena_printf(c->a, "a weight leaves the fabric's weight_bits: %d", c->f->weight_bits),
                  "lower the layer's weight_bits, or raise fabric: weight_bits");
}

static int32_t one_weight(const linear *c, int64_t w, bool *ok) {
    int64_t most = ((int64_t)1 << (c->f->weight_bits - 1)) - 1, v = w * c->weight_by;
    *ok &= v <= most && v >= -most - 1;
    return (int32_t)v;
}

/* Weights of a dense layer as the cores hold them; NULL with a diagnostic when one is too wide. */
static const int32_t *raw_weights(const linear *c, const nh_layer *l) {
    int64_t n = nh_shape_size(l->weight->shape);
    int32_t *w = nh_arena_array(c->a, (size_t)n, sizeof *w);
    bool ok = true;
    for (int64_t i = 0; i < n; i++) w[i] = one_weight(c, l->weight->raw[i], &ok);
    if (ok) return w;
    too_wide(c, l);
    return NULL;
}

static bool same_geometry(nh_shape a, nh_shape b) { return a.rank == b.rank && nh_shape_equal(a, b); }

static bool is_window(const nh_layer *l) {
    return l->op == NH_OP_CONV || l->op == NH_OP_SUMPOOL || l->op == NH_OP_AVGPOOL;
}

static nh_shape source_shape(const linear *c) { return c->g->tensor[c->g->layer[c->from].out].shape; }

/* Weights of a convolution of all channels to all: groups and pools have zeros. */
static int64_t full_kernel(const linear *c, const nh_layer *l) {
    nh_shape from = source_shape(c), to = shape_of(c, c->neuron->out);
    return from.dim[0] * to.dim[0] * (l ? l->window.kernel[0] * l->window.kernel[1] : 1);
}

/* Is the chain one dense layer, one window (NULL: none, neurons read neurons of an image) and delays of one length?
 * *delay: of all. */
static bool simple(const linear *c, const nh_layer **found, int64_t *delay) {
    *found = NULL;
    *delay = 0;
    for (int i = 0; i < c->n; i++) {
        const nh_layer *l = c->chain[i];
        if (l->op == NH_OP_DELAY) {
            for (int64_t k = 1; k < l->n_delay; k++)
                if (l->delay[k] != l->delay[0]) return false;
            *delay += l->delay[0];
        } else if (l->op == NH_OP_DENSE || is_window(l)) {
            if (*found) return false;
            *found = l;
        }
    }
    const nh_layer *l = *found;
    if (l && l->op == NH_OP_DENSE) return true;
    nh_shape source = source_shape(c), target = shape_of(c, c->neuron->out);
    bool whole = l ? same_geometry(source, shape_of(c, l->in[0])) && same_geometry(target, shape_of(c, l->out))
                   : same_geometry(source, target);
    if (l && l->op == NH_OP_CONV && l->window.groups == 1) return whole;
    return whole && source.rank == 3 && c->f->convs > 0 && full_kernel(c, l) <= FULL_KERNEL_MOST;
}

/* [c_to][c_from][kh][kw] of a window with groups, or of one pixel to itself. */
static const int32_t *window_weights(const linear *c, const nh_layer *l) {
    int64_t from = source_shape(c).dim[0], to = shape_of(c, c->neuron->out).dim[0],
            taps = l ? l->window.kernel[0] * l->window.kernel[1] : 1;
    int64_t groups = l && l->op == NH_OP_CONV ? l->window.groups : from, per_from = from / groups, per_to = to / groups;
    int32_t *w = nh_arena_array(c->a, (size_t)(from * to * taps), sizeof *w);
    bool ok = true;
    for (int64_t o = 0; o < to; o++)
        for (int64_t i = 0; i < per_from; i++)
            for (int64_t k = 0; k < taps; k++)
                w[(o * from + o / per_to * per_from + i) * taps + k] =
                    one_weight(c, l && l->op == NH_OP_CONV ? l->weight->raw[(o * per_from + i) * taps + k] : 1, &ok);
    if (ok) return w;
    too_wide(c, l ? l : c->neuron);
    return NULL;
}

static bool add_simple(const linear *c, const nh_layer *l, int64_t delay, nh_projection p) {
    p.delay = delay;
    p.kind = NH_PROJ_CONV;
    p.kh = p.kw = p.stride_y = p.stride_x = p.dilation_y = p.dilation_x = 1;
    if (l && l->op == NH_OP_DENSE) {
        p.kind = NH_PROJ_DENSE;
        p.weight = raw_weights(c, l);
        return p.weight && add(c, p);
    }
    if (l) {
        const nh_window *w = &l->window;
        p.kh = w->kernel[0], p.kw = w->kernel[1], p.stride_y = w->stride[0], p.stride_x = w->stride[1];
        p.dilation_y = w->dilation[0], p.dilation_x = w->dilation[1], p.pad_y = w->pad_before[0],
        p.pad_x = w->pad_before[1];
    }
    p.weight = window_weights(c, l);
    return p.weight && add(c, p);
}

/* --- single synapses --------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t delay, source, target, weight;
} synapse;
typedef struct {
    synapse *s;
    int64_t n;
    size_t cap;
} synapses;

static void put(const linear *c, synapses *out, synapse s) {
    out->s = nh_arena_grow(c->scratch, out->s, &out->cap, (size_t)out->n + 1, sizeof *out->s);
    out->s[out->n++] = s;
}

static int by_place(const void *x, const void *y) {
    const synapse *a = x, *b = y;
    if (a->delay != b->delay) return a->delay < b->delay ? -1 : 1;
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    return a->target < b->target ? -1 : a->target > b->target;
}

/* Equal places added up, zeros left out. */
static void merge(synapses *s) {
    int64_t n = 0;
    if (s->n > 0) qsort(s->s, (size_t)s->n, sizeof *s->s, by_place);
    for (int64_t i = 0; i < s->n; i++) {
        if (n > 0 && by_place(&s->s[n - 1], &s->s[i]) == 0)
            s->s[n - 1].weight += s->s[i].weight;
        else
            s->s[n++] = s->s[i];
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (s->s[i].weight != 0) s->s[kept++] = s->s[i];
    s->n = kept;
}

typedef struct {
    int64_t c, h, w;
} image;

static image image_of(nh_shape s) {
    return (image){s.rank >= 2 ? s.dim[0] : 1, s.rank == 3 ? s.dim[1] : 1, s.dim[s.rank - 1]};
}

/* One element of a window's input -> all outputs that it reaches. */
static void through_window(const linear *c, const nh_layer *l, synapse s, synapses *out) {
    image in = image_of(shape_of(c, l->in[0])), to = image_of(shape_of(c, l->out));
    const nh_window *w = &l->window;
    bool is_conv = l->op == NH_OP_CONV;
    int64_t groups = is_conv ? w->groups : in.c, per_in = in.c / groups, per_out = to.c / groups;
    int64_t ch = s.target / (in.h * in.w), y = s.target / in.w % in.h, x = s.target % in.w, group = ch / per_in;
    for (int64_t ky = 0; ky < w->kernel[0]; ky++) {
        int64_t ty = y + w->pad_before[0] - ky * w->dilation[0];
        if (ty < 0 || ty % w->stride[0] || ty / w->stride[0] >= to.h) continue;
        for (int64_t kx = 0; kx < w->kernel[1]; kx++) {
            int64_t tx = x + w->pad_before[1] - kx * w->dilation[1];
            if (tx < 0 || tx % w->stride[1] || tx / w->stride[1] >= to.w) continue;
            for (int64_t o = group * per_out; o < (group + 1) * per_out; o++) {
                int64_t at = ((o * per_in + ch % per_in) * w->kernel[0] + ky) * w->kernel[1] + kx;
                int64_t weight = is_conv ? l->weight->raw[at] : 1;
                if (weight)
                    put(c, out,
                        (synapse){s.delay, s.source, (o * to.h + ty / w->stride[0]) * to.w + tx / w->stride[1],
                                  s.weight * weight});
            }
        }
    }
}

static void through_dense(const linear *c, const nh_layer *l, synapse s, synapses *out) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    for (int64_t o = 0; o < n_out; o++) {
        int64_t w = l->weight->raw[o * n_in + s.target];
        if (w) put(c, out, (synapse){s.delay, s.source, o, s.weight * w});
    }
}

static void through(const linear *c, const nh_layer *l, const synapses *in, synapses *out) {
    for (int64_t i = 0; i < in->n; i++) {
        synapse s = in->s[i];
        if (l->op == NH_OP_DENSE)
            through_dense(c, l, s, out);
        else if (l->op == NH_OP_CONV || l->op == NH_OP_SUMPOOL || l->op == NH_OP_AVGPOOL)
            through_window(c, l, s, out);
        else if (l->op == NH_OP_DELAY)
            s.delay += l->delay[l->n_delay == 1 ? 0 : s.target], put(c, out, s);
        else
            put(c, out, s);
    }
    merge(out);
}

static bool add_delay(const linear *c, const synapses *all, int64_t from, int64_t to, nh_projection p) {
    int64_t n = to - from;
    int32_t *weight = nh_arena_array(c->a, (size_t)n, sizeof *weight);
    int64_t *source = nh_arena_array(c->a, (size_t)n, sizeof *source),
            *target = nh_arena_array(c->a, (size_t)n, sizeof *target);
    bool ok = true;
    for (int64_t i = 0; i < n; i++) {
        const synapse *s = &all->s[from + i];
        weight[i] = one_weight(c, s->weight, &ok);
        source[i] = s->source;
        target[i] = s->target;
    }
    if (!ok) return too_wide(c, c->neuron);
    p.kind = NH_PROJ_SPARSE;
    p.delay = all->s[from].delay;
    p.weight = weight, p.source = source, p.target = target, p.n_entry = n;
    return add(c, p);
}

static bool add_synapses(linear *c, nh_projection p) {
    synapses now = {0};
    int64_t size = nh_shape_size(source_shape(c));
    bool ok = true;
    for (int64_t i = 0; i < size; i++) put(c, &now, (synapse){0, i, i, 1});
    for (int i = 0; i < c->n; i++) {
        synapses next = {0};
        through(c, c->chain[i], &now, &next);
        now = next;
    }
    for (int64_t i = 0, k; ok && i < now.n; i = k) {
        for (k = i; k < now.n && now.s[k].delay == now.s[i].delay;) k++;
        ok = add_delay(c, &now, i, k, p);
    }
    return ok;
}

static bool has_bias(const nh_layer *l) {
    bool any = false;
    for (int64_t i = 0; l->bias && i < nh_shape_size(l->bias->shape); i++) any |= l->bias->raw[i] != 0;
    return any;
}

bool nh_add_projections(nh_arena *a, nh_diag *d, const nh_graph *g, int layer, int k, int to, const int *pop_of,
                        int shift, int acc, const nh_fabric *f, nh_projections *out) {
    linear c = {.a = a,
                .scratch = nh_arena_new(),
                .d = d,
                .g = g,
                .neuron = &g->layer[layer],
                .weight_by = (int64_t)1 << shift,
                .f = f,
                .out = out};
    int64_t delay;
    bool ok = true;
    if (c.neuron->op != NH_OP_NEURON) c.chain[c.n++] = c.neuron; /* the weights that begin a run */
    c.from = g->tensor[c.neuron->in[k]].producer;
    while (ok && pop_of[c.from] < 0) {
        const nh_layer *l = &g->layer[c.from];
        if (has_bias(l))
            ok = refuse(&c, l, "its bias stands before something else than neurons, which no neuron takes in",
                        "put neurons behind it, with nothing but changes of shape between");
        else if (c.n == CHAIN_MOST || l->n_in != 1)
            ok = refuse(&c, l, "it stands between neurons, and is no weighted layer, pool or delay", NULL);
        else
            c.chain[c.n++] = l, c.from = g->tensor[l->in[0]].producer;
    }
    for (int i = 0; i < c.n / 2; i++) {
        const nh_layer *l = c.chain[i];
        c.chain[i] = c.chain[c.n - 1 - i];
        c.chain[c.n - 1 - i] = l;
    }
    if (ok) {
        nh_projection p = {
            .name = c.n ? c.chain[c.n - 1]->name : c.neuron->name, .from = pop_of[c.from], .to = to, .acc = acc};
        const nh_layer *one;
        ok = simple(&c, &one, &delay) ? add_simple(&c, one, delay, p) : add_synapses(&c, p);
    }
    nh_arena_free(c.scratch);
    return ok;
}
