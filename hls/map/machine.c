/* The fabric in C: sweeps, senders, ticks. Every number is as the RTL has it; cycles follow from its pipelines:
 *
 *     tick = 16 + the time of its sweep and until all flits before the next are taken (machine_time.c)
 *
 * where 16 are the stages of sweep, router and host port; a sender takes a cycle per flit, one per word without any,
 * and 5 per route. */
#include <assert.h>
#include <string.h>

#include "machine_parts.h"

enum { PIPELINE_CYCLES = 16, ROUTE_CYCLES = 5 };

/* --- making it --------------------------------------------------------------------------------------------------- */

static bool fits(const nh_machine *k, const nh_context *x) {
    int64_t bytes = 0;
    for (int i = 0; i < x->n_core; i++)
        bytes += x->core[i].words * k->f->lanes * (8 * (k->f->accumulators + (int64_t)k->states) + 4 * k->f->delays);
    return bytes <= NH_MACHINE_BYTES;
}

static void place_core(nh_machine *k, int i, const nh_core_image *m) {
    size_t n = (size_t)(m->words * k->f->lanes);
    k->core[i] = (nh_machine_core){.image = m};
    k->core[i].acc = nh_arena_array(k->arena, n * (size_t)k->f->accumulators + 1, sizeof(int64_t));
    k->core[i].state = nh_arena_array(k->arena, n * (size_t)k->states + 1, sizeof(int64_t));
    k->core[i].output = nh_arena_array(k->arena, n * (size_t)k->f->delays + 1, sizeof(int32_t));
    k->tile[m->y * k->f->mesh_x + m->x] = i;
}

nh_machine *nh_machine_new(nh_arena *a, const nh_image *m, int context) {
    const nh_context *x = &m->context[context];
    nh_machine *k = NH_NEW(a, nh_machine);
    *k = (nh_machine){
        .image = m, .f = &m->fabric, .w = nh_fabric_get_widths(&m->fabric), .n_core = x->n_core, .arena = a};
    for (int i = 0; i < k->f->n_model; i++) {
        const char *why;
        const nh_neuron_program *p = k->f->model[i].program;
        k->model[i] = (nh_machine_model){nh_fabric_datapath(a, k->f, i, &why), p->n_input, p->n_state, p->n_param};
        assert(k->model[i].dp && "the image was checked");
        if (k->model[i].n_state > k->states) k->states = k->model[i].n_state;
    }
    if (!fits(k, x)) return NULL;
    int tiles = k->f->mesh_x * k->f->mesh_y;
    k->tile = nh_arena_array(a, (size_t)tiles, sizeof *k->tile);
    for (int i = 0; i < tiles; i++) k->tile[i] = -1;
    k->core = nh_arena_array(a, (size_t)x->n_core + 1, sizeof *k->core);
    for (int i = 0; i < x->n_core; i++) place_core(k, i, &x->core[i]);
    return k;
}

void nh_machine_init(nh_machine *k) {
    for (int i = 0; i < k->n_core; i++) {
        nh_machine_core *c = &k->core[i];
        size_t n = (size_t)(c->image->words * k->f->lanes);
        memset(c->acc, 0, n * (size_t)k->f->accumulators * sizeof *c->acc);
        memset(c->state, 0, n * (size_t)k->states * sizeof *c->state);
        memset(c->output, 0, n * (size_t)k->f->delays * sizeof *c->output);
        c->steps = 0;
        c->swept = false;
    }
    k->tick = 0;
    k->n_event = k->time.n_flit = k->time.n_arrival = 0;
}

/* --- a tick ------------------------------------------------------------------------------------------------------ */

/* One neuron through the datapath of its model. */
static int32_t neuron(const nh_machine_model *m, const int64_t *acc, int64_t *state, const int64_t *param) {
    nh_i128 value[NH_NEURON_INPUTS + NH_NEURON_STATES + NH_NEURON_PARAMS], result[1 + NH_NEURON_STATES];
    const nh_i128 *in[NH_NEURON_INPUTS + NH_NEURON_STATES + NH_NEURON_PARAMS];
    nh_i128 *out[1 + NH_NEURON_STATES];
    int n = 0;
    for (int i = 0; i < m->n_acc; i++) value[n++] = acc[i];
    for (int i = 0; i < m->n_state; i++) value[n++] = state[i];
    for (int i = 0; i < m->n_param; i++) value[n++] = param[i];
    for (int i = 0; i < n; i++) in[i] = &value[i];
    for (int i = 0; i <= m->n_state; i++) out[i] = &result[i];
    nh_dp_eval(m->dp, in, out);
    for (int i = 0; i < m->n_state; i++) state[i] = (int64_t)result[i + 1];
    return (int32_t)result[0];
}

static void sweep(nh_machine *k, nh_machine_core *c) {
    static const int64_t none[NH_NEURON_PARAMS] = {0};
    const nh_core_image *m = c->image;
    int lanes = k->f->lanes;
    int32_t *output = c->output + c->steps % k->f->delays * m->words * lanes;
    int64_t word = 0;
    if (m->reset_period > 0 && c->steps % m->reset_period == m->reset_phase)
        memset(c->state, 0, (size_t)(m->words * lanes * k->states) * sizeof *c->state);
    for (int64_t g = 0; g < m->n_group; g++)
        for (int64_t i = 0; i < m->group[g].words; i++, word++)
            for (int l = 0; l < lanes; l++) {
                int64_t at = word * lanes + l, row = (m->group[g].param + (m->group[g].per_word ? i : 0)) * lanes + l;
                int64_t *acc = &c->acc[at * k->f->accumulators];
                const int64_t *param = k->model[m->group[g].model].n_param ? &m->param[row * NH_NEURON_PARAMS] : none;
                output[at] = neuron(&k->model[m->group[g].model], acc, &c->state[at * k->states], param);
                memset(acc, 0, (size_t)k->f->accumulators * sizeof *acc);
                c->activity.count[6] += output[at] != 0;
            }
    c->steps++;
    c->swept = true;
    c->activity.count[4] += word;
    c->activity.count[5] += word;
}

