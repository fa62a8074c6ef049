/* The C model of the fabric against the layers. */
#include <math.h>
#include <string.h>

#include "fabric_measured.h"
#include "file.h"
#include "last_will.h"
#include "neurons.h"
#include "parts.h"
#include "run.h"
#include "sim_fabric.h"
#include "tool.h"

typedef struct {
    nh_session *r;
    const nh_part *part;
    const nh_design *g; /* the same network as a pipeline: the integer model of its layers */
    nh_design_state *state;
    int64_t **raw;
    int32_t *x, *y;     /* of a sample: [steps][elements] */
    nh_float_net *real; /* the float reference of networks of one step; or NULL */
    int64_t differ, compared, spikes, cycles, most_cycles, correct, correct_float, agree;
    int64_t
        other[3]; /* the first sample of which the float network gives another class, that class, and the fabric's */
    nh_core_activity *activity;
} bench;

/* Input of sample i as the fabric's integers. */
static void load_sample(const bench *b, int64_t i) {
    const nh_samples *s = &b->r->inputs;
    nh_format f = b->r->graph->tensor[b->r->graph->input].q.fmt;
    double scale = b->r->graph->tensor[b->r->graph->input].q.scale;
    nh_fx_count ignored = {0};
    for (int64_t k = 0; k < s->size; k++)
        b->x[k] = (int32_t)nh_fx_from_double(s->x[i * s->size + k] / scale, f, &ignored);
}

/* One step of the layers: expected outputs, in the order of the tensor. */
static void expect_step(const bench *b, int64_t step, int64_t *in, int64_t *want) {
    const nh_image *m = b->part->image;
    const nh_stream *from = &b->g->stream[b->g->input], *to = &b->g->stream[b->g->output];
    for (int64_t e = 0; e < m->input_size; e++) in[e] = b->x[step * m->input_size + (from->order ? from->order[e] : e)];
    nh_design_step(b->g, b->state, in, b->raw, NULL);
    for (int64_t e = 0; e < m->output_size; e++) want[to->order ? to->order[e] : e] = b->raw[b->g->output][e];
}

static void compare_sample(bench *b, int64_t sample, int64_t *in, int64_t *want) {
    const nh_image *m = b->part->image;
    nh_design_state_reset(b->state);
    for (int64_t t = 0; t < m->steps; t++) {
        expect_step(b, t, in, want);
        for (int64_t e = 0; e < m->output_size; e++) {
            int64_t got = b->y[t * m->output_size + e];
            b->compared++;
            b->spikes += got != 0;
            if (got == want[e]) continue;
            if (b->differ++ == 0)
                nh_report(b->r->diag, NH_P_FABRIC_DIFFERS, NH_NOWHERE,
                          "sample %lld, step %lld, output %lld: %lld, expected %lld", (long long)sample, (long long)t,
                          (long long)e, (long long)got, (long long)want[e]);
        }
    }
}

/* The output with the largest sum over all steps; the first of several. */
static int64_t class_of(const bench *b) {
    const nh_image *m = b->part->image;
    int64_t best = 0, most = INT64_MIN;
    for (int64_t e = 0; e < m->output_size; e++) {
        int64_t sum = 0;
        for (int64_t t = 0; t < m->steps; t++) sum += b->y[t * m->output_size + e];
        if (sum > most) most = sum, best = e;
    }
    return best;
}

/* The class that the float network gives against the fabric's. */
static void compare_class(bench *b, int64_t sample) {
    const nh_samples *s = &b->r->inputs;
    int64_t got = class_of(b), want = 0;
    if (b->r->label) b->correct += got == b->r->label[sample];
    if (!b->real) return;
    nh_float_net_step(b->real, s->x + sample * s->size);
    const double *y = nh_float_net_value(b->real, b->r->graph->output);
    for (int64_t e = 1; e < b->part->image->output_size; e++)
        if (y[e] > y[want]) want = e;
    if (b->r->label) b->correct_float += want == b->r->label[sample];
    if (got != want && b->agree == sample) b->other[0] = sample, b->other[1] = want, b->other[2] = got;
    b->agree += got == want;
}

