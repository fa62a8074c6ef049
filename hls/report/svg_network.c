/* The picture of the units. A chain runs in rows; what forks, joins or comes back stands in levels, from the top down.
 */
#include <inttypes.h>
#include <string.h>

#include "html_parts.h"

enum {
    BOX_W = 208,
    BOX_H = 132,
    PORT_H = 64,
    GAP = 44,
    PER_ROW = 4,
    ROW_H = BOX_H + 44,
    LANE = 12, /* between wires that run beside the boxes */
    LEVEL_GAP = 58
};

typedef struct {
    int x, y, h;
    int level, slot;
    int n_out, n_in; /* wires; and those drawn so far: */
    int out_drawn, in_drawn;
    bool is_late, is_loose; /* nothing but what comes back leads to it */
} node;

typedef struct {
    int from, to;
    bool is_back;
} edge;

/* Nodes: the input port, the units, the output port. Forks are not drawn: their wires begin where theirs comes from. */
typedef struct {
    nh_html *h;
    node *at;
    int n_node;
    edge *wire;
    int n_wire;
    int width, height, lanes;
} picture;

static const char *stream_text(nh_html *h, int stream) {
    const nh_stream *s = &h->f->design->stream[stream];
    char fmt[NH_FORMAT_TEXT];
    return nh_arena_printf(h->a, "%" PRId64 " x %s", s->n, nh_format_print(s->fmt, fmt));
}

/* --- boxes ------------------------------------------------------------------------------------------------------- */

static void port_box(nh_html *h, const node *n, const char *title, int stream) {
    nh_printf(h->w, "<rect class=\"port\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", n->x, n->y, BOX_W,
              n->h);
    nh_svg_label(h, n->x + 14, n->y + 30, "", title);
    nh_svg_label(h, n->x + 14, n->y + 50, "soft", stream_text(h, stream));
}

static const char *stripe(nh_unit_kind kind) {
    if (kind == NH_UNIT_MAC || kind == NH_UNIT_CONV || kind == NH_UNIT_POOL) return "a";
    return kind == NH_UNIT_DELAY ? "c" : "b";
}

static void unit_box(nh_html *h, const node *n, const nh_unit *u) {
    const nh_resource_row r = nh_unit_row(h->f, u);
    const nh_cycles_fact *c = nh_unit_cycles(h->f, u);
    nh_arena *a = h->a;
    int x = n->x, y = n->y;
    bool measured = c && c->measured_latency >= 0;
    const nh_part_fact *part = nh_unit_part(h->f, u);
    nh_printf(h->w, "<rect class=\"box%s%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>",
              part ? " in-" : "", part ? part->place : "", x, y, BOX_W, BOX_H);
    nh_printf(h->w, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"4\" height=\"%d\" rx=\"2\"/>\n", stripe(u->kind), x,
              y + 10, BOX_H - 20);
    nh_svg_label(h, x + 14, y + 24, "", nh_text_clean(a, u->id, 30));
    nh_svg_label(h, x + 14, y + 42, "soft", nh_text_clean(a, nh_unit_layers(a, h->f->design, u), 32));
    nh_svg_label(h, x + 14, y + 118, "soft", stream_text(h, u->out[0]));
    if (part && strcmp(part->place, "pipeline") != 0) {
        nh_svg_label(h, x + 14, y + 64, "", part->id);
        nh_svg_label(h, x + 14, y + 82, "", nh_text_clean(a, part->built, 32));
        return;
    }
    nh_svg_label(h, x + 14, y + 64, "",
                 nh_arena_printf(a, "%s, R = %" PRId64, nh_strategy_text(u->strategy), u->reuse_factor));
    const char *cycles = nh_arena_printf(a, "II %" PRId64 ", latency %" PRId64, u->ii_cycles,
                                         measured ? c->measured_latency : u->latency_cycles);
    const char *source = measured ? " measured" : " planned";
    nh_svg_label(h, x + 14, y + 82, "", strlen(cycles) > 22 ? cycles : nh_arena_printf(a, "%s%s", cycles, source));
    nh_svg_label(h, x + 14, y + 100, "",
                 nh_arena_printf(a, "%" PRId64 " LUT, %" PRId64 " FF%s", r.counted ? r.counted->luts : r.estimate.luts,
                                 r.counted ? r.counted->ffs : r.estimate.ffs, r.counted ? "" : " (estimate)"));
}

