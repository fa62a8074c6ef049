/* Levers of a certificate: changes of the fabric or of the contexts, each planned, and the smallest that fits. */
#include <inttypes.h>
#include <string.h>

#include "route.h"

static const int64_t factor[][2] = {{5, 4}, {3, 2}, {2, 1}, {3, 1}, {4, 1}, {8, 1}, {16, 1}};
enum { FACTORS = sizeof factor / sizeof *factor, TOGETHER_MOST = 16 };

/* lacks: the resource that was missing, and how much of it is needed; NULL where it fits. */
typedef struct {
    int64_t cores;
    int contexts;
    bool fits;
    const char *lacks;
    int64_t needed;
} trial;

/* The fabric as it is filled: convs that are open are those in use. */
static nh_fabric settled(const nh_fabric *f, const nh_map_plan *p) {
    nh_fabric g = *f;
    if (p->option.convs_are_open) g.convs = 1;
    for (int64_t i = 0; p->option.convs_are_open && i < p->n_core; i++)
        if (p->core[i].convs > g.convs) g.convs = p->core[i].convs;
    return g;
}

static trial try_all(const nh_mapper *m, const nh_fabric *f, int64_t most, const nh_map_options *option,
                     bool ignores_wishes) {
    nh_arena *t = nh_arena_new();
    const nh_event_net *given = nh_map_find_thin(t, m->given, f);
    nh_map_plan p = {.option = *option};
    nh_mapper k = {.a = t,
                   .net = given,
                   .f = nh_map_ceiling(t, f, option),
                   .whole = f,
                   .p = &p,
                   .given = given,
                   .option = *option,
                   .most = most,
                   .ignores_wishes = ignores_wishes};
    trial r = {.cores = -1};
    if (nh_map_begin(&k) && nh_map_check_wishes(&k) && nh_map_partition(&k)) {
        r.cores = p.n_piece;
        r.fits = nh_map_arrange(&k);
        if (r.fits) r.cores = p.n_core, r.contexts = p.n_context;
    }
    if (!r.fits) r.lacks = p.certificate.resource, r.needed = p.certificate.needed;
    nh_fabric g = settled(f, &p);
    if (r.fits && !nh_map_host_fits(&p, &g)) r = (trial){-1, 0, false, "axons", nh_map_host_axons(&p, &g)};
    nh_arena_free(t);
    return r;
}

static trial try_option(const nh_mapper *m, const nh_fabric *f, int64_t most, const nh_map_options *option) {
    return try_all(m, f, most, option, false);
}

static trial try_with(const nh_mapper *m, const nh_fabric *f, int64_t most) {
    return try_option(m, f, most, &m->option);
}

/* change: new / old of what is turned. One that neither fits nor alters the number of cores is left out. */
static void add_lever(nh_mapper *m, const char *text, double change, trial t, int64_t base) {
    nh_map_certificate *c = &m->p->certificate;
    if (c->n_lever == NH_MAP_LEVERS || (!t.fits && t.cores == base)) return;
    c->lever[c->n_lever] = (nh_map_lever){text, t.cores, t.fits, change};
    if (t.fits && (c->smallest < 0 || change < c->lever[c->smallest].change)) c->smallest = c->n_lever;
    c->n_lever++;
}

static bool is_short_of(const nh_map_certificate *c, const char *name) {
    return c->is_structural && c->resource && strcmp(c->resource, name) == 0;
}

/* Synapse words of g in the memory that there is. */
static void keep_memory(const nh_mapper *m, nh_fabric *g) {
    int64_t kib = m->option.synapse_kib,
            bits = kib > 0 ? kib * 8192 : m->whole->synapses * nh_fabric_synapse_bits(m->whole);
    g->synapses = bits / nh_fabric_synapse_bits(g);
}

/* A size of the cores: what is missing, then by factors, up to the first that fits. *size is of g, a copy of the
 * fabric. */