/* What every core did, summed over the samples. */
static void add_activity(bench *b) {
    nh_fabric_facts *f = &b->r->facts.fabric;
    for (int i = 0; i < f->n_core; i++) {
        const int64_t *n = b->activity[i].count;
        nh_core_fact *c = &f->core[i];
        c->events += n[0];
        c->invalid_events += n[1];
        c->synapse_words += n[2];
        c->busy_cycles += n[3];
        c->neuron_words += n[5];
        c->spikes += n[6];
        c->flits += n[7];
        c->hops += b->activity[i].hops;
    }
}

static void name_cores(bench *b) {
    nh_arena *a = b->r->arena;
    const nh_image *m = b->part->image;
    nh_fabric_facts *f = &b->r->facts.fabric;
    *f = (nh_fabric_facts){.correct = -1};
    for (int c = 0; c < m->n_context; c++) f->n_core += m->context[c].n_core;
    f->core = nh_arena_array(a, (size_t)f->n_core + 1, sizeof *f->core);
    b->activity = nh_arena_array(a, (size_t)f->n_core + 1, sizeof *b->activity);
    for (int c = 0, at = 0; c < m->n_context; c++) {
        const nh_context *x = &m->context[c];
        for (int i = 0; i < x->n_core; i++, at++) {
            f->core[at] = (nh_core_fact){.layer = "", .context = c, .x = x->core[i].x, .y = x->core[i].y};
            for (int64_t s = 0; s < x->n_symbol; s++)
                if (x->symbol[s].x == x->core[i].x && x->symbol[s].y == x->core[i].y)
                    f->core[at].layer = x->symbol[s].layer;
        }
    }
}

static void put_facts(const bench *b) {
    nh_fabric_facts *f = &b->r->facts.fabric;
    f->ran = true;
    f->samples = b->r->inputs.n;
    f->compared = b->compared;
    f->differing = b->differ;
    f->output_events = b->spikes;
    f->cycles = (double)b->cycles / (double)f->samples;
    f->most_cycles = b->most_cycles;
    f->correct = b->r->label ? b->correct : -1;
}

static void print_result(const bench *b, FILE *out) {
    const nh_session *r = b->r;
    int64_t n = r->inputs.n;
    fprintf(out, "\nC model of the fabric, %lld samples of %lld steps\n", (long long)n,
            (long long)b->part->image->steps);
    fprintf(out, "  as the layers  %lld of %lld outputs differ, %.1f spikes per sample\n", (long long)b->differ,
            (long long)b->compared, (double)b->spikes / (double)n);
    if (b->real) {
        fprintf(out, "  as float       the same class for %lld of %lld samples (%.2f %%)", (long long)b->agree,
                (long long)n, 100 * (double)b->agree / (double)n);
        if (b->agree < n)
            fprintf(out, "; first other: sample %lld, float %lld, fabric %lld", (long long)b->other[0],
                    (long long)b->other[1], (long long)b->other[2]);
        fputc('\n', out);
    }
    fprintf(out, "  cycles         %.0f per inference (mean), %lld (most)\n", (double)b->cycles / (double)n,
            (long long)b->most_cycles);
    if (r->label) fprintf(out, "  accuracy       %.2f %%", 100 * (double)b->correct / (double)n);
    if (r->label && b->real) fprintf(out, ", float %.2f %%", 100 * (double)b->correct_float / (double)n);
    if (r->label) fputc('\n', out);
}

