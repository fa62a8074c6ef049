/* Shapes of all signals, from the input on. */
#include "nir_model.h"

#include <stdarg.h>
#include <string.h>

nh_shape nir_without_ones(nh_shape s, int least) {
    while (s.rank > least && s.rank > 0 && s.dim[0] == 1) {
        s.rank--;
        memmove(s.dim, s.dim + 1, (size_t)s.rank * sizeof *s.dim);
    }
    return s;
}

/* s is `rest` with one more dimension, greater than 1, in front. */
static bool is_longer(nh_shape s, nh_shape rest) {
    if (s.rank != rest.rank + 1 || rest.rank < 1 || s.dim[0] <= 1) return false;
    return memcmp(s.dim + 1, rest.dim, (size_t)rest.rank * sizeof *rest.dim) == 0;
}

static bool report_time(nir_model *m, nir_node *port, nh_shape found, nh_shape want) {
    char text[96];
    if (port->is_bad) return false;
    port->is_bad = true;
    nh_report(m->d, NH_M_NIR_TIME, nir_at(m, port->param[0] ? port->param[0]->path : port->path),
              "the shape of '%s' includes the time steps", port->name);
    nh_diag_found(m->d, "%s, where the network has %s", nh_shape_print(found, text),
                  nh_shape_print(want, (char[96]){0}));
    nh_diag_hint(m->d, "write the shape of one time step: %s", nh_shape_print(want, text));
    return false;
}

/* The Flatten from which n's signal comes, unchanged in shape since; or NULL. */
static const nir_node *find_flatten(const nir_model *m, const nir_node *n) {
    for (int steps = 0; steps < m->n_node; steps++) {
        int index = (int)(n - m->node);
        if (m->in.at[index] == m->in.at[index + 1]) return NULL;
        const nir_node *from = &m->node[m->edge[m->in.edge[m->in.at[index]]].from];
        if (!from->has_shape || !nh_shape_equal(from->y, n->x)) return NULL;
        if (from->type->shape == nir_shape_flatten) return from;
        if (!nh_shape_equal(from->x, from->y)) return NULL;
        n = from;
    }
    return NULL;
}

static bool report_flatten(nir_model *m, const nir_node *n) {
    const nh_h5 *start = nir_param(n, "start_dim");
    char text[96];
    nh_report(m->d, NH_M_NIR_FLATTEN, nir_at(m, start->path),
              "the Flatten does not flatten all of %s: start_dim counts the batch", nh_shape_print(n->x, text));
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "start_dim %g, which gives %s", start->number[0], nh_shape_print(n->y, text));
    nh_diag_hint(m->d, "write start_dim 0: NIR does not count the batch, PyTorch does");
    return false;
}

bool nir_misfit(nir_model *m, nir_node *n, nh_shape want, const char *fmt, ...) {
    nir_node *input = &m->node[m->input];
    char text[96];
    if (nh_shape_equal(n->x, input->y) && is_longer(n->x, want)) return report_time(m, input, input->y, want);
    bool flat = want.rank == 1 && n->x.rank > 1 && nh_shape_size(n->x) == want.dim[0];
    const nir_node *flatten = flat ? find_flatten(m, n) : NULL;
    if (flatten && nir_param(flatten, "start_dim")->number[0] >= 1) return report_flatten(m, flatten);
    va_list ap;
    va_start(ap, fmt);
    nh_report(m->d, NH_M_NIR_SHAPE, nir_at_node(m, n), "%s", nh_arena_vprintf(m->scratch, fmt, ap));
    va_end(ap);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", nh_shape_print(n->x, text));
    if (want.rank > 0) nh_diag_allowed(m->d, "%s", nh_shape_print(want, text));
    if (flat) nh_diag_hint(m->d, "a Flatten has to stand before it");
    return false;
}

/* --- nodes ------------------------------------------------------------------------------------------------------- */

bool nir_shape_same(nir_model *m, nir_node *n) {
    (void)m;
    n->y = n->x;
    return true;
}

