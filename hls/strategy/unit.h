/* What every kind of unit gives the plan and the integer model: a row of functions per row of units.def. */
#ifndef NH_UNIT_H
#define NH_UNIT_H

#include "design.h"
#include "schedule.h"

/* One unit's share of a step of the integer model. */
typedef struct {
    const nh_design *g;
    const nh_unit *unit;
    int64_t **raw;   /* [stream][element] */
    int64_t *memory; /* what the unit keeps between steps: `memory` integers of its row, 0 at the start of a sample */
    int64_t step;    /* of the sample */
    nh_fx_count *count; /* casts that overflowed, or NULL */
} nh_unit_step;

typedef struct {
    const char *name;
    /* Cycles between the steps of the unit when nothing stalls it. */
    int64_t (*interval)(const nh_unit *u);
    /* When the unit sends each transfer of a step. */
    nh_times (*times)(nh_schedule *s, int unit, int step);
    int64_t (*memory)(const nh_design *g, const nh_unit *u);
    void (*eval)(const nh_unit_step *e);
    nh_resources (*estimate)(const nh_design *g, const nh_unit *u);
} nh_unit_row;

const nh_unit_row *nh_unit_get(nh_unit_kind kind);

#define NH_UNIT(symbol, name)                                                                                          \
    int64_t nh_unit_##name##_interval(const nh_unit *u);                                                               \
    nh_times nh_unit_##name##_times(nh_schedule *s, int unit, int step);                                               \
    int64_t nh_unit_##name##_memory(const nh_design *g, const nh_unit *u);                                             \
    void nh_unit_##name##_eval(const nh_unit_step *e);                                                                 \
    nh_resources nh_unit_##name##_estimate(const nh_design *g, const nh_unit *u);
#include "units.def"
#undef NH_UNIT

/* The result of output o of an engine from its accumulator; the accumulator where nothing follows it. */
nh_i128 nh_post_eval(const nh_post *post, int64_t o, nh_i128 acc, nh_fx_count *count);
/* A delay that closes a loop gives its output before its input is known; this takes the input at the end of the step.
 */
void nh_delay_take(const nh_unit_step *e);

static inline nh_i128 nh_widen(int64_t raw, nh_format f) { return f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw; }

/* --- resources by counting (estimate.c) --------------------------------------------------------------------------- */

void nh_add_rom(nh_resources *r, const nh_target *t, int64_t depth, int64_t width);
void nh_add_ram(nh_resources *r, const nh_target *t, int64_t depth, int64_t width);
/* `copies` of a datapath, with its tables. */
void nh_add_datapath(nh_resources *r, const nh_dp *p, const nh_target *t, int64_t copies);
/* `lanes` multipliers of an input by a weight. */
void nh_add_products(nh_resources *r, const nh_target *t, int64_t lanes, nh_format x, nh_format w);

#endif