static void hop(nh_machine_core *c, const nh_route *r) {
    const nh_core_image *m = c->image;
    int64_t hops;
    if (r->to_host)
        hops = m->x + m->y + 1;
    else {
        int64_t x_lo = m->x < r->to.x0 ? m->x : r->to.x0, x_hi = m->x > r->to.x1 ? m->x : r->to.x1;
        int64_t y_lo = m->y < r->to.y0 ? m->y : r->to.y0, y_hi = m->y > r->to.y1 ? m->y : r->to.y1;
        hops = x_hi - x_lo + (y_hi - y_lo) * (r->to.x1 - r->to.x0 + 1);
    }
    c->activity.hops += hops;
}

/* The address of lane l in word i of a route, or -1 when it is not sent. */
static int64_t address(const nh_machine *k, const nh_route *r, int64_t i, int l) {
    const nh_fabric *f = k->f;
    int64_t lane = (r->is_conv ? i % r->pixel_words : i) * f->lanes + l;
    if (lane >= r->limit) return -1;
    if (!r->is_conv) return (r->base + lane) & (((int64_t)1 << k->w.addr) - 1);
    int64_t pixel = i / r->pixel_words, mask_c = ((int64_t)1 << f->conv_c_bits) - 1,
            mask_x = ((int64_t)1 << f->conv_x_bits) - 1;
    int64_t mask_y = ((int64_t)1 << f->conv_y_bits) - 1, rest = r->base >> f->conv_c_bits,
            top = rest >> f->conv_x_bits >> f->conv_y_bits;
    int64_t ch = ((r->base & mask_c) + lane) & mask_c, x = ((rest & mask_x) + pixel % r->width) & mask_x;
    int64_t y = ((rest >> f->conv_x_bits & mask_y) + pixel / r->width) & mask_y;
    return (((top << f->conv_y_bits | y) << f->conv_x_bits | x) << f->conv_c_bits) | ch;
}

static void send_flit(nh_machine *k, nh_machine_core *c, const nh_route *r, int64_t addr, int32_t payload) {
    c->activity.count[7]++;
    hop(c, r);
    nh_machine_begin_flit(k, (int)(c - k->core));
    if (!r->to_host) {
        nh_machine_deliver(k, r->to, addr, payload);
        return;
    }
    nh_machine_arrive(k, k->n_core, 0, 1);
    k->event = nh_arena_grow(k->arena, k->event, &k->cap_event, k->n_event + 1, sizeof *k->event);
    k->event[k->n_event++] = (nh_host_event){addr, payload, k->tick};
}

static void send(nh_machine *k, nh_machine_core *c) {
    const nh_core_image *m = c->image;
    int lanes = k->f->lanes;
    for (int64_t i = 0; i < m->n_route; i++) {
        const nh_route *r = &m->route[i];
        int64_t step = c->steps - 1 - r->delay;
        nh_machine_wait(k, ROUTE_CYCLES);
        if (step < 0) continue;
        const int32_t *output = c->output + (step % k->f->delays * m->words + r->first) * lanes;
        for (int64_t w = 0; w < r->words; w++) {
            int64_t sent = c->activity.count[7];
            for (int l = 0; l < lanes; l++) {
                int64_t addr = output[w * lanes + l] ? address(k, r, w, l) : -1;
                if (addr >= 0) send_flit(k, c, r, addr, output[w * lanes + l]);
            }
            if (sent == c->activity.count[7]) nh_machine_wait(k, 1);
        }
    }
    nh_machine_end_sender(k, (int)(c - k->core));
}

static bool is_due(const nh_core_image *m, int64_t tick) {
    return tick >= m->start && (tick - m->start) % m->period == 0;
}

const nh_host_event *nh_machine_tick(nh_machine *k, int64_t *n) {
    k->cycles += PIPELINE_CYCLES + nh_machine_settle(k);
    k->n_event = k->time.n_flit = k->time.n_arrival = 0;
    for (int i = 0; i < k->n_core; i++) {
        nh_machine_core *c = &k->core[i];
        c->swept = false;
        if (is_due(c->image, k->tick)) sweep(k, c);
    }
    for (int i = 0; i < k->n_core; i++)
        if (k->core[i].swept) send(k, &k->core[i]);
    k->tick++;
    *n = (int64_t)k->n_event;
    return k->event;
}

/* --- from outside ------------------------------------------------------------------------------------------------ */

void nh_machine_event(nh_machine *k, nh_rect to, int64_t addr, int32_t payload) {
    nh_machine_begin_flit(k, k->n_core);
    nh_machine_deliver(k, to, addr, payload);
}

int64_t nh_machine_state(const nh_machine *k, int core, int64_t at, int s) {
    return k->core[core].state[at * k->states + s];
}
const nh_core_activity *nh_machine_activity(const nh_machine *k, int core) { return &k->core[core].activity; }
int64_t nh_machine_cycles(const nh_machine *k) { return k->cycles + nh_machine_settle(k); }
