/* Bits that weights and sums need. */
#include "map_parts.h"

/* Adds the most that q adds to each neuron's sum; the answer is the bits of its widest weight. */
static int bounds_of(const nh_event_net *net, const nh_projection *q, int64_t *sum) {
    const nh_population *from = &net->pop[q->from], *to = &net->pop[q->to];
    int64_t n_to = nh_population_size(to), n_from = nh_population_size(from), largest = 0;
    int64_t payload = from->out_signed ? (int64_t)1 << (from->out_bits - 1) : ((int64_t)1 << from->out_bits) - 1;
    int64_t per = q->kind == NH_PROJ_CONV ? from->c * q->kh * q->kw : n_from,
            rows = q->kind == NH_PROJ_CONV ? to->c : n_to;
    int64_t n = q->kind == NH_PROJ_SPARSE ? q->n_entry : rows * per, each = n_to / rows;
    for (int64_t i = 0; i < n; i++) {
        int64_t w = q->weight ? q->weight[i] : q->constant, v = (w < 0 ? -w : w) * payload;
        if ((w < 0 ? -w - 1 : w) > largest) largest = w < 0 ? -w - 1 : w;
        if (q->kind == NH_PROJ_SPARSE)
            sum[q->target[i]] += v;
        else
            sum[i / per * each] += v; /* the first pixel of a channel stands for all */
    }
    for (int64_t r = 0; q->kind == NH_PROJ_CONV && r < rows; r++)
        for (int64_t e = 1; e < each; e++)
            if (sum[r * each + e] < sum[r * each]) sum[r * each + e] = sum[r * each];
    return nh_log2_ceil((uint64_t)largest + 1) + 1;
}

int nh_map_sum_bits(const nh_event_net *net, int pop, int acc, int *weight) {
    nh_arena *t = nh_arena_new();
    int64_t n = nh_population_size(&net->pop[pop]), most = 0, *sum = nh_arena_array(t, (size_t)n + 1, sizeof *sum);
    for (int i = 0; i < net->n_proj; i++) {
        nh_projection part;
        if (net->proj[i].to != pop || !nh_map_part(&net->proj[i], acc, &part)) continue;
        int bits = bounds_of(net, &part, sum);
        if (bits > weight[i]) weight[i] = bits;
    }
    for (int64_t i = 0; i < n; i++)
        if (sum[i] > most) most = sum[i];
    nh_arena_free(t);
    return nh_log2_ceil((uint64_t)most + 1) + 1;
}
