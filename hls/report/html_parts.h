/* Pieces of report.html. */
#ifndef NH_HTML_PARTS_H
#define NH_HTML_PARTS_H

#include "fields.h"
#include "file.h"

typedef struct {
    nh_arena *a;
    nh_writer *w;
    const nh_report_facts *f;
} nh_html;

/* Text that came from outside: <>&"' escaped, control characters made visible. NULL prints nothing. */
void nh_html_text(nh_html *h, const char *s);

/* The network as boxes in the order of the data; bars of LUTs per unit, and of SQNR per layer. */
void nh_svg_network(nh_html *h);
void nh_svg_resources(nh_html *h);
void nh_svg_drift(nh_html *h);

#endif
