/* A program image on the C model: data in, spikes, accuracy, activity out. */
#include <stdlib.h>
#include <string.h>

#include "image_run.h"
#include "npy.h"
#include "report.h"
#include "sample_data.h"

static bool read_array(nh_cli *c, const char *path, nh_npy *x) {
    nh_data_ref ref = {.path = path};
    if (!nh_npy_read(c->arena, c->diag, &ref, x)) return false;
    for (int64_t i = 0; i < x->n; i++)
        if (x->value[i] < INT32_MIN || x->value[i] > INT32_MAX || (double)(int64_t)x->value[i] < x->value[i] ||
            (double)(int64_t)x->value[i] > x->value[i]) {
            nh_report(c->diag, NH_D_VALUE, (nh_loc){.file = path}, "element %lld is %g", (long long)i, x->value[i]);
            nh_diag_allowed(c->diag, "whole numbers: what an event carries");
            return false;
        }
    return true;
}

/* Values of payload_bits; spikes are 0 or 1. */
static bool check_events(nh_cli *c, const nh_image_results *r, const nh_npy *x) {
    int bits = r->m->fabric.payload_bits;
    double least = bits == 1 ? 0 : -(double)((int64_t)1 << (bits - 1)), most = bits == 1 ? 1 : -least - 1;
    for (int64_t i = 0; i < x->n; i++)
        if (x->value[i] < least || x->value[i] > most) {
            nh_report(c->diag, NH_D_VALUE, (nh_loc){.file = c->flag.inputs},
                      "element %lld is %.0f, which is no event of this fabric", (long long)i, x->value[i]);
            nh_diag_allowed(c->diag, "%.0f to %.0f: payload_bits is %d", least, most, bits);
            return false;
        }
    return true;
}

/* *have: samples of the file. */
static bool read_inputs(nh_cli *c, nh_image_results *r, int64_t asked, int64_t *have) {
    const nh_image *m = r->m;
    nh_npy x;
    r->n = 1;
    if (!c->flag.inputs) return true;
    if (!read_array(c, c->flag.inputs, &x) || !check_events(c, r, &x)) return false;
    int64_t each = x.rank > 1 && x.dim[0] > 0 ? x.n / x.dim[0] : -1;
    bool in_time = x.rank > 2 && x.dim[1] == m->steps && each == m->steps * m->input_size;
    if (x.rank < 2 || x.n == 0 || (!in_time && each != m->input_size)) {
        nh_report(c->diag, NH_D_SHAPE, (nh_loc){.file = c->flag.inputs},
                  "the array does not hold samples of the image's input");
        nh_diag_found(c->diag, "%s", nh_npy_shape(c->arena, &x));
        nh_diag_allowed(c->diag, "samples x %lld x %lld, or samples x %lld", (long long)m->steps,
                        (long long)m->input_size, (long long)m->input_size);
        return false;
    }
    if (asked > x.dim[0])
        return nh_report(c->diag, NH_D_SHAPE, (nh_loc){.file = c->flag.inputs},
                         "--samples asks for %lld, the array has %lld", (long long)asked, (long long)x.dim[0]);
    r->n = asked ? asked : x.dim[0];
    *have = x.dim[0];
    r->x = x.value;
    r->in_time = in_time;
    return true;
}

static bool read_labels(nh_cli *c, nh_image_results *r, int64_t have) {
    nh_npy y;
    if (!c->flag.labels) return true;
    if (!read_array(c, c->flag.labels, &y)) return false;
    if (y.rank != 1 || (y.n != r->n && y.n != have)) {
        nh_report(c->diag, NH_D_SHAPE, (nh_loc){.file = c->flag.labels}, "there must be one label per sample");
        nh_diag_found(c->diag, "%s", nh_npy_shape(c->arena, &y));
        nh_diag_allowed(c->diag, "%s", nh_label_count_text(c->arena, r->n, have));
        return false;
    }
    for (int64_t i = 0; i < r->n; i++)
        if (y.value[i] < 0 || y.value[i] >= (double)r->m->output_size) {
            nh_report(c->diag, NH_D_LABEL, (nh_loc){.file = c->flag.labels}, "the label of sample %lld is %.0f",
                      (long long)i, y.value[i]);
            nh_diag_allowed(c->diag, "0 to %lld", (long long)r->m->output_size - 1);
            return false;
        }
    r->label = y.value;
    return true;
}

static void fill(const nh_image_results *r, int64_t sample, int32_t *x) {
    const nh_image *m = r->m;
    int64_t n = m->steps * m->input_size;
    for (int64_t i = 0; r->x && i < n; i++)
        x[i] = (int32_t)(r->in_time ? r->x[sample * n + i] : r->x[sample * m->input_size + i % m->input_size]);
}

