/* The mesh as a picture: what is in the cores, how full they are, what crosses the links. */
#include <inttypes.h>
#include <string.h>

#include "map_report.h"
#include "text.h"

enum {
    TILE_W = 112,
    TILE_H = 104,
    GAP = 40,
    LEFT = 72,
    TOP = 36,
    ROW = 20,
    MARGIN = 6,
    NAME_MOST = 15,
    NAMES_MOST = 40,
    LEGEND_W = 420
};

typedef struct {
    double *east, *north; /* [y][x] flits that cross the link east (north) of a tile, in both directions */
    double most;
} links;

static void span(const nh_fabric *f, double *link, int step_x, int from, int to, int fixed, double n, double *most) {
    int lo = from < to ? from : to, hi = from < to ? to : from;
    for (int i = lo; i < hi; i++) {
        double *l = &link[step_x ? fixed * f->mesh_x + i : i * f->mesh_x + fixed];
        *l += n;
        if (*l > *most) *most = *l;
    }
}

/* XY: along the row to every column, then along each column. */
static void add_route(const nh_fabric *f, const nh_core_image *c, const nh_route *r, links *l) {
    nh_rect to = r->to_host ? (nh_rect){0, 0, 0, 0} : r->to;
    double n = (double)(r->words * f->lanes);
    if (to.x0 < c->x) span(f, l->east, 1, to.x0, c->x, c->y, n, &l->most);
    if (to.x1 > c->x) span(f, l->east, 1, c->x, to.x1, c->y, n, &l->most);
    for (int x = to.x0; x <= to.x1; x++) {
        if (to.y0 < c->y) span(f, l->north, 0, to.y0, c->y, x, n, &l->most);
        if (to.y1 > c->y) span(f, l->north, 0, c->y, to.y1, x, n, &l->most);
    }
}

/* Its style is its own: the picture is on white paper in a report of any colours, and a file as well. */
static const char style[] = "<style>.nh-mesh{font-family:system-ui,\"DejaVu Sans\",sans-serif;font-size:11px}.nh-mesh "
                            "text{fill:#1c2430}.nh-mesh .nh-soft{fill:#5b6675}.nh-mesh "
                            ".nh-name{font-weight:600;font-size:12px}.nh-mesh .nh-right{text-anchor:end}.nh-mesh "
                            ".nh-mid{text-anchor:middle}.nh-mesh .nh-empty{fill:#f4f6f9;stroke:#d8dee6}.nh-mesh "
                            ".nh-link{stroke:#6b7a90}.nh-mesh .nh-track{fill:#fff;fill-opacity:.7}</style>\n";

static int tile_x(int x) { return LEFT + x * (TILE_W + GAP); }

static int tile_y(const nh_fabric *f, int y) { return TOP + (f->mesh_y - 1 - y) * (TILE_H + GAP); }

/* At most `most` characters of it, with nothing that XML reads. */
static void put_text(const char *s, int most, FILE *out) {
    nh_arena *a = nh_arena_new();
    for (const char *p = nh_text_clean(a, s, (size_t)most); *p; p++) fputc(strchr("<>&", *p) ? '_' : *p, out);
    nh_arena_free(a);
}

static void put_link(int x0, int y0, int x1, int y1, double n, double most, FILE *out) {
    bool flat = y0 == y1;
    fprintf(out,
            "<line class=\"nh-link\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke-width=\"%.1f\"><title>at most %.0f "
            "events per step</title></line>",
            x0, y0, x1, y1, 1 + 7 * n / most, n);
    fprintf(out, "<text class=\"nh-soft%s\" x=\"%d\" y=\"%d\">%.0f</text>\n", flat ? " nh-mid" : "",
            flat ? (x0 + x1) / 2 : x0 + 8, flat ? y0 - 9 : (y0 + y1) / 2 + 4, n);
}

static void put_links(const nh_fabric *f, const links *l, FILE *out) {
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; x < f->mesh_x; x++) {
            double east = l->east[y * f->mesh_x + x], north = l->north[y * f->mesh_x + x];
            int px = tile_x(x), py = tile_y(f, y);
            if (east > 0)
                put_link(px + TILE_W, py + TILE_H / 2, px + TILE_W + GAP, py + TILE_H / 2, east, l->most, out);
            if (north > 0) put_link(px + TILE_W / 2, py, px + TILE_W / 2, py - GAP, north, l->most, out);
        }
}

