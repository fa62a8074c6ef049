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
