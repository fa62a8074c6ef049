/* Spikes of one sample: time to the right, a band per layer of neurons. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "html_parts.h"
#include "report.h"

enum {
    LEFT = 200,
    PLOT_W = 800,
    TOP = 40,
    BAND_GAP = 14,
    AXIS_H = 40,
    BAND_LEAST = 40,
    BAND_PAD = 4,
    WIDTH = LEFT + PLOT_W + 16
};

static const char alone_style[] = "<style>svg{font:12px system-ui,'DejaVu "
                                  "Sans',sans-serif;background:#fff}text{fill:#1c2430}.soft{fill:#5b6675}.band{fill:#"
                                  "f4f6f9}.grid{stroke:#d8dee6}.dot{stroke-linecap:round;fill:none}.both{stroke:#"
                                  "2f6fde}.only-fixed{stroke:#c2322d}.only-float{stroke:#e08a00}</style>\n";

typedef struct {
    nh_html *h;
    const nh_raster_fact *r;
    double step_w;
} plot;

static double row_height(const nh_raster_band *b) {
    double fit = 260.0 / (b->n_row > 0 ? b->n_row : 1);
    return fit < 2 ? 2 : fit > 9 ? 9 : fit;
}

static int band_height(const nh_raster_band *b) {
    int rows = (int)ceil(row_height(b) * b->n_row) + 2 * BAND_PAD;
    return rows > BAND_LEAST ? rows : BAND_LEAST;
}

static double x_of(const plot *p, double step) { return LEFT + (step + 0.5) * p->step_w; }

/* All dots of one kind of a band as one path: lines of no length with round ends. */
static void dots(const plot *p, const nh_raster_band *b, int y, char what, const char *class) {
    double row_h = row_height(b), size = fmax(fmin(fmin(p->step_w * 1.1, row_h * 0.9), 6), 1.6);
    double length = size < 3 ? fmin(p->step_w * 0.4, 6) : 0; /* flat dots are dashes, else nobody would see them */
    bool any = false;
    for (int row = 0; row < b->n_row; row++)
        for (int64_t t = 0; t < p->r->steps; t++) {
            if (b->row[row][t] != what) continue;
            if (!any) nh_printf(p->h->w, "<path class=\"dot %s\" stroke-width=\"%.1f\" d=\"", class, size);
            any = true;
            nh_printf(p->h->w, "M%.1f %.1fh%.3g", x_of(p, (double)t) - length / 2, y + BAND_PAD + (row + 0.5) * row_h,
                      length);
        }
    if (any) nh_puts(p->h->w, "\"/>\n");
}

static void band(const plot *p, const nh_raster_band *b, int y) {
    nh_arena *a = p->h->a;
    nh_printf(p->h->w, "<rect class=\"band\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, y, PLOT_W,
              band_height(b));
    nh_svg_label(p->h, 0, y + 14, "", nh_text_clean(a, b->layer, 28));
    const char *of = b->stride > 1 ? nh_arena_printf(a, "%d of %" PRId64 " neurons (1 in %" PRId64 ")", b->n_row,
                                                     b->neurons, b->stride)
                                   : nh_arena_printf(a, "%" PRId64 " neuron%s", b->neurons, b->neurons == 1 ? "" : "s");
    nh_svg_label(p->h, 0, y + 31, "soft", of);
    dots(p, b, y, NH_RASTER_BOTH, "both");
    dots(p, b, y, NH_RASTER_FLOAT, "only-float");
    dots(p, b, y, NH_RASTER_FIXED, "only-fixed");
}

/* A round number of steps between the marks of the axis: 1, 2 or 5 times a power of ten, at most 12 marks. */
static int64_t mark_distance(int64_t steps) {
    static const int64_t round[] = {1, 2, 5};
    for (int64_t ten = 1;; ten *= 10)
        for (int i = 0; i < 3; i++)
            if (steps <= 12 * ten * round[i]) return ten * round[i];
}

static void axis(const plot *p, int y) {
    int64_t every = mark_distance(p->r->steps);
    for (int64_t t = 0; t < p->r->steps; t += every) {
        int x = (int)lround(x_of(p, (double)t));
        nh_printf(p->h->w, "<path class=\"grid\" d=\"M%d %dv5\"/>", x, y);
        nh_svg_label(p->h, x - 3, y + 18, "soft", nh_arena_printf(p->h->a, "%" PRId64, t));
    }
    nh_svg_label(
        p->h, LEFT, y + 36, "soft",
        p->r->steps < p->r->all_steps
            ? nh_arena_printf(p->h->a, "time step (the first %" PRId64 " of %" PRId64 ")", p->r->steps, p->r->all_steps)
            : "time step");
}

static void legend(const plot *p) {
    static const struct {
        const char *class, *text;
    } entry[] = {{"both", "float and fixed point"}, {"only-fixed", "fixed point only"}, {"only-float", "float only"}};
    int x = LEFT + 6;
    nh_svg_label(p->h, 0, 18, "", nh_arena_printf(p->h->a, "spikes of sample %" PRId64, p->r->sample));
    for (int i = 0; i < 3 && !p->r->is_alone; i++, x += 160) {
        nh_printf(p->h->w, "<path class=\"dot %s\" stroke-width=\"6\" d=\"M%d 14h0\"/>", entry[i].class, x);
        nh_svg_label(p->h, x + 9, 18, "soft", entry[i].text);
    }
}

void nh_svg_raster(nh_html *h, const nh_raster_fact *r, bool alone) {
    plot p = {.h = h, .r = r, .step_w = r->steps > 0 ? (double)PLOT_W / (double)r->steps : 1};
    int height = TOP - BAND_GAP + AXIS_H, y = TOP;
    for (int i = 0; i < r->n_band; i++) height += band_height(&r->band[i]) + BAND_GAP;
    int margin = alone ? 12 : 0;
    nh_printf(
        h->w,
        "<svg%s role=\"img\" aria-label=\"spikes of one sample\" width=\"%d\" height=\"%d\" viewBox=\"%d %d %d %d\">\n",
        alone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", WIDTH + 2 * margin, height + 2 * margin, -margin, -margin,
        WIDTH + 2 * margin, height + 2 * margin);
    if (alone) nh_puts(h->w, alone_style);
    legend(&p);
    for (int i = 0; i < r->n_band; y += band_height(&r->band[i]) + BAND_GAP, i++) band(&p, &r->band[i], y);
    axis(&p, y - BAND_GAP + 2);
    nh_puts(h->w, "</svg>\n");
}

bool nh_report_raster(nh_arena *a, nh_diag *d, const nh_raster_fact *raster, const char *path) {
    nh_html h = {.a = a, .w = nh_writer_output(a, d, path)};
    if (!h.w) return false;
    nh_svg_raster(&h, raster, true);
    return nh_writer_close(h.w, d);
}