/* A colour of its own for every layer, whatever their number: steps of the golden angle. */
static double hue(int layer) { return (double)(layer * 137 % 360) + 10; }

/* "neurons 75 %" over a bar of that length. */
static void put_bar(int x, int y, const char *what, double load, FILE *out) {
    int width = TILE_W - 2 * MARGIN;
    double shown = load < 1 ? load : 1;
    fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text><text class=\"nh-right\" x=\"%d\" y=\"%d\">%.0f %%</text>",
            x + MARGIN, y, what, x + TILE_W - MARGIN, y, 100 * load);
    fprintf(out,
            "<rect class=\"nh-track\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"5\" rx=\"2\"/><rect x=\"%d\" y=\"%d\" "
            "width=\"%.1f\" height=\"5\" rx=\"2\" fill=\"hsl(%.0f,70%%,40%%)\"/>\n",
            x + MARGIN, y + 3, width, x + MARGIN, y + 3, shown * width, 120 - 110 * shown);
}

static double share(int64_t used, int64_t has) { return has > 0 ? (double)used / (double)has : 0; }

static void put_title(const nh_map_plan *p, const nh_map_core *c, const nh_event_net *net, const nh_fabric *f,
                      FILE *out) {
    fprintf(out, "<title>core (%d, %d):", c->x, c->y);
    for (int64_t i = 0; i < c->n_piece; i++) {
        fputs(i ? ", " : " ", out);
        put_text(net->pop[p->piece[c->piece[i]].pop].name, 40, out);
    }
    fprintf(out, "; neurons %.1f %%, synapses %.1f %%, axons %.1f %%, %" PRId64 " routes</title>\n",
            100 * share(c->words * f->lanes, f->neurons), 100 * share(c->synapses, f->synapses),
            100 * share(c->axons, f->axons), c->routes);
}

/* The colours of the other layers that are there, in the tile's upper right corner. */
static void put_others(const nh_map_plan *p, const nh_map_core *c, int x, int y, FILE *out) {
    enum { OTHERS_MOST = 3 };
    int n = c->n_piece > OTHERS_MOST ? OTHERS_MOST : (int)c->n_piece - 1;
    for (int i = 0; i < n; i++)
        fprintf(out,
                "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" rx=\"2\" fill=\"hsl(%.0f,60%%,62%%)\" "
                "stroke=\"#333\"/>",
                x + TILE_W - MARGIN - 12 * (n - i) + 2, y + 22, hue(p->piece[c->piece[i + 1]].pop));
}

static void put_tile(const nh_map_plan *p, const nh_map_core *c, const nh_event_net *net, const nh_fabric *f,
                     FILE *out) {
    int x = tile_x(c->x), y = tile_y(f, c->y), first = p->piece[c->piece[0]].pop;
    fputs("<g>", out);
    put_title(p, c, net, f, out);
    fprintf(out,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\" fill=\"hsl(%.0f,60%%,84%%)\" "
            "stroke=\"#333\"/>\n<text class=\"nh-name\" x=\"%d\" y=\"%d\">",
            x, y, TILE_W, TILE_H, hue(first), x + MARGIN, y + 16);
    put_text(net->pop[first].name, NAME_MOST, out);
    fprintf(out, "</text><text class=\"nh-soft\" x=\"%d\" y=\"%d\">", x + MARGIN, y + 31);
    if (c->n_piece > 1)
        fprintf(out, "and %" PRId64 " more", c->n_piece - 1);
    else
        fprintf(out, "(%d, %d)", c->x, c->y);
    fputs("</text>\n", out);
    if (c->n_piece > 1) put_others(p, c, x, y, out);
    put_bar(x, y + 49, "neurons", share(c->words * f->lanes, f->neurons), out);
    put_bar(x, y + 69, "synapses", share(c->synapses, f->synapses), out);
    put_bar(x, y + 89, "axons", share(c->axons, f->axons), out);
    fputs("</g>\n", out);
}

static void put_empty(const nh_fabric *f, FILE *out) {
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; x < f->mesh_x; x++)
            fprintf(out, "<rect class=\"nh-empty\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\"/>\n",
                    tile_x(x), tile_y(f, y), TILE_W, TILE_H);
}