bool nh_run_fabric(nh_session *r, const nh_part *part, FILE *out) {
    nh_arena *a = r->arena;
    bench b = {.r = r, .part = part, .g = r->design};
    if (r->inputs.n == 0) return true;
    name_cores(&b);
    if (!nh_graph_has_steps(r->graph)) b.real = nh_float_net_new(a, r->graph, NH_FLOAT64);
    const nh_image *m = part->image;
    b.state = nh_design_state_new(a, b.g);
    b.raw = nh_design_buffers(a, b.g);
    b.x = nh_arena_array(a, (size_t)(m->steps * m->input_size), sizeof *b.x);
    b.y = nh_arena_array(a, (size_t)(m->steps * m->output_size), sizeof *b.y);
    int64_t *in = nh_arena_array(a, (size_t)m->input_size, sizeof *in),
            *want = nh_arena_array(a, (size_t)m->output_size, sizeof *want);
    nh_arena *scratch = nh_arena_new();
    bool ok = true;
    for (int64_t i = 0; ok && i < r->inputs.n && !nh_will_stop(); i++) {
        int64_t cycles = 0;
        load_sample(&b, i);
        ok = nh_image_run(scratch, m, b.x, b.y, b.activity, &cycles);
        add_activity(&b);
        b.cycles += cycles;
        b.most_cycles = cycles > b.most_cycles ? cycles : b.most_cycles;
        if (ok) compare_sample(&b, i, in, want);
        compare_class(&b, i);
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    if (nh_will_stop()) return false;
    put_facts(&b);
    if (out) print_result(&b, out);
    return ok && b.differ == 0;
}

/* Inputs of the first n samples as the fabric's integers. */
static const int32_t *all_inputs(nh_session *r, int64_t n) {
    int64_t size = r->inputs.size;
    bench b = {.r = r};
    int32_t *x = nh_arena_array(r->arena, (size_t)(n * size), sizeof *x);
    for (int64_t i = 0; i < n; i++) {
        b.x = x + i * size;
        load_sample(&b, i);
    }
    return x;
}

static const int64_t *widened(nh_arena *a, const int32_t *v, size_t n) {
    int64_t *to = nh_arena_array(a, n + 1, sizeof *to);
    for (size_t i = 0; i < n; i++) to[i] = v[i];
    return to;
}

bool nh_run_fabric_rtl(nh_session *r, const nh_part *part, const char *rtl_dir, const char *work_dir,
                       const int64_t **y) {
    nh_diag *d = r->diag;
    int64_t n = r->opt->simulate.rtl_limit && r->opt->simulate.rtl_limit < r->inputs.n ? r->opt->simulate.rtl_limit
                                                                                       : r->inputs.n;
    nh_sim_fabric_setup s = {.image = part->image,
                             .project = part->opt->project,
                             .rtl_dir = rtl_dir,
                             .work_dir = work_dir,
                             .samples = n,
                             .seed = r->opt->simulate.seed,
                             .stalls = nh_sim_fabric_stalls(r->opt)};
    nh_sim_fabric_facts f;
    nh_fabric_facts *to = &r->facts.fabric;
    s.verilator = nh_tool_find(r->arena, "verilator");
    s.cxx = nh_tool_find(r->arena, "c++");
    s.cache_dir = nh_run_cache_dir(r);
    s.jobs = r->ask.jobs;
    s.x = all_inputs(r, n);
    size_t size = (size_t)(n * part->image->steps * part->image->output_size);
    s.y = nh_arena_array(r->arena, size + 1, sizeof *s.y);
    if (!nh_mkdirs(d, s.work_dir) || !nh_sim_fabric(r->arena, d, &s, &f)) return false;
    to->rtl_samples = n;
    to->rtl_ticks = f.ticks;
    to->rtl_events = f.events;
    to->rtl_runs = f.runs;
    to->rtl_differing = f.differing;
    to->rtl_cycles = f.cycles;
    to->rtl_most_cycles = f.most_cycles;
    to->rtl_load_cycles = f.load_cycles;
    nh_fabric_measured_put(&f, to);
    to->rtl_first = f.first;
    r->fabric_rtl = NH_NEW(r->arena, nh_sim_fabric_facts);
    *r->fabric_rtl = f;
    *y = n == r->inputs.n ? widened(r->arena, s.y, size) : NULL;
    return true;
}

bool nh_run_fabric_rtl_print(nh_session *r, const nh_part *part, const char *rtl_dir, const char *work_dir, FILE *out) {
    nh_diag *d = r->diag;
    static const char *const tool[] = {"verilator", "c++"};
    const int64_t *y;
    if (r->inputs.n == 0 || !r->opt->simulate.rtl) return true;
    for (size_t i = 0; i < sizeof tool / sizeof *tool; i++)
        if (!nh_tool_find(r->arena, tool[i])) return nh_tool_missing(d, tool[i], "sim", false) || true;
    if (!nh_run_fabric_rtl(r, part, rtl_dir, work_dir, &y)) return false;
    if (out) nh_fabric_measured_text(r->fabric_rtl, r->facts.fabric.rtl_samples, out);
    return nh_check_fabric_match(r);
}
