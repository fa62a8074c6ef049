#include "run.h"
#include "partitions.h"
#include "synth.h"

#include <stdlib.h>
#include <unistd.h>

#include "coarse.h"
#include "last_will.h"
#include "reader.h"
#include "sources.h"

/* What the outputs are made of, by the bytes that were read: the configuration, and the model with the files that its
 * reader opened. */
static void set_provenance(nh_session *r, size_t model, size_t model_end) {
    nh_arena *a = r->arena;
    const nh_sources *s = r->diag->sources;
    const char *config = nh_sources_hash(s, r->opt->file);
    nh_hash joined = nh_sources_join(a, s, model, model_end);
    r->provenance =
        (nh_provenance){.version = NH_VERSION, .config_sha = config, .model_sha = nh_arena_str(a, joined.hex)};
}

/* The passes, with the network after one of them in ask.dump when that was asked for. */
static bool run_passes(nh_session *r) {
    const char *after = r->ask.dump_after;
    char *text = NULL;
    size_t size = 0;
    FILE *dump = after ? open_memstream(&text, &size) : NULL;
    bool ok = nh_passes_run(r->graph, r->opt, &r->calibration, r->diag, after, dump);
    if (dump) fclose(dump);
    if (ok && after && size == 0) {
        ok = nh_report(r->diag, NH_O_USAGE, NH_NOWHERE, "--dump-after: there is no pass '%s'", after);
        nh_diag_allowed(r->diag, "%s", nh_passes_names(r->arena));
    }
    if (size > 0 && r->ask.dump) fwrite(text, 1, size, r->ask.dump);
    free(text);
    return ok;
}

void nh_run_choose_jobs(nh_session *r) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (r->ask.jobs == 0) r->ask.jobs = processors > 0 && processors <= 1024 ? (int)processors : 1;
}

bool nh_run_load(nh_session *r, const char *config) {
    nh_arena *a = r->arena;
    nh_diag *d = r->diag;
    nh_run_choose_jobs(r);
    nh_sources_begin(d);
    r->opt = nh_config_read(a, d, config);
    if (!r->opt) return false;
    r->opt->simulate.trace |= r->ask.trace;
    r->opt->simulate.waves |= r->ask.waves;
    r->out = r->ask.out ? r->ask.out : nh_arena_printf(a, "build/%s", r->opt->project);
    size_t model = d->sources->n;
    r->graph = nh_model_read(a, d, r->opt->model_at, r->opt->model, r->opt);
    if (!r->graph) return false;
    set_provenance(r, model, d->sources->n);
    r->n_class = nh_shape_size(r->graph->tensor[r->graph->output].shape);
    bool resolved = nh_config_resolve(r->opt, r->graph, d);
    if (!nh_load_data(r) || !resolved || !run_passes(r)) return false;
    if (!r->ask.dump_after) nh_tell_coarse(r->graph, &r->inputs, d);
    r->sources = nh_sources_end(d); /* whatever is read from here on is our own output */
    bool device = !nh_has_pnr(&r->opt->target) || nh_pnr_device_check(r->arena, d, &r->opt->target);
    if (r->ask.dump_after) return device;
    if (nh_will_stop() || !nh_run_partition(r) || nh_will_stop()) return false;
    nh_check_budget(r);
    bool emits = nh_partitions_check(r);
    return device && emits;
}
