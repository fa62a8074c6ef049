/* Tables of the terminal's report, and its parts. */
#ifndef NH_TEXT_PARTS_H
#define NH_TEXT_PARTS_H

#include "fields.h"
#include "text.h"

enum { NH_TEXT_COLUMNS = 10, NH_TEXT_NAME = 28, NH_TEXT_LINE = 160 };

/* A table is collected first, so that columns are as wide as what they hold. Column 0 is flush left, the
 * others right. */
typedef struct {
    nh_arena *a;
    FILE *out;
    bool color;
    const char *(*row)[NH_TEXT_COLUMNS];
    size_t n, cap;
    int columns;
} nh_text_table;

#define NH_BOLD "\033[1m"
#define NH_RED "\033[31m"
#define NH_YELLOW "\033[33m"
#define NH_GREEN "\033[32m"
#define NH_DIM "\033[2m"
#define NH_OFF "\033[0m"

/* The style, or "" without colour. */
const char *nh_text_on(const nh_text_table *t, const char *style);
void nh_text_begin(nh_text_table *t, const char *title, const char *const *head, int columns);
/* A new row of empty cells, to be filled. */
const char **nh_text_row(nh_text_table *t);
void nh_text_end(nh_text_table *t);
const char *nh_text_count(nh_arena *a, int64_t v);
/* "-" below 0. */
const char *nh_text_percent(nh_arena *a, double v);

/* What networks in several places add: the chain of places, and a row per part. */
void nh_text_places(nh_text_table *t, const nh_report_facts *f);
/* What networks with time steps add: read-outs, spikes, synaptic operations, drift by cause, reference. */
void nh_text_time(nh_text_table *t, const nh_report_facts *f);
/* Of networks on a fabric: the map, the two comparisons, the cores. */
void nh_text_fabric(nh_text_table *t, const nh_report_facts *f);
void nh_text_fabric_match(nh_text_table *t, const nh_report_facts *f);
void nh_text_cores(nh_text_table *t, const nh_report_facts *f);

#endif