static bool wrong_rank(nir_model *m, const nir_node *n, const nh_h5 *p, const char *allowed) {
    char text[96];
    nh_report(m->d, NH_M_NIR_DTYPE, nir_at(m, p->path), "%s has the wrong shape", p->name);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", nh_shape_print(nir_h5_shape(p), text));
    nh_diag_allowed(m->d, "%s", allowed);
    return false;
}

bool nir_shape_dense(nir_model *m, nir_node *n) {
    const nh_h5 *weight = nir_param(n, "weight"), *bias = nir_param(n, "bias");
    nh_shape w = nir_without_ones(nir_h5_shape(weight), 2);
    if (w.rank != 2) return wrong_rank(m, n, weight, "(out, in)");
    if (bias) {
        nh_shape b = nir_without_ones(nir_h5_shape(bias), 1);
        if (b.rank != 1 || b.dim[0] != w.dim[0])
            return wrong_rank(m, n, bias, nh_arena_printf(m->scratch, "(%lld)", (long long)w.dim[0]));
    }
    if (nh_shape_size(n->x) != w.dim[1] || n->x.rank < 1 || n->x.dim[n->x.rank - 1] != w.dim[1])
        return nir_misfit(m, n, (nh_shape){1, {w.dim[1]}}, "a weight of %lldx%lld cannot read this signal",
                          (long long)w.dim[0], (long long)w.dim[1]);
    n->y = (nh_shape){1, {w.dim[0]}};
    return true;
}

static bool dim_number(nir_model *m, nir_node *n, const char *name, int *out) {
    const nh_h5 *p = nir_param(n, name);
    double v = p->number[0];
    if (p->n == 1 && v >= -n->x.rank && v < n->x.rank) {
        *out = (int)(v < 0 ? v + n->x.rank : v);
        return true;
    }
    char text[96];
    nh_report(m->d, NH_M_NIR_SHAPE, nir_at(m, p->path), "%s is not a dimension of the signal", name);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%g of a signal of %s", v, nh_shape_print(n->x, text));
    return false;
}

/* The declared input; with a batch in front it was counted in start_dim as well. */
static bool check_input_type(nir_model *m, nir_node *n) {
    const nh_h5 *p = nir_param(n, "input_type");
    if (!p) return true;
    nh_shape s = {.rank = (int)(p->n <= NH_MAX_RANK ? p->n : NH_MAX_RANK)};
    for (int i = 0; i < s.rank; i++) s.dim[i] = (int64_t)p->number[i];
    if (p->rank <= 1 && p->n <= NH_MAX_RANK && nh_shape_equal(s, n->x)) return true;
    char text[96];
    bool batch = nh_shape_equal(nir_without_ones(s, n->x.rank), n->x) && s.rank > n->x.rank;
    nh_report(m->d, batch ? NH_M_NIR_FLATTEN : NH_M_NIR_SHAPE, nir_at(m, p->path),
              batch ? "input_type of the Flatten includes the batch"
                    : "input_type of the Flatten is not the shape of its signal");
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", nh_shape_print(s, text));
    nh_diag_allowed(m->d, "%s", nh_shape_print(n->x, text));
    return false;
}

bool nir_shape_flatten(nir_model *m, nir_node *n) {
    int start, end;
    bool ok = check_input_type(m, n);
    ok = dim_number(m, n, "start_dim", &start) && ok;
    if (!dim_number(m, n, "end_dim", &end) || !ok) return false;
    if (start > end) return nir_misfit(m, n, (nh_shape){0}, "start_dim %d comes after end_dim %d", start, end);
    n->y = (nh_shape){.rank = 0};
    for (int i = 0; i < n->x.rank; i++) {
        if (i > start && i <= end)
            n->y.dim[n->y.rank - 1] *= n->x.dim[i];
        else
            n->y.dim[n->y.rank++] = n->x.dim[i];
    }
    return true;
}

