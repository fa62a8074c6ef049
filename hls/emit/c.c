/* The c/ folder: kernels, their header, the runtime header, an example program and a Makefile. */
#include "c_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "embedded.h"

extern const nh_embedded nh_runtime_files[];
extern const size_t nh_runtime_files_count;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_design *g;
    const nh_provenance *made;
    const char *dir, *project, *upper; /* upper: the project's name in capitals, for constants */
    bool has_steps;
} job;

static nh_c driver_of(const job *j, nh_writer *w) {
    return (nh_c){.a = j->a, .w = w, .g = j->g, .project = j->project, .upper = j->upper, .has_steps = j->has_steps};
}

static void header(nh_writer *w, const job *j, const char *open, const char *close) {
    nh_printf(w, "%s Made by neurohls %s; config sha256 %s, model sha256 %s.%s\n", open, j->made->version,
              j->made->config_sha, j->made->model_sha, close);
    nh_printf(w, "%s Generated code carries no condition of neurohls: use it as you like.%s\n", open, close);
}

static const nh_quant *quant(const job *j, int stream) { return &j->g->graph->tensor[j->g->stream[stream].tensor].q; }

static const char *shape_text(const job *j, int stream, char buf[96]) {
    return nh_shape_print(j->g->graph->tensor[j->g->stream[stream].tensor].shape, buf);
}

/* --- model.h ----------------------------------------------------------------------------------------------------- */

static void describe_stream(nh_writer *w, const job *j, int stream, const char *what) {
    const nh_stream *s = &j->g->stream[stream];
    char text[NH_FORMAT_TEXT], shape[96];
    nh_printf(w, " * %s: %s = %" PRId64 " elements of %s in %s; real value = raw * 2^%d", what,
              shape_text(j, stream, shape), s->n, nh_format_print(s->fmt, text), nh_c_type(s->fmt),
              -nh_format_frac(s->fmt));
    if (quant(j, stream)->scale < 1 || quant(j, stream)->scale > 1) nh_printf(w, " * %.17g", quant(j, stream)->scale);
    if (s->order)
        nh_printf(w, ";\n *         pixel by pixel, the %" PRId64 " channels of a pixel side by side",
                  nh_stream_channels(s));
    nh_puts(w, "\n");
}

