#include "sim_places.h"

#include <inttypes.h>
#include <string.h>

#include "last_will.h"
#include "layout.h"
#include "sim_fabric.h"
#include "sim_parts.h"
#include "tool.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_parts *p;
    const nh_sim_setup *s;
    nh_part_fact *fact;
    nh_sim_facts *f;
    int64_t steps, samples, frames; /* frames: that the RTL runs over */
    const int64_t *x;               /* of the network, in the order of the model's tensor */
    int64_t **y;                    /* [part] outputs, likewise */
} bench;

static int64_t size_of(const bench *b, int tensor) { return nh_shape_size(b->p->graph->tensor[tensor].shape); }

static int64_t inputs_size(const bench *b, const nh_part *part) {
    int64_t n = 0;
    for (int k = 0; k < part->n_in; k++) n += size_of(b, part->in[k]);
    return n;
}

static const int64_t *tensor_of(const bench *b, const nh_part *part, int k) {
    return part->from[k] < 0 ? b->x : b->y[part->from[k]];
}

/* What the part reads, of all frames: its tensors one after the other in each. NULL: too many. */
static const int64_t *inputs_of(const bench *b, const nh_part *part) {
    if (part->n_in == 1) return tensor_of(b, part, 0);
    int64_t frames = b->samples * b->steps, n = inputs_size(b, part), at = 0;
    int64_t *x = nh_arena_array(b->a, (size_t)(frames * n), sizeof *x);
    for (int k = 0; x && k < part->n_in; at += size_of(b, part->in[k]), k++) {
        int64_t own = size_of(b, part->in[k]);
        for (int64_t f = 0; f < frames; f++)
            memcpy(x + f * n + at, tensor_of(b, part, k) + f * own, (size_t)own * sizeof *x);
    }
    return x;
}

