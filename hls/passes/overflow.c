/* Overflow of results over the calibration data. */
#include "infer.h"

static void warn_clipped(nh_infer *c, const nh_layer *l) {
    const nh_fx_count *n = &l->result_overflow;
    char buf[NH_FORMAT_TEXT];
    bool was_given =
        l->op == NH_OP_INPUT ? !c->o->input.format.is_auto || c->o->input.has_scale : !l->opt.result.is_auto;
    if (n->overflowed == 0) return;
    nh_infer_say(c, l, was_given ? NH_N_RESULT_OVERFLOW : NH_N_FORMAT,
                 "%llu of %llu values over the calibration data %s %s", (unsigned long long)n->overflowed,
                 (unsigned long long)n->n, was_given ? "leave" : "are clipped by the method to",
                 nh_format_print(c->g->tensor[l->out].q.fmt, buf));
}

static void count_step(nh_infer *c, const nh_float_net *net) {
    for (int i = 0; i < c->g->n_layer; i++) {
        nh_layer *l = &c->g->layer[i];
        const nh_tensor *t = &c->g->tensor[l->out];
        const double *value = nh_float_net_value(net, l->out);
        int64_t n = c->may_clip[l->out] ? nh_shape_size(t->shape) : 0;
        for (int64_t k = 0; k < n; k++) nh_fx_from_double(value[k] / t->q.scale, t->q.fmt, &l->result_overflow);
    }
}

void nh_infer_count_overflow(nh_infer *c) {
    bool any = false;
    int64_t n_in = nh_shape_size(c->g->tensor[c->g->input].shape);
    for (int t = 0; t < c->g->n_tensor; t++) any = any || c->may_clip[t];
    if (!any) return;
    nh_float_net *net = nh_float_net_new(c->scratch, c->g, NH_FLOAT64);
    for (int64_t at = 0; at < c->samples->n * c->samples->size; at += n_in) {
        if (at % c->samples->size == 0) nh_float_net_reset(net);
        nh_float_net_step(net, c->samples->x + at);
        count_step(c, net);
    }
    for (int i = 0; i < c->g->n_layer; i++) warn_clipped(c, &c->g->layer[i]);
}