static void scale(nh_mapper *m, const char *name, nh_fabric *g, int64_t *size, int64_t base) {
    const nh_map_certificate *c = &m->p->certificate;
    int64_t old = *size, lanes = m->whole->lanes, have = is_short_of(c, name) ? c->needed : 0;
    trial t = {.cores = -1};
    if (old < 1) old = 1;
    for (int i = have > *size ? -1 : 0; i < FACTORS && !t.fits; i++) {
        int64_t n = i < 0 ? have : nh_ceil_div(nh_ceil_div(old * factor[i][0], factor[i][1]), lanes) * lanes;
        if (i >= 0 && n <= have) continue;
        *size = n;
        if (size == &g->neurons && g->params < n / lanes) g->params = n / lanes;
        if (size == &g->neurons && m->option.synapse_kib > 0) keep_memory(m, g); /* words may name more neurons */
        t = try_with(m, g, m->most);
    }
    add_lever(m, nh_arena_printf(m->a, "%s: %" PRId64, name, *size), (double)*size / (double)old, t, base);
}

/* The same of synapse words where the configuration has their memory in KiB. */
static void scale_kib(nh_mapper *m, int64_t base) {
    const nh_map_certificate *c = &m->p->certificate;
    nh_fabric g = *m->whole;
    int64_t old = m->option.synapse_kib, bits = nh_fabric_synapse_bits(&g),
            have = is_short_of(c, "synapses") ? nh_ceil_div(c->needed * bits, 8192) : 0, kib = old;
    trial t = {.cores = -1};
    for (int i = have > old ? -1 : 0; i < FACTORS && !t.fits; i++) {
        kib = i < 0 ? have : nh_ceil_div(old * factor[i][0], factor[i][1]);
        if (i >= 0 && kib <= have) continue;
        g.synapses = nh_fabric_synapses_of(&g, kib);
        t = try_with(m, &g, m->most);
    }
    add_lever(m, nh_arena_printf(m->a, "synapse_kib: %" PRId64, kib), (double)kib / (double)old, t, base);
}

static void scale_sizes(nh_mapper *m, int64_t base) {
    nh_fabric g = *m->whole;
    if (m->option.synapse_kib > 0)
        scale_kib(m, base);
    else
        scale(m, "synapses", &g, &g.synapses, base);
    g = *m->whole;
    scale(m, "neurons", &g, &g.neurons, base);
    g = *m->whole;
    scale(m, "axons", &g, &g.axons, base);
    const nh_map_certificate *c = &m->p->certificate;
    g = *m->whole;
    if (is_short_of(c, "convs")) scale(m, "convs", &g, &g.convs, base);
    if (is_short_of(c, "delays")) {
        g.delays = (int64_t)1 << nh_log2_ceil((uint64_t)c->needed);
        add_lever(m, nh_arena_printf(m->a, "delays: %" PRId64, g.delays), (double)g.delays / (double)m->whole->delays,
                  try_with(m, &g, m->most), base);
    }
}

/* Bits: weights of half the bits in the same memory, payloads that hold the partial sums. */
static void scale_bits(nh_mapper *m, int64_t base) {
    const nh_map_certificate *c = &m->p->certificate;
    const nh_fabric *f = m->whole;
    nh_fabric g = *f;
    if (f->weight_bits >= 4) {
        g.weight_bits = f->weight_bits / 2;
        keep_memory(m, &g);
        add_lever(m,
                  nh_arena_printf(m->a, "weight_bits: %d (%" PRId64 " synapses in the same memory; train again)",
                                  g.weight_bits, g.synapses),
                  (double)f->weight_bits / g.weight_bits, try_with(m, &g, m->most), base);
    }
    if (c->payload_bits == 0 || c->payload_bits > 24) return;
    g = *f;
    g.payload_bits = c->payload_bits;
    if (nh_map_sum_model(f) < 0) {
        if (g.n_model == NH_FABRIC_MODELS) return;
        g.model[g.n_model++] = (nh_fabric_model){.name = "sum"};
    }
    add_lever(m, nh_arena_printf(m->a, "payload_bits: %d, with the model 'sum'", g.payload_bits),
              (double)g.payload_bits / f->payload_bits, try_with(m, &g, m->most), base);
}

