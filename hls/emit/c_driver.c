/* The entry points of a network's kernels in C. A network whose units keep no state and whose samples are one step runs
 * over blocks of samples; any other has a state, one step, a sample, and the trace of every stream. */
#include <inttypes.h>

#include "c_parts.h"

enum { STACK_BYTES = 1 << 16 }; /* arrays larger than this are not put on a stack */

void nh_c_local(nh_writer *w, const char *type, int size_bytes, const char *name, int64_t length) {
    nh_printf(w, "    %s_Alignas(16) %s %s[%" PRId64 "];\n",
              length * size_bytes > STACK_BYTES ? "static _Thread_local " : "", type, name, length);
}

/* The stream whose buffer holds the values: copies of a FORK share that of its input. */
static int root(const nh_design *g, int stream) {
    while (g->stream[stream].src >= 0 && g->unit[g->stream[stream].src].kind == NH_UNIT_FORK)
        stream = g->unit[g->stream[stream].src].in[0];
    return stream;
}

bool nh_c_has_steps(const nh_design *g) {
    if (g->steps > 1 || nh_design_inputs(g) > 1) return true;
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].kind != NH_UNIT_DATAPATH && g->unit[i].kind != NH_UNIT_MAC) return true;
    return false;
}

static int bytes_of(nh_format f) { return f.width_bits <= 8 ? 1 : f.width_bits <= 16 ? 2 : f.width_bits <= 32 ? 4 : 8; }

static int64_t state_bytes(const nh_design *g) {
    int64_t bytes = 8;
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        for (int k = 0; u->kind == NH_UNIT_NEURON && k < u->neuron.n_state; k++)
            bytes += u->neuron.n * bytes_of(u->neuron.state[k]);
        if (u->kind == NH_UNIT_DELAY) bytes += u->delay.n * u->delay.most * bytes_of(g->stream[u->in[0]].fmt);
    }
    return bytes;
}

static int64_t stream_bytes(const nh_design *g) {
    int64_t bytes = 0;
    for (int i = 0; i < g->n_stream; i++) bytes += g->stream[i].n * bytes_of(g->stream[i].fmt);
    return bytes;
}

/* The parameters of all inputs: "const p_in_t x[P_N_IN], const p_in1_t x1[P_N_IN1]", of so many frames; as pointers
 * when frames is NULL. */
static const char *inputs_declared(const nh_c *c, const char *frames) {
    const char *all = "";
    for (int k = 0; k < nh_design_inputs(c->g); k++) {
        const char *n = nh_c_nth(c->a, k);
        all = frames ? nh_arena_printf(c->a, "%s%sconst %s_in%s_t x%s[%s%s_N_IN%s]", all, k ? ", " : "", c->project, n,
                                       n, frames, c->upper, n)
                     : nh_arena_printf(c->a, "%s%sconst %s_in%s_t *x%s", all, k ? ", " : "", c->project, n, n);
    }
    return all;
}

/* "x + t * P_N_IN, x1 + t * P_N_IN1"; every: "t", "i * P_STEPS", or NULL: "x, x1". */
static const char *inputs_passed(const nh_c *c, const char *every) {
    const char *all = "";
    for (int k = 0; k < nh_design_inputs(c->g); k++) {
        const char *n = nh_c_nth(c->a, k);
        all = nh_arena_printf(c->a, "%s%sx%s", all, k ? ", " : "", n);
        if (every) all = nh_arena_printf(c->a, "%s + %s * %s_N_IN%s", all, every, c->upper, n);
    }
    return all;
}

/* --- model.h ----------------------------------------------------------------------------------------------------- */

