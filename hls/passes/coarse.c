#include "coarse.h"

#include <math.h>

#include "neurons.h"

/* A result is coarse with fewer bits than FEW in use, and at least UNUSED of them not. */
enum { FEW = 6, UNUSED = 3, SAMPLES = 32 };
/* Multiplications that may be spent: a fraction of a second. */
#define WORK 3e7

static double work_of(const nh_graph *g) {
    double sum = 1;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_param *w = g->layer[i].weight;
        sum += (double)nh_shape_size(w ? w->shape : g->tensor[g->layer[i].out].shape);
    }
    return sum;
}

/* xorshift64*: the same samples on every machine. */
static double next_uniform(uint64_t *state) {
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return ldexp((double)(*state * 0x2545f4914f6cdd1du >> 11), -53);
}

static const double *draw(nh_arena *a, const nh_graph *g, uint64_t *state) {
    const nh_tensor *t = &g->tensor[g->input];
    int64_t n = nh_shape_size(t->shape);
    int frac = nh_format_frac(t->q.fmt);
    double lo = nh_fx_to_double(nh_format_min(t->q.fmt), frac) * t->q.scale,
           hi = nh_fx_to_double(nh_format_max(t->q.fmt), frac) * t->q.scale;
    double *x = nh_arena_array(a, (size_t)n, sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = lo + (hi - lo) * next_uniform(state);
    return x;
}

/* Bits of the format that values up to `most` use, with the sign's. */
static int used_bits(const nh_tensor *t, double most) {
    double steps = floor(most / ldexp(t->q.scale, -nh_format_frac(t->q.fmt)) + 0.5);
    int exponent = 0;
    if (steps >= 1) frexp(steps, &exponent);
    return exponent + t->q.fmt.is_signed;
}

static void tell(const nh_graph *g, const nh_layer *l, double most, bool drawn, nh_diag *d) {
    const nh_tensor *t = &g->tensor[l->out];
    int used = used_bits(t, most), width = t->q.fmt.width_bits;
    char text[NH_FORMAT_TEXT];
    if (used >= FEW || width - used < UNUSED) return;
    nh_report(d, NH_N_COARSE, l->at,
              "layer '%s': without calibrate: data its result is %s, for the largest sum that could be; %s it reaches "
              "%.3g, which uses %d of its %d bits",
              l->name, nh_format_print(t->q.fmt, text),
              drawn ? "over inputs drawn from the input's format" : "over the simulation's inputs", most, used, width);
    nh_diag_layer(d, l->name);
    nh_diag_hint(d, "calibrate: { data: x.npy } fits formats to what occurs; or result_bits: %d",
                 l->opt.result_bits + FEW + 2 - used < 32 ? l->opt.result_bits + FEW + 2 - used : 32);
}

void nh_tell_coarse(const nh_graph *g, const nh_samples *inputs, nh_diag *d) {
    bool any = false, drawn = inputs->n < 1;
    for (int t = 0; t < g->n_tensor; t++) any = any || g->tensor[t].by_interval;
    if (!any) return;
    nh_arena *scratch = nh_arena_new();
    nh_float_net *net = nh_float_net_new(scratch, g, NH_FLOAT64);
    double *most = nh_arena_array(scratch, (size_t)g->n_tensor, sizeof *most);
    int64_t affordable = (int64_t)fmax(1, fmin(SAMPLES, WORK / work_of(g))),
            n = drawn || affordable < inputs->n ? affordable : inputs->n;
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (int64_t s = 0; s < n; s++) {
        nh_float_net_step(net, drawn ? draw(scratch, g, &state) : inputs->x + s * inputs->size);
        for (int t = 0; t < g->n_tensor; t++)
            for (int64_t i = 0; g->tensor[t].by_interval && i < nh_shape_size(g->tensor[t].shape); i++)
                most[t] = fmax(most[t], fabs(nh_float_net_value(net, t)[i]));
    }
    for (int i = 0; i < g->n_layer; i++)
        if (g->tensor[g->layer[i].out].by_interval) tell(g, &g->layer[i], most[g->layer[i].out], drawn, d);
    nh_arena_free(scratch);
}
