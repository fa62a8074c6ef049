/* What the user decides about layers: on how many cores, on which tiles. */
#include <inttypes.h>
#include <string.h>

#include "map_parts.h"

const nh_map_wish *nh_map_wish_of(const nh_mapper *m, int pop) {
    return m->ignores_wishes ? NULL : m->net->pop[pop].wish;
}

bool nh_map_has_wishes(const nh_mapper *m) {
    bool any = false;
    for (int i = 0; i < m->net->n_pop; i++) any |= nh_map_wish_of(m, i) != NULL;
    return any;
}

int64_t nh_map_cores_wanted(const nh_mapper *m, int pop) {
    int boxes = m->net->pop[pop].boxes_of;
    const nh_map_wish *w = nh_map_wish_of(m, boxes ? boxes - 1 : pop);
    return !w ? 0 : w->n_tile ? w->n_tile : w->cores;
}

nh_rect nh_map_rect_of(const nh_mapper *m, int64_t piece) {
    const nh_map_plan *p = m->p;
    int pop = p->piece[piece].pop;
    const nh_map_wish *w = nh_map_wish_of(m, pop);
    nh_rect all = {0, m->f->mesh_x - 1, 0, m->f->mesh_y - 1};
    if (w && w->n_tile) {
        const nh_tile *t = &w->tile[piece - p->first_piece[p->position[pop]]];
        return (nh_rect){t->x, t->x, t->y, t->y};
    }
    if (!w || !w->n_region) return all;
    return (nh_rect){(int)w->region[0], (int)(w->region[0] + w->region[2]) - 1, (int)w->region[1],
                     (int)(w->region[1] + w->region[3]) - 1};
}

bool nh_map_rect_has(nh_rect r, int x, int y) { return x >= r.x0 && x <= r.x1 && y >= r.y0 && y <= r.y1; }

bool nh_map_rect_is_whole(const nh_fabric *f, nh_rect r) {
    return r.x0 == 0 && r.y0 == 0 && r.x1 == f->mesh_x - 1 && r.y1 == f->mesh_y - 1;
}

bool nh_map_fail_wish(nh_mapper *m, nh_loc at, nh_map_certificate why, const char *text) {
    nh_map_certificate *c = &m->p->certificate;
    why.failed = true;
    why.smallest = -1;
    if (!c->failed) *c = why;
    if (!m->d) return false;
    nh_report(m->d, NH_P_MAP_WISH, at, "%s", text);
    nh_diag_layer(m->d, why.layer);
    nh_diag_found(m->d, "%" PRId64 " %s", why.needed, why.resource);
    nh_diag_allowed(m->d, "%" PRId64, why.available);
    return false;
}

static bool outside(nh_mapper *m, nh_loc at, const char *layer, const char *axis, int64_t end, int64_t tiles) {
    return nh_map_fail_wish(m, at,
                            (nh_map_certificate){.layer = layer,
                                                 .resource = nh_arena_printf(m->a, "tiles along %s", axis),
                                                 .needed = end,
                                                 .available = tiles},
                            nh_arena_printf(m->a, "'%s' is to be on tiles that the mesh does not have", layer));
}

/* Every tile is one of the mesh, and of a layer's no two are the same. */
static bool check_wish(nh_mapper *m, const char *layer, const nh_map_wish *w) {
    int x = m->f->mesh_x, y = m->f->mesh_y;
    for (int i = 0; i < w->n_tile; i++) {
        const nh_tile *t = &w->tile[i];
        if (t->x >= x) return outside(m, w->tile_at, layer, "x", t->x + 1, x);
        if (t->y >= y) return outside(m, w->tile_at, layer, "y", t->y + 1, y);
        for (int k = 0; k < i; k++)
            if (w->tile[k].x == t->x && w->tile[k].y == t->y)
                return nh_map_fail_wish(
                    m, w->tile_at,
                    (nh_map_certificate){.layer = layer,
                                         .resource = "cores on one tile",
                                         .needed = 2,
                                         .available = 1,
                                         .is_structural = true},
                    nh_arena_printf(m->a, "'%s' is to be on tile [%d, %d] twice", layer, t->x, t->y));
    }
    if (w->n_region && w->region[0] + w->region[2] > x)
        return outside(m, w->region_at, layer, "x", w->region[0] + w->region[2], x);
    if (w->n_region && w->region[1] + w->region[3] > y)
        return outside(m, w->region_at, layer, "y", w->region[1] + w->region[3], y);
    return true;
}

bool nh_map_check_wishes(nh_mapper *m) {
    bool ok = true;
    for (int i = 0; i < m->net->n_pop; i++) {
        const nh_map_wish *w = nh_map_wish_of(m, i);
        if (w) ok = check_wish(m, m->net->pop[i].name, w) && ok;
    }
    return ok;
}

const char *nh_map_wish_text(nh_arena *a, const nh_map_wish *w) {
    const char *text = w->n_tile ? w->n_tile > 1 ? "on tiles" : "on tile" : "";
    for (int i = 0; i < w->n_tile; i++)
        text = nh_arena_printf(a, "%s%s [%d, %d]", text, i ? "," : "", w->tile[i].x, w->tile[i].y);
    if (w->cores && !w->n_tile) text = nh_arena_printf(a, "on %" PRId64 " core%s", w->cores, w->cores == 1 ? "" : "s");
    if (w->n_region)
        text = nh_arena_printf(a, "%s%sin region [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]", text,
                               *text ? " " : "", w->region[0], w->region[1], w->region[2], w->region[3]);
    return text;
}
