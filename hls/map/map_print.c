/* A plan as text. */
#include <inttypes.h>
#include <string.h>

#include "map_parts.h"
#include "text.h"

enum { NAME_MOST = 200 };

static double percent(int64_t n, int64_t of) { return of > 0 ? 100.0 * (double)n / (double)of : 0; }

const char *nh_map_verdict(nh_arena *a, const nh_map_attempt *x) {
    if (x->accepted) return "the best so far";
    if (x->why)
        return nh_arena_printf(a, "rejected: %s (%" PRId64 " core%s, %d context%s)", x->why, x->best_cores,
                               x->best_cores == 1 ? "" : "s", x->best_contexts, x->best_contexts == 1 ? "" : "s");
    return nh_arena_printf(a, "rejected: '%s' needs %" PRId64 " %s, there are %" PRId64,
                           nh_text_clean(a, x->layer, NAME_MOST), x->needed, x->resource, x->available);
}

static void put_attempts(const nh_map_plan *p, FILE *out) {
    const nh_map_bound *b = &p->bound;
    nh_arena *a = nh_arena_new();
    fprintf(out, "lower bound: %" PRId64 " core%s, %d context%s: %" PRId64 " %s, a core has %" PRId64 "\n", b->cores,
            b->cores == 1 ? "" : "s", b->contexts, b->contexts == 1 ? "" : "s", b->needed, b->resource, b->of_core);
    for (int i = 0; i < p->n_attempt; i++) {
        const nh_map_attempt *x = &p->attempt[i];
        fprintf(out, "%d. %s: ", i + 1, x->what);
        if (x->contexts)
            fprintf(out, "%" PRId64 " core%s, %d context%s; ", x->cores, x->cores == 1 ? "" : "s", x->contexts,
                    x->contexts == 1 ? "" : "s");
        fprintf(out, "%s\n", nh_map_verdict(a, x));
    }
    nh_arena_free(a);
}

static void put_wishes(const nh_event_net *net, FILE *out) {
    nh_arena *a = nh_arena_new();
    for (int i = 0; i < net->n_pop; i++)
        if (net->pop[i].wish)
            fprintf(out, "decided by the configuration: %s %s\n", nh_text_clean(a, net->pop[i].name, NAME_MOST),
                    nh_map_wish_text(a, net->pop[i].wish));
    nh_arena_free(a);
}

static void put_memory(const nh_fabric *f, FILE *out) {
    int bits = nh_fabric_synapse_bits(f), weights = nh_fabric_word_weights(f) * f->weight_bits;
    fprintf(out, "synapse memory of a core: %" PRId64 " words of %d bits", f->synapses, bits);
    if (bits > weights) fprintf(out, " (%d of weights, %d for the neurons that they name)", weights, bits - weights);
    fprintf(out, ", %.1f KiB\n", (double)f->synapses * bits / 8192);
}

static void put_layers(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, FILE *out) {
    fprintf(out, "\n%-20s %6s %10s   %s\n%-20s %6s %10s %8s %9s %8s\n", "", "", "", "in use of its fullest core",
            "layer", "cores", "neurons", "neurons", "synapses", "axons");
    nh_arena *a = nh_arena_new();
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        const char *name = nh_text_clean(a, net->pop[u->pop].name, NAME_MOST);
        int pad = 20 - nh_text_columns(name);
        fprintf(out, "%s%*s %6" PRId64 " %10" PRId64 " %7.1f%% %8.1f%% %7.1f%%\n", name, pad > 0 ? pad : 0, "",
                u->cores, u->neurons, percent(u->words * f->lanes, f->neurons), percent(u->synapses, f->synapses),
                percent(u->axons, f->axons));
    }
    nh_arena_free(a);
}

/* The mesh, north on top: the fuller of neurons and synapses of every core, in percent. */
static void put_mesh(const nh_map_plan *p, const nh_fabric *f, int context, FILE *out) {
    int load[NH_FABRIC_MESH_MOST][NH_FABRIC_MESH_MOST] = {{0}};
    for (int64_t i = p->context_core[context]; i < p->context_core[context + 1]; i++) {
        const nh_map_core *c = &p->core[i];
        double n = percent(c->words * f->lanes, f->neurons), s = percent(c->synapses, f->synapses);
        load[c->y][c->x] = 1 + (int)(n > s ? n : s);
    }
    for (int y = f->mesh_y - 1; y >= 0; y--) {
        fputs("   ", out);
        for (int x = 0; x < f->mesh_x; x++) fprintf(out, load[y][x] ? " %3d" : "   .", load[y][x] - 1);
        fputc('\n', out);
    }
}