/* The host port is at the west of tile (0, 0). */
static void put_host(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, int context, FILE *out) {
    nh_map_traffic t = nh_map_traffic_of(p, net, context);
    int y = tile_y(f, 0) + TILE_H / 2;
    fprintf(out,
            "<g><title>host: at most %.0f events per step in, %.0f out</title><rect x=\"4\" y=\"%d\" width=\"44\" "
            "height=\"28\" rx=\"6\" fill=\"#fff\" stroke=\"#6b7a90\"/><text class=\"nh-mid\" x=\"26\" "
            "y=\"%d\">host</text><line class=\"nh-link\" x1=\"48\" y1=\"%d\" x2=\"%d\" y2=\"%d\" "
            "stroke-width=\"2\"/><text class=\"nh-soft nh-mid\" x=\"26\" y=\"%d\">in %.0f</text><text class=\"nh-soft "
            "nh-mid\" x=\"26\" y=\"%d\">out %.0f</text></g>\n",
            t.in + t.carried_in, t.out + t.carried_out, y - 14, y + 4, y, LEFT, y, y - 20, t.in + t.carried_in, y + 27,
            t.out + t.carried_out);
}

/* Layers of the context with their colours, and what lines and bars mean. */
static void put_legend(const nh_map_plan *p, const nh_event_net *net, int context, int y, FILE *out) {
    int rows = 0;
    int64_t last = -1;
    for (int64_t k = p->context_first[context]; k < p->context_first[context + 1]; k++) {
        int pop = p->piece[k].pop;
        if (pop == last) continue;
        last = pop;
        if (rows == NAMES_MOST) {
            fprintf(out, "<text x=\"%d\" y=\"%d\">and more layers</text>\n", LEFT + 22, y + rows++ * ROW + 11);
            break;
        }
        fprintf(out,
                "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"3\" fill=\"hsl(%.0f,60%%,84%%)\" "
                "stroke=\"#333\"/><text x=\"%d\" y=\"%d\">",
                LEFT, y + rows * ROW, hue(pop), LEFT + 22, y + rows * ROW + 11);
        put_text(net->pop[pop].name, 60, out);
        fputs("</text>\n", out);
        rows++;
    }
    fprintf(out,
            "<text class=\"nh-soft\" x=\"%d\" y=\"%d\">bars: shares of the core that are in use; numbers: events per "
            "step, at most</text>\n",
            LEFT, y + rows * ROW + 11);
}

static int layers_of(const nh_map_plan *p, int context) {
    int n = 0;
    for (int64_t k = p->context_first[context]; k < p->context_first[context + 1]; k++)
        n += k == p->context_first[context] || p->piece[k].pop != p->piece[k - 1].pop;
    return n > NAMES_MOST ? NAMES_MOST + 1 : n;
}

static void put_head(const nh_map_plan *p, const nh_fabric *f, int context, int w, int h, FILE *out) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nh-mesh\" role=\"img\" aria-label=\"mesh, context %d\" "
            "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n",
            context, w, h, w, h);
    fputs(style, out);
    fprintf(out,
            "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#fff\"/>\n<text class=\"nh-soft\" x=\"%d\" y=\"20\">%d x "
            "%d cores",
            w, h, LEFT, f->mesh_x, f->mesh_y);
    if (p->n_context > 1) fprintf(out, ", context %d of 0 .. %d", context, p->n_context - 1);
    fputs("</text>\n", out);
}

void nh_svg_mesh(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, const nh_image *m,
                 int context, FILE *out) {
    if (p->net) net = p->net;
    size_t tiles = (size_t)f->mesh_x * (size_t)f->mesh_y;
    links l = {nh_arena_array(a, tiles, sizeof(double)), nh_arena_array(a, tiles, sizeof(double)), 0};
    int w = tile_x(f->mesh_x), mesh_h = tile_y(f, -1) - GAP + 24;
    put_head(p, f, context, w < LEFT + LEGEND_W ? LEFT + LEGEND_W : w, mesh_h + (layers_of(p, context) + 1) * ROW, out);
    for (int i = 0; m && i < m->context[context].n_core; i++)
        for (int64_t k = 0; k < m->context[context].core[i].n_route; k++)
            add_route(f, &m->context[context].core[i], &m->context[context].core[i].route[k], &l);
    put_links(f, &l, out);
    put_empty(f, out);
    for (int64_t i = p->context_core[context]; i < p->context_core[context + 1]; i++)
        put_tile(p, &p->core[i], net, f, out);
    put_host(p, net, f, context, out);
    put_legend(p, net, context, mesh_h, out);
    fputs("</svg>\n", out);
}
