/* The C model of the fabric against the layers. */
#include <math.h>
#include <string.h>

#include "file.h"
#include "run.h"
#include "sim_fabric.h"
#include "tool.h"

typedef struct {
    nh_run *r;
    const nh_design *g;       /* the same network as a pipeline: the integer model of its layers */
    nh_design_state *state;
    int64_t **raw;
    int32_t *x, *y;           /* of a sample: [steps][elements] */
    double **value;           /* of the float network, for networks without time; or NULL */
    int64_t differ, compared, spikes, cycles, most_cycles, correct, correct_float, agree;
    int64_t other[3];         /* the first sample of which the float network gives another class, that class, and the fabric's */
    nh_core_activity *activity;
} bench;

/* Input of sample i as the fabric's integers. */
static void load_sample(const bench *b, int64_t i) {
    const nh_samples *s = &b->r->inputs;
    nh_format f = b->r->graph->tensor[b->r->graph->input].q.fmt;
    double scale = b->r->graph->tensor[b->r->graph->input].q.scale;
    nh_fx_count ignored = {0};
    for (int64_t k = 0; k < s->size; k++) b->x[k] = (int32_t)nh_fx_from_double(s->x[i * s->size + k] / scale, f, &ignored);
}

/* One step of the layers: expected outputs, in the order of the tensor. */
static void expect_step(const bench *b, int64_t step, int64_t *in, int64_t *want) {
    const nh_image *m = b->r->image;
    const nh_stream *from = &b->g->stream[b->g->input], *to = &b->g->stream[b->g->output];
    for (int64_t e = 0; e < m->input_size; e++) in[e] = b->x[step * m->input_size + (from->order ? from->order[e] : e)];
    nh_design_step(b->g, b->state, in, b->raw, NULL);
    for (int64_t e = 0; e < m->output_size; e++) want[to->order ? to->order[e] : e] = b->raw[b->g->output][e];
}

static void compare_sample(bench *b, int64_t sample, int64_t *in, int64_t *want) {
    const nh_image *m = b->r->image;
    nh_design_state_reset(b->state);
    for (int64_t t = 0; t < m->steps; t++) {
        expect_step(b, t, in, want);
        for (int64_t e = 0; e < m->output_size; e++) {
            int64_t got = b->y[t * m->output_size + e];
            b->compared++;
            b->spikes += got != 0;
            if (got == want[e]) continue;
            if (b->differ++ == 0)
                nh_report(b->r->cli->diag, NH_P_FABRIC_DIFFERS, NH_NOWHERE, "sample %lld, step %lld, output %lld: %lld, expected %lld", (long long)sample,
                          (long long)t, (long long)e, (long long)got, (long long)want[e]);
        }
    }
}

/* The output with the largest sum over all steps; the first of several. */
static int64_t class_of(const bench *b) {
    const nh_image *m = b->r->image;
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
    if (!b->value) return;
    nh_float_eval(b->r->graph, s->x + sample * s->size, b->value);
    const double *y = b->value[b->r->graph->output];
    for (int64_t e = 1; e < b->r->image->output_size; e++)
        if (y[e] > y[want]) want = e;
    if (b->r->label) b->correct_float += want == b->r->label[sample];
    if (got != want && b->agree == sample) b->other[0] = sample, b->other[1] = want, b->other[2] = got;
    b->agree += got == want;
}

/* Lowered as a pipeline, with strategies that every layer has. */
static const nh_design *reference(nh_run *r) {
    for (int i = 0; i < r->graph->n_layer; i++) {
        nh_layer_options *o = &r->graph->layer[i].opt;
        if (o->strategy == NH_STRATEGY_EVENT) o->strategy = NH_STRATEGY_RESOURCE, o->reuse_factor = r->graph->is_temporal ? 0 : 1; /* any: only its numbers are asked for */
    }
    return nh_lower(r->cli->arena, r->cli->diag, r->graph, r->opt);
}

