#include "lava.h"

#include <string.h>

int lava_append(lava_reader *r, const lava_layer *l, const char *what, nh_layer layer, int in, nh_shape shape,
                nh_edge_kind kind) {
    const char *name = nh_arena_printf(r->a, "%s%s%s", l->name, what ? "." : "", what ? what : "");
    layer.name = name;
    layer.at = l->at;
    if (layer.n_in == 0) {
        layer.n_in = 1;
        layer.in[0] = in;
    }
    layer.out = nh_graph_add_tensor(r->g, name, shape, kind);
    nh_graph_add_layer(r->g, layer);
    return layer.out;
}

/* The weights as integers, in the smallest format that holds them. */
static nh_param *make_param(lava_reader *r, const char *name, const lava_matrix *m) {
    int64_t n = nh_shape_size(m->shape);
    nh_param *p = NH_NEW(r->a, nh_param);
    double *value = m->real ? NULL : nh_arena_array(r->a, (size_t)n, sizeof *value);
    nh_range range = {m->value[0], m->value[0]};
    for (int64_t i = 0; i < n; i++) {
        if (value) value[i] = (double)m->value[i];
        if (m->value[i] < range.lo) range.lo = m->value[i];
        if (m->value[i] > range.hi) range.hi = m->value[i];
    }
    int bits = nh_range_signed_width(range);
    *p = (nh_param){.name = name, .shape = m->shape, .value = m->real ? m->real : value, .at = m->at, .raw = m->value};
    p->fmt = nh_format_make(true, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    return p;
}

/* The largest magnitude of a row's sum over inputs of 0 or 1. */
static int64_t row_bound(const lava_matrix *m) {
    int64_t row = nh_shape_size(m->shape) / m->shape.dim[0], most = 0;
    for (int64_t o = 0; o < m->shape.dim[0]; o++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < row; i++)
            sum += m->value[o * row + i] < 0 ? -m->value[o * row + i] : m->value[o * row + i];
        if (sum > most) most = sum;
    }
    return most;
}

static int append_delay(lava_reader *r, const lava_layer *l, const char *what, int in, const int64_t *delay,
                        int64_t n) {
    nh_tensor t = r->g->tensor[in];
    return lava_append(r, l, what, (nh_layer){.op = NH_OP_DELAY, .delay = delay, .n_delay = n}, in, t.shape, t.kind);
}

/* delay[i] + plus, one for all where they are equal. */
static int64_t *spread(lava_reader *r, const lava_ints *v, int64_t n, int64_t plus, int64_t *n_out) {
    bool is_uniform = true;
    for (int64_t i = 1; i < v->n; i++) is_uniform = is_uniform && v->value[i] == v->value[0];
    *n_out = is_uniform ? 1 : n;
    int64_t *out = nh_arena_array(r->a, (size_t)*n_out, sizeof *out);
    for (int64_t i = 0; i < *n_out; i++) out[i] = (v->value ? v->value[i * v->n / n] : 0) + plus;
    return out;
}

static bool all_equal(const lava_ints *v) {
    for (int64_t i = 1; i < v->n; i++)
        if (v->value[i] != v->value[0]) return false;
    return true;
}

typedef enum { DELAY_FRONT, DELAY_BACK, DELAY_WRONG } delay_place;

