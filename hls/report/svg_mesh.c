/* The mesh as a picture: loads of cores and links. */
#include <inttypes.h>

#include "map_report.h"

enum { TILE = 64, PITCH = 84, EDGE = 28 };

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

static void put_text(const char *s, FILE *out) {
    for (int i = 0; s[i] && i < 11; i++) {
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

static void put_tile(const nh_map_piece *b, const nh_event_net *net, const nh_fabric *f, FILE *out) {
    double neurons = (double)(b->words * f->lanes) / (double)f->neurons, synapses = (double)b->synapses / (double)f->synapses;
    double load = neurons > synapses ? neurons : synapses;
    int x = EDGE + b->x * PITCH, y = EDGE + (f->mesh_y - 1 - b->y) * PITCH;
    fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"hsl(%.0f,65%%,72%%)\" stroke=\"#333\"/>\n", x, y, TILE, TILE,
            120 - 110 * load);
    fprintf(out, "<text x=\"%d\" y=\"%d\">", x + 5, y + 18);
    put_text(net->pop[b->pop].name, out);
    fprintf(out, "</text><text x=\"%d\" y=\"%d\">n %.0f%%</text><text x=\"%d\" y=\"%d\">s %.0f%%</text>\n", x + 5, y + 38, 100 * neurons, x + 5, y + 54,
            100 * synapses);
}

void nh_svg_mesh(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, const nh_image *m, int context, FILE *out) {
    if (p->net) net = p->net;
    size_t tiles = (size_t)f->mesh_x * (size_t)f->mesh_y;
    links l = {nh_arena_array(a, tiles, sizeof(double)), nh_arena_array(a, tiles, sizeof(double)), 0};
    int w = 2 * EDGE + f->mesh_x * PITCH, h = 2 * EDGE + f->mesh_y * PITCH;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n",
            w, h, w, h);
    for (int i = 0; m && i < m->context[context].n_core; i++)
        for (int64_t k = 0; k < m->context[context].core[i].n_route; k++)
            add_route(f, &m->context[context].core[i], &m->context[context].core[i].route[k], &l);
    put_links(f, &l, out);
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; x < f->mesh_x; x++)
            fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#eee\" stroke=\"#aaa\"/>\n", EDGE + x * PITCH,
                    EDGE + y * PITCH, TILE, TILE);
    for (int64_t k = p->context_first[context]; k < p->context_first[context + 1]; k++)
        put_tile(&p->piece[k], net, f, out);
    fprintf(out, "<text x=\"2\" y=\"%d\">host</text>\n</svg>\n", EDGE + (f->mesh_y - 1) * PITCH + TILE + 14);
}