static void state_struct(const nh_c *c) {
    nh_puts(c->w, "/* What is kept between steps: neuron states, frames on their way through delays. Plain data: copy "
                  "it, keep many. */\n");
    nh_printf(c->w, "typedef struct %s_state {\n    uint64_t step; /* of the sample, from 0 */\n", c->project);
    for (int i = 0; i < c->g->n_unit; i++) {
        const nh_unit *u = &c->g->unit[i];
        for (int k = 0; u->kind == NH_UNIT_NEURON && k < u->neuron.n_state; k++) {
            char text[NH_FORMAT_TEXT];
            nh_printf(c->w, "    %s %s_s%d[%" PRId64 "]; /* %s */\n", nh_c_type(u->neuron.state[k]), u->id, k,
                      u->neuron.n, nh_format_print(u->neuron.state[k], text));
        }
        if (u->kind == NH_UNIT_DELAY && u->delay.most > 0)
            nh_printf(c->w, "    %s %s_ring[%" PRId64 "][%" PRId64 "];\n", nh_c_type(c->g->stream[u->in[0]].fmt), u->id,
                      u->delay.most, u->delay.n);
    }
    nh_printf(c->w, "} %s_state;\n\n", c->project);
}

static void streams_struct(const nh_c *c) {
    nh_puts(c->w, "/* Every stream of one step. */\n");
    nh_printf(c->w, "typedef struct %s_streams {\n", c->project);
    for (int i = 0; i < c->g->n_stream; i++) {
        const nh_stream *s = &c->g->stream[i];
        char text[NH_FORMAT_TEXT];
        nh_printf(c->w, "    %s %s[%" PRId64 "]; /* %s", nh_c_type(s->fmt), s->id, s->n, nh_format_print(s->fmt, text));
        if (s->src >= 0) nh_printf(c->w, ", from %s", c->g->unit[s->src].id);
        nh_puts(c->w, " */\n");
    }
    nh_printf(c->w, "} %s_streams;\n\n", c->project);
}

static void declare_step_entries(const nh_c *c) {
    const char *p = c->project, *up = c->upper;
    state_struct(c);
    nh_printf(c->w,
              "/* To the start of a sample. Call it before the first step, and before the first step of every further "
              "sample. */\n"
              "void %s_reset(%s_state *state);\n",
              p, p);
    const char *of_sample = nh_arena_printf(c->a, "%s_STEPS * ", up);
    nh_printf(c->w, "/* One time step. */\nvoid %s_step(%s_state *state, %s, %s_out_t y[%s_N_OUT]);\n", p, p,
              inputs_declared(c, ""), p, up);
    nh_printf(c->w, "/* One sample of %s_STEPS steps, from reset. */\n", up);
    nh_printf(c->w, "void %s_infer(%s, %s_out_t y[%s_STEPS * %s_N_OUT]);\n", p, inputs_declared(c, of_sample), p, up,
              up);
    nh_printf(c->w,
              "/* n samples one after the other, each from reset. */\nvoid %s_batch(%s, %s_out_t *y, size_t n);\n\n", p,
              inputs_declared(c, NULL), p);
    streams_struct(c);
    nh_printf(c->w,
              "/* One time step, as %s_step does it; every stream is kept. */\n"
              "void %s_trace(%s_state *state, %s, %s_streams *s);\n\n",
              p, p, p, inputs_declared(c, ""), p);
}

static void declare_block_entries(const nh_c *c) {
    nh_printf(c->w, "/* One inference. */\nvoid %s_infer(const %s_in_t x[%s_N_IN], %s_out_t y[%s_N_OUT]);\n",
              c->project, c->project, c->upper, c->project, c->upper);
    nh_printf(
        c->w,
        "/* n inferences: x is n times %s_N_IN elements, y n times %s_N_OUT. Faster per inference than %s_infer. */\n",
        c->upper, c->upper, c->project);
    nh_printf(c->w, "void %s_batch(const %s_in_t *x, %s_out_t *y, size_t n);\n\n", c->project, c->project, c->project);
}

void nh_c_declare_entries(const nh_c *c) {
    if (c->has_steps)
        declare_step_entries(c);
    else
        declare_block_entries(c);
}