/* What costs no hardware, or only the names of synapse words. */
static void soften(nh_mapper *m, int64_t base) {
    nh_map_options o = m->option;
    nh_fabric g = *m->whole;
    if (nh_map_has_wishes(m))
        add_lever(m, "layers: without cores, tiles and region", 1, try_all(m, &g, m->most, &o, true), base);
    o.share = NH_SHARE_ALWAYS;
    if (m->option.share == NH_SHARE_NEVER || m->option.share == NH_SHARE_FREE)
        add_lever(m, "share: always", 1, try_option(m, &g, m->most, &o), base);
    o = m->option;
    o.neurons_used = o.axons_used = o.synapses_used = 0;
    if (m->f->neurons < g.neurons || m->f->axons < g.axons || m->f->synapses < g.synapses)
        add_lever(m, "neurons_used, axons_used, synapses_used: 100", 1, try_option(m, &g, m->most, &o), base);
    g.sparse = !m->whole->sparse;
    if (m->option.synapse_kib > 0)
        keep_memory(m, &g);
    else if (m->whole->sparse)
        return; /* the same words without names are no more words */
    add_lever(m, g.sparse ? "sparse: true" : "sparse: false", 1, try_with(m, &g, m->most), base);
}

static void scale_mesh(nh_mapper *m, trial free) {
    const nh_fabric *f = m->whole;
    nh_fabric g = *f;
    trial t = {.cores = -1};
    int64_t most = m->most > 0 ? m->most : 1;
    while (!t.fits && (g.mesh_x < NH_FABRIC_MESH_MOST || g.mesh_y < NH_FABRIC_MESH_MOST)) {
        *((g.mesh_x <= g.mesh_y && g.mesh_x < NH_FABRIC_MESH_MOST) || g.mesh_y == NH_FABRIC_MESH_MOST ? &g.mesh_x
                                                                                                      : &g.mesh_y) += 1;
        if ((int64_t)g.mesh_x * g.mesh_y * most >= free.cores) t = try_with(m, &g, m->most);
    }
    if (t.cores >= 0)
        add_lever(m, nh_arena_printf(m->a, "mesh: [%d, %d]", g.mesh_x, g.mesh_y),
                  (double)(g.mesh_x * g.mesh_y) / (f->mesh_x * f->mesh_y), t, free.cores);
}

/* --- several sizes at once --------------------------------------------------------------------------------------- */

static bool raise_size(int64_t *size, int64_t needed) {
    bool more = needed > *size;
    if (more) *size = needed;
    return more;
}

/* Partial sums cannot be sent as the fabric is: their width, or cores of twice the inputs, which are split less. */
static bool raise_sums(nh_fabric *g, const trial *t, bool splits) {
    bool fits = splits && strcmp(t->lacks, "payload_bits") == 0 && t->needed <= 32 &&
                (nh_map_sum_model(g) >= 0 || g->n_model < NH_FABRIC_MODELS);
    if (!fits) return raise_size(&g->axons, 2 * g->axons) && raise_size(&g->synapses, 2 * g->synapses);
    if (nh_map_sum_model(g) < 0) g->model[g->n_model++] = (nh_fabric_model){.name = "sum"};
    g->payload_bits = (int)t->needed;
    return true;
}

/* What a trial lacks is given to g; false: that is no size. */
static bool give(nh_fabric *g, const trial *t, int64_t contexts, bool splits) {
    const char *lacks = t->lacks ? t->lacks : "";
    if (strcmp(lacks, "axons") == 0) return raise_size(&g->axons, t->needed);
    if (strcmp(lacks, "synapses") == 0) return raise_size(&g->synapses, t->needed);
    if (strcmp(lacks, "convs") == 0) return raise_size(&g->convs, t->needed);
    if (strcmp(lacks, "delays") == 0) return raise_size(&g->delays, (int64_t)1 << nh_log2_ceil((uint64_t)t->needed));
    if (strcmp(lacks, "payload_bits") == 0 || strcmp(lacks, "models named 'sum'") == 0) return raise_sums(g, t, splits);
    if (strcmp(lacks, "cores") != 0) return false;
    if (t->needed > (int64_t)NH_FABRIC_MESH_MOST * NH_FABRIC_MESH_MOST * contexts) /* larger cores, then */
        return raise_size(&g->axons, 2 * g->axons) && raise_size(&g->synapses, 2 * g->synapses) &&
               raise_size(&g->neurons, 2 * g->neurons) &&
               (g->params >= 2 * g->neurons / g->lanes || raise_size(&g->params, 2 * g->params));
    do {
        int *side = g->mesh_x <= g->mesh_y ? &g->mesh_x : &g->mesh_y;
        if (*side == NH_FABRIC_MESH_MOST) return false;
        ++*side;
    } while ((int64_t)g->mesh_x * g->mesh_y * contexts < t->needed);
    return true;
}