/* --- a chain ------------------------------------------------------------------------------------------------------ */

static void arrow(nh_html *h, const node *from, const node *to, bool same_row) {
    int x = to->x, y = to->y + BOX_H / 2, from_y = from->y + BOX_H / 2, from_x = from->x + BOX_W;
    if (same_row)
        nh_printf(h->w, "<path class=\"wire\" d=\"M%d %dH%d\"/>", from_x, y, x - 7);
    else /* to the next row: down between the rows and back */
        nh_printf(h->w, "<path class=\"wire\" d=\"M%d %dH%dV%dH%dV%dH%d\"/>", from_x, from_y, from_x + 14,
                  from_y + BOX_H / 2 + 22, x + 10, to->y - 7, x + 10);
    if (same_row)
        nh_printf(h->w, "<path class=\"head\" d=\"M%d %dl-8 -4v8z\"/>\n", x, y);
    else
        nh_printf(h->w, "<path class=\"head\" d=\"M%d %dl-4 -8h8z\"/>\n", x + 10, to->y);
}

static bool is_chain(const nh_design *g) {
    for (int u = 0; u < g->n_unit; u++)
        if (g->unit[u].n_in > 1 || g->unit[u].n_out > 1 || g->stream[g->unit[u].in[0]].src != u - 1) return false;
    return true;
}

static void place_chain(picture *p) {
    for (int i = 0; i < p->n_node; i++)
        p->at[i] = (node){.x = 4 + i % PER_ROW * (BOX_W + GAP), .y = 4 + i / PER_ROW * ROW_H, .h = BOX_H};
    int columns = p->n_node < PER_ROW ? p->n_node : PER_ROW;
    p->width = columns * (BOX_W + GAP);
    p->height = ((p->n_node + PER_ROW - 1) / PER_ROW) * ROW_H;
}

/* --- anything else ----------------------------------------------------------------------------------------------- */

static bool is_fork(const nh_design *g, int unit) { return unit >= 0 && g->unit[unit].kind == NH_UNIT_FORK; }

/* The unit, not a fork, whose values a stream carries; -1: the input port. */
static int origin(const nh_design *g, int stream) {
    int u = g->stream[stream].src;
    for (int n = 0; is_fork(g, u) && n < g->n_unit; n++) u = g->stream[g->unit[u].in[0]].src;
    return u;
}

static void collect_wires(picture *p, const nh_design *g) {
    p->wire = nh_arena_alloc(p->h->a, (size_t)g->n_stream * sizeof *p->wire);
    for (int k = 0; k < g->n_stream; k++) {
        int to = g->stream[k].dst, from = origin(g, k);
        if (is_fork(g, to)) continue;
        edge e = {from + 1, to < 0 ? p->n_node - 1 : to + 1,
                  to >= 0 && g->unit[to].kind == NH_UNIT_DELAY && g->unit[to].delay.is_late};
        p->at[e.from].n_out++;
        p->at[e.to].n_in++;
        p->wire[p->n_wire++] = e;
    }
}

/* The longest way from the input; then what only loops lead to moves down to where it is read. A round settles one more
 * level. */
static void find_levels(picture *p) {
    for (int round = 0; round < p->n_node; round++)
        for (int i = 0; i < p->n_wire; i++) {
            const edge *e = &p->wire[i];
            if (!e->is_back && p->at[e->to].level <= p->at[e->from].level)
                p->at[e->to].level = p->at[e->from].level + 1;
        }
    for (int i = 1; i < p->n_node; i++) p->at[i].is_loose = true;
    for (int round = 0; round < p->n_node; round++)
        for (int i = 0; i < p->n_wire; i++)
            if (!p->wire[i].is_back && !p->at[p->wire[i].from].is_loose) p->at[p->wire[i].to].is_loose = false;
    for (int round = 0; round < p->n_node; round++)
        for (int i = 1; i < p->n_node - 1; i++) {
            int least = -1;
            for (int k = 0; k < p->n_wire && p->at[i].is_loose; k++) {
                const edge *e = &p->wire[k];
                if (e->from == i && !e->is_back && (least < 0 || p->at[e->to].level - 1 < least))
                    least = p->at[e->to].level - 1;
            }
            if (least > p->at[i].level) p->at[i].level = least;
        }
}

