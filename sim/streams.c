/* Files of stream values that the harness wrote, and the arrays made from them. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "sim_parts.h"

#define TRACE_LIMIT ((int64_t)1 << 30)

struct nh_sim_stream {
    FILE *file;
    const nh_stream *stream;
    int bytes;
    uint8_t *byte; /* one frame as it is in the file */
    int64_t *raw, *model;
};

bool nh_sim_has_step_axis(const nh_design *g) { return nh_design_has_steps(g); }

int64_t nh_sim_steps(const nh_design *g) { return nh_sim_has_step_axis(g) ? g->steps : 1; }

int nh_sim_output_shape(const nh_design *g, int64_t n, int64_t dim[3]) {
    int rank = 0;
    dim[rank++] = n;
    if (nh_sim_has_step_axis(g)) dim[rank++] = nh_sim_steps(g);
    dim[rank++] = g->stream[g->output].n;
    return rank;
}

void nh_sim_to_model(const nh_stream *s, const int64_t *raw, int64_t *model) {
    for (int64_t e = 0; e < s->n; e++) model[s->order ? s->order[e] : e] = raw[e];
}

static int bytes_of(const nh_stream *s) { return nh_axi_element_bits(s->fmt) / 8; }

int64_t nh_sim_traced_samples(const nh_design *g, int64_t samples) {
    int64_t frame = 0;
    for (int k = 0; k < g->n_stream; k++) frame += g->stream[k].n * bytes_of(&g->stream[k]);
    int64_t most = TRACE_LIMIT / (frame * nh_sim_steps(g));
    return samples < most ? samples : most;
}

int nh_sim_stream_of_layer(const nh_design *g, int layer) {
    const nh_layer *l = &g->graph->layer[layer];
    if (l->op != NH_OP_NEURON) return -1;
    /* Sums and gains have no events of their own. */
    if (l->neuron->program->n_state == 0 && l->neuron->program->out == NH_NEURON_OUT_GRADED) return -1;
    for (int k = 0; k < g->n_stream; k++) {
        const nh_stream *s = &g->stream[k];
        if (s->tensor == l->out && s->src >= 0 && g->unit[s->src].kind == NH_UNIT_NEURON) return k;
    }
    return -1;
}

nh_sim_stream *nh_sim_stream_open(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int k) {
    nh_sim_stream *s = NH_NEW(a, nh_sim_stream);
    const nh_stream *stream = &g->stream[k];
    const char *path = nh_path_join(a, work_dir, nh_arena_printf(a, "streams/%s.bin", stream->id));
    size_t n = (size_t)stream->n;
    *s = (nh_sim_stream){.file = fopen(path, "rb"), .stream = stream, .bytes = bytes_of(stream)};
    s->byte = nh_arena_array(a, n, (size_t)s->bytes);
    s->raw = nh_arena_array(a, n, sizeof *s->raw);
    s->model = nh_arena_array(a, n, sizeof *s->model);
    if (s->file && s->byte && s->raw && s->model) return s;
    nh_report(d, NH_S_HARNESS, NH_NOWHERE, "'%s' cannot be read", path);
    nh_sim_stream_close(s);
    return NULL;
}

const int64_t *nh_sim_stream_next(nh_sim_stream *s) {
    size_t n = (size_t)s->stream->n;
    int shift = 64 - 8 * s->bytes;
    if (fread(s->byte, (size_t)s->bytes, n, s->file) != n) return NULL;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = 0;
        for (int b = s->bytes - 1; b >= 0; b--) v = v << 8 | s->byte[i * (size_t)s->bytes + (size_t)b];
        s->raw[i] = s->stream->fmt.is_signed ? (int64_t)(v << shift) >> shift : (int64_t)v;
    }
    nh_sim_to_model(s->stream, s->raw, s->model);
    return s->model;
}

void nh_sim_stream_close(nh_sim_stream *s) {
    if (s->file) fclose(s->file);
    s->file = NULL;
}

static void put(nh_writer *w, const int64_t *v, size_t n, int shift, int bytes) {
    for (size_t i = 0; i < n; i++) {
        uint8_t little[8];
        for (int b = 0; b < bytes; b++) little[b] = (uint8_t)(((uint64_t)v[i] << shift) >> (8 * b));
        nh_write(w, little, (size_t)bytes);
    }
}

static const char *layer_file(nh_arena *a, const nh_design *g, int layer) {
    return nh_arena_printf(a, "%02d_%s.npy", layer, nh_mangle(a, g->graph->layer[layer].name));
}

/* Integers whose low bits are always 0 stream without them; arrays for the user have the integers. */
int nh_sim_value_shift(const nh_stream *s) {
    int frac = nh_format_frac(s->fmt);
    return frac < 0 && s->fmt.width_bits - frac <= 64 ? -frac : 0;
}

static int value_bytes(const nh_stream *s) {
    int bits = s->fmt.width_bits + nh_sim_value_shift(s);
    return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
}

static bool write_layer(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int64_t samples, int layer) {
    int k = nh_sim_stream_of_layer(g, layer);
    if (k < 0) return true;
    const nh_stream *stream = &g->stream[k];
    nh_shape shape = g->graph->tensor[stream->tensor].shape;
    int64_t dim[2 + NH_MAX_RANK] = {samples, g->steps};
    for (int i = 0; i < shape.rank; i++) dim[2 + i] = shape.dim[i];
    const char *name = nh_arena_printf(a, "layers/%s", layer_file(a, g, layer));
    nh_sim_stream *s = nh_sim_stream_open(a, d, g, work_dir, k);
    if (!s) return false;
    nh_writer *w = nh_writer_open(a, nh_path_join(a, work_dir, name));
    nh_npy_begin_int(a, w, value_bytes(stream), stream->fmt.is_signed, 2 + shape.rank, dim);
    for (int64_t i = 0; i < samples * g->steps; i++) {
        const int64_t *v = nh_sim_stream_next(s);
        if (!v) break;
        put(w, v, (size_t)stream->n, nh_sim_value_shift(stream), value_bytes(stream));
    }
    nh_sim_stream_close(s);
    return nh_writer_close(w, d);
}

/* layers/index.json: which file is which layer, and the real value of 1 in it. */
static bool write_layer_index(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir) {
    json_t *list = json_array();
    for (int i = 0; i < g->graph->n_layer; i++) {
        int k = nh_sim_stream_of_layer(g, i);
        if (k < 0) continue;
        json_t *name = json_string(g->graph->layer[i].name); /* NULL when it is not UTF-8 */
        json_array_append_new(list, json_pack("{s:s, s:o, s:f}", "file", layer_file(a, g, i), "layer",
                                              name ? name : json_string(g->graph->layer[i].id), "lsb",
                                              ldexp(nh_stream_real(g, k, 1), -nh_sim_value_shift(&g->stream[k]))));
    }
    char *text = json_dumps(list, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    nh_writer *w = nh_writer_open(a, nh_path_join(a, work_dir, "layers/index.json"));
    nh_printf(w, "%s\n", text ? text : "[]");
    free(text);
    json_decref(list);
    return nh_writer_close(w, d);
}

bool nh_sim_write_layers(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int64_t samples) {
    bool ok = nh_mkdirs(d, nh_path_join(a, work_dir, "layers"));
    for (int i = 0; i < g->graph->n_layer && ok; i++) ok = write_layer(a, d, g, work_dir, samples, i);
    return ok && write_layer_index(a, d, g, work_dir);
}