/* --- ports ------------------------------------------------------------------------------------------------------- */

static bool declared_shape(nir_model *m, const nir_node *n, nh_shape *out) {
    const nh_h5 *p = n->param[0];
    *out = (nh_shape){.rank = (int)p->n};
    if (p->rank > 1 || p->n > NH_MAX_RANK) return wrong_rank(m, n, p, "1 to 8 numbers");
    for (int i = 0; i < out->rank; i++) out->dim[i] = (int64_t)p->number[i];
    int64_t size = nh_shape_size(*out);
    if (size >= 1 && size <= NIR_MAX_ELEMENTS) return true;
    char text[96];
    nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, p->path), "a signal of this shape is too large");
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", nh_shape_print(*out, text));
    nh_diag_allowed(m->d, "2^24 elements per time step");
    return false;
}

/* What a node reads by its own parameters; rank 0: it cannot be told. */
static nh_shape own_shape(const nir_node *n) {
    nh_shape s = {0};
    const nh_h5 *weight = n->type->cls == NIR_STATELESS ? nir_param(n, "weight") : NULL,
                *p = nir_param(n, "input_shape");
    if (weight && n->type->shape == nir_shape_dense)
        return (nh_shape){weight->rank > 0, {weight->rank > 0 ? weight->dim[weight->rank - 1] : 0}};
    if (weight) {
        if (!p || p->n > 2 || weight->rank < 3) return s;
        s = (nh_shape){1, {weight->dim[1] * (int64_t)nir_param(n, "groups")->number[0]}};
    } else if (n->type->shape == nir_shape_flatten)
        p = nir_param(n, "input_type");
    else if (n->type->shape == nir_shape_neuron) {
        for (int i = 0; n->type->param[i].name; i++)
            if (n->param[i] && (s.rank == 0 || n->param[i]->n > 1)) s = nir_without_ones(nir_h5_shape(n->param[i]), 1);
        return s.rank > 0 ? s : (nh_shape){1, {1}};
    }
    for (int64_t i = 0; p && i < p->n && s.rank < NH_MAX_RANK; i++) s.dim[s.rank++] = (int64_t)p->number[i];
    return s;
}

/* An Input that the file left out has the shape that is read from it. */
static bool infer_input(nir_model *m, nir_node *input) {
    for (int i = 0; i < m->n_node; i++) {
        const nir_node *port = &m->node[i];
        if (port->source == m->input && !port->has_bad_params && port->param[0] && port->type->cls == NIR_PORT_IN)
            return declared_shape(m, port, &input->y);
    }
    const nir_node *reader = &m->node[m->edge[m->out.edge[m->out.at[m->input]]].to];
    if (reader->has_bad_params) return false; /* reported */
    input->y = own_shape(reader);
    int64_t size = nh_shape_size(input->y);
    if (input->y.rank > 0 && size >= 1 && size <= NIR_MAX_ELEMENTS) return true;
    nh_report(m->d, NH_M_NIR_SHAPE, nir_at_node(m, reader),
              "the graph has no Input, and '%s' does not say what it reads", reader->name);
    nh_diag_hint(m->d, "write an Input node with the shape of one time step");
    return false;
}

/* A declared shape against the signal. */
static bool check_port(nir_model *m, nir_node *port, nh_shape signal) {
    nh_shape s;
    char text[96];
    if (!port->param[0] || port->has_bad_params) return true;
    if (!declared_shape(m, port, &s)) return false;
    if (nh_shape_equal(s, signal)) return true;
    if (nh_shape_size(s) == nh_shape_size(signal)) {
        nh_report(m->d, NH_M_NIR_OUTPUT_SHAPE, nir_at(m, port->param[0]->path), "'%s' declares %s; the signal is %s",
                  port->name, nh_shape_print(s, text), nh_shape_print(signal, (char[96]){0}));
        return true;
    }
    if (is_longer(s, signal)) return report_time(m, port, s, signal);
    nh_report(m->d, NH_M_NIR_SHAPE, nir_at(m, port->param[0]->path), "'%s' does not have the shape of its signal",
              port->name);
    nh_diag_found(m->d, "%s", nh_shape_print(s, text));
    nh_diag_allowed(m->d, "%s", nh_shape_print(signal, text));
    return false;
}