void nh_c_declare_units(const nh_c *c) {
    if (c->has_steps) return; /* they keep state: a step is traced as a whole */
    nh_puts(c->w, "/* The layers one by one, in order; each takes what the one before gives. */\n");
    for (int i = 0; i < c->g->n_unit; i++) {
        const nh_unit *u = &c->g->unit[i];
        const nh_stream *in = &c->g->stream[u->in[0]], *out = &c->g->stream[u->out[0]];
        char from[NH_FORMAT_TEXT], to[NH_FORMAT_TEXT];
        nh_printf(c->w, "/* %s -> %s */\n", nh_format_print(in->fmt, from), nh_format_print(out->fmt, to));
        nh_printf(c->w, "void %s_%s(const %s x[%" PRId64 "], %s y[%" PRId64 "]);\n", c->project, u->id,
                  nh_c_type(in->fmt), in->n, nh_c_type(out->fmt), out->n);
    }
}

/* --- model.c ----------------------------------------------------------------------------------------------------- */

/* The expression of a stream's buffer in <project>_run, or in <project>_block, where streams are local arrays. */
static const char *buffer(const nh_c *c, int stream) {
    stream = root(c->g, stream);
    for (int k = 0; k < nh_design_inputs(c->g); k++)
        if (stream == nh_design_input(c->g, k)) return nh_arena_printf(c->a, "x%s", nh_c_nth(c->a, k));
    return stream == c->g->output ? "y"
           : c->has_steps         ? nh_arena_printf(c->a, "s->%s", c->g->stream[stream].id)
                                  : c->g->stream[stream].id;
}

/* A kind of unit without a function here does not compile. */
static void (*const kernel[])(const nh_c *c, const nh_unit *u, const char *name) = {
#define NH_UNIT(KIND, symbol) [NH_UNIT_##KIND] = nh_c_##symbol##_unit,
#include "units.def"
#undef NH_UNIT
};

static void define_unit(const nh_c *c, const nh_unit *u) {
    const char *name = nh_arena_printf(c->a, "%s_%s", c->project, u->id);
    if (u->kind == NH_UNIT_FORK) return;
    nh_printf(c->w, "/* --- %s --- */\n\n", u->id);
    kernel[u->kind](c, u, name);
    if (c->has_steps) return;
    const nh_stream *in = &c->g->stream[u->in[0]], *out = &c->g->stream[u->out[0]];
    nh_printf(c->w, "void %s(const %s x[%" PRId64 "], %s y[%" PRId64 "]) { %s_block(x, y, 1); }\n\n", name,
              nh_c_type(in->fmt), in->n, nh_c_type(out->fmt), out->n, name);
}

/* --- calls of units ---------------------------------------------------------------------------------------------- */

/* A kernel over a block of samples: of all that there are, or of the one whose step it is. */
static void call_datapath(const nh_c *c, const nh_unit *u) {
    nh_printf(c->w, "    %s_%s_block(%s, %s, %s);\n", c->project, u->id, buffer(c, u->in[0]), buffer(c, u->out[0]),
              c->has_steps ? "1" : "n");
}

static void call_events(const nh_c *c, const nh_unit *u) {
    nh_printf(c->w, "    %s_%s(%s, %s);\n", c->project, u->id, buffer(c, u->in[0]), buffer(c, u->out[0]));
}

static void call_mac(const nh_c *c, const nh_unit *u) { (nh_c_is_event(c, u) ? call_events : call_datapath)(c, u); }

static void call_conv(const nh_c *c, const nh_unit *u) {
    (nh_c_is_event_conv(c, u) ? call_events : call_datapath)(c, u);
}

static void call_pool(const nh_c *c, const nh_unit *u) { call_datapath(c, u); }