static void put_context(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, int context, FILE *out) {
    int64_t n = p->context_core[context + 1] - p->context_core[context], words = 0, synapses = 0, axons = 0,
            tiles = (int64_t)f->mesh_x * f->mesh_y;
    for (int64_t i = p->context_core[context]; i < p->context_core[context + 1]; i++)
        words += p->core[i].words, synapses += p->core[i].synapses, axons += p->core[i].axons;
    nh_map_traffic t = nh_map_traffic_of(p, net, context);
    fprintf(out,
            "\ncontext %d: %" PRId64 " of %" PRId64
            " core%s, neurons %.1f%%, synapses %.1f%%, axons %.1f%% of the mesh\n",
            context, n, tiles, tiles == 1 ? "" : "s", percent(words * f->lanes, tiles * f->neurons),
            percent(synapses, tiles * f->synapses), percent(axons, tiles * f->axons));
    fprintf(out,
            "  events per step%s: %.0f network inputs, %.0f from earlier contexts, %.0f network outputs, %.0f for "
            "later contexts\n",
            t.is_measured ? "" : " (at most)", t.in, t.carried_in, t.out, t.carried_out);
    put_mesh(p, f, context, out);
}

static void put_certificate(const nh_map_plan *p, FILE *out) {
    const nh_map_certificate *c = &p->certificate;
    nh_arena *a = nh_arena_new();
    fprintf(out, "\ndoes not fit: '%s' needs %" PRId64 " %s, there %s %" PRId64 "%s\n",
            nh_text_clean(a, c->layer ? c->layer : "-", NAME_MOST), c->needed, c->resource ? c->resource : "-",
            c->available == 1 ? "is" : "are", c->available, c->is_structural ? " (more cores do not help)" : "");
    if (c->split) fprintf(out, "  %s\n", nh_text_clean(a, c->split, SIZE_MAX));
    nh_arena_free(a);
    if (c->n_lever) fputs("  changes, each planned (x: how much more; *: the smallest that fits)\n", out);
    for (int i = 0; i < c->n_lever; i++) {
        const nh_map_lever *l = &c->lever[i];
        fprintf(out, "  %s %s (x %.2f): ", i == c->smallest ? "*" : "-", l->lever, l->change);
        if (l->fits)
            fprintf(out, "fits %" PRId64 " core%s\n", l->cores, l->cores == 1 ? "" : "s");
        else if (l->cores >= 0)
            fprintf(out, "needs %" PRId64 " core%s, is not enough\n", l->cores, l->cores == 1 ? "" : "s");
        else
            fputs("is not enough\n", out);
    }
}

/* Sizes that the configuration left to us. */
static void put_sizes(const nh_map_plan *p, const nh_fabric *f, FILE *out) {
    nh_fabric_size asked[NH_FABRIC_SIZE_COUNT], size[NH_FABRIC_SIZE_COUNT];
    bool any = false;
    if (!p->asked || p->certificate.failed) return;
    nh_fabric_list(p->asked, asked);
    for (int i = 0, n = nh_fabric_list(f, size); i < n; i++) {
        if (asked[i].value >= asked[i].least || strcmp(size[i].key, "synapses") == 0) continue;
        fprintf(out, "%s%s %" PRId64, any ? ", " : "sizes that this network needs: ", size[i].key, size[i].value);
        any = true;
    }
    if (any) fputs("\n\n", out);
}

void nh_map_print(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, FILE *out) {
    if (p->net) net = p->net;
    put_wishes(net, out);
    put_sizes(p, f, out);
    put_attempts(p, out);
    put_memory(f, out);
    put_layers(p, net, f, out);
    if (p->certificate.failed) {
        put_certificate(p, out);
        return;
    }
    for (int c = 0; c < p->n_context; c++) put_context(p, net, f, c, out);
    fprintf(out,
            "\n%" PRId64 " core%s, %d context%s, %" PRId64
            " flits and ticks a sample (loading included), traffic x hops %.0f per step, at most %" PRId64
            " route%s in a core\n",
            p->n_core, p->n_core == 1 ? "" : "s", p->n_context, p->n_context == 1 ? "" : "s", p->cost, p->traffic_hops,
            p->routes_most, p->routes_most == 1 ? "" : "s");
    fprintf(out, "the host sends at most %.0f words a step (%.0f without multicast)\n", p->host_words,
            p->host_words_alone);
}
