/* The parts as a report shows them. */
#include "parts.h"

static const char *layers_of(nh_arena *a, const nh_parts *p, const nh_part *part) {
    const char *all = "";
    for (int i = 0; i < part->n_layer; i++)
        all = nh_arena_printf(a, "%s%s%s", all, i ? ", " : "", p->graph->layer[part->layer[i]].name);
    return all;
}

static const char *plural(int64_t n) { return n == 1 ? "" : "s"; }

/* Of a fabric that several parts share: whose it is. */
static const char *built(nh_arena *a, const nh_parts *p, const nh_part *part) {
    if (part->place == NH_PLACE_HOST) return "C kernels";
    if (part->place == NH_PLACE_PIPELINE)
        return nh_arena_printf(a, "%d unit%s, II %lld", part->design->n_unit, plural(part->design->n_unit),
                               (long long)part->design->ii_cycles);
    const nh_map_plan *m = part->plan;
    const char *cores = nh_arena_printf(a, "%lld core%s of %dx%d", (long long)m->n_core, plural(m->n_core),
                                        part->fabric->mesh_x, part->fabric->mesh_y);
    if (m->n_context > 1) cores = nh_arena_printf(a, "%s, %d contexts", cores, m->n_context);
    const nh_part *host = &p->part[part->shares];
    return host == part ? cores : nh_arena_printf(a, "%s of %s", cores, host->id);
}

static const char *maker_of(const nh_parts *p, int tensor) {
    return p->graph->layer[p->graph->tensor[tensor].producer].name;
}

static const char *format_of(nh_arena *a, const nh_parts *p, int tensor) {
    char text[NH_FORMAT_TEXT];
    return nh_arena_str(a, nh_format_print(p->graph->tensor[tensor].q.fmt, text));
}

static const char *maker_name(nh_arena *a, const nh_parts *p, int tensor) {
    return nh_arena_str(a, maker_of(p, tensor));
}

/* Of all tensors that a part reads, in their order: "lif, side_lif". */
static const char *inputs_of(nh_arena *a, const nh_parts *p, const nh_part *part,
                             const char *(*text)(nh_arena *, const nh_parts *, int)) {
    const char *all = "";
    for (int k = 0; k < part->n_in; k++)
        all = nh_arena_printf(a, "%s%s%s", all, k ? ", " : "", text(a, p, part->in[k]));
    return all;
}

nh_part_fact *nh_parts_facts(nh_arena *a, const nh_parts *p) {
    nh_part_fact *f = nh_arena_array(a, (size_t)p->n_part, sizeof *f);
    for (int i = 0; i < p->n_part; i++) {
        const nh_part *part = &p->part[i];
        f[i] = (nh_part_fact){.id = part->id,
                              .place = nh_place_text(part->place),
                              .layers = layers_of(a, p, part),
                              .in = inputs_of(a, p, part, maker_name),
                              .out = maker_of(p, part->out)};
        f[i].in_format = inputs_of(a, p, part, format_of);
        f[i].out_format = format_of(a, p, part->out);
        for (int k = 0; k < part->n_in; k++) f[i].in_values += nh_shape_size(p->graph->tensor[part->in[k]].shape);
        f[i].out_values = nh_shape_size(p->graph->tensor[part->out].shape);
        f[i].built = built(a, p, part);
        f[i].shares = part->shares >= 0 && part->shares != i ? p->part[part->shares].id : NULL;
        if (part->place != NH_PLACE_PIPELINE) continue;
        const nh_resources *e = &part->design->estimate;
        f[i].estimated = true;
        f[i].luts_estimate = e->luts, f[i].ffs_estimate = e->ffs, f[i].brams_estimate = e->brams,
        f[i].dsps_estimate = e->dsps;
    }
    return f;
}
