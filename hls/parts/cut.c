/* Layers -> parts. Loops are units that are never cut; then neighbours of one place are joined, and a part that makes
 * several tensors is parted again. A way that leaves a part and comes back leaves it by another tensor than the output:
 * so no part waits for itself. */
#include <string.h>

#include "parts_internal.h"

enum { NO_PART = -1 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    bool *live;
    nh_place_kind *place;
    int *part; /* [n_layer] its part is the layer of this index, NO_PART: none */
} cut;

const char *nh_place_text(nh_place_kind p) {
    static const char *const text[] = {"host", "pipeline", "fabric"};
    return text[p];
}

nh_place_kind nh_place_of(const nh_layer *l) {
    if (l->opt.strategy == NH_STRATEGY_EVENT) return NH_PLACE_FABRIC;
    return l->opt.strategy == NH_STRATEGY_HOST ? NH_PLACE_HOST : NH_PLACE_PIPELINE;
}

static bool is_wire(const nh_layer *l) { return nh_op_get(l->op)->strategies == NH_STRATEGY_WIRE; }

bool nh_is_mixed(const nh_graph *g) {
    int first = -1;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (is_wire(l)) continue;
        if (nh_place_of(l) == NH_PLACE_HOST) return true;
        if (first >= 0 && nh_place_of(l) != nh_place_of(&g->layer[first])) return true;
        if (first < 0) first = i;
    }
    return false;
}

static bool is_on_fabric(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (nh_place_of(&g->layer[i]) == NH_PLACE_FABRIC) return true;
    return false;
}

nh_parts *nh_parts_find(nh_arena *a, nh_diag *d, nh_graph *g, nh_options *o) {
    if (nh_is_mixed(g)) return nh_parts_cut(a, d, g, o);
    size_t n = (size_t)g->n_layer;
    nh_parts *p = NH_NEW(a, nh_parts);
    *p = (nh_parts){
        .graph = g, .part = NH_NEW(a, nh_part), .n_part = 1, .part_of = nh_arena_array(a, n, sizeof *p->part_of)};
    *p->part = (nh_part){.id = "",
                         .place = is_on_fabric(g) ? NH_PLACE_FABRIC : NH_PLACE_PIPELINE,
                         .layer = nh_arena_array(a, n, sizeof *p->part->layer),
                         .n_layer = g->n_layer,
                         .in = {g->input},
                         .n_in = 1,
                         .out = g->output,
                         .from = {-1},
                         .graph = g,
                         .opt = o,
                         .shares = -1};
    for (int i = 0; i < g->n_layer; i++) p->part->layer[i] = i;
    return p;
}

const nh_part *nh_parts_only(const nh_parts *p) { return p->n_part == 1 && !*p->part->id ? p->part : NULL; }

static int maker(const cut *c, int tensor) { return c->g->tensor[tensor].producer; }

static void find_live(cut *c) {
    c->live[maker(c, c->g->output)] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = c->g->n_layer - 1; i >= 0; i--)
            for (int k = 0; c->live[i] && k < c->g->layer[i].n_in; k++) {
                bool *from = &c->live[maker(c, c->g->layer[i].in[k])];
                changed |= !*from;
                *from = true;
            }
    }
}

static bool is_input(const cut *c, int i) { return c->g->layer[i].op == NH_OP_INPUT; }

/* A layer that may stand in a part. */
static bool counts(const cut *c, int i) { return c->live[i] && !is_input(c, i); }

/* Wires behind the input go with the first that reads them, others with what they read. */
static void find_places(cut *c) {
    const nh_graph *g = c->g;
    int *reader = nh_arena_array(c->a, (size_t)g->n_tensor, sizeof *reader);
    memset(reader, -1, (size_t)g->n_tensor * sizeof *reader);
    for (int i = g->n_layer - 1; i >= 0; i--)
        for (int k = 0; c->live[i] && k < g->layer[i].n_in; k++) reader[g->layer[i].in[k]] = i;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        int from = l->n_in > 0 ? maker(c, l->in[0]) : -1;
        if (!is_wire(l))
            c->place[i] = nh_place_of(l);
        else if (from >= 0 && !is_wire(&g->layer[from]))
            c->place[i] = nh_place_of(&g->layer[from]);
        else if (from >= 0 && !is_input(c, from))
            c->place[i] = c->place[from];
        else {
            int r = i;
            while (is_wire(&g->layer[r]) && reader[g->layer[r].out] >= 0) r = reader[g->layer[r].out];
            c->place[i] = nh_place_of(&g->layer[r]);
        }
    }
}

