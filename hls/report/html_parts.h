/* Pieces of report.html. */
#ifndef NH_HTML_PARTS_H
#define NH_HTML_PARTS_H

#include "fields.h"
#include "file.h"
#include "text.h"

typedef struct {
    nh_arena *a;
    nh_writer *w;
    const nh_report_facts *f;
} nh_html;

/* Text that came from outside: <>&"' escaped, control characters made visible. NULL prints nothing. */
void nh_html_text(nh_html *h, const char *s);

void nh_html_heading(nh_html *h, const char *title);
/* Columns are separated by '|'; a leading '<' makes one a column of text. */
void nh_html_table_begin(nh_html *h, const char *caption, const char *columns);
void nh_html_table_end(nh_html *h);
void nh_html_row_begin(nh_html *h);
void nh_html_row_end(nh_html *h);
void nh_html_cell(nh_html *h, const char *text);
void nh_html_cell_text(nh_html *h, const char *class, const char *text);
void nh_html_cell_int(nh_html *h, int64_t v);

/* Weights of every layer with their errors and histograms; outputs of the first sample, float beside fixed point. */
void nh_html_weights(nh_html *h);
void nh_html_scores(nh_html *h);
/* What networks in several places add: a row per part. */
void nh_html_places(nh_html *h);
/* What networks with time steps add: spikes and operations; read-outs, drift by cause, reference. */
void nh_html_spikes(nh_html *h);
void nh_html_time(nh_html *h);

/* A figure that decides, on a card. */
void nh_html_card(nh_html *h, const char *class, const char *figure, const char *what);
/* Of networks on a fabric: the map, the cores' activity, the cards. */
void nh_html_fabric(nh_html *h);
void nh_html_cores(nh_html *h);
void nh_html_fabric_cards(nh_html *h);

/* Spikes of one sample; alone: as a file of its own, with its style. */
void nh_svg_raster(nh_html *h, const nh_raster_fact *r, bool alone);
/* At most `most` characters, "..." in place of the rest. */
void nh_svg_label(nh_html *h, int x, int y, const char *class, const char *text);
/* Mean spikes per step of every layer, in float and in fixed point. */
void nh_svg_spikes(nh_html *h);

/* The network as boxes in the order of the data; bars of LUTs per unit, and of SQNR per layer. */
void nh_svg_network(nh_html *h);
void nh_svg_resources(nh_html *h);
void nh_svg_drift(nh_html *h);

#endif
