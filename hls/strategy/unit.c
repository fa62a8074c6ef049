#include "unit.h"

static const nh_unit_row rows[] = {
#define NH_UNIT(symbol, name)                                                                                          \
    [NH_UNIT_##symbol] = {#name,                                                                                       \
                          nh_unit_##name##_interval,                                                                   \
                          nh_unit_##name##_times,                                                                      \
                          nh_unit_##name##_memory,                                                                     \
                          nh_unit_##name##_eval,                                                                       \
                          nh_unit_##name##_estimate},
#include "units.def"
#undef NH_UNIT
};

const nh_unit_row *nh_unit_get(nh_unit_kind kind) { return &rows[kind]; }

nh_i128 nh_post_eval(const nh_post *post, int64_t o, nh_i128 acc, nh_fx_count *count) {
    nh_i128 mul = post->mul ? post->mul[o] : 0, out = 0;
    nh_i128 *results[] = {&out};
    const nh_i128 *inputs[] = {&acc, &mul};
    if (!post->dp) return acc;
    nh_dp_eval_count(post->dp, inputs, results, count);
    return out;
}
