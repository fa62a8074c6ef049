#include "unary.h"

#include <math.h>

typedef long double real;

#define UNUSED(p) ((void)(p))

static real sigmoid(real x, const double p[2]) {
    UNUSED(p);
    return x >= 0 ? 1 / (1 + expl(-x)) : expl(x) / (1 + expl(x));
}
static real hyperbolic(real x, const double p[2]) { return UNUSED(p), tanhl(x); }
static real error_function(real x, const double p[2]) { return UNUSED(p), erfl(x); }
static real softsign(real x, const double p[2]) { return UNUSED(p), isinf(x) ? copysignl(1, x) : x / (1 + fabsl(x)); }
static real exponential(real x, const double p[2]) { return UNUSED(p), expl(x); }
static real logarithm(real x, const double p[2]) { return UNUSED(p), x > 0 ? logl(x) : -INFINITY; }
static real square_root(real x, const double p[2]) { return UNUSED(p), x > 0 ? sqrtl(x) : 0; }
static real reciprocal(real x, const double p[2]) { return UNUSED(p), 1 / x; }
static real square(real x, const double p[2]) { return UNUSED(p), x * x; }
static real magnitude(real x, const double p[2]) { return UNUSED(p), fabsl(x); }
static real negative(real x, const double p[2]) { return UNUSED(p), -x; }

static real softplus(real x, const double p[2]) { return UNUSED(p), fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }
static real elu(real x, const double p[2]) { return x > 0 ? x : p[0] * expm1l(x); }
static real selu(real x, const double p[2]) { return p[1] * (x > 0 ? x : p[0] * expm1l(x)); }
static real celu(real x, const double p[2]) { return x > 0 ? x : p[0] * expm1l(x / p[0]); }
/* x sigmoid(alpha x) */
static real silu(real x, const double p[2]) { return isinf(x) ? fmaxl(x, 0) : x * sigmoid((real)p[0] * x, p); }
static real mish(real x, const double p[2]) { return isinf(x) ? fmaxl(x, 0) : x * tanhl(softplus(x, p)); }
static real gelu(real x, const double p[2]) {
    return UNUSED(p), isinf(x) ? fmaxl(x, 0) : x * erfcl(-x * sqrtl(0.5L)) / 2;
}
static real gelu_tanh(real x, const double p[2]) {
    if (isinf(x)) return fmaxl(x, 0);
    return UNUSED(p), x * sigmoid(2 * sqrtl(2 / 3.14159265358979323846264L) * (x + 0.044715L * x * x * x),
                                  p); /* (1 + tanh(y)) / 2 = sigmoid(2 y) */
}

static real hard_sigmoid(real x, const double p[2]) { return fmaxl(0, fminl(1, (real)p[0] * x + (real)p[1])); }
static real hard_swish(real x, const double p[2]) {
    return UNUSED(p), isinf(x) ? fmaxl(x, 0) : x * fmaxl(0, fminl(1, x / 6 + 0.5L));
}
static real thresholded(real x, const double p[2]) { return x > p[0] ? x : 0; }