/* --- loops ------------------------------------------------------------------------------------------------------- */

/* reached[i]: from `start` a way leads to layer i (forward), or from i to `start`. */
static bool *reach(const cut *c, int start, bool forward) {
    bool *reached = nh_arena_array(c->a, (size_t)c->g->n_layer, sizeof *reached), changed = true;
    reached[start] = true;
    while (changed) {
        changed = false;
        for (int i = 0; i < c->g->n_layer; i++)
            for (int k = 0; counts(c, i) && k < c->g->layer[i].n_in; k++) {
                int from = maker(c, c->g->layer[i].in[k]), seen = forward ? from : i, new = forward ? i : from;
                if (!reached[seen] || reached[new]) continue;
                reached[new] = changed = true;
            }
    }
    return reached;
}

static void join(cut *c, int from, int to) {
    for (int i = 0, old = c->part[from], new = c->part[to]; i < c->g->n_layer; i++)
        if (c->part[i] == old) c->part[i] = new;
}

static bool refuse_loop(const cut *c, int first, int second) {
    const nh_layer *a = &c->g->layer[first], *b = &c->g->layer[second];
    nh_report(c->d, NH_P_PART_LOOP, b->opt.strategy_at.line ? b->opt.strategy_at : b->at,
              "a loop leads through layer '%.80s' (%s) and layer '%.80s' (%s)", a->name, nh_place_text(c->place[first]),
              b->name, nh_place_text(c->place[second]));
    nh_diag_layer(c->d, b->name);
    nh_diag_hint(c->d, "give both the same strategy: a loop stands in one place");
    return false;
}

/* All layers of the loop that layer `closing` (a delay) closes are one part. Its delays, which the reader may have
 * made, go with the others. */
static bool join_loop(cut *c, int closing) {
    const bool *ahead = reach(c, closing, true), *back = reach(c, closing, false);
    int first = -1;
    for (int i = 0; i < c->g->n_layer; i++) {
        const nh_layer *l = &c->g->layer[i];
        if (!counts(c, i) || !ahead[i] || !back[i]) continue;
        join(c, i, closing);
        if (is_wire(l) || l->op == NH_OP_DELAY) continue;
        if (first >= 0 && c->place[i] != c->place[first]) return refuse_loop(c, first, i);
        if (first < 0) first = i;
    }
    for (int i = 0; first >= 0 && i < c->g->n_layer; i++)
        if (c->part[i] == c->part[closing]) c->place[i] = c->place[first];
    return true;
}

static bool join_loops(cut *c) {
    bool ok = true;
    for (int i = 0; i < c->g->n_layer; i++)
        for (int k = 0; counts(c, i) && k < c->g->layer[i].n_in; k++)
            if (maker(c, c->g->layer[i].in[k]) >= i) ok &= join_loop(c, i);
    return ok;
}

/* --- neighbours -------------------------------------------------------------------------------------------------- */

/* From the output on: where a layer may stay with one of two others only, weights stay with the neurons that read them.
 */
static bool join_neighbours(cut *c) {
    bool changed = false;
    for (int i = c->g->n_layer - 1; i >= 0; i--)
        for (int k = 0; counts(c, i) && k < c->g->layer[i].n_in; k++) {
            int from = maker(c, c->g->layer[i].in[k]);
            if (!counts(c, from) || c->part[from] == c->part[i] || c->place[from] != c->place[i]) continue;
            join(c, i, from);
            changed = true;
        }
    return changed;
}

/* --- one tensor that leaves -------------------------------------------------------------------------------------- */

/* Does the tensor that layer i makes leave its part? */
static bool leaves(const cut *c, int i) {
    const nh_graph *g = c->g;
    if (g->layer[i].out == g->output) return true;
    for (int r = 0; r < g->n_layer; r++)
        for (int k = 0; counts(c, r) && k < g->layer[r].n_in; k++)
            if (maker(c, g->layer[r].in[k]) == i && c->part[r] != c->part[i]) return true;
    return false;
}

