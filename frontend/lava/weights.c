#include "lava.h"

#include <math.h>
#include <string.h>

static bool shape_error(lava_reader *r, const nh_h5 *x, const char *allowed, nh_shape wanted) {
    char found[96], text[96];
    nh_shape s = {.rank = x->rank};
    memcpy(s.dim, x->dim, sizeof(int64_t) * (size_t)x->rank);
    nh_report(r->d, NH_M_LAVA_SHAPE, lava_at(r, x), "'%s' does not have the shape of the layer", x->name);
    nh_diag_found(r->d, "%s", nh_shape_print(s, found));
    nh_diag_allowed(r->d, "%s%s", allowed, wanted.rank ? nh_shape_print(wanted, text) : "");
    return false;
}

/* Dense: [out, in], or one row after the other; as lava-dl does: reshape(out, -1), but a first dimension that is not
 * `out` would be scrambled. */
static bool dense_shape(lava_reader *r, const nh_h5 *x, int64_t n_out, nh_shape *out) {
    if (x->n % n_out != 0 || (x->rank > 1 && x->dim[0] != n_out))
        return shape_error(r, x, "as many rows as neurons: ", (nh_shape){1, {n_out}});
    *out = (nh_shape){2, {n_out, x->n / n_out}};
    return true;
}

/* Convolution: [c_out, c_in/groups, kh, kw]; old files have a fifth dimension of 1. */
static bool conv_shape(lava_reader *r, const nh_h5 *x, int64_t c_out, nh_shape *out) {
    bool is_old = x->rank == 5 && x->dim[4] == 1;
    if ((x->rank != 4 && !is_old) || x->dim[0] != c_out)
        return shape_error(r, x, "[outChannels, inChannels/groups, kh, kw]", (nh_shape){0});
    *out = (nh_shape){4, {x->dim[0], x->dim[1], x->dim[2], x->dim[3]}};
    return true;
}

static bool read_matrix(lava_reader *r, const lava_layer *l, const nh_h5 *x, lava_matrix *out) {
    bool is_dense = l->type == LAVA_DENSE || l->type == LAVA_DENSE_REC;
    int64_t c_out = l->type == LAVA_POOL ? 1 : l->shape.dim[0];
    bool ok = is_dense ? dense_shape(r, x, c_out, &out->shape) : conv_shape(r, x, c_out, &out->shape);
    out->at = lava_at(r, x);
    out->real = x->number;
    out->value = lava_integers(r, x, -LAVA_MAX_WEIGHT, LAVA_MAX_WEIGHT);
    return ok && out->value;
}

/* Weights of a dense layer go through lava's 8-bit synapses: clipped to -256..254, and a matrix without positive
 * weights has a sign bit of its own, so that it ends at -255 (weightutils.py: optimize_weight_bits, clip_weights). */
static void clip_dense(lava_reader *r, lava_matrix *m) {
    int64_t n = nh_shape_size(m->shape), changed = 0, first = 0, max = INT64_MIN;
    for (int64_t i = 0; i < n; i++)
        if (m->value[i] > max) max = m->value[i];
    int64_t lo = max <= 0 ? -255 : -256, hi = 254;
    int64_t *w = nh_arena_array(r->a, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) {
        w[i] = m->value[i] < lo ? lo : m->value[i] > hi ? hi : m->value[i];
        if (w[i] != m->value[i] && changed++ == 0) first = i;
    }
    if (!changed) return;
    nh_report(r->d, NH_M_LAVA_CLIPPED, m->at, "weights are clipped, as lava does");
    nh_diag_found(r->d, "%lld at [%lld, %lld]; %lld of %lld weights", (long long)m->value[first],
                  (long long)(first / m->shape.dim[1]), (long long)(first % m->shape.dim[1]), (long long)changed,
                  (long long)n);
    nh_diag_allowed(r->d, "%lld..%lld%s", (long long)lo, (long long)hi,
                    max <= 0 ? " in a matrix without positive weights" : "");
    m->value = w;
    m->real = NULL;
}

