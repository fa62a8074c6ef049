/* Without a C compiler the integer model inside neurohls stands for the kernels, which compute the same numbers. */
#include <inttypes.h>

#include "file.h"
#include "last_will.h"
#include "sim_parts.h"

bool nh_sim_run_model(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const int64_t *raw_x,
                      nh_sim_facts *f) {
    nh_arena *scratch = nh_arena_new();
    nh_design_state *state = nh_design_state_new(scratch, g);
    int64_t **raw = nh_design_buffers(scratch, g), n_in = nh_design_n_in(g), steps = nh_sim_steps(g);
    size_t frame_bytes = (size_t)g->stream[g->output].n * sizeof(int64_t);
    nh_writer *w = nh_writer_open(a, nh_path_join(a, s->work_dir, "out_c.bin"));
    for (int64_t frame = 0; frame < s->x.n * steps && !nh_will_stop(); frame++) {
        if (frame % steps == 0) nh_design_state_reset(state);
        nh_design_step(g, state, raw_x + frame * n_in, raw, NULL);
        nh_write(w, raw[g->output], frame_bytes);
    }
    nh_arena_free(scratch);
    f->samples = s->x.n;
    f->planned_ii = (double)g->ii_cycles;
    f->planned_latency = g->latency_cycles;
    return nh_writer_close(w, d) && !nh_will_stop();
}
