/* What the three prints say of a network in several places. */
#include <inttypes.h>
#include <string.h>

#include "html_parts.h"
#include "text_parts.h"

const nh_part_fact *nh_unit_part(const nh_report_facts *f, const nh_unit *u) {
    int part = f->part_of && u->n_layer > 0 ? f->part_of[u->layer[0]] : -1;
    return part >= 0 && part < f->n_part ? &f->part[part] : NULL;
}

bool nh_unit_is_built(const nh_report_facts *f, const nh_unit *u) {
    const nh_part_fact *part = nh_unit_part(f, u);
    return f->n_part == 0 || (part && strcmp(part->place, "pipeline") == 0);
}

bool nh_has_units(const nh_report_facts *f) {
    for (int u = 0; u < f->design->n_unit; u++)
        if (nh_unit_is_built(f, &f->design->unit[u])) return true;
    return false;
}

json_t *nh_parts_json(nh_arena *a, const nh_report_facts *f) {
    json_t *list = json_array();
    for (int i = 0; i < f->n_part; i++) {
        json_t *o = nh_fields_put(a, &f->part[i], nh_part_fields);
        json_object_set_new(o, "first_mismatch",
                            f->part[i].mismatches ? nh_fields_put(a, &f->part[i].first, nh_mismatch_fields)
                                                  : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

/* "0 of 512" */
static const char *match_text(nh_arena *a, const nh_part_fact *p) {
    if (!p->ran) return "-";
    if (p->runs == 0) return strcmp(p->place, "host") == 0 ? "no RTL" : "RTL not run";
    return nh_arena_printf(a, "%" PRId64 " of %" PRId64, p->mismatches, p->compared);
}

static const char *cycles_text(nh_arena *a, const nh_part_fact *p) {
    return p->cycles > 0 ? nh_arena_printf(a, "%.6g", p->cycles) : "-";
}

/* --- terminal ---------------------------------------------------------------------------------------------------- */

/* 64 x ufixed<1,1> -> [pipeline] fc1, lif1 -> 48 x ufixed<1,1> -> ...; a part that reads anything else than what the
 * one before it makes is told with it: a, b -> [host] ... */
static void put_chain(nh_text_table *t, const nh_report_facts *f) {
    fprintf(t->out, "  %s\n", nh_arena_printf(t->a, "%" PRId64 " x %s", f->part[0].in_values, f->part[0].in_format));
    for (int i = 0; i < f->n_part; i++) {
        const nh_part_fact *p = &f->part[i];
        bool follows = i == 0 || strcmp(p->in, f->part[i - 1].out) == 0;
        if (!follows) fprintf(t->out, "    %s (%" PRId64 " values)\n", nh_text_clean(t->a, p->in, 60), p->in_values);
        fprintf(t->out, "    -> %s[%s]%s %s -> %" PRId64 " x %s\n", nh_text_on(t, NH_BOLD), p->place,
                nh_text_on(t, NH_OFF), nh_text_clean(t->a, p->layers, 56), p->out_values, p->out_format);
    }
}

void nh_text_places(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"part", "layers", "built as",      "values in",
                                       "out",  "cycles", "C, RTL differ", "LUT"};
    if (f->n_part == 0) return;
    nh_text_begin(t,
                  nh_design_has_steps(f->design) ? "Parts (values and cycles per time step)"
                                                 : "Parts (values and cycles per inference)",
                  head, 8);
    for (int i = 0; i < f->n_part; i++) {
        const nh_part_fact *p = &f->part[i];
        const char **r = nh_text_row(t);
        r[0] = p->id;
        r[1] = nh_text_clean(t->a, p->layers, NH_TEXT_NAME);
        r[2] = p->built;
        r[3] = nh_text_count(t->a, p->in_values);
        r[4] = nh_text_count(t->a, p->out_values);
        r[5] = cycles_text(t->a, p);
        r[6] = match_text(t->a, p);
        r[7] = p->counted ? nh_text_count(t->a, p->luts) : p->shares ? nh_arena_printf(t->a, "as %s", p->shares) : "-";
    }
    nh_text_end(t);
    put_chain(t, f);
}

void nh_report_parts(const nh_report_facts *f, bool color, FILE *out) {
    nh_text_table t = {.a = nh_arena_new(), .out = out, .color = color};
    nh_text_places(&t, f);
    nh_arena_free(t.a);
}

/* --- report.html ------------------------------------------------------------------------------------------------- */

static void put_tensor(nh_html *h, int64_t values, const char *format, const char *layer) {
    nh_html_cell_text(h, "mono", nh_arena_printf(h->a, "%" PRId64 " x %s of %s", values, format, layer));
}

void nh_html_places(nh_html *h) {
    const nh_report_facts *f = h->f;
    if (f->n_part == 0) return;
    nh_html_heading(h, "Parts");
    nh_html_table_begin(h,
                        "In the picture: blue in a pipeline, green on the fabric, amber on the host. Values and cycles "
                        "are per time step, or inference.",
                        "part|<place|<layers|<built as|<reads|<makes|cycles|RTL and C differ in|LUT|BRAM");
    for (int i = 0; i < f->n_part; i++) {
        const nh_part_fact *p = &f->part[i];
        nh_html_row_begin(h);
        nh_html_cell(h, p->id);
        nh_html_cell_text(h, nh_arena_printf(h->a, "in-%s", p->place), p->place);
        nh_html_cell_text(h, "", p->layers);
        nh_html_cell_text(h, "", p->built);
        put_tensor(h, p->in_values, p->in_format, p->in);
        put_tensor(h, p->out_values, p->out_format, p->out);
        nh_html_cell(h, cycles_text(h->a, p));
        nh_html_cell(h, match_text(h->a, p));
        nh_html_cell(h, p->counted  ? nh_arena_printf(h->a, "%" PRId64, p->luts)
                        : p->shares ? nh_arena_printf(h->a, "as %s", p->shares)
                                    : "-");
        nh_html_cell(h, p->counted ? nh_arena_printf(h->a, "%" PRId64, p->brams) : "-");
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}