/* (h, w), or one number for both. */
static bool read_pair(lava_reader *r, const lava_layer *l, const char *name, bool needed, int64_t lo, int64_t absent,
                      int64_t out[2]) {
    lava_ints v = {0};
    if (!lava_ints_read(r, l->group, name, needed, lo, 1 << 16, &v)) return false;
    if (v.n > 2) {
        nh_report(r->d, NH_M_LAVA_KIND, v.at, "'%s' is not a pair of numbers", name);
        nh_diag_found(r->d, "%lld elements", (long long)v.n);
        return false;
    }
    out[0] = v.value ? v.value[0] : absent;
    out[1] = v.value ? v.value[v.n - 1] : absent;
    return true;
}

static bool read_window(lava_reader *r, lava_layer *l) {
    nh_window *w = &l->window;
    bool ok = read_pair(r, l, "stride", true, 1, 1, w->stride);
    ok = read_pair(r, l, "padding", true, 0, 0, w->pad_before) && ok;
    ok = read_pair(r, l, "dilation", true, 1, 1, w->dilation) && ok;
    w->groups = 1;
    if (l->type == LAVA_CONV) ok = lava_int_read(r, l->group, "groups", 1, l->shape.dim[0], &w->groups) && ok;
    if (ok && l->shape.dim[0] % w->groups != 0) {
        ok = nh_report(r->d, NH_M_LAVA_SHAPE, lava_member_at(r, l->group, "groups"),
                       "the channels are not divisible by the groups");
        nh_diag_found(r->d, "%lld channels, %lld groups", (long long)l->shape.dim[0], (long long)w->groups);
    }
    memcpy(w->pad_after, w->pad_before, sizeof w->pad_after);
    return ok;
}

static bool read_kernel(lava_reader *r, lava_layer *l) {
    nh_shape *s = &l->weight[0].shape;
    int64_t told[2];
    l->window.kernel[0] = s->dim[2];
    l->window.kernel[1] = s->dim[3];
    if (!read_pair(r, l, "kernelSize", false, 1, 0, told)) return false;
    if (!told[0] || memcmp(told, l->window.kernel, sizeof told) == 0) return true;
    nh_report(r->d, NH_M_LAVA_SHAPE, lava_member_at(r, l->group, "kernelSize"),
              "'kernelSize' is not what the weight says");
    nh_diag_found(r->d, "%lldx%lld, and the weight has %lldx%lld", (long long)told[0], (long long)told[1],
                  (long long)l->window.kernel[0], (long long)l->window.kernel[1]);
    return false;
}

/* One kernel for all channels in the file; a convolution of as many groups as channels in the graph. */
static bool spread_pool(lava_reader *r, lava_layer *l) {
    lava_matrix *m = &l->weight[0];
    int64_t c = l->shape.dim[0], taps = m->shape.dim[2] * m->shape.dim[3];
    if (m->shape.dim[1] != 1)
        return nh_report(r->d, NH_M_LAVA_SHAPE, m->at, "the weight of a pool is not one kernel: [1, 1, kh, kw]");
    int64_t *w = nh_arena_array(r->a, (size_t)(c * taps), sizeof *w);
    if (!w) return nh_report(r->d, NH_M_LAVA_SHAPE, m->at, "the pool is too large");
    for (int64_t i = 0; i < c; i++) memcpy(w + i * taps, m->value, (size_t)taps * sizeof *w);
    m->value = w;
    m->real = NULL;
    m->shape.dim[0] = c;
    l->window.groups = c;
    return true;
}

static bool read_recurrent(lava_reader *r, lava_layer *l) {
    bool ok = true;
    const nh_h5 *x = lava_need(r, l->group, "weight_rec", &ok);
    if (!x || !read_matrix(r, l, x, &l->recurrent)) return false;
    if (l->recurrent.shape.dim[1] == l->recurrent.shape.dim[0]) return true;
    return shape_error(r, x, "one row and one column per neuron: ", (nh_shape){2, {l->shape.dim[0], l->shape.dim[0]}});
}

