#include "image_spikes.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

enum { RASTER_ROWS = 128, RASTER_STEPS = 400 };

/* As a field of CSV: quotes are doubled, and a name that a spreadsheet would take for a formula gets the apostrophe
 * that makes it text. */
static const char *csv_name(nh_arena *a, const char *name) {
    const char *clean = nh_text_clean(a, name, SIZE_MAX);
    char *out = nh_arena_alloc(a, 2 * strlen(clean) + 4), *p = out;
    *p++ = '"';
    if (*clean && strchr("=+-@", *clean)) *p++ = '\'';
    for (; *clean; clean++) {
        if (*clean == '"') *p++ = '"';
        *p++ = *clean;
    }
    *p = '"';
    return out;
}

static int layer_named(nh_image_spikes *s, const char *name) {
    for (int i = 0; i < s->n_layer; i++)
        if (strcmp(s->layer[i].name, name) == 0) return i;
    s->layer[s->n_layer] = (nh_layer_spikes){.name = name, .csv_name = csv_name(s->a, name)};
    return s->n_layer++;
}

static int core_at(const nh_context *x, const nh_symbol *y) {
    for (int i = 0; i < x->n_core; i++)
        if (x->core[i].x == y->x && x->core[i].y == y->y) return i;
    return -1;
}

/* Symbols are for people: what they say of words that the core does not have is passed over. */
static void add_symbol(nh_image_spikes *s, int context, int64_t i) {
    const nh_context *x = &s->m->context[context];
    const nh_symbol *y = &x->symbol[i];
    int64_t at = s->first_symbol[context] + i;
    int core = core_at(x, y), l = s->layer_of[at] = layer_named(s, y->layer);
    s->base[at] = s->layer[l].neurons;
    s->layer[l].neurons += y->c * y->h * y->w;
    for (int64_t w = y->word; core >= 0 && w < y->word + y->words && w < x->core[core].words; w++)
        if (w >= 0) s->symbol_of[s->first_core[context] + core][w] = (int32_t)at;
}

static void start_raster(nh_image_spikes *s) {
    int64_t steps = s->m->steps < RASTER_STEPS ? s->m->steps : RASTER_STEPS;
    s->raster = (nh_raster_fact){.steps = steps, .all_steps = s->m->steps, .n_band = s->n_layer, .is_alone = true};
    s->raster.band = nh_arena_array(s->a, (size_t)s->n_layer + 1, sizeof *s->raster.band);
    for (int l = 0; l < s->n_layer; l++) {
        int64_t n = s->layer[l].neurons, stride = (n + RASTER_ROWS - 1) / RASTER_ROWS;
        nh_raster_band *b = &s->raster.band[l];
        *b = (nh_raster_band){.layer = s->layer[l].name, .neurons = n, .stride = stride ? stride : 1};
        b->n_row = (int)((n + b->stride - 1) / b->stride);
        b->row = nh_arena_array(s->a, (size_t)b->n_row + 1, sizeof *b->row);
        for (int r = 0; r < b->n_row; r++) {
            b->row[r] = nh_arena_alloc(s->a, (size_t)steps + 1);
            memset(b->row[r], NH_RASTER_NONE, (size_t)steps);
        }
    }
}

nh_image_spikes *nh_image_spikes_new(nh_arena *a, nh_diag *d, const nh_image *m, const char *log, bool raster) {
    nh_image_spikes *s = NH_NEW(a, nh_image_spikes);
    *s = (nh_image_spikes){.m = m, .a = a};
    s->first_symbol = nh_arena_array(a, (size_t)m->n_context + 1, sizeof *s->first_symbol);
    s->first_core = nh_arena_array(a, (size_t)m->n_context + 1, sizeof *s->first_core);
    for (int c = 0; c < m->n_context; c++) {
        s->first_symbol[c + 1] = s->first_symbol[c] + m->context[c].n_symbol;
        s->first_core[c + 1] = s->first_core[c] + m->context[c].n_core;
    }
    size_t symbols = (size_t)s->first_symbol[m->n_context], cores = (size_t)s->first_core[m->n_context];
    s->layer = nh_arena_array(a, symbols + 1, sizeof *s->layer);
    s->layer_of = nh_arena_array(a, symbols + 1, sizeof *s->layer_of);
    s->base = nh_arena_array(a, symbols + 1, sizeof *s->base);
    s->symbol_of = nh_arena_array(a, cores + 1, sizeof *s->symbol_of);
    for (int c = 0; c < m->n_context; c++) {
        const nh_context *x = &m->context[c];
        for (int i = 0; i < x->n_core; i++) {
            int32_t *word = s->symbol_of[s->first_core[c] + i] =
                nh_arena_array(a, (size_t)x->core[i].words + 1, sizeof *word);
            memset(word, -1, (size_t)x->core[i].words * sizeof *word);
        }
        for (int64_t i = 0; i < x->n_symbol; i++) add_symbol(s, c, i);
    }
    if (raster) start_raster(s);
    if (!log) return s;
    s->log = nh_writer_output(a, d, log);
    if (!s->log) return NULL;
    nh_puts(s->log, "sample,step,context,core_x,core_y,neuron,layer,channel,row,column,value\n");
    return s;
}

static void see_init(void *self, int context) { ((nh_image_spikes *)self)->context = context; }

static void see_spike(void *self, int core, int64_t neuron, int64_t step, int32_t value) {
    nh_image_spikes *s = self;
    const nh_context *x = &s->m->context[s->context];
    int64_t lanes = s->m->fabric.lanes, word = neuron / lanes,
            at = s->symbol_of[s->first_core[s->context] + core][word];
    if (at < 0) return;
    const nh_symbol *y = &x->symbol[at - s->first_symbol[s->context]];
    int64_t features = (y->c + lanes - 1) / lanes, i = word - y->word, ch = i % features * lanes + neuron % lanes,
            pixel = i / features;
    if (ch >= y->c || step >= s->m->steps || y->w < 1)
        return; /* a lane beyond the layer, or a sweep beyond the sample */
    s->layer[s->layer_of[at]].spikes++;
    int64_t element = s->base[at] + ch * y->h * y->w + pixel;
    nh_raster_band *b = s->raster.n_band && s->sample == 0 ? &s->raster.band[s->layer_of[at]] : NULL;
    if (b && step < s->raster.steps && element % b->stride == 0 && element / b->stride < b->n_row)
        b->row[element / b->stride][step] = NH_RASTER_BOTH;
    if (!s->log) return;
    nh_printf(s->log, "%" PRId64 ",%" PRId64 ",%d,%d,%d,%" PRId64 ",", s->sample, step, s->context, x->core[core].x,
              x->core[core].y, neuron);
    nh_puts(s->log, s->layer[s->layer_of[at]].csv_name);
    nh_printf(s->log, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%d\n", y->c0 + ch, y->y0 + pixel / y->w,
              y->x0 + pixel % y->w, value);
}

nh_machine_watch nh_image_spikes_watch(nh_image_spikes *s) {
    return (nh_machine_watch){.self = s, .init = see_init, .spike = see_spike};
}

bool nh_image_spikes_end(nh_image_spikes *s, nh_diag *d, bool ran) {
    if (!s->log || ran) return !s->log || nh_writer_close(s->log, d);
    nh_writer_cancel(s->log);
    return true;
}