/* "axons: 480, delays: 16": what g has more of; *change: all factors. */
static const char *difference(nh_mapper *m, const nh_fabric *g, double *change) {
    const nh_fabric *f = m->whole;
    int64_t kib = m->option.synapse_kib, to_kib = nh_ceil_div(g->synapses * nh_fabric_synapse_bits(g), 8192);
    const struct {
        const char *key;
        int64_t from, to;
    } size[] = {{"neurons", f->neurons, g->neurons},
                {"axons", f->axons, g->axons},
                {kib ? "synapse_kib" : "synapses", kib ? kib : f->synapses, kib ? to_kib : g->synapses},
                {"params", f->params, g->params},
                {"convs", f->convs, g->convs},
                {"delays", f->delays, g->delays},
                {"payload_bits", f->payload_bits, g->payload_bits}};
    const char *text = "";
    *change = (double)(g->mesh_x * g->mesh_y) / (f->mesh_x * f->mesh_y);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        if (size[i].from == size[i].to) continue;
        text = nh_arena_printf(m->a, "%s%s%s: %" PRId64, text, *text ? ", " : "", size[i].key, size[i].to);
        *change *= (double)size[i].to / (double)(size[i].from > 0 ? size[i].from : 1);
    }
    if (g->mesh_x != f->mesh_x || g->mesh_y != f->mesh_y)
        text = nh_arena_printf(m->a, "%s%smesh: [%d, %d]", text, *text ? ", " : "", g->mesh_x, g->mesh_y);
    return text;
}

/* Where no single change fits: each size that turns out too small, one after the other; with partial sums, and with
 * cores that need none. */
static void together(nh_mapper *m) {
    for (int splits = 0; splits < 2; splits++) {
        nh_fabric g = *m->whole;
        trial t = try_with(m, &g, m->most);
        for (int i = 0; i < TOGETHER_MOST && !t.fits && give(&g, &t, m->most > 0 ? m->most : 1, splits); i++)
            t = try_with(m, &g, m->most);
        nh_fabric less = g;
        less.synapses = m->whole->synapses; /* raised with the axons: perhaps for nothing */
        trial with_less = t.fits && g.synapses > less.synapses ? try_with(m, &less, m->most) : (trial){0};
        if (with_less.fits) g = less, t = with_less;
        double change;
        const char *text = difference(m, &g, &change);
        if (t.fits && *text) add_lever(m, text, change, t, -1);
    }
}

static void hint(nh_mapper *m) {
    const nh_map_certificate *c = &m->p->certificate;
    const char *change =
        c->smallest < 0 ? NULL : nh_arena_printf(m->a, "smallest change that fits: %s", c->lever[c->smallest].lever);
    if (change || c->split)
        nh_diag_hint(m->d, "%s%s%s", c->split ? c->split : "", c->split && change ? "; " : "", change ? change : "");
}

void nh_map_levers(nh_mapper *m) {
    nh_map_certificate *c = &m->p->certificate;
    trial free = try_with(m, m->whole, 0); /* as many contexts as it takes */
    soften(m, free.cores);
    scale_sizes(m, free.cores);
    scale_bits(m, free.cores);
    if (!c->is_structural) scale_mesh(m, free);
    if (free.fits && m->most > 0)
        add_lever(m, nh_arena_printf(m->a, "contexts: %d", free.contexts), (double)free.contexts / (double)m->most,
                  free, -1);
    if (c->smallest < 0) together(m);
    hint(m);
}

/* Of a plan that stands but cannot be filled: what is missing, which is enough when nothing else is. */
void nh_map_lever_of_fill(nh_mapper *m) {
    nh_map_certificate *c = &m->p->certificate;
    if (!c->failed || c->n_lever > 0) return;
    if (strcmp(c->resource, "axons") == 0 && !c->is_mixed) { /* with other cores the plan is another */
        m->whole = m->f, m->option = m->p->option, m->most = m->option.most_contexts;
        together(m);
        hint(m);
        return;
    }
    trial t = {.cores = m->p->n_core, .contexts = m->p->n_context, .fits = !c->is_mixed};
    add_lever(m, nh_arena_printf(m->a, "%s: %" PRId64, c->resource, c->needed),
              (double)c->needed / (double)(c->available > 0 ? c->available : 1), t, -1);
    hint(m);
}