static const nh_unary unary[] = {
    {.op = NH_OP_SIGMOID, .f = sigmoid, .lo = 0, .hi = 1, .turn = NAN},
    {.op = NH_OP_TANH, .f = hyperbolic, .lo = -1, .hi = 1, .turn = NAN},
    {.op = NH_OP_ERF, .f = error_function, .lo = -1, .hi = 1, .turn = NAN},
    {.op = NH_OP_SOFTSIGN, .f = softsign, .lo = -1, .hi = 1, .turn = NAN, .octaves = true, .odd = true},
    {.op = NH_OP_EXP, .f = exponential, .lo = 0, .hi = INFINITY, .turn = NAN},
    {.op = NH_OP_LOG, .f = logarithm, .lo = -INFINITY, .hi = INFINITY, .turn = NAN, .octaves = true},
    {.op = NH_OP_SQRT, .f = square_root, .lo = 0, .hi = INFINITY, .turn = NAN, .octaves = true},
    {.op = NH_OP_RECIPROCAL,
     .f = reciprocal,
     .lo = -INFINITY,
     .hi = INFINITY,
     .turn = NAN,
     .octaves = true,
     .odd = true},
    {.op = NH_OP_SOFTPLUS, .f = softplus, .lo = 0, .hi = INFINITY, .turn = NAN, .rises = true},
    {.op = NH_OP_ELU, .f = elu, .lo = -INFINITY, .hi = INFINITY, .turn = 0, .rises = true},
    {.op = NH_OP_SELU, .f = selu, .lo = -INFINITY, .hi = INFINITY, .turn = 0, .rises = true},
    {.op = NH_OP_CELU, .f = celu, .lo = -INFINITY, .hi = INFINITY, .turn = 0, .rises = true},
    {.op = NH_OP_SILU, .f = silu, .lo = -INFINITY, .hi = INFINITY, .turn = -1.2784645427610738, .rises = true},
    {.op = NH_OP_MISH, .f = mish, .lo = -INFINITY, .hi = INFINITY, .turn = -1.1924312145011186, .rises = true},
    {.op = NH_OP_GELU, .f = gelu, .lo = -INFINITY, .hi = INFINITY, .turn = -0.75179157, .rises = true},
    {.op = NH_OP_GELU_TANH, .f = gelu_tanh, .lo = -INFINITY, .hi = INFINITY, .turn = -0.75246142, .rises = true},
    /* without a table: exact up to the rounding of constants and of the result */
    {.op = NH_OP_HARD_SIGMOID, .f = hard_sigmoid, .lo = 0, .hi = 1, .turn = NAN},
    {.op = NH_OP_HARD_SWISH, .f = hard_swish, .lo = -0.375, .hi = INFINITY, .turn = -1.5},
    {.op = NH_OP_THRESHOLDED_RELU, .f = thresholded, .lo = -INFINITY, .hi = INFINITY, .turn = NAN},
    {.op = NH_OP_ABS, .f = magnitude, .lo = 0, .hi = INFINITY, .turn = 0},
    {.op = NH_OP_NEG, .f = negative, .lo = -INFINITY, .hi = INFINITY, .turn = NAN},
    {.op = NH_OP_SQUARE, .f = square, .lo = 0, .hi = INFINITY, .turn = 0},
};

const nh_unary *nh_unary_get(nh_op op) {
    for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
        if (unary[i].op == op) return &unary[i];
    return NULL;
}

void nh_unary_params(const nh_layer *l, double p[2]) {
    p[0] = l->alpha;
    p[1] = l->beta;
}

double nh_unary_rising(const nh_layer *l) {
    if (!nh_unary_get(l->op)->rises) return 0;
    return l->op == NH_OP_SELU ? l->beta : 1;
}

double nh_unary_eval(const nh_layer *l, double x) {
    double p[2];
    nh_unary_params(l, p);
    return (double)nh_unary_get(l->op)->f(x, p);
}

/* Inside of an interval: its ends and the turn decide. A reciprocal over 0 reaches everything. */
void nh_unary_image(const nh_layer *l, double lo, double hi, double image[2]) {
    const nh_unary *u = nh_unary_get(l->op);
    double a = nh_unary_eval(l, lo), b = nh_unary_eval(l, hi), turn = u->turn;
    if (l->op == NH_OP_SILU) turn /= l->alpha;
    image[0] = fmin(a, b);
    image[1] = fmax(a, b);
    if (turn > lo && turn < hi) {
        image[0] = fmin(image[0], nh_unary_eval(l, turn));
        image[1] = fmax(image[1], nh_unary_eval(l, turn));
    }
    if (l->op == NH_OP_RECIPROCAL && lo <= 0 && hi >= 0)
        image[0] = lo < 0 ? -INFINITY : fmin(a, b), image[1] = hi > 0 ? INFINITY : 0;
    if (l->op == NH_OP_THRESHOLDED_RELU) image[0] = fmin(image[0], 0), image[1] = fmax(image[1], 0);
}