static void call_neuron(const nh_c *c, const nh_unit *u) {
    const nh_neuron_unit *v = &u->neuron;
    if (v->reset_period > 0 && v->n_state > 0) {
        nh_printf(c->w, "    if (state->step %% %" PRId64 " == %" PRId64 ") {\n", v->reset_period, v->reset_phase);
        for (int k = 0; k < v->n_state; k++)
            nh_printf(c->w, "        memset(state->%s_s%d, 0, sizeof state->%s_s%d);\n", u->id, k, u->id, k);
        nh_puts(c->w, "    }\n");
    }
    nh_printf(c->w, "    %s_%s(", c->project, u->id);
    for (int k = 0; k < v->n_acc; k++) nh_printf(c->w, "%s, ", buffer(c, u->in[k]));
    nh_puts(c->w, buffer(c, u->out[0]));
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, ", state->%s_s%d", u->id, k);
    nh_puts(c->w, ");\n");
}

static void read_delay(const nh_c *c, const nh_unit *u) {
    nh_printf(c->w, "    %s_%s_read(", c->project, u->id);
    if (u->delay.most > 0)
        nh_printf(c->w, "(const %s (*)[%" PRId64 "])state->%s_ring, (size_t)(state->step %% %" PRId64 "), ",
                  nh_c_type(c->g->stream[u->in[0]].fmt), u->delay.n, u->id, u->delay.most);
    if (!u->delay.is_late) nh_printf(c->w, "%s, ", buffer(c, u->in[0]));
    nh_printf(c->w, "%s);\n", buffer(c, u->out[0]));
}

/* A delay that is late is read before all units. */
static void call_delay(const nh_c *c, const nh_unit *u) {
    if (!u->delay.is_late) read_delay(c, u);
}

/* Copies share the buffer of what is copied. */
static void call_fork(const nh_c *c, const nh_unit *u) {
    (void)c;
    (void)u;
}

static void (*const call[])(const nh_c *c, const nh_unit *u) = {
#define NH_UNIT(KIND, symbol) [NH_UNIT_##KIND] = call_##symbol,
#include "units.def"
#undef NH_UNIT
};

static void call_units(const nh_c *c) {
    for (int i = 0; i < c->g->n_unit; i++) call[c->g->unit[i].kind](c, &c->g->unit[i]);
}

/* --- one step ---------------------------------------------------------------------------------------------------- */

/* One step; s has room for the streams between units. */
static void define_run(const nh_c *c) {
    const nh_design *g = c->g;
    nh_printf(c->w, "static void %s_run(%s_state *state, %s, %s_out_t *y, %s_streams *s) {\n    (void)s;\n", c->project,
              c->project, inputs_declared(c, NULL), c->project, c->project);
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].kind == NH_UNIT_DELAY && g->unit[i].delay.is_late) read_delay(c, &g->unit[i]);
    call_units(c);
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        if (u->kind == NH_UNIT_DELAY && u->delay.most > 0)
            nh_printf(c->w, "    memcpy(state->%s_ring[state->step %% %" PRId64 "], %s, sizeof *state->%s_ring);\n",
                      u->id, u->delay.most, buffer(c, u->in[0]), u->id);
    }
    int out = root(g, g->output);
    if (out != g->output || g->stream[out].src < 0)
        nh_printf(c->w, "    for (size_t i = 0; i < %s_N_OUT; i++) y[i] = (%s_out_t)%s[i];\n", c->upper, c->project,
                  buffer(c, out));
    nh_puts(c->w, "    state->step++;\n}\n\n");
}

static void define_trace(const nh_c *c) {
    const nh_design *g = c->g;
    const char *p = c->project;
    nh_printf(c->w, "void %s_trace(%s_state *state, %s, %s_streams *s) {\n", p, p, inputs_declared(c, ""), p);
    for (int k = 0; k < nh_design_inputs(g); k++) {
        const char *id = g->stream[nh_design_input(g, k)].id;
        nh_printf(c->w, "    memcpy(s->%s, x%s, sizeof s->%s);\n", id, nh_c_nth(c->a, k), id);
    }
    nh_printf(c->w, "    %s_run(state, %s, s->%s, s);\n", p, inputs_passed(c, NULL), g->stream[g->output].id);
    for (int i = 0; i < g->n_stream; i++)
        if (root(g, i) != i && i != g->output)
            nh_printf(c->w, "    memcpy(s->%s, s->%s, sizeof s->%s);\n", g->stream[i].id, g->stream[root(g, i)].id,
                      g->stream[i].id);
    nh_puts(c->w, "}\n");
}