static void print_result(const bench *b) {
    const nh_run *r = b->r;
    int64_t n = r->inputs.n;
    printf("\nC model of the fabric, %lld samples of %lld steps\n", (long long)n, (long long)r->image->steps);
    printf("  as the layers  %lld of %lld outputs differ, %.1f spikes per sample\n", (long long)b->differ, (long long)b->compared, (double)b->spikes / (double)n);
    if (b->value) {
        printf("  as float       the same class for %lld of %lld samples (%.2f %%)", (long long)b->agree, (long long)n, 100 * (double)b->agree / (double)n);
        if (b->agree < n) printf("; first other: sample %lld, float %lld, fabric %lld", (long long)b->other[0], (long long)b->other[1], (long long)b->other[2]);
        putchar('\n');
    }
    printf("  cycles         %.0f per inference (mean), %lld (most)\n", (double)b->cycles / (double)n, (long long)b->most_cycles);
    if (r->label) printf("  accuracy       %.2f %%", 100 * (double)b->correct / (double)n);
    if (r->label && b->value) printf(", float %.2f %%", 100 * (double)b->correct_float / (double)n);
    if (r->label) putchar('\n');
}

bool nh_run_fabric(nh_run *r) {
    nh_arena *a = r->cli->arena;
    bench b = {.r = r};
    if (r->inputs.n == 0) return true;
    b.g = reference(r);
    if (!r->graph->is_temporal) b.value = nh_float_buffers(a, r->graph);
    if (!b.g) return false;
    const nh_image *m = r->image;
    b.state = nh_design_state_new(a, b.g);
    b.raw = nh_design_buffers(a, b.g);
    b.x = nh_arena_array(a, (size_t)(m->steps * m->input_size), sizeof *b.x);
    b.y = nh_arena_array(a, (size_t)(m->steps * m->output_size), sizeof *b.y);
    int64_t *in = nh_arena_array(a, (size_t)m->input_size, sizeof *in), *want = nh_arena_array(a, (size_t)m->output_size, sizeof *want);
    nh_arena *scratch = nh_arena_new();
    bool ok = true;
    for (int64_t i = 0; ok && i < r->inputs.n; i++) {
        int64_t cycles = 0;
        load_sample(&b, i);
        ok = nh_image_run(scratch, m, b.x, b.y, NULL, &cycles);
        b.cycles += cycles;
        b.most_cycles = cycles > b.most_cycles ? cycles : b.most_cycles;
        if (ok) compare_sample(&b, i, in, want);
        compare_class(&b, i);
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    if (!r->cli->flag.quiet && !r->cli->flag.json) print_result(&b);
    return ok && b.differ == 0;
}

/* Inputs of the first n samples as the fabric's integers. */
static const int32_t *all_inputs(nh_run *r, int64_t n) {
    int64_t size = r->inputs.size;
    bench b = {.r = r};
    int32_t *x = nh_arena_array(r->cli->arena, (size_t)(n * size), sizeof *x);
    for (int64_t i = 0; i < n; i++) {
        b.x = x + i * size;
        load_sample(&b, i);
    }
    return x;
}

bool nh_run_fabric_rtl(nh_run *r, const char *dir) {
    nh_arena *a = r->cli->arena;
    nh_diag *d = r->cli->diag;
    int64_t n = r->opt->simulate.rtl_limit && r->opt->simulate.rtl_limit < r->inputs.n ? r->opt->simulate.rtl_limit : r->inputs.n;
    nh_sim_fabric_setup s = {.image = r->image, .project = r->opt->project, .rtl_dir = nh_path_join(a, dir, "rtl"), .samples = n, .seed = r->opt->simulate.seed};
    nh_sim_fabric_facts f;
    if (n == 0) return true;
    s.verilator = nh_tool_find(a, "verilator");
    if (!s.verilator) return nh_tool_missing(d, "verilator", "sim", false) || true;
    s.work_dir = nh_path_join(a, dir, "sim");
    s.x = all_inputs(r, n);
    if (!nh_mkdirs(d, s.work_dir) || !nh_sim_fabric(a, d, &s, &f)) return false;
    if (!r->cli->flag.quiet && !r->cli->flag.json)
        printf("\nRTL of the fabric, %lld samples, %lld ticks in each of %lld runs (%lld with stalls)\n  as the C model %lld of %lld events differ\n"
               "  cycles         %.0f per inference, measured\n", (long long)n, (long long)f.ticks, (long long)f.runs, (long long)f.runs - 1,
               (long long)f.differing, (long long)(f.events * f.runs), f.cycles);
    if (f.differing == 0) return true;
    return nh_report(d, NH_P_FABRIC_DIFFERS, NH_NOWHERE, "%s", f.first ? f.first : "another number of marks");
}
