/* Float evaluation of one layer of neurons. */
#include <math.h>

#include "float_net.h"

nh_image_shape nh_image_of(nh_shape s) {
    if (s.rank < 2) return (nh_image_shape){nh_shape_size(s), 1, 1};
    if (s.rank == 2) return (nh_image_shape){s.dim[0], 1, s.dim[1]};
    return (nh_image_shape){s.dim[0], s.dim[1], nh_shape_size(s) / (s.dim[0] * s.dim[1])};
}

double nh_cast_double(double x, nh_format f) {
    int frac = nh_format_frac(f);
    if (frac == 0 && f.is_signed && f.width_bits <= 53 &&
        f.round <= NH_ROUND_TRN_ZERO) { /* the common case: whole numbers in range */
        double whole = f.round == NH_ROUND_TRN ? floor(x) : trunc(x),
               limit = (double)((int64_t)1 << (f.width_bits - 1));
        if (whole > -limit && whole < limit) return whole;
    }
    return nh_fx_to_double(nh_fx_from_double(x, f, NULL), frac);
}

void nh_neuron_eval(const nh_neuron *neuron, nh_float_kind kind, int64_t n, int64_t n_channel, const double *const *in,
                    double *const *state, double *y) {
    const nh_float_ops *ops = kind == NH_FLOAT64 || neuron->program->is_exact ? &nh_float_ops_f64 : &nh_float_ops_f32;
    ops->neuron(neuron, n, n_channel, in, state, y);
}
