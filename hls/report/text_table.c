#include "text_parts.h"

#include <inttypes.h>

const char *nh_text_on(const nh_text_table *t, const char *style) { return t->color ? style : ""; }

const char **nh_text_row(nh_text_table *t) {
    t->row = nh_arena_grow(t->a, t->row, &t->cap, t->n + 1, sizeof *t->row);
    const char **r = t->row[t->n++];
    for (int i = 0; i < NH_TEXT_COLUMNS; i++) r[i] = "";
    return r;
}

void nh_text_begin(nh_text_table *t, const char *title, const char *const *head, int columns) {
    t->row = NULL;
    t->n = t->cap = 0;
    t->columns = columns;
    fprintf(t->out, "\n%s%s%s\n", nh_text_on(t, NH_BOLD), title, nh_text_on(t, NH_OFF));
    const char **r = nh_text_row(t);
    for (int i = 0; i < columns; i++) r[i] = head[i];
}

void nh_text_end(nh_text_table *t) {
    int width[NH_TEXT_COLUMNS] = {0};
    for (size_t r = 0; r < t->n; r++)
        for (int i = 0; i < t->columns; i++)
            if (nh_text_columns(t->row[r][i]) > width[i]) width[i] = nh_text_columns(t->row[r][i]);
    for (size_t r = 0; r < t->n; r++) {
        fprintf(t->out, "  %s%s%*s", r == 0 ? nh_text_on(t, NH_DIM) : "", t->row[r][0],
                width[0] - nh_text_columns(t->row[r][0]), "");
        for (int i = 1; i < t->columns; i++)
            fprintf(t->out, "  %*s%s", width[i] - nh_text_columns(t->row[r][i]), "", t->row[r][i]);
        fprintf(t->out, "%s\n", r == 0 ? nh_text_on(t, NH_OFF) : "");
    }
}

const char *nh_text_count(nh_arena *a, int64_t v) { return nh_arena_printf(a, "%" PRId64, v); }
const char *nh_text_percent(nh_arena *a, double v) { return v < 0 ? "-" : nh_arena_printf(a, "%.2f %%", 100 * v); }
