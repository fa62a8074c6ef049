/* What the numbers of a network became: weights of every layer, scores of a sample. */
#include <inttypes.h>
#include <math.h>

#include "html_parts.h"
#include "weights.h"

enum { HIST_BAR = 5, HIST_H = 26, NAME_W = 90, BAR_W = 420, BAR_H = 12 };

/* A histogram in a cell; counts that are not 0 are seen. */
static void put_histogram(nh_html *h, const nh_weight_stats *w) {
    int64_t most = 1;
    for (int b = 0; b < NH_WEIGHT_BINS; b++) most = w->bin[b] > most ? w->bin[b] : most;
    nh_printf(h->w,
              "<td><svg role=\"img\" aria-label=\"histogram of the weights, -%.3g to %.3g\" width=\"%d\" "
              "height=\"%d\"><path fill=\"#2f6fde\" d=\"",
              w->reach, w->reach, HIST_BAR * NH_WEIGHT_BINS, HIST_H);
    for (int b = 0; b < NH_WEIGHT_BINS; b++) {
        double height = w->bin[b] ? fmax(1, (double)w->bin[b] / (double)most * HIST_H) : 0;
        if (height > 0) nh_printf(h->w, "M%d %dv-%.1fh%dv%.1fz", HIST_BAR * b, HIST_H, height, HIST_BAR - 1, height);
    }
    nh_puts(h->w, "\"/></svg></td>");
}

static void put_row(nh_html *h, const nh_layer *l, const nh_weight_stats *w) {
    char fmt[NH_FORMAT_TEXT];
    nh_html_row_begin(h);
    nh_html_cell(h, l->name);
    nh_html_cell_int(h, w->n);
    nh_html_cell_text(h, "mono", nh_format_print(l->weight->fmt, fmt));
    nh_html_cell(h, w->lsb_least < w->lsb_most ? nh_arena_printf(h->a, "%.4g to %.4g", w->lsb_least, w->lsb_most)
                                               : nh_arena_printf(h->a, "%.4g", w->lsb_most));
    nh_html_cell(h, nh_arena_printf(h->a, "%.4g to %.4g", w->least, w->most));
    nh_html_cell(h, nh_arena_printf(h->a, "%.1f %%", 100 * (double)w->zeros / (double)w->n));
    nh_html_cell(h, nh_arena_printf(h->a, "%.3g", w->mean_abs));
    nh_html_cell(h, nh_arena_printf(h->a, "%.3g", w->max_abs));
    put_histogram(h, w);
    nh_html_row_end(h);
}

void nh_html_weights(nh_html *h) {
    const nh_graph *g = h->f->design->graph;
    nh_weight_stats w;
    bool any = false;
    for (int i = 0; i < g->n_layer; i++) {
        if (!nh_weight_stats_of(g->layer[i].weight, &w)) continue;
        if (!any) {
            nh_html_heading(h, "Weights");
            nh_html_table_begin(
                h,
                "Error: of a weight as the integer has it, against the float weight. Histograms are of the float "
                "weights.",
                "layer|weights|<format|integer 1 is|range|integers 0|mean error|largest error|<histogram");
        }
        any = true;
        put_row(h, &g->layer[i], &w);
    }
    if (any) nh_html_table_end(h);
}

static void put_bar(nh_html *h, int y, const char *class, double v, double least, double most) {
    double length = most > least ? (v - least) / (most - least) * BAR_W : 0;
    nh_printf(h->w, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", class, NAME_W, y,
              fmax(1, length), BAR_H - 2);
    nh_svg_label(h, NAME_W + (int)length + 8, y + BAR_H - 3, "", nh_arena_printf(h->a, "%.5g", v));
}

void nh_html_scores(nh_html *h) {
    const nh_score_fact *s = &h->f->sim.score;
    if (!h->f->sim.ran || s->n == 0) return;
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < s->n; i++) {
        least = fmin(least, fmin(s->by_float[i], s->by_fixed[i]));
        most = fmax(most, fmax(s->by_float[i], s->by_fixed[i]));
    }
    int height = 20 + s->n * (2 * BAR_H + 6);
    nh_html_heading(h, "Scores of the first sample");
    nh_printf(h->w,
              "<div class=\"scroll\"><svg role=\"img\" aria-label=\"scores of the first sample\" width=\"%d\" "
              "height=\"%d\">\n",
              NAME_W + BAR_W + 120, height);
    nh_printf(h->w, "<rect class=\"a\" x=\"%d\" y=\"4\" width=\"11\" height=\"11\"/>", NAME_W);
    nh_svg_label(h, NAME_W + 17, 14, "soft", "float");
    nh_printf(h->w, "<rect class=\"b\" x=\"%d\" y=\"4\" width=\"11\" height=\"11\"/>", NAME_W + 90);
    nh_svg_label(h, NAME_W + 107, 14, "soft", "fixed point");
    for (int i = 0, y = 22; i < s->n; i++, y += 2 * BAR_H + 6) {
        nh_svg_label(h, 0, y + BAR_H + 3, "", nh_arena_printf(h->a, "output %d%s", i, i == s->label ? " *" : ""));
        put_bar(h, y, "a", s->by_float[i], least, most);
        put_bar(h, y + BAR_H, "b", s->by_fixed[i], least, most);
    }
    nh_puts(h->w, "</svg></div>\n");
    if (s->label >= 0) nh_puts(h->w, "<p class=\"soft\">* the label</p>\n");
}