/* --- all --------------------------------------------------------------------------------------------------------- */

static bool shape_of_input(nir_model *m, nir_node *n) {
    if (!n->param[0]) return infer_input(m, n);
    if (!declared_shape(m, n, &n->y)) return false;
    if (n->y.rank > 3 && n->y.dim[0] == 1) { /* the first files have a batch in front */
        char text[96];
        nh_report(m->d, NH_M_NIR_OUTPUT_SHAPE, nir_at(m, n->param[0]->path),
                  "'%s' declares %s; the leading 1 is left out", n->name, nh_shape_print(n->y, text));
        n->y = nir_without_ones(n->y, 3);
    }
    if (n->y.rank == 0) n->y = (nh_shape){1, {1}};
    return true;
}

/* What works per element passes the shape of its signal on, whatever its parameters are; behind others nothing is
 * known. */
static bool past_bad_params(nir_node *n) {
    n->has_shape = n->type->shape == nir_shape_neuron || n->type->shape == nir_shape_same;
    n->is_bad = !n->has_shape;
    n->y = n->x;
    return false;
}

/* The signal of n is that of its first known source; what was reported is not reported again. */
static bool shape_of(nir_model *m, int index) {
    nir_node *n = &m->node[index];
    bool known = index == m->input;
    for (int k = m->in.at[index]; k < m->in.at[index + 1]; k++) {
        const nir_node *from = &m->node[m->edge[m->in.edge[k]].from];
        n->is_bad |= from->is_bad;
        if (from->has_shape && !known) n->x = from->y;
        known |= from->has_shape;
    }
    if (n->is_bad || !known) return false;
    if (n->has_bad_params) return past_bad_params(n);
    n->has_shape = index == m->input ? shape_of_input(m, n) : n->type->shape(m, n);
    int64_t size = n->has_shape ? nh_shape_size(n->y) : 1;
    if (size < 1 || size > NIR_MAX_ELEMENTS) {
        nh_report(m->d, NH_M_NIR_LIMIT, nir_at_node(m, n), "its output has more than 2^24 elements");
        n->has_shape = false;
    }
    if (n->has_shape && n->type->cls <= NIR_PORT_OUT && n->depth > 0) n->has_shape = check_port(m, n, n->y);
    n->is_bad |= !n->has_shape;
    return n->has_shape;
}

static bool check_sums(nir_model *m) {
    bool ok = true;
    for (int e = 0; e < m->n_edge; e++) {
        const nir_node *from = &m->node[m->edge[e].from];
        nir_node *to = &m->node[m->edge[e].to];
        if (!from->has_shape || !to->has_shape || nh_shape_equal(from->y, to->x)) continue;
        char text[96];
        ok = nh_report(m->d, NH_M_NIR_SHAPE, nir_at_node(m, to), "signals of different shapes are added at '%s'",
                       to->name);
        nh_diag_found(m->d, "%s from '%s' and %s", nh_shape_print(from->y, text), from->name,
                      nh_shape_print(to->x, (char[96]){0}));
    }
    return ok;
}

bool nir_shapes(nir_model *m) {
    bool ok = true;
    for (int i = 0; i < m->n_order; i++) ok &= shape_of(m, m->order[i]);
    ok &= check_sums(m);
    for (int i = 0; i < m->n_node; i++) {
        nir_node *n = &m->node[i];
        if (n->live && n->source >= 0 && m->node[n->source].has_shape) ok &= check_port(m, n, m->node[n->source].y);
    }
    nir_node *output = &m->node[m->output];
    return output->has_shape ? check_port(m, output, output->y) && ok : false;
}
