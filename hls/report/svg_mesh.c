/* The mesh as a picture: loads of cores and links. */
#include <inttypes.h>

#include "map_report.h"

enum { TILE = 64, PITCH = 84, EDGE = 28, ROW = 18, NAMES_MOST = 40 };

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

static void put_text(const char *s, int most, FILE *out) {
    for (int i = 0; s[i] && i < most; i++) {
        if (s[i] == '<' || s[i] == '>' || s[i] == '&' || (unsigned char)s[i] < 32) fputs("_", out);
        else fputc(s[i], out);
    }
}

static void put_links(const nh_fabric *f, const links *l, FILE *out) {
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; x < f->mesh_x; x++)
            for (int k = 0; k < 2; k++) {
                double n = (k ? l->north : l->east)[y * f->mesh_x + x];
                int px = EDGE + x * PITCH + (k ? TILE / 2 : TILE), py = EDGE + (f->mesh_y - 1 - y) * PITCH + (k ? 0 : TILE / 2);
                if (n <= 0) continue;
                fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#446\" stroke-width=\"%.1f\"><title>%.0f events per step at most"
                        "</title></line>\n", px, py, k ? px : px + PITCH - TILE, k ? py - PITCH + TILE : py, 1 + 11 * n / l->most, n);
            }
}

/* A colour of its own for every layer, whatever their number: steps of the golden angle. */
static double hue(int layer) { return (double)(layer * 137 % 360) + 10; }

/* The name's share of the tile is that of its words; the fuller of neurons and synapses fills a bar on the right. */
static void put_tile(const nh_map_plan *p, const nh_map_core *c, const nh_event_net *net, const nh_fabric *f, FILE *out) {
    double neurons = (double)(c->words * f->lanes) / (double)f->neurons, synapses = (double)c->synapses / (double)f->synapses;
    double load = neurons > synapses ? neurons : synapses;
    int x = EDGE + c->x * PITCH, y = EDGE + (f->mesh_y - 1 - c->y) * PITCH, first = p->piece[c->piece[0]].pop;
    fprintf(out, "<g><title>core (%d, %d):", c->x, c->y);
    for (int64_t i = 0; i < c->n_piece; i++) {
        fputs(i ? ", " : " ", out);
        put_text(net->pop[p->piece[c->piece[i]].pop].name, 40, out);
    }
    fprintf(out, "; neurons %.1f%%, synapses %.1f%%, %" PRId64 " axons, %" PRId64 " routes</title>\n", 100 * neurons, 100 * synapses, c->axons, c->routes);
    fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"hsl(%.0f,60%%,80%%)\" stroke=\"#333\"/>\n", x, y, TILE, TILE, hue(first));
    for (int64_t i = 1; i < c->n_piece && i < 4; i++)
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"10\" fill=\"hsl(%.0f,60%%,60%%)\" stroke=\"#333\"/>\n", x + 4 + 14 * (int)(i - 1), y + TILE - 14,
                hue(p->piece[c->piece[i]].pop));
    fprintf(out, "<rect x=\"%d\" y=\"%.0f\" width=\"6\" height=\"%.0f\" fill=\"hsl(%.0f,70%%,42%%)\"/>\n", x + TILE - 8, y + TILE - 4 - load * (TILE - 8),
            load * (TILE - 8), 120 - 110 * load);
    fprintf(out, "<text x=\"%d\" y=\"%d\">", x + 4, y + 15);
    put_text(net->pop[first].name, 8, out);
    if (c->n_piece > 1) fprintf(out, " +%" PRId64, c->n_piece - 1);
    fprintf(out, "</text><text x=\"%d\" y=\"%d\">n %.0f%%</text><text x=\"%d\" y=\"%d\">s %.0f%%</text></g>\n", x + 4, y + 31, 100 * neurons, x + 4, y + 46,
            100 * synapses);
}

/* Layers of the context with their colours, and what lines and bars mean. */
static void put_legend(const nh_map_plan *p, const nh_event_net *net, int context, int y, double most, FILE *out) {
    int rows = 0;
    int64_t last = -1;
    for (int64_t k = p->context_first[context]; k < p->context_first[context + 1]; k++) {
        int pop = p->piece[k].pop;
        if (pop == last) continue;
        last = pop;
        if (rows == NAMES_MOST) {
            fprintf(out, "<text x=\"%d\" y=\"%d\">and more layers</text>\n", EDGE + 20, y + rows++ * ROW + 11);
            break;
        }
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"12\" fill=\"hsl(%.0f,60%%,80%%)\" stroke=\"#333\"/><text x=\"%d\" y=\"%d\">", EDGE, y + rows * ROW,
                hue(pop), EDGE + 20, y + rows * ROW + 11);
        put_text(net->pop[pop].name, 60, out);
        fputs("</text>\n", out);
        rows++;
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" fill=\"#555\">bar: fuller of neurons (n) and synapses (s)</text>\n", EDGE, y + rows++ * ROW + 11);
    fprintf(out, "<text x=\"%d\" y=\"%d\" fill=\"#555\">lines: events, the widest %.0f a step at most</text>\n", EDGE, y + rows * ROW + 11, most);
}

static int layers_of(const nh_map_plan *p, int context) {
    int n = 0;
    for (int64_t k = p->context_first[context]; k < p->context_first[context + 1]; k++)
        n += k == p->context_first[context] || p->piece[k].pop != p->piece[k - 1].pop;
    return n > NAMES_MOST ? NAMES_MOST + 1 : n;
}

void nh_svg_mesh(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, const nh_image *m, int context, FILE *out) {
    if (p->net) net = p->net;
    size_t tiles = (size_t)f->mesh_x * (size_t)f->mesh_y;
    links l = {nh_arena_array(a, tiles, sizeof(double)), nh_arena_array(a, tiles, sizeof(double)), 0};
    int w = 2 * EDGE + f->mesh_x * PITCH, mesh_h = 2 * EDGE + f->mesh_y * PITCH, h = mesh_h + (layers_of(p, context) + 3) * ROW;
    if (w < 360) w = 360; /* the legend's */
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n"
                 "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"16\">context %d of %d</text>\n",
            w, h, w, h, w, h, EDGE, context, p->n_context);
    for (int i = 0; m && i < m->context[context].n_core; i++)
        for (int64_t k = 0; k < m->context[context].core[i].n_route; k++)
            add_route(f, &m->context[context].core[i], &m->context[context].core[i].route[k], &l);
    put_links(f, &l, out);
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; x < f->mesh_x; x++)
            fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#f4f4f4\" stroke=\"#ccc\"/>\n", EDGE + x * PITCH,
                    EDGE + y * PITCH, TILE, TILE);
    for (int64_t i = p->context_core[context]; i < p->context_core[context + 1]; i++) put_tile(p, &p->core[i], net, f, out);
    fprintf(out, "<text x=\"2\" y=\"%d\">host</text>\n", EDGE + (f->mesh_y - 1) * PITCH + TILE + 14);
    put_legend(p, net, context, mesh_h, l.most, out);
    fputs("</svg>\n", out);
}