static bool write_header(const job *j) {
    nh_writer *w = nh_writer_open(j->a, nh_path_join(j->a, j->dir, "model.h"));
    const nh_stream *in = &j->g->stream[j->g->input], *out = &j->g->stream[j->g->output];
    header(w, j, "/*", " */");
    nh_printf(w, "/* Fixed-point kernels of %s, bit for bit what the RTL computes. An element is an integer, raw.\n",
              j->project);
    for (int k = 0; k < nh_design_inputs(j->g); k++)
        describe_stream(w, j, nh_design_input(j->g, k), k ? nh_arena_printf(j->a, "input %d", k) : "input ");
    describe_stream(w, j, j->g->output, "output");
    if (j->has_steps)
        nh_puts(w, " * These are the elements of one time step. Nothing here allocates or prints, and all that is kept "
                   "between steps\n"
                   " * is in the caller's state: every function may run in many threads at once. */\n");
    else
        nh_puts(
            w,
            " * Nothing here allocates, prints or keeps state: every function may run in many threads at once. */\n");
    nh_printf(w, "#ifndef %s_MODEL_H\n#define %s_MODEL_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n", j->upper,
              j->upper);
    nh_puts(w, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    if (j->has_steps)
        nh_printf(w, "#define %s_STEPS %" PRId64 " /* time steps of a sample */\n", j->upper, j->g->steps);
    nh_printf(w, "#define %s_N_IN %" PRId64 "\n#define %s_N_OUT %" PRId64 "\n", j->upper, in->n, j->upper, out->n);
    nh_printf(w, "typedef %s %s_in_t;\ntypedef %s %s_out_t;\n", nh_c_type(in->fmt), j->project, nh_c_type(out->fmt),
              j->project);
    for (int k = 1; k < nh_design_inputs(j->g); k++) {
        const nh_stream *also = &j->g->stream[nh_design_input(j->g, k)];
        nh_printf(w, "#define %s_N_IN%d %" PRId64 "\ntypedef %s %s_in%d_t;\n", j->upper, k, also->n,
                  nh_c_type(also->fmt), j->project, k);
    }
    nh_puts(w, "\n");
    nh_c c = driver_of(j, w);
    nh_c_declare_entries(&c);
    nh_printf(w,
              "/* Real value -> raw input, by the format's rounding and overflow; NaN gives 0. */\n"
              "%s_in_t %s_quantize(double real);\n"
              "/* Raw output -> real value. */\ndouble %s_dequantize(%s_out_t raw);\n\n",
              j->project, j->project, j->project, j->project);
    nh_c_declare_units(&c);
    nh_puts(w, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    return nh_writer_close(w, j->d);
}

/* --- model.c ----------------------------------------------------------------------------------------------------- */

static const char *mode_name(nh_round r) {
    static const char *const name[] = {"TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"};
    return name[r];
}

static const char *overflow_name(nh_overflow o) {
    static const char *const name[] = {"WRAP", "SAT", "SAT_ZERO", "SAT_SYM"};
    return name[o];
}

/* A power of two as an exact C constant. */
static void power_of_two(nh_writer *w, int exponent) { nh_printf(w, "0x1p%d", exponent); }

static void write_conversions(nh_writer *w, const job *j) {
    const nh_stream *in = &j->g->stream[j->g->input], *out = &j->g->stream[j->g->output];
    nh_format f = quant(j, j->g->input)->fmt;
    nh_printf(w,
              "%s_in_t %s_quantize(double real) {\n"
              "    real /= %.17g;\n"
              "    /* v = real * 2^KEPT: an integer and 40 bits below the LSB, the last of which stands for all that "
              "is below */\n"
              "    const double limit = 0x1p126;\n    double v = real * ",
              j->project, j->project, quant(j, j->g->input)->scale);
    power_of_two(w, nh_format_frac(f) + 40);
    nh_printf(w,
              ";\n"
              "    if (!(v > -limit)) v = v < 0 ? -limit : 0;\n"
              "    if (v > limit) v = limit;\n"
              "    nh_i128 raw = (nh_i128)v;\n"
              "    if ((double)raw < v || (double)raw > v) raw = v < 0 ? raw - ((raw & 1) == 0) : raw | 1;\n"
              "    return (%s_in_t)nh_fx_cast(raw, %d, %d, %d, %s, NH_ROUND_%s, NH_OVERFLOW_%s, NULL);\n}\n\n",
              j->project, nh_format_frac(f) + 40, nh_format_frac(f), f.width_bits, f.is_signed ? "true" : "false",
              mode_name(f.round), overflow_name(f.overflow));
    (void)in;
    nh_printf(w, "double %s_dequantize(%s_out_t raw) { return (double)raw * ", j->project, j->project);
    power_of_two(w, -nh_format_frac(out->fmt));
    nh_printf(w, " * %.17g; }\n\n", quant(j, j->g->output)->scale);
}

static bool write_model(const job *j) {
    nh_writer *w = nh_writer_open(j->a, nh_path_join(j->a, j->dir, "model.c"));
    header(w, j, "/*", " */");
    nh_puts(w, "#include \"model.h\"\n\n");
    if (j->has_steps) nh_puts(w, "#include <string.h>\n\n#include \"nh_event.h\"\n");
    nh_puts(w, "#include \"nh_fx.h\"\n\n");
    write_conversions(w, j);
    nh_c c = driver_of(j, w);
    nh_c_define(&c);
    return nh_writer_close(w, j->d);
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

static bool write_example(const job *j) {
    nh_writer *w = nh_writer_open(j->a, nh_path_join(j->a, j->dir, "example.c"));
    header(w, j, "/*", " */");
    nh_c c = driver_of(j, w);
    nh_c_example(&c);
    return nh_writer_close(w, j->d);
}

static bool write_makefile(const job *j) {
    nh_writer *w = nh_writer_open(j->a, nh_path_join(j->a, j->dir, "Makefile"));
    header(w, j, "#", "");
    nh_puts(w, "CFLAGS ?= -O3 -std=c11 -Wall -Wextra\n\nexample: example.o model.o\n"
               "\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ example.o model.o\n\n"
               "example.o: example.c model.h\nmodel.o: model.c model.h nh_fx.h");
    nh_puts(w, j->has_steps ? " nh_event.h\n\n" : "\n\n");
    nh_puts(w, "run: example\n\t./example\n\nclean:\n\trm -f example example.o model.o\n\n.PHONY: run clean\n");
    return nh_writer_close(w, j->d);
}

static bool copy_runtime(const job *j) {
    for (size_t i = 0; i < nh_runtime_files_count; i++) {
        if (!j->has_steps && strcmp(nh_runtime_files[i].name, "nh_event.h") == 0) continue;
        nh_writer *w = nh_writer_open(j->a, nh_path_join(j->a, j->dir, nh_runtime_files[i].name));
        nh_write(w, nh_runtime_files[i].data, nh_runtime_files[i].size);
        if (!nh_writer_close(w, j->d)) return false;
    }
    return true;
}

static const char *capitals(nh_arena *a, const char *s) {
    char *up = nh_arena_str(a, s);
    for (char *c = up; *c; c++) *c = (char)toupper((unsigned char)*c);
    return up;
}

bool nh_emit_c(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir) {
    job j = {.a = a,
             .d = d,
             .g = g,
             .made = p,
             .dir = dir,
             .project = g->opt->project,
             .upper = capitals(a, g->opt->project),
             .has_steps = nh_c_has_steps(g)};
    return nh_mkdirs(d, dir) && write_header(&j) && write_model(&j) && copy_runtime(&j) && write_example(&j) &&
           write_makefile(&j);
}