static void define_step_entries(const nh_c *c) {
    const char *p = c->project, *up = c->upper;
    define_run(c);
    nh_printf(c->w, "void %s_reset(%s_state *state) { memset(state, 0, sizeof *state); }\n\n", p, p);
    nh_printf(c->w, "void %s_step(%s_state *state, %s, %s_out_t y[%s_N_OUT]) {\n", p, p, inputs_declared(c, ""), p, up);
    const char *per_thread = stream_bytes(c->g) > STACK_BYTES ? "static _Thread_local " : "";
    nh_printf(c->w, "    %s%s_streams s;\n    %s_run(state, %s, y, &s);\n}\n\n", per_thread, p, p,
              inputs_passed(c, NULL));
    nh_printf(c->w, "void %s_infer(%s, %s_out_t y[%s_STEPS * %s_N_OUT]) {\n", p,
              inputs_declared(c, nh_arena_printf(c->a, "%s_STEPS * ", up)), p, up, up);
    per_thread = state_bytes(c->g) > STACK_BYTES ? "static _Thread_local " : "";
    nh_printf(c->w,
              "    %s%s_state state;\n    %s_reset(&state);\n"
              "    for (size_t t = 0; t < %s_STEPS; t++) %s_step(&state, %s, y + t * %s_N_OUT);\n}\n\n",
              per_thread, p, p, up, p, inputs_passed(c, "t"), up);
    nh_printf(c->w, "void %s_batch(%s, %s_out_t *y, size_t n) {\n    for (size_t i = 0; i < n; i++)\n", p,
              inputs_declared(c, NULL), p);
    nh_printf(c->w, "        %s_infer(%s, y + i * %s_STEPS * %s_N_OUT);\n}\n\n", p,
              inputs_passed(c, nh_arena_printf(c->a, "i * %s_STEPS", up)), up, up);
    define_trace(c);
}

/* --- blocks of samples ------------------------------------------------------------------------------------------- */

/* Samples per block: fewer when the streams between the units would make a large stack frame. */
static int block_size(const nh_design *g) {
    int64_t bytes = 0;
    for (int i = 0; i < g->n_stream; i++) bytes += g->stream[i].n * 8;
    return bytes * NH_C_BLOCK <= 1 << 19 ? NH_C_BLOCK : 1;
}

/* The whole network over a block of samples; streams between units are local arrays. */
static void define_block(const nh_c *c, int block) {
    const nh_design *g = c->g;
    nh_printf(c->w, "static void %s_block(const %s_in_t *x, %s_out_t *y, size_t n) {\n", c->project, c->project,
              c->project);
    for (int i = 0; i < g->n_stream; i++)
        if (i != g->input && i != g->output)
            nh_printf(c->w, "    %s %s[%" PRId64 " * %d];\n", nh_c_type(g->stream[i].fmt), g->stream[i].id,
                      g->stream[i].n, block);
    call_units(c);
    if (g->n_unit == 0) nh_printf(c->w, "    for (size_t i = 0; i < n * %s_N_IN; i++) y[i] = x[i];\n", c->upper);
    nh_puts(c->w, "}\n\n");
}

static void define_block_entries(const nh_c *c) {
    int block = block_size(c->g);
    define_block(c, block);
    nh_printf(c->w, "void %s_infer(const %s_in_t x[%s_N_IN], %s_out_t y[%s_N_OUT]) { %s_block(x, y, 1); }\n\n",
              c->project, c->project, c->upper, c->project, c->upper, c->project);
    nh_printf(c->w, "void %s_batch(const %s_in_t *x, %s_out_t *y, size_t n) {\n", c->project, c->project, c->project);
    nh_printf(c->w,
              "    for (size_t s = 0; s < n; s += %d) {\n"
              "        size_t m = n - s < %d ? n - s : %d;\n"
              "        %s_block(x + s * %s_N_IN, y + s * %s_N_OUT, m);\n    }\n}\n",
              block, block, block, c->project, c->upper, c->upper);
}