static void place_levels(picture *p, const nh_design *g) {
    int y = LEVEL_GAP / 2;
    for (int i = 0; i < g->n_unit; i++)
        if (is_fork(g, i)) p->at[i + 1].level = -1;
    for (int level = 0; level <= p->n_node; level++) {
        int slot = 0, height = 0;
        for (int i = 0; i < p->n_node; i++) {
            node *n = &p->at[i];
            if (n->level != level) continue;
            n->h = i == 0 || i == p->n_node - 1 ? PORT_H : BOX_H;
            n->slot = slot++;
            n->x = 4 + n->slot * (BOX_W + GAP);
            n->y = y;
            if (n->h > height) height = n->h;
            if (n->x + BOX_W > p->width) p->width = n->x + BOX_W;
        }
        if (slot > 0) y += height + LEVEL_GAP;
    }
    p->height = y - LEVEL_GAP + 6;
}

static int spread(int x, int drawn, int n) { return x + BOX_W * (drawn + 1) / (n + 1); }

/* To the next level straight; else between the levels to a lane beside the boxes, along it, and back. */
static void draw_wire(picture *p, const edge *e) {
    node *from = &p->at[e->from], *to = &p->at[e->to];
    int x0 = spread(from->x, from->out_drawn++, from->n_out), x1 = spread(to->x, to->in_drawn++, to->n_in);
    int y0 = from->y + from->h, y1 = to->y - 7;
    if (!e->is_back && to->level == from->level + 1) {
        nh_printf(p->h->w, "<path class=\"wire\" d=\"M%d %dC%d %d %d %d %d %d\"/>", x0, y0, x0, y0 + 28, x1, y1 - 28,
                  x1, y1);
    } else {
        int lane = p->width + LANE * ++p->lanes, shift = 4 * (p->lanes % 4);
        nh_printf(p->h->w, "<path class=\"wire%s\" d=\"M%d %dV%dH%dV%dH%dV%d\"/>", e->is_back ? " back" : "", x0, y0,
                  y0 + 10 + shift, lane, y1 - 6 - shift, x1, y1);
    }
    nh_printf(p->h->w, "<path class=\"head\" d=\"M%d %dl-4 -8h8z\"/>\n", x1, to->y);
}

/* ----------------------------------------------------------------------------------------------------------------- */

static void open_svg(nh_html *h, int width, int height) {
    nh_printf(h->w,
              "<div class=\"scroll\"><svg role=\"img\" aria-label=\"network\" width=\"%d\" height=\"%d\" viewBox=\"0 0 "
              "%d %d\">\n",
              width, height, width, height);
}

static int count_lanes(const picture *p) {
    int n = 0;
    for (int i = 0; i < p->n_wire; i++)
        n += p->wire[i].is_back || p->at[p->wire[i].to].level != p->at[p->wire[i].from].level + 1;
    return n;
}

void nh_svg_network(nh_html *h) {
    const nh_design *g = h->f->design;
    picture p = {.h = h, .n_node = g->n_unit + 2};
    p.at = nh_arena_alloc(h->a, (size_t)p.n_node * sizeof *p.at);
    if (is_chain(g)) {
        place_chain(&p);
        open_svg(h, p.width, p.height);
        for (int i = 1; i < p.n_node; i++) arrow(h, &p.at[i - 1], &p.at[i], i % PER_ROW != 0);
    } else {
        collect_wires(&p, g);
        find_levels(&p);
        place_levels(&p, g);
        open_svg(h, p.width + LANE * (count_lanes(&p) + 1), p.height);
        for (int i = 0; i < p.n_wire; i++) draw_wire(&p, &p.wire[i]);
    }
    port_box(h, &p.at[0], h->f->n_part > 0 ? "input" : "AXI4-Stream in", g->input);
    for (int u = 0; u < g->n_unit; u++)
        if (!is_fork(g, u)) unit_box(h, &p.at[u + 1], &g->unit[u]);
    port_box(h, &p.at[p.n_node - 1], h->f->n_part > 0 ? "output" : "AXI4-Stream out", g->output);
    nh_puts(h->w, "</svg></div>\n");
}
