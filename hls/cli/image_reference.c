/* Outputs of another program, e.g. of the float network, that a run's classes are compared with. */
#include <inttypes.h>
#include <math.h>

#include "image_run.h"
#include "npy.h"

int64_t nh_image_winner(const double *value, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (value[i] > value[best]) best = i;
    return best;
}

static bool bad_shape(nh_cli *c, const nh_image_results *r, const nh_npy *x) {
    const nh_image *m = r->m;
    nh_report(c->diag, NH_D_SHAPE, (nh_loc){.file = c->flag.reference},
              "the array does not hold outputs of the samples");
    nh_diag_found(c->diag, "%s", nh_npy_shape(c->arena, x));
    nh_diag_allowed(c->diag,
                    "%" PRId64 " x %" PRId64 " outputs, %" PRId64 " x %" PRId64 " x %" PRId64
                    " (steps before outputs), or %" PRId64 " classes; or more samples",
                    r->n, m->output_size, r->n, m->steps, m->output_size, r->n);
    return false;
}

static bool read_classes(nh_cli *c, nh_image_results *r, const nh_npy *x) {
    int64_t *class = nh_arena_array(c->arena, (size_t)r->n, sizeof *class);
    for (int64_t i = 0; i < r->n; i++) {
        double v = x->value[i];
        if (!(v >= 0 && v < (double)r->m->output_size) || v > floor(v)) {
            nh_report(c->diag, NH_D_LABEL, (nh_loc){.file = c->flag.reference}, "the class of sample %" PRId64 " is %g",
                      i, v);
            nh_diag_allowed(c->diag, "0 to %" PRId64, r->m->output_size - 1);
            return false;
        }
        class[i] = (int64_t)v;
    }
    r->reference_class = class;
    return true;
}

bool nh_image_read_reference(nh_cli *c, nh_image_results *r) {
    const nh_image *m = r->m;
    nh_data_ref ref = {.path = c->flag.reference};
    nh_npy x;
    if (!ref.path) return true;
    if (!nh_npy_read(c->arena, c->diag, &ref, &x)) return false;
    if (x.rank < 1 || x.dim[0] < r->n || m->output_size < 1) return bad_shape(c, r, &x);
    int64_t n = m->output_size, each = x.n / x.dim[0], steps = each / n;
    if (x.rank == 1 && n > 1) return read_classes(c, r, &x);
    if (each % n || (steps != 1 && (x.rank < 3 || steps != m->steps))) return bad_shape(c, r, &x);
    double *sum = nh_arena_array(c->arena, (size_t)(r->n * n), sizeof *sum);
    int64_t *class = nh_arena_array(c->arena, (size_t)r->n, sizeof *class);
    if (!sum || !class) return nh_report(c->diag, NH_D_LIMIT, (nh_loc){.file = ref.path}, "the array is too large");
    for (int64_t s = 0; s < r->n; s++) {
        for (int64_t i = 0; i < each; i++) sum[s * n + i % n] += x.value[s * each + i];
        class[s] = nh_image_winner(&sum[s * n], n);
    }
    r->reference = sum;
    r->reference_class = class;
    return true;
}
