/* The C model of the fabric against the layers. */
#include <math.h>
#include <string.h>

#include "machine.h"
#include "run.h"

typedef struct {
    nh_run *r;
    const nh_design *g;       /* the same network as a pipeline: the integer model of its layers */
    nh_design_state *state;
    int64_t **raw;
    int32_t *x, *y;           /* of a sample: [steps][elements] */
    int64_t differ, compared, spikes, cycles, most_cycles, correct, correct_float;
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

/* Lowered as a pipeline, with strategies that every layer has. */
static const nh_design *reference(nh_run *r) {
    for (int i = 0; i < r->graph->n_layer; i++) {
        nh_layer_options *o = &r->graph->layer[i].opt;
        if (o->strategy == NH_STRATEGY_EVENT) o->strategy = NH_STRATEGY_RESOURCE, o->reuse_factor = 0;
    }
    return nh_lower(r->cli->arena, r->cli->diag, r->graph, r->opt);
}

static void print_result(const bench *b) {
    const nh_run *r = b->r;
    int64_t n = r->inputs.n;
    printf("\nC model of the fabric, %lld samples of %lld steps\n", (long long)n, (long long)r->image->steps);
    printf("  as the layers  %lld of %lld outputs differ, %.1f spikes per sample\n", (long long)b->differ, (long long)b->compared, (double)b->spikes / (double)n);
    printf("  cycles         %.0f per inference (mean), %lld (most)\n", (double)b->cycles / (double)n, (long long)b->most_cycles);
    if (r->label) printf("  accuracy       %.2f %%\n", 100 * (double)b->correct / (double)n);
}

bool nh_run_fabric(nh_run *r) {
    nh_arena *a = r->cli->arena;
    bench b = {.r = r};
    if (r->inputs.n == 0) return true;
    b.g = reference(r);
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
        if (r->label) b.correct += class_of(&b) == r->label[i];
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    if (!r->cli->flag.quiet && !r->cli->flag.json) print_result(&b);
    return ok && b.differ == 0;
}
