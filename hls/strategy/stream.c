/* What the integers on streams mean, and how they stand on the top level's ports. */
#include "design.h"

int nh_axi_element_bits(nh_format f) {
    int bits = 8;
    while (bits < f.width_bits) bits *= 2;
    return bits;
}

int64_t nh_stream_channels(const nh_stream *s) {
    return s->order ? s->n / s->order[1] : 1; /* element 1 is the second channel's first pixel */
}

double nh_stream_real(const nh_design *g, int stream, int64_t raw) {
    const nh_stream *s = &g->stream[stream];
    nh_i128 v = s->fmt.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw;
    return nh_fx_to_double(v, nh_format_frac(s->fmt)) * g->graph->tensor[s->tensor].q.scale;
}

int64_t nh_quantize_input(const nh_design *g, double real, nh_fx_count *count) {
    const nh_quant *q = &g->graph->tensor[g->stream[g->input].tensor].q;
    return (int64_t)nh_fx_from_double(real / q->scale, q->fmt, count);
}