/* The class of a sample against its label and the reference's. */
static void judge(nh_image_results *r, int64_t sample) {
    int64_t n = r->m->output_size, best = 0;
    const int64_t *sum = &r->sum[sample * n];
    if (n == 0) return;
    for (int64_t i = 1; i < n; i++)
        if (sum[i] > sum[best]) best = i;
    r->class[sample] = best;
    if (r->label) r->correct += best == (int64_t)r->label[sample];
    if (!r->reference_class) return;
    if (best == r->reference_class[sample])
        r->agree++;
    else if (r->first_other < 0)
        r->first_other = sample;
}

/* [samples][steps][outputs] of --output, to be closed by the caller; NULL: it cannot be written. */
static nh_writer *begin_outputs(nh_cli *c, const nh_image_results *r) {
    const int64_t dim[] = {r->n, r->m->steps, r->m->output_size};
    nh_writer *w = nh_writer_output(c->arena, c->diag, c->flag.out);
    if (w) nh_npy_begin_int(c->arena, w, (int)sizeof(int32_t), true, 3, dim);
    return w;
}

static bool run_samples(nh_cli *c, nh_image_results *r, nh_image_spikes *spikes) {
    nh_machine_watch watch = nh_image_spikes_watch(spikes);
    const nh_image *m = r->m;
    nh_arena *scratch = nh_arena_new();
    int64_t nx = m->steps * m->input_size, ny = m->steps * m->output_size, cycles = 0;
    int32_t *x = nh_arena_array(c->arena, (size_t)nx + 1, sizeof *x),
            *y = nh_arena_array(c->arena, (size_t)ny + 1, sizeof *y);
    nh_core_activity *one = nh_arena_array(c->arena, (size_t)r->n_core + 1, sizeof *one);
    r->first = nh_arena_array(c->arena, (size_t)ny + 1, sizeof *r->first);
    r->sum = nh_arena_array(c->arena, (size_t)(r->n * m->output_size) + 1, sizeof *r->sum);
    r->class = nh_arena_array(c->arena, (size_t)r->n, sizeof *r->class);
    r->activity = nh_arena_array(c->arena, (size_t)r->n_core + 1, sizeof *r->activity);
    nh_writer *out = c->flag.out ? begin_outputs(c, r) : NULL;
    if (c->flag.out && !out) return false;
    bool ok = x && y && r->first && r->sum && r->class && one && r->activity;
    for (int64_t s = 0; ok && s < r->n; s++) {
        fill(r, s, x);
        spikes->sample = s;
        ok = nh_image_run_watched(scratch, m, x, y, one, &cycles, &watch);
        nh_arena_reset(scratch);
        r->cycles += cycles;
        if (out) nh_write(out, y, (size_t)ny * sizeof *y);
        int64_t *sum = &r->sum[s * m->output_size];
        for (int64_t i = 0; i < ny; i++) {
            sum[i % m->output_size] += y[i];
            r->spikes += y[i] != 0;
        }
        if (s == 0) memcpy(r->first, y, (size_t)ny * sizeof *y);
        judge(r, s);
        for (int64_t i = 0; i < r->n_core; i++) {
            for (int k = 0; k < NH_FABRIC_COUNTERS; k++) r->activity[i].count[k] += one[i].count[k];
            r->activity[i].hops += one[i].hops;
        }
    }
    nh_arena_free(scratch);
    if (out && !ok)
        nh_writer_cancel(out);
    else if (out && !nh_writer_close(out, c->diag))
        return false;
    return ok || nh_report(c->diag, NH_I_SIZE, (nh_loc){.file = c->arg[0]},
                           "the image needs more than 4 GiB of memory to run");
}

nh_exit nh_cmd_run(nh_cli *c) {
    int64_t asked = 0, have = 1;
    nh_image_results r = {.first_other = -1};
    if (!nh_flag_number(c, "samples", c->flag.samples, 1, &asked)) return nh_cli_finish(c);
    r.m = nh_image_open(c, c->arg[0]);
    const nh_image *other = r.m && c->flag.fabric ? nh_image_open(c, c->flag.fabric) : r.m;
    if (!other || !nh_fabric_same(&r.m->fabric, &other->fabric, c->diag, (nh_loc){.file = c->arg[0]}))
        return nh_cli_finish(c);
    if (!read_inputs(c, &r, asked, &have) || !read_labels(c, &r, have) || !nh_image_read_reference(c, &r))
        return nh_cli_finish(c);
    for (int i = 0; i < r.m->n_context; i++) r.n_core += r.m->context[i].n_core;
    nh_image_spikes *spikes = nh_image_spikes_new(c->arena, c->diag, r.m, c->flag.spikes, c->flag.raster != NULL);
    if (!spikes) return nh_cli_finish(c);
    r.layers = spikes;
    bool ran = run_samples(c, &r, spikes);
    if (!nh_image_spikes_end(spikes, c->diag, ran) || !ran) return nh_cli_finish(c);
    if (c->flag.raster && !nh_report_raster(c->arena, c->diag, &spikes->raster, c->flag.raster))
        return nh_cli_finish(c);
    if (c->flag.json)
        nh_image_results_json(&r, stdout);
    else if (!c->flag.quiet)
        nh_image_results_text(&r, stdout);
    return nh_cli_finish(c);
}
