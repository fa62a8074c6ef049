/* Float evaluation in the precision REAL; NAME(x) gives a function its suffix. Values travel in doubles, which hold a
 * REAL exactly. No include guard: it is compiled once for each precision. */

enum { NAME(BLOCK) = 32 };

/* --- neurons ----------------------------------------------------------------------------------------------------- */

typedef REAL NAME(block)[NAME(BLOCK)];

static void NAME(load)(REAL *to, const double *from, int n) {
    for (int i = 0; i < n; i++) to[i] = (REAL)from[i];
}

/* Elements at..at+n-1 of a parameter: one for all, one per channel, or one per element. */
static void NAME(load_value)(REAL *to, const nh_neuron_value *v, int64_t at, int n, int64_t per_channel) {
    if (v->n == 1) {
        for (int i = 0; i < n; i++) to[i] = (REAL)v->value[0];
        return;
    }
    for (int i = 0; i < n; i++) to[i] = (REAL)v->value[(at + i) / per_channel % v->n];
}

#define EACH(expression)                                                                                               \
    for (int i = 0; i < n; i++) d[i] = (REAL)(expression);                                                             \
    break

static void NAME(instruction)(const nh_neuron_program *p, const nh_neuron_instr *in, NAME(block) * reg, int n) {
    REAL *d = reg[in->dst];
    const REAL *a = reg[in->src[0]], *b = reg[in->src[1]], *c = reg[in->src[2]];
    const REAL most = (REAL)p->spikes_per_step;
    switch (in->op) {
    case NH_NOP_MOV: EACH(a[i]);
    case NH_NOP_LEAK: EACH(d[i] * a[i]);
    case NH_NOP_ADD: EACH(a[i] + b[i]);
    case NH_NOP_SUB: EACH(a[i] - b[i]);
    case NH_NOP_AND:
    case NH_NOP_MUL: EACH(a[i] * b[i]);
    case NH_NOP_NEG: EACH(-a[i]);
    case NH_NOP_ABS: EACH(a[i] < 0 ? -a[i] : a[i]);
    case NH_NOP_MIN: EACH(a[i] < b[i] ? a[i] : b[i]);
    case NH_NOP_OR:
    case NH_NOP_MAX: EACH(a[i] > b[i] ? a[i] : b[i]);
    case NH_NOP_RELU: EACH(a[i] > 0 ? a[i] : 0);
    case NH_NOP_GT: EACH(a[i] > b[i]);
    case NH_NOP_GE: EACH(a[i] >= b[i]);
    case NH_NOP_EQ: EACH(a[i] == b[i]);
    case NH_NOP_NOT: EACH(1 - a[i]);
    case NH_NOP_SEL: EACH(a[i] != 0 ? b[i] : c[i]);
    case NH_NOP_RESET: EACH(a[i] != 0 ? b[i] : d[i]);
    case NH_NOP_COUNT: EACH(a[i] < b[i] ? 0 : fmin(floor((double)(a[i] / b[i])), (double)most));
    case NH_NOP_SHR: EACH(floor(ldexp((double)a[i], -(int)b[i])));
    case NH_NOP_CAST: EACH(nh_cast_double((double)a[i], in->fmt));
    case NH_NOP_KINDS: break;
    }
}

#undef EACH

static void NAME(widen)(double *hull, const REAL *v, int n) {
    for (int i = 0; i < n; i++) {
        hull[0] = (double)v[i] < hull[0] ? (double)v[i] : hull[0];
        hull[1] = (double)v[i] > hull[1] ? (double)v[i] : hull[1];
    }
}

static void NAME(run_block)(const nh_neuron_program *p, NAME(block) * reg, int n, double (*reached)[2]) {
    for (int k = 0; k < p->n_instr; k++) {
        NAME(instruction)(p, &p->instr[k], reg, n);
        const nh_neuron_reg *dst = &p->reg[p->instr[k].dst];
        for (int i = 0; dst->has_format && i < n; i++)
            reg[p->instr[k].dst][i] = (REAL)nh_cast_double((double)reg[p->instr[k].dst][i], dst->fmt);
        if (reached && dst->kind == NH_REG_STATE) NAME(widen)(reached[dst->index], reg[p->instr[k].dst], n);
    }
}