/* Do the delays of a dense layer belong to its inputs or to its neurons? netx looks at the number of neurons first. */
static delay_place place_delay(lava_reader *r, const lava_layer *l) {
    const nh_shape *w = &l->weight[0].shape;
    if (l->type == LAVA_DENSE_REC) {
        nh_report(r->d, NH_M_LAVA_LAYER, l->delay.at,
                  "delays of a recurrent layer are not supported (nor does lava-dl's netx read them)");
        return DELAY_WRONG;
    }
    if (l->delay.n == 1) return DELAY_FRONT;
    if (l->delay.n == w->dim[0] && w->dim[0] == w->dim[1] && !all_equal(&l->delay)) {
        nh_report(r->d, NH_M_LAVA_AMBIGUOUS, l->delay.at,
                  "there are as many inputs as neurons; the delays are taken for those of the neurons");
        nh_diag_hint(r->d, "lava-dl's netx does so too, where SLAYER means delays of this layer's output");
    }
    if (l->delay.n == w->dim[0]) return all_equal(&l->delay) ? DELAY_FRONT : DELAY_BACK;
    if (l->delay.n == w->dim[1]) return DELAY_FRONT;
    nh_report(r->d, NH_M_LAVA_SHAPE, l->delay.at, "there is not one delay for all, per neuron or per input");
    nh_diag_found(r->d, "%lld delays", (long long)l->delay.n);
    nh_diag_allowed(r->d, "1, %lld or %lld", (long long)w->dim[0], (long long)w->dim[1]);
    return DELAY_WRONG;
}

static bool check_conv(lava_reader *r, const lava_layer *l, nh_shape in) {
    const nh_shape *w = &l->weight[0].shape;
    char a[96], b[96];
    if (in.rank != 3 || in.dim[0] != w->dim[1] * l->window.groups) {
        nh_report(r->d, NH_M_LAVA_SHAPE, l->at, "the layer does not fit what comes in");
        nh_diag_found(r->d, "%s", nh_shape_print(in, a));
        nh_diag_allowed(r->d, "[%lld, H, W]", (long long)(w->dim[1] * l->window.groups));
        return false;
    }
    nh_shape out = {3, {w->dim[0], nh_window_out(&l->window, 0, in.dim[1]), nh_window_out(&l->window, 1, in.dim[2])}};
    if (nh_shape_equal(out, l->shape)) return true;
    nh_report(r->d, NH_M_LAVA_SHAPE, lava_member_at(r, l->group, "shape"),
              "the shape is not what the window makes of the input");
    nh_diag_found(r->d, "%s", nh_shape_print(l->shape, a));
    nh_diag_allowed(r->d, "%s", nh_shape_print(out, b));
    return false;
}

/* SLAYER's pool fills up the image to a multiple of the kernel (with size % kernel rows, which is a multiple only for
 * some sizes), and walks over the rows of all channels at once: that is a pool per channel when no window begins in one
 * and ends in the next. */
static bool fit_pool(lava_reader *r, const lava_layer *l, nh_shape in, nh_window *w) {
    *w = l->window;
    for (int k = 0; k < 2 && in.rank == 3; k++) w->pad_after[k] += in.dim[1 + k] % w->kernel[k];
    bool is_plain = in.rank == 3 && w->pad_before[0] == 0 && w->dilation[0] == 1 && w->stride[0] == w->kernel[0] &&
                    (in.dim[1] + w->pad_after[0]) % w->kernel[0] == 0;
    if (is_plain) return true;
    nh_report(r->d, NH_M_LAVA_LAYER, l->at, "the pool is not supported in this form");
    nh_diag_hint(r->d, "SLAYER's pool mixes channels unless stride = kernel, dilation 1, no padding and rows that are "
                       "a multiple of the kernel");
    return false;
}

/* The input as the synapse reads it: 0 or 1 where message bits say so, flat for a dense layer. */
static int prepare(lava_reader *r, const lava_layer *l, bool is_dense) {
    int in = r->tensor;
    if (r->message_bits == 0 && !r->is_spike) in = lava_binary(r, l, "binary", in);
    if (in < 0) return in;
    nh_tensor t = r->g->tensor[in];
    if (!is_dense || t.shape.rank == 1) return in;
    return lava_append(r, l, "flat", (nh_layer){.op = NH_OP_RESHAPE}, in, (nh_shape){1, {nh_shape_size(t.shape)}},
                       t.kind);
}