void nh_c_define(const nh_c *c) {
    for (int i = 0; i < c->g->n_unit; i++) define_unit(c, &c->g->unit[i]);
    if (c->has_steps)
        define_step_entries(c);
    else
        define_block_entries(c);
}

/* --- example.c --------------------------------------------------------------------------------------------------- */

static void step_example(const nh_c *c) {
    const char *p = c->project, *up = c->upper;
    nh_puts(c->w, "/* How to call the kernels: three samples, a constant input each, and the sum of every output over "
                  "the steps. */\n"
                  "#include <stdio.h>\n\n#include \"model.h\"\n\nint main(void) {\n"
                  "    static const double level[] = {0.0, 0.5, 1.0};\n");
    nh_printf(c->w,
              "    static %s_state state;\n    static %s_in_t x[%s_N_IN];\n    static %s_out_t y[%s_N_OUT];\n    "
              "static double sum[%s_N_OUT];\n",
              p, p, up, p, up, up);
    for (int k = 1; k < nh_design_inputs(c->g); k++) { /* what other parts of the network make */
        const char *n = nh_c_nth(c->a, k);
        nh_printf(c->w, "    static %s_in%s_t x%s[%s_N_IN%s];\n", p, n, n, up, n);
    }
    nh_puts(c->w, "    for (size_t s = 0; s < sizeof level / sizeof *level; s++) {\n");
    nh_printf(c->w,
              "        for (size_t i = 0; i < %s_N_IN; i++) x[i] = %s_quantize(level[s]);\n"
              "        for (size_t i = 0; i < %s_N_OUT; i++) sum[i] = 0;\n"
              "        %s_reset(&state);\n"
              "        for (int t = 0; t < %s_STEPS; t++) {\n"
              "            %s_step(&state, %s, y);\n"
              "            for (size_t i = 0; i < %s_N_OUT; i++) sum[i] += %s_dequantize(y[i]);\n        }\n"
              "        printf(\"all inputs %%g:\", level[s]);\n"
              "        for (size_t i = 0; i < %s_N_OUT; i++) printf(\" %%g\", sum[i]);\n"
              "        printf(\"\\n\");\n    }\n    return 0;\n}\n",
              up, p, up, p, up, p, inputs_passed(c, NULL), up, p, up);
}

static void block_example(const nh_c *c) {
    nh_printf(c->w,
              "/* How to call the kernels: three inputs, a constant one each, and what the network makes of them. */\n"
              "#include <stdio.h>\n\n#include \"model.h\"\n\nint main(void) {\n"
              "    static const double level[] = {0.0, 0.5, -0.5};\n"
              "    for (size_t s = 0; s < sizeof level / sizeof *level; s++) {\n");
    nh_printf(c->w,
              "        %s_in_t x[%s_N_IN];\n"
              "        %s_out_t y[%s_N_OUT];\n"
              "        for (size_t i = 0; i < %s_N_IN; i++) x[i] = %s_quantize(level[s]);\n"
              "        %s_infer(x, y);\n"
              "        printf(\"all inputs %%g:\", level[s]);\n"
              "        for (size_t i = 0; i < %s_N_OUT; i++) printf(\" %%g\", %s_dequantize(y[i]));\n"
              "        printf(\"\\n\");\n    }\n    return 0;\n}\n",
              c->project, c->upper, c->project, c->upper, c->upper, c->project, c->project, c->upper, c->project);
}

void nh_c_example(const nh_c *c) {
    if (c->has_steps)
        step_example(c);
    else
        block_example(c);
}
