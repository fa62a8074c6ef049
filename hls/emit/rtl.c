/* The network as a netlist: one module per unit (rtl_<kind>.c), one top module that joins them by streams (rtl_top.c).
 * Behaviour is in the templates. */
#include "rtl_parts.h"

/* Longest flat vector that Verilator and Icarus were measured to take, in bits. */
enum { MAX_VECTOR_BITS = 1 << 20 };

static const struct {
    void (*check)(nh_rtl_job *j, const nh_unit *u);
    bool (*emit)(nh_rtl_job *j, const nh_unit *u);
} kinds[] = {
#define NH_UNIT(symbol, name) [NH_UNIT_##symbol] = {nh_rtl_##name##_check, nh_rtl_##name},
#include "units.def"
#undef NH_UNIT
};

void nh_rtl_check_bits(nh_rtl_job *j, const nh_unit *u, const char *what, int64_t bits) {
    if (bits <= MAX_VECTOR_BITS) return;
    const nh_layer *l = u && u->n_layer ? &j->g->graph->layer[u->layer[0]] : NULL;
    nh_report(j->d, NH_P_VECTOR, l ? l->at : NH_NOWHERE, "%s would be a vector of %lld bits", what, (long long)bits);
    if (l) nh_diag_layer(j->d, l->name);
    nh_diag_allowed(j->d, "%d bits, the longest that the simulators take", MAX_VECTOR_BITS);
    nh_diag_hint(j->d, "use `io: stream` with a smaller `beat`, or strategy resource with a larger reuse_factor");
}

bool nh_emit_rtl_check(nh_arena *a, nh_diag *d, const nh_design *g) {
    nh_rtl_job check = {.a = a, .d = d, .g = g, .project = g->opt->project}, *j = &check;
    size_t errors = d->n_error;
    for (int i = 0; i < g->n_stream; i++) {
        const nh_stream *s = &g->stream[i];
        int scale = s->src < 0 || s->dst < 0 ? nh_axi_element_bits(s->fmt) : s->fmt.width_bits;
        int64_t beat = s->src_beat > s->dst_beat ? s->src_beat : s->dst_beat;
        nh_rtl_check_bits(j,
                          s->dst >= 0   ? &g->unit[s->dst]
                          : s->src >= 0 ? &g->unit[s->src]
                                        : NULL,
                          "a stream's transfer", beat * scale);
    }
    for (int i = 0; i < g->n_unit; i++) kinds[g->unit[i].kind].check(j, &g->unit[i]);
    return d->n_error == errors;
}

static const char **stream_nets(nh_rtl_job *j) {
    static const char *const part[] = {"valid", "ready", "data"};
    const char **net = nh_arena_array(j->a, (size_t)j->g->n_stream * 3 + 1, sizeof *net);
    for (int i = 0; i < j->g->n_stream * 3; i++)
        net[i] = nh_arena_printf(j->a, "%s_%s", j->g->stream[i / 3].id, part[i % 3]);
    return net;
}

bool nh_emit_rtl(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir) {
    nh_rtl_job j = {.a = a, .d = d, .g = g, .project = g->opt->project};
    if (!nh_emit_rtl_check(a, d, g) || !nh_mkdirs(d, dir)) return false;
    j.out = nh_rtl_out_new(a, dir, j.project, p);
    bool ok = true;
    for (int i = 0; i < g->n_unit; i++) ok = kinds[g->unit[i].kind].emit(&j, &g->unit[i]) && ok;
    ok = nh_rtl_top(&j) && ok;
    return ok && nh_rtl_out_finish(j.out, d, stream_nets(&j), g->n_stream * 3);
}
