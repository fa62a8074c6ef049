/* The bars of report.html: plain SVG, coloured by report.css. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "html_parts.h"

enum { BAR_W = 560, BAR_H = 13, NAME_W = 200 };

void nh_svg_label(nh_html *h, int x, int y, const char *class, const char *text) {
    nh_printf(h->w, "<text x=\"%d\" y=\"%d\"%s%s%s>", x, y, *class ? " class=\"" : "", class, *class ? "\"" : "");
    nh_html_text(h, text);
    nh_puts(h->w, "</text>\n");
}

static void open_bars(nh_html *h, const char *name, int height) {
    nh_printf(
        h->w,
        "<div class=\"scroll\"><svg role=\"img\" aria-label=\"%s\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
        name, NAME_W + BAR_W + 120, height, NAME_W + BAR_W + 120, height);
}

static void bar(nh_html *h, int y, const char *class, double fraction, const char *text) {
    int length = (int)lround(fmin(1, fmax(0, fraction)) * BAR_W);
    if (length < 1) length = 1;
    nh_printf(h->w, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>", class, NAME_W, y,
              length, BAR_H - 2);
    nh_svg_label(h, NAME_W + length + 8, y + BAR_H - 3, "", text);
}

static void legend(nh_html *h, int *x, const char *class, const char *text) {
    nh_printf(h->w, "<rect class=\"%s\" x=\"%d\" y=\"4\" width=\"11\" height=\"11\" rx=\"2\"/>", class, *x);
    nh_svg_label(h, *x + 17, 14, "soft", text);
    *x += 130;
}

/* One line per unit for each source of figures that there is. */
void nh_svg_resources(nh_html *h) {
    static const char *const class[] = {"a", "b", "c"}, *const source[] = {"estimate", "Yosys", "nextpnr"};
    int n, x = NAME_W, y = 28, lines = 0;
    const nh_resource_row *r = nh_resource_rows(h->a, h->f, &n);
    bool has[3] = {!nh_report_on_fabric(h->f), h->f->synth.ran, h->f->pnr.ran};
    double most = 1;
    for (int i = 0; i < n; i++) {
        const int64_t luts[] = {r[i].estimate.luts, r[i].counted ? r[i].counted->luts : 0, r[i].placed ? r[i].luts : 0};
        for (int k = 0; k < 3; k++) most = fmax(most, (double)luts[k]);
    }
    for (int k = 0; k < 3; k++) lines += has[k];
    open_bars(h, "LUTs per unit", y + n * (lines * BAR_H + 9));
    for (int k = 0; k < 3; k++)
        if (has[k]) legend(h, &x, class[k], source[k]);
    for (int i = 0; i < n; i++, y += 9) {
        const int64_t luts[] = {r[i].is_estimated ? r[i].estimate.luts : -1, r[i].counted ? r[i].counted->luts : -1,
                                r[i].placed ? r[i].luts : -1};
        nh_svg_label(h, 0, y + BAR_H - 2, "", nh_text_clean(h->a, r[i].name, 30));
        for (int k = 0; k < 3; k++) {
            if (!has[k]) continue;
            if (luts[k] >= 0)
                bar(h, y, class[k], (double)luts[k] / most, nh_arena_printf(h->a, "%" PRId64 " LUT", luts[k]));
            y += BAR_H;
        }
    }
    nh_puts(h->w, "</svg></div>\n");
}

void nh_svg_drift(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    double most = 1;
    for (int i = 0; i < s->n_drift; i++)
        if (isfinite(s->drift[i].sqnr_db)) most = fmax(most, s->drift[i].sqnr_db);
    open_bars(h, "SQNR per layer", s->n_drift * (BAR_H + 9) + 4);
    for (int i = 0; i < s->n_drift; i++) {
        const nh_drift_fact *d = &s->drift[i];
        bool exact = !isfinite(d->sqnr_db);
        nh_svg_label(h, 0, i * (BAR_H + 9) + BAR_H - 2, "", nh_text_clean(h->a, d->layer, 30));
        bar(h, i * (BAR_H + 9), "b", exact ? 1 : d->sqnr_db / most,
            exact ? "exact" : nh_arena_printf(h->a, "%.1f dB", d->sqnr_db));
    }
    nh_puts(h->w, "</svg></div>\n");
}

/* Two lines per layer: float, fixed point. */
void nh_svg_spikes(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    double most = 0;
    int x = NAME_W, y = 28;
    for (int i = 0; i < s->n_spike; i++) {
        double steps = (double)(s->spike[i].samples * s->steps);
        most = fmax(most, (double)s->spike[i].spikes_float / steps);
        most = fmax(most, (double)s->spike[i].spikes_fixed / steps);
    }
    open_bars(h, "spikes per step and layer", y + s->n_spike * (2 * BAR_H + 9));
    legend(h, &x, "c", "float");
    legend(h, &x, "a", "fixed point");
    for (int i = 0; i < s->n_spike; i++, y += 2 * BAR_H + 9) {
        const nh_spike_fact *k = &s->spike[i];
        double steps = (double)(k->samples * s->steps);
        double mean[] = {(double)k->spikes_float / steps, (double)k->spikes_fixed / steps};
        nh_svg_label(h, 0, y + BAR_H - 2, "", nh_text_clean(h->a, k->layer, 30));
        for (int b = 0; b < 2; b++)
            bar(h, y + b * BAR_H, b ? "a" : "c", most > 0 ? mean[b] / most : 0,
                nh_arena_printf(h->a, "%.4g per step", mean[b]));
    }
    nh_puts(h->w, "</svg></div>\n");
}
