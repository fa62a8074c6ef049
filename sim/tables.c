#include <ctype.h>
#include <inttypes.h>

#include "sim_parts.h"

/* As AstNode::encodeName of Verilator: "__" would look like its own separators. */
char *nh_sim_cpp_name(nh_arena *a, const char *name) {
    const char *out = "";
    for (const char *p = name; *p; p++) {
        if (p[0] == '_' && p[1] == '_') {
            out = nh_arena_printf(a, "%s___05F", out);
            p++;
        } else {
            out = nh_arena_printf(a, "%s%c", out, *p);
        }
    }
    return nh_arena_str(a, out);
}

static void put_stream(nh_writer *w, const nh_design *g, int k, const char *top) {
    const nh_stream *s = &g->stream[k];
    nh_printf(w, " \\\n    X(%s, %" PRId64 ", %" PRId64 ", %d, %d, %s__DOT__%s)", s->id, s->n, s->src_beat,
              s->fmt.width_bits, s->fmt.is_signed, top, s->id);
}

static void put_unit(nh_writer *w, const nh_design *g, int u) {
    const nh_unit *unit = &g->unit[u];
    const nh_stream *x = &g->stream[unit->in[0]], *y = &g->stream[unit->out[0]];
    nh_printf(w, " \\\n    X(%s, %d, %d, %" PRId64 ", %s, %" PRId64 ", %s)", unit->id, unit->in[0], unit->out[0], x->n,
              nh_c_type(x->fmt), y->n, nh_c_type(y->fmt));
}

static int64_t least_delay(const nh_unit *u) {
    if (u->kind != NH_UNIT_DELAY || !u->delay.is_late) return 0;
    int64_t least = u->delay.most;
    for (int64_t i = 0; i < u->delay.n_steps; i++)
        if (u->delay.steps[i] < least) least = u->delay.steps[i];
    return least;
}

/* Steps by which the output is late at least: the shortest path of delays from the input. Each round settles
 * one more stream of every path. */
static int64_t frames_ahead(nh_arena *a, const nh_design *g) {
    int64_t *late = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *late);
    for (int k = 0; k < g->n_stream; k++) late[k] = g->stream[k].src < 0 ? 0 : INT64_MAX / 2;
    for (int round = 0; round < g->n_stream; round++)
        for (int k = 0; k < g->n_stream; k++) {
            const nh_unit *u = g->stream[k].src < 0 ? NULL : &g->unit[g->stream[k].src];
            for (int i = 0; u && i < u->n_in; i++)
                if (late[u->in[i]] + least_delay(u) < late[k]) late[k] = late[u->in[i]] + least_delay(u);
        }
    return late[g->output];
}

bool nh_sim_write_tables(nh_arena *a, nh_diag *d, const nh_design *g, const char *path) {
    const nh_stream *out = &g->stream[g->output];
    const char *top = nh_sim_cpp_name(a, g->opt->project);
    nh_writer *w = nh_writer_open(a, path);
    nh_printf(w, "/* Written by neurohls for the co-simulation of %s. */\n", g->opt->project);
    nh_printf(w, "#define NH_PROJECT %s\n", g->opt->project);
    nh_puts(
        w,
        "/* number, stream, elements, type and elements per transfer of an input, its port */\n#define NH_INPUTS(X)");
    for (int k = 0; k < nh_design_inputs(g); k++) {
        const nh_stream *in = &g->stream[nh_design_input(g, k)];
        nh_printf(w, " X(%d, %d, %" PRId64 ", %s, %" PRId64 ", s_axis%s)", k, nh_design_input(g, k), in->n,
                  nh_c_type(in->fmt), in->src_beat, k ? nh_arena_printf(a, "%d", k) : "");
    }
    nh_puts(w, "\n");
    nh_printf(w, "#define NH_OUTPUT %d\n#define NH_OUTPUT_TYPE %s\n#define NH_OUTPUT_BEAT %" PRId64 "\n", g->output,
              nh_c_type(out->fmt), out->dst_beat);
    nh_printf(w,
              "/* do the kernels have a state and a trace; has the RTL step markers */\n#define NH_HAS_STEPS "
              "%d\n#define NH_MARKS_STEPS %d\n",
              nh_c_has_steps(g), nh_design_has_steps(g));
    nh_printf(w, "#define NH_STEPS %" PRId64 "\n", nh_sim_steps(g));
    nh_printf(w, "/* see nh_cosim_ports */\n#define NH_AHEAD %" PRId64 "\n", frames_ahead(a, g));
    nh_puts(w, "/* name, elements, elements per transfer, bits, signed, wires in the Verilated model */\n#define "
               "NH_STREAMS(X)");
    for (int k = 0; k < g->n_stream; k++) put_stream(w, g, k, top);
    nh_puts(w, "\n/* name, input stream, output stream, elements and type of each */\n#define NH_UNITS(X)");
    /* Kernels that keep state are traced as a whole. */
    for (int u = 0; u < g->n_unit && !nh_c_has_steps(g); u++) put_unit(w, g, u);
    nh_puts(w, "\n/* of every stream: unit that drives it, unit that takes it */\n#define NH_LINKS(X)");
    for (int k = 0; k < g->n_stream; k++) nh_printf(w, " X(%d, %d)", g->stream[k].src, g->stream[k].dst);
    nh_puts(w, "\n/* name, depth, module's wires in the Verilated model */\n#define NH_FIFOS(X)");
    for (int u = 0; u < g->n_unit; u++)
        if (nh_unit_is_fifo(&g->unit[u]))
            nh_printf(w, " X(%s, %" PRId64 ", %s__DOT__u_%s__DOT__)", g->unit[u].id, g->unit[u].delay.depth, top,
                      nh_sim_cpp_name(a, g->unit[u].id));
    nh_puts(w, "\n");
    return nh_writer_close(w, d);
}

bool nh_sim_write_vlt(nh_arena *a, nh_diag *d, const nh_design *g, const char *path) {
    static const char *const wire[] = {"valid", "ready", "data"};
    const char *top = nh_sim_cpp_name(a, g->opt->project);
    nh_writer *w = nh_writer_open(a, path);
    nh_puts(w, "`verilator_config\n");
    for (int k = 0; k < g->n_stream; k++)
        for (int i = 0; i < 3; i++)
            nh_printf(w, "public_flat_rd -module \"%s\" -var \"%s_%s\"\n", top, g->stream[k].id, wire[i]);
    static const char *const of_fifo[] = {"s_valid", "s_ready", "level"};
    for (int u = 0; u < g->n_unit; u++)
        for (int i = 0; i < 3 && nh_unit_is_fifo(&g->unit[u]); i++)
            nh_printf(w, "public_flat_rd -module \"%s_%s\" -var \"%s\"\n", top, g->unit[u].id, of_fifo[i]);
    return nh_writer_close(w, d);
}