static void NAME(neuron)(const nh_neuron *neuron, int64_t n, int64_t n_channel, const double *const *in,
                         double *const *state, double *y) {
    const nh_neuron_program *p = neuron->program;
    NAME(block) reg[NH_ASM_REG];
    int64_t per_channel = n / n_channel;
    for (int r = 0; r < p->n_reg; r++)
        for (int i = 0; p->reg[r].kind == NH_REG_CONST && i < NAME(BLOCK); i++) reg[r][i] = (REAL)p->reg[r].constant;
    for (int64_t at = 0; at < n; at += NAME(BLOCK)) {
        int size = n - at < NAME(BLOCK) ? (int)(n - at) : NAME(BLOCK);
        for (int k = 0; k < p->n_input; k++) NAME(load)(reg[p->input[k]], in[k] + at, size);
        for (int k = 0; k < p->n_state; k++) NAME(load)(reg[p->state[k]], state[k] + at, size);
        for (int k = 0; k < p->n_param; k++)
            NAME(load_value)(reg[p->param[k]], &neuron->param[k], at, size, neuron->param[k].n == n ? 1 : per_channel);
        NAME(run_block)(p, reg, size, neuron->reached);
        for (int k = 0; k < p->n_state; k++)
            for (int i = 0; i < size; i++) state[k][at + i] = (double)reg[p->state[k]][i];
        for (int i = 0; i < size; i++) y[at + i] = (double)reg[p->output][i];
    }
}

/* --- weights ----------------------------------------------------------------------------------------------------- */

static bool NAME(prepare)(nh_arena *a, const nh_graph *g, const nh_layer *l, nh_float_layer *run) {
    const double *w = l->weight->value;
    const int64_t *dim = l->weight->shape.dim;
    int64_t n_out = nh_shape_size(g->tensor[l->out].shape), size = nh_shape_size(l->weight->shape);
    REAL *to = nh_arena_array(a, (size_t)size, sizeof(REAL));
    run->weight = to;
    run->sum = nh_arena_array(a, (size_t)n_out, sizeof(REAL));
    if (!run->weight || !run->sum) return false;
    if (l->op == NH_OP_DENSE) {
        for (int64_t o = 0; o < dim[0]; o++)
            for (int64_t i = 0; i < dim[1]; i++) to[i * dim[0] + o] = (REAL)w[o * dim[1] + i];
        return true;
    }
    int64_t groups = l->window.groups, c_out = dim[0] / groups, taps = dim[1] * dim[2] * dim[3];
    for (int64_t q = 0; q < groups; q++)
        for (int64_t o = 0; o < c_out; o++)
            for (int64_t k = 0; k < taps; k++) to[(q * taps + k) * c_out + o] = (REAL)w[(q * c_out + o) * taps + k];
    return true;
}

/* Only inputs that are not 0 are walked: most are. Each sum runs over its inputs in their order. */
static void NAME(dense)(const nh_layer *l, const nh_float_layer *run, const double *x, double *y) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    const REAL *w = run->weight;
    REAL *sum = run->sum;
    memset(sum, 0, (size_t)n_out * sizeof *sum);
    for (int64_t i = 0; i < n_in; i++, w += n_out) {
        REAL xi = (REAL)x[i];
        if (xi == 0) continue;
        for (int64_t o = 0; o < n_out; o++) sum[o] += w[o] * xi;
    }
    for (int64_t o = 0; o < n_out; o++) y[o] = (double)(l->bias ? sum[o] + (REAL)l->bias->value[o] : sum[o]);
}

/* One input element, w = [kh][kw][c_out] of its channel: every tap whose output exists. */
static void NAME(scatter)(const nh_window *win, nh_image_shape out, int64_t c_out, const REAL *w, REAL *sum, int64_t iy,
                          int64_t ix, REAL x) {
    for (int64_t ky = 0; ky < win->kernel[0]; ky++) {
        int64_t ty = iy + win->pad_before[0] - ky * win->dilation[0], oy = ty / win->stride[0];
        if (ty < 0 || ty % win->stride[0] || oy >= out.h) continue;
        for (int64_t kx = 0; kx < win->kernel[1]; kx++) {
            int64_t tx = ix + win->pad_before[1] - kx * win->dilation[1], ox = tx / win->stride[1];
            if (tx < 0 || tx % win->stride[1] || ox >= out.w) continue;
            const REAL *tap = w + (ky * win->kernel[1] + kx) * c_out;
            REAL *s = sum + (oy * out.w + ox) * out.c;
            for (int64_t o = 0; o < c_out; o++) s[o] += tap[o] * x;
        }
    }
}