static bool check_input(lava_reader *r, const lava_layer *l, bool is_dense, nh_window *w) {
    nh_shape in = r->g->tensor[r->tensor].shape;
    *w = l->window;
    if (l->type == LAVA_POOL && !fit_pool(r, l, in, w)) return false;
    if (!is_dense) {
        lava_layer shown = *l;
        shown.window = *w;
        return check_conv(r, &shown, in);
    }
    if (nh_shape_size(in) == l->weight[0].shape.dim[1]) return true;
    char text[96];
    nh_report(r->d, NH_M_LAVA_SHAPE, l->at, "the layer does not fit what comes in");
    nh_diag_found(r->d, "%s", nh_shape_print(in, text));
    nh_diag_allowed(r->d, "%lld elements", (long long)l->weight[0].shape.dim[1]);
    return false;
}

/* The recurrent synapse: its neurons' output of the step before, added to the sum. */
static bool add_recurrent(lava_reader *r, const lava_layer *l, int self, bool is_binary, lava_sums *s) {
    static const int64_t one = 1;
    int in = append_delay(r, l, "rec_delay", self, &one, 1);
    if (is_binary && r->g->tensor[self].kind != NH_EDGE_SPIKE) in = lava_binary(r, l, "rec_binary", in);
    if (in < 0) return false;
    bool is_spike = r->g->tensor[in].kind == NH_EDGE_SPIKE;
    nh_layer dense = {.op = NH_OP_DENSE, .weight = make_param(r, "weight_rec", &l->recurrent)};
    int rec = lava_append(r, l, "rec", dense, in, s->shape, NH_EDGE_FRAME);
    nh_layer add = {.op = NH_OP_ADD, .n_in = 2, .in = {s->tensor[0], rec}};
    s->tensor[0] = lava_append(r, l, "sum", add, rec, s->shape, NH_EDGE_FRAME);
    s->bound = s->bound >= 0 && is_spike ? s->bound + row_bound(&l->recurrent) : -1;
    return true;
}

bool lava_synapses(lava_reader *r, const lava_layer *l, int self, lava_sums *out) {
    static const char *const part[] = {"real", "imag"}, *const part_delay[] = {"real_delay", "imag_delay"};
    static const int64_t one = 1;
    bool is_dense = l->type == LAVA_DENSE || l->type == LAVA_DENSE_REC, is_binary = r->message_bits == 0;
    nh_window window;
    if (!check_input(r, l, is_dense, &window)) return false;
    delay_place place = is_dense && l->delay.value ? place_delay(r, l) : DELAY_FRONT;
    int in = place == DELAY_WRONG ? -1 : prepare(r, l, is_dense);
    if (in < 0) return false;
    bool is_spike = r->g->tensor[in].kind == NH_EDGE_SPIKE;
    const int64_t *front = &one;
    int64_t n_front = 1;
    if (is_dense && l->delay.value && place == DELAY_FRONT)
        front = spread(r, &l->delay, nh_shape_size(r->g->tensor[in].shape), 1, &n_front);
    in = append_delay(r, l, "delay", in, front, n_front);
    *out = (lava_sums){.n = l->n_weight, .shape = l->shape, .bound = -1, .is_conv = !is_dense};
    for (int k = 0; k < l->n_weight; k++) {
        const char *what = l->n_weight == 2 ? part[k] : is_dense ? "dense" : l->type == LAVA_POOL ? "pool" : "conv";
        nh_layer layer = {.op = is_dense ? NH_OP_DENSE : NH_OP_CONV,
                          .weight = make_param(r, "weight", &l->weight[k]),
                          .window = window};
        if (is_dense) memset(&layer.window, 0, sizeof layer.window);
        out->tensor[k] = lava_append(r, l, what, layer, in, l->shape, NH_EDGE_FRAME);
        int64_t n_back, *back = place == DELAY_BACK ? spread(r, &l->delay, l->delay.n, 0, &n_back) : NULL;
        if (back)
            out->tensor[k] =
                append_delay(r, l, l->n_weight == 2 ? part_delay[k] : "dense_delay", out->tensor[k], back, n_back);
        int64_t bound = row_bound(&l->weight[k]);
        if (is_spike && bound > out->bound) out->bound = bound;
    }
    return l->type != LAVA_DENSE_REC || add_recurrent(r, l, self, is_binary, out);
}