static bool too_many(const bench *b) {
    return nh_report(b->d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", b->samples);
}

static const char *folder(const bench *b, const char *parent, const nh_part *part) {
    return nh_path_join(b->a, parent, part->id);
}

/* The first difference names its part; the parts behind it would only repeat it. */
static bool differ(bench *b, const nh_part *part, const nh_mismatch *m, const char *what) {
    const char *step = nh_design_has_steps(b->p->whole) ? nh_arena_printf(b->a, ", step %" PRId64, m->step) : "";
    nh_report(b->d, NH_S_PART, NH_NOWHERE,
              "part %s: sample %" PRId64 "%s, element %" PRId64 ": %" PRId64 ", %s %" PRId64, part->id, m->sample, step,
              m->element, m->got, what, m->expected);
    if (m->layer) nh_diag_layer(b->d, m->layer);
    b->f->first = *m;
    b->f->first.layer = part->id;
    return false;
}

/* --- pipelines and the host -------------------------------------------------------------------------------------- */

/* Cycles of the part's units under the names that the whole has for them. */
static void add_cycles(bench *b, const nh_part *part, const nh_sim_facts *own) {
    const nh_design *g = b->p->whole;
    for (int u = 0; u < own->n_cycles; u++) {
        const nh_unit *unit = &part->design->unit[u];
        for (int k = 0; k < g->n_unit && unit->n_layer > 0; k++) {
            if (g->unit[k].n_layer == 0 || g->unit[k].kind != unit->kind ||
                g->unit[k].layer[0] != part->layer[unit->layer[0] - part->n_in])
                continue;
            b->f->cycles[b->f->n_cycles] = own->cycles[u];
            b->f->cycles[b->f->n_cycles++].unit = g->unit[k].id;
        }
    }
}

static bool run_design(bench *b, const nh_part *part, nh_part_fact *fact, int64_t *out) {
    nh_sim_facts own;
    nh_sim_setup s = *b->s;
    bool rtl = part->place == NH_PLACE_PIPELINE;
    s.c_dir = folder(b, b->s->c_dir, part);
    s.rtl_dir = rtl ? folder(b, b->s->rtl_dir, part) : NULL;
    s.work_dir = folder(b, b->s->work_dir, part);
    s.only_c |= !rtl;
    s.x.size = b->steps * inputs_size(b, part);
    s.raw_x = inputs_of(b, part);
    if (!s.raw_x) return too_many(b);
    s.out = out;
    if (!nh_sim_run(b->a, b->d, part->design, &s, &own)) return false;
    fact->runs = own.runs;
    fact->compared = own.compared;
    fact->mismatches = own.mismatches;
    fact->first = own.first;
    fact->cycles = own.measured_ii; /* 0 without RTL */
    b->f->stalled_runs = own.stalled_runs > b->f->stalled_runs ? own.stalled_runs : b->f->stalled_runs;
    add_cycles(b, part, &own);
    return own.mismatches == 0 || differ(b, part, &own.first, "its C kernels give");
}

/* --- the fabric -------------------------------------------------------------------------------------------------- */

/* The C model of the image over all samples. */
static bool run_machine(bench *b, const nh_part *part, const int32_t *x, int32_t *y) {
    const nh_image *m = part->image;
    nh_arena *scratch = nh_arena_new();
    bool ok = true;
    for (int64_t i = 0; ok && i < b->samples && !nh_will_stop(); i++) {
        ok = nh_image_run(scratch, m, x + i * b->steps * m->input_size, y + i * b->steps * m->output_size, NULL, NULL);
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    if (nh_will_stop()) return false;
    return ok ||
           nh_report(b->d, NH_S_PART, NH_NOWHERE, "part %s: a value that comes in is no event of the fabric", part->id);
}

static bool first_difference(const int32_t *want, const int32_t *got, int64_t n, int64_t size, int64_t steps,
                             nh_mismatch *m) {
    for (int64_t i = 0; i < n; i++) {
        if (want[i] == got[i]) continue;
        *m = (nh_mismatch){.sample = i / size / steps,
                           .step = i / size % steps,
                           .element = i % size,
                           .expected = want[i],
                           .got = got[i]};
        return true;
    }
    return false;
}

/* The RTL of a fabric is that of the first part that runs on it. */
static const nh_part *fabric_of(const bench *b, const nh_part *part) { return &b->p->part[part->shares]; }

static bool run_fabric_rtl(bench *b, const nh_part *part, nh_part_fact *fact, const int32_t *x, const int32_t *want,
                           int32_t *got) {
    nh_sim_fabric_facts own;
    nh_sim_fabric_setup s = {.image = part->image,
                             .project = fabric_of(b, part)->opt->project,
                             .rtl_dir = folder(b, b->s->rtl_dir, fabric_of(b, part)),
                             .work_dir = folder(b, b->s->work_dir, part),
                             .verilator = b->s->verilator,
                             .cxx = b->s->cxx,
                             .cache_dir = b->s->cache_dir,
                             .jobs = b->s->jobs,
                             .x = x,
                             .seed = part->opt->simulate.seed,
                             .stalls = nh_sim_fabric_stalls(part->opt),
                             .y = got};
    s.samples = (b->frames + b->steps - 1) / b->steps;
    if (!nh_mkdirs(b->d, s.work_dir) || !nh_sim_fabric(b->a, b->d, &s, &own)) return false;
    int64_t size = part->image->output_size, n = s.samples * b->steps * size;
    fact->runs = own.runs;
    fact->compared = n + own.events * own.runs;
    fact->mismatches = own.differing;
    fact->cycles = own.cycles / (double)b->steps;
    b->f->stalled_runs = own.runs - 1 > b->f->stalled_runs ? own.runs - 1 : b->f->stalled_runs;
    if (first_difference(want, got, n, size, b->steps, &fact->first)) {
        fact->mismatches += fact->mismatches == 0;
        return differ(b, part, &fact->first, "the C model of the fabric gives");
    }
    return own.differing == 0 || nh_report(b->d, NH_S_PART, NH_NOWHERE, "part %s: %s", part->id,
                                           own.first ? own.first : "another number of marks");
}

static bool run_fabric(bench *b, const nh_part *part, nh_part_fact *fact, int64_t *out) {
    int64_t n_in = b->samples * b->steps * part->image->input_size,
            n_out = b->samples * b->steps * part->image->output_size;
    int32_t *x = nh_arena_array(b->a, (size_t)n_in, sizeof *x),
            *want = nh_arena_array(b->a, (size_t)n_out, sizeof *want);
    int32_t *got = nh_arena_array(b->a, (size_t)n_out, sizeof *got);
    const int64_t *in = inputs_of(b, part);
    if (!in) return too_many(b);
    for (int64_t i = 0; i < n_in; i++) x[i] = (int32_t)in[i];
    if (!run_machine(b, part, x, want)) return false;
    memcpy(got, want, (size_t)n_out * sizeof *got);
    bool rtl = nh_sim_has_rtl(b->s) &&
               nh_file_exists(nh_path_join(b->a, folder(b, b->s->rtl_dir, fabric_of(b, part)), "files.f"));
    if (rtl && !run_fabric_rtl(b, part, fact, x, want, got)) return false;
    for (int64_t i = 0; i < n_out; i++) out[i] = got[i];
    return true;
}

/* --- against the whole ------------------------------------------------------------------------------------------- */

/* The stream of the whole that carries a tensor, -1: it has become a part of a unit. */
static int stream_of(const nh_design *g, int tensor) {
    int root = nh_root_tensor(g->graph, tensor);
    for (int k = 0; k < g->n_stream; k++)
        if (nh_root_tensor(g->graph, g->stream[k].tensor) == root) return k;
    return -1;
}

static bool compare_part(bench *b, int i, int64_t frame, int64_t *const *raw, int64_t *compared) {
    const nh_part *part = &b->p->part[i];
    int k = part->out == b->p->graph->output ? b->p->whole->output : stream_of(b->p->whole, part->out);
    if (k < 0) return true;
    const nh_stream *s = &b->p->whole->stream[k];
    for (int64_t e = 0; e < s->n; e++) {
        int64_t at = s->order ? s->order[e] : e, got = b->y[i][frame * s->n + at];
        ++*compared;
        if (got == raw[k][e]) continue;
        b->f->mismatches++;
        return differ(
            b, part,
            &(nh_mismatch){
                .sample = frame / b->steps, .step = frame % b->steps, .element = at, .expected = raw[k][e], .got = got},
            "the integer model of the whole network gives");
    }
    return true;
}

/* x: in the order of the whole's stream. */
static bool compare_whole(bench *b, const int64_t *x) {
    const nh_design *g = b->p->whole;
    nh_design_state *state = nh_design_state_new(b->a, g);
    int64_t **raw = nh_design_buffers(b->a, g), n = g->stream[g->input].n;
    for (int64_t frame = 0; frame < b->frames; frame++) {
        if (nh_will_stop()) return false;
        if (frame % b->steps == 0) nh_design_state_reset(state);
        nh_design_step(g, state, x + frame * n, raw, NULL);
        for (int i = 0; i < b->p->n_part; i++)
            if (!compare_part(b, i, frame, raw, &b->f->compared)) return false;
    }
    return true;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static bool run_part(bench *b, int i) {
    const nh_part *part = &b->p->part[i];
    nh_part_fact *fact = &b->fact[i];
    b->y[i] = nh_arena_array(b->a, (size_t)(b->samples * b->steps * size_of(b, part->out)), sizeof **b->y);
    if (!b->y[i]) return too_many(b);
    bool ok = (part->image ? run_fabric : run_design)(b, part, fact, b->y[i]);
    fact->ran = true;
    b->f->compared += fact->compared;
    b->f->mismatches += fact->mismatches;
    b->f->runs = fact->runs > b->f->runs ? fact->runs : b->f->runs;
    return ok;
}

static bool all_rtl(const bench *b) {
    for (int i = 0; i < b->p->n_part; i++)
        if (b->p->part[i].place != NH_PLACE_HOST && b->fact[i].runs == 0) return false;
    return b->frames == b->samples * b->steps;
}

static bool measure(bench *b, const int64_t *x, nh_sim_facts *f) {
    const nh_design *g = b->p->whole;
    const int64_t *y = b->y[b->p->part_of[b->p->graph->tensor[b->p->graph->output].producer]];
    nh_measure m = {.g = g,
                    .s = b->s,
                    .steps = b->steps,
                    .n_in = g->stream[g->input].n,
                    .n_out = g->stream[g->output].n,
                    .raw_x = x,
                    .out_c = y,
                    .out_rtl = all_rtl(b) ? y : NULL};
    f->ran = true;
    f->samples = b->samples;
    return nh_sim_write_outputs(b->a, b->d, g, nh_path_join(b->a, b->s->work_dir, "outputs.npy"), b->samples, y) &&
           nh_sim_measure(b->a, b->d, &m, f);
}

bool nh_sim_places(nh_arena *a, nh_diag *d, const nh_parts *p, const nh_sim_setup *s, nh_part_fact *part,
                   nh_sim_facts *f) {
    const nh_design *g = p->whole;
    const nh_stream *in = &g->stream[g->input];
    bench b = {.a = a, .d = d, .p = p, .s = s, .fact = part, .f = f, .steps = nh_sim_steps(g), .samples = s->x.n};
    int64_t limit = g->opt->simulate.rtl_limit, total = s->x.n * b.steps;
    *f = (nh_sim_facts){.acc_float = -1, .acc_fixed = -1, .acc_rtl = -1, .agree_float_fixed = -1, .steps = b.steps};
    if (s->x.n < 1) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "no samples to simulate");
    b.frames = limit > 0 && limit < total ? limit : total;
    f->cycles = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *f->cycles);
    const int64_t *x = nh_sim_quantize(a, g, &s->x, f);
    int64_t *model = nh_arena_array(a, (size_t)(total * in->n), sizeof *model);
    if (!x || !model) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", s->x.n);
    for (int64_t i = 0; i < total; i++) nh_sim_to_model(in, x + i * in->n, model + i * in->n);
    b.x = model;
    b.y = nh_arena_array(a, (size_t)p->n_part, sizeof *b.y);
    for (int i = 0; i < p->n_part; i++)
        if (!run_part(&b, i)) return false;
    return compare_whole(&b, x) && measure(&b, x, f);
}