static void NAME(conv)(const nh_graph *g, const nh_layer *l, const nh_float_layer *run, const double *x, double *y) {
    nh_image_shape in = nh_image_of(g->tensor[l->in[0]].shape), out = nh_image_of(g->tensor[l->out].shape);
    const nh_window *win = &l->window;
    int64_t c_in = in.c / win->groups, c_out = out.c / win->groups, plane = in.h * in.w,
            taps = win->kernel[0] * win->kernel[1] * c_out;
    const REAL *weight = run->weight;
    REAL *sum = run->sum;
    memset(sum, 0, (size_t)(out.c * out.h * out.w) * sizeof *sum);
    for (int64_t c = 0; c < in.c; c++)
        for (int64_t i = 0; i < plane; i++) {
            REAL xi = (REAL)x[c * plane + i];
            if (xi != 0)
                NAME(scatter)(win, out, c_out, weight + c * taps, sum + c / c_in * c_out, i / in.w, i % in.w, xi);
        }
    for (int64_t o = 0; o < out.c; o++)
        for (int64_t i = 0; i < out.h * out.w; i++) {
            REAL s = sum[i * out.c + o];
            y[o * out.h * out.w + i] = (double)(l->bias ? s + (REAL)l->bias->value[o] : s);
        }
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

static REAL NAME(window_sum)(const nh_window *win, nh_image_shape in, const double *x, int64_t y0, int64_t x0) {
    REAL sum = 0;
    for (int64_t ky = 0; ky < win->kernel[0]; ky++)
        for (int64_t kx = 0; kx < win->kernel[1]; kx++) {
            int64_t iy = y0 + ky * win->dilation[0], ix = x0 + kx * win->dilation[1];
            if (iy >= 0 && iy < in.h && ix >= 0 && ix < in.w) sum += (REAL)x[iy * in.w + ix];
        }
    return sum;
}

/* Padding is no candidate. */
static REAL NAME(window_max)(const nh_window *win, nh_image_shape in, const double *x, int64_t y0, int64_t x0) {
    REAL max = -(REAL)INFINITY;
    for (int64_t ky = 0; ky < win->kernel[0]; ky++)
        for (int64_t kx = 0; kx < win->kernel[1]; kx++) {
            int64_t iy = y0 + ky * win->dilation[0], ix = x0 + kx * win->dilation[1];
            if (iy >= 0 && iy < in.h && ix >= 0 && ix < in.w && (REAL)x[iy * in.w + ix] > max)
                max = (REAL)x[iy * in.w + ix];
        }
    return max;
}

static void NAME(pool)(const nh_graph *g, const nh_layer *l, const double *x, double *y) {
    nh_image_shape in = nh_image_of(g->tensor[l->in[0]].shape), out = nh_image_of(g->tensor[l->out].shape);
    const nh_window *win = &l->window;
    REAL(*of_window)
    (const nh_window *, nh_image_shape, const double *, int64_t, int64_t) =
        l->op == NH_OP_MAXPOOL ? NAME(window_max) : NAME(window_sum);
    REAL area = l->op == NH_OP_AVGPOOL ? (REAL)(win->kernel[0] * win->kernel[1]) : 1;
    for (int64_t c = 0; c < out.c; c++, x += in.h * in.w)
        for (int64_t oy = 0; oy < out.h; oy++)
            for (int64_t ox = 0; ox < out.w; ox++)
                *y++ = (double)(of_window(win, in, x, oy * win->stride[0] - win->pad_before[0],
                                          ox * win->stride[1] - win->pad_before[1]) /
                                area);
}

static void NAME(add)(const nh_layer *l, int64_t n, double *const *value, double *y) {
    for (int64_t i = 0; i < n; i++) {
        REAL sum = (REAL)value[l->in[0]][i];
        for (int k = 1; k < l->n_in; k++) sum += (REAL)value[l->in[k]][i];
        y[i] = (double)sum;
    }
}

const nh_float_ops NAME(nh_float_ops) = {NAME(prepare), NAME(dense), NAME(conv), NAME(pool), NAME(add), NAME(neuron)};