/* What layer i needs of its part becomes a part of its own, if that is not all of it. No circle of parts comes of it:
 * what it needs of other parts they have without it. */
static bool part_off(cut *c, int i) {
    const bool *needed = reach(c, i, false);
    int root = c->part[i], rest = -1;
    for (int k = 0; k < c->g->n_layer; k++)
        if (c->part[k] == root && !needed[k] && rest < 0) rest = k;
    if (rest < 0) return false;
    for (int k = 0; k < c->g->n_layer; k++)
        if (c->part[k] == root) c->part[k] = needed[k] ? i : rest;
    return true;
}

/* Every part makes one tensor: of several the earlier ones are made by parts of their own. */
static bool part_again(cut *c) {
    const nh_graph *g = c->g;
    for (int i = 0; i < g->n_layer; i++) {
        if (!counts(c, i) || !leaves(c, i)) continue;
        for (int k = i + 1; k < g->n_layer; k++)
            if (c->part[k] == c->part[i] && leaves(c, k) && (part_off(c, i) || part_off(c, k))) return true;
    }
    return false;
}

/* --- parts in order ---------------------------------------------------------------------------------------------- */

/* Is everything that the part `root` reads in a part that has its number? */
static bool is_next(const cut *c, int root, const int *number) {
    for (int i = 0; i < c->g->n_layer; i++)
        for (int k = 0; c->part[i] == root && k < c->g->layer[i].n_in; k++) {
            int from = maker(c, c->g->layer[i].in[k]);
            if (counts(c, from) && c->part[from] != root && number[from] < 0) return false;
        }
    return true;
}

static void add_part(cut *c, nh_parts *p, int root) {
    nh_part *part = &p->part[p->n_part];
    int index = p->n_part++;
    *part = (nh_part){.id = nh_arena_printf(c->a, "p%d_%s", index, nh_place_text(c->place[root])),
                      .place = c->place[root],
                      .out = -1,
                      .shares = -1};
    part->layer = nh_arena_array(c->a, (size_t)c->g->n_layer, sizeof *part->layer);
    for (int i = 0; i < c->g->n_layer; i++)
        if (c->part[i] == root) part->layer[part->n_layer++] = i, p->part_of[i] = index;
}

/* The parts by the first of their layers, each behind those that it reads. */
static void number_parts(cut *c, nh_parts *p) {
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < c->g->n_layer && !changed; i++) {
            if (!counts(c, i) || p->part_of[i] >= 0 || !is_next(c, c->part[i], p->part_of)) continue;
            add_part(c, p, c->part[i]);
            changed = true;
        }
    }
}

nh_parts *nh_parts_cut(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o) {
    nh_arena *scratch = nh_arena_new();
    size_t n = (size_t)g->n_layer;
    cut c = {scratch,
             d,
             g,
             nh_arena_array(scratch, n, sizeof(bool)),
             nh_arena_array(scratch, n, sizeof(nh_place_kind)),
             nh_arena_array(scratch, n, sizeof(int))};
    nh_parts *p = NH_NEW(a, nh_parts);
    *p = (nh_parts){.graph = g,
                    .part = nh_arena_array(a, n + 1, sizeof *p->part),
                    .part_of = nh_arena_array(a, n, sizeof *p->part_of)};
    memset(p->part_of, -1, n * sizeof *p->part_of);
    find_live(&c);
    find_places(&c);
    for (int i = 0; i < g->n_layer; i++) c.part[i] = counts(&c, i) ? i : NO_PART;
    bool ok = join_loops(&c);
    while (ok && join_neighbours(&c)) {}
    while (ok && part_again(&c)) {}
    c.a = a;
    if (ok) number_parts(&c, p);
    nh_arena_free(scratch);
    if (ok && p->n_part == 0)
        return nh_report(d, NH_P_EMPTY, o->model_at, "no layer of the network needs hardware"), NULL;
    return ok && nh_parts_close(a, d, p, o) ? p : NULL;
}