/* The members of a complex weight, or the weight itself. */
static bool read_weight(lava_reader *r, lava_layer *l) {
    static const char *const part[] = {"real", "imag"};
    bool ok = true;
    const nh_h5 *w = nh_h5_find(l->group, "weight");
    bool is_complex = w && w->kind == NH_H5_GROUP;
    l->n_weight = is_complex ? 2 : 1;
    for (int k = 0; k < l->n_weight; k++) {
        const nh_h5 *x = is_complex ? lava_need(r, w, part[k], &ok) : lava_need(r, l->group, "weight", &ok);
        ok = x && read_matrix(r, l, x, &l->weight[k]) && ok;
    }
    if (is_complex) lava_known(r, w, "real imag");
    if (ok && is_complex && !nh_shape_equal(l->weight[0].shape, l->weight[1].shape))
        return nh_report(r->d, NH_M_LAVA_SHAPE, l->weight[1].at, "real and imaginary weights differ in shape");
    bool is_rf = l->neuron.kind == LAVA_RF_PHASE || l->neuron.kind == LAVA_RF_IZ;
    if (ok && l->has_neuron && is_rf != is_complex) {
        nh_report(r->d, NH_M_LAVA_SHAPE, lava_at(r, w), "the weight is %s", is_complex ? "complex" : "real");
        nh_diag_allowed(
            r->d,
            "complex weights (weight/real, weight/imag) with resonate-and-fire neurons, real ones with all others");
        return false;
    }
    return ok;
}

bool lava_weights_read(lava_reader *r, lava_layer *l) {
    bool is_dense = l->type == LAVA_DENSE || l->type == LAVA_DENSE_REC, ok = read_weight(r, l);
    if (l->type == LAVA_DENSE_REC) ok = read_recurrent(r, l) && ok;
    if (!is_dense) ok = read_window(r, l) && ok;
    if (!ok) return false;
    if (l->type == LAVA_DENSE_REC && l->n_weight != 1)
        return nh_report(r->d, NH_M_LAVA_LAYER, l->at, "a recurrent layer with complex weights is not supported");
    if (l->type == LAVA_POOL && l->n_weight != 1)
        return nh_report(r->d, NH_M_LAVA_LAYER, l->at, "a pool with complex weights is not supported");
    for (int k = 0; k < l->n_weight && is_dense; k++) clip_dense(r, &l->weight[k]);
    if (l->type == LAVA_DENSE_REC) clip_dense(r, &l->recurrent);
    if (!is_dense) ok = read_kernel(r, l);
    return l->type == LAVA_POOL ? ok && spread_pool(r, l) : ok;
}

bool lava_delay_read(lava_reader *r, lava_layer *l) {
    bool ok = true;
    const nh_h5 *x = lava_numbers(r, l->group, "delay", &ok);
    if (!x) return ok;
    int64_t *v = nh_arena_array(r->a, (size_t)x->n, sizeof *v), clipped = 0, first = 0;
    int64_t limit = l->type == LAVA_CONV || l->type == LAVA_POOL ? INT64_MAX : LAVA_MAX_DELAY;
    for (int64_t i = 0; i < x->n; i++) {
        if (!(x->number[i] >= 0 && x->number[i] < LAVA_MAX_AXON_DELAY)) {
            nh_report(r->d, NH_M_LAVA_RANGE, lava_at(r, x), "a delay is outside its range");
            nh_diag_found(r->d, "%g at [%lld]", x->number[i], (long long)i);
            nh_diag_allowed(r->d, "0 <= delay < %d", LAVA_MAX_AXON_DELAY);
            return false;
        }
        v[i] = (int64_t)floor(x->number[i]);
        if (v[i] <= limit) continue;
        v[i] = limit;
        if (clipped++ == 0) first = i;
    }
    if (clipped) {
        nh_report(r->d, NH_M_LAVA_CLIPPED, lava_at(r, x), "delays are clipped, as lava-dl does");
        nh_diag_found(r->d, "%g at [%lld]; %lld of %lld delays", x->number[first], (long long)first, (long long)clipped,
                      (long long)x->n);
        nh_diag_allowed(r->d, "0..%d steps", LAVA_MAX_DELAY);
    }
    l->delay = (lava_ints){v, x->n, lava_at(r, x)};
    return true;
}
