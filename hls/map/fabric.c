/* The sizes of a fabric: widths that follow from them, rules, hash. */
#include "fabric.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "image_parts.h"
#include "neurons.h"

int nh_clog2(int64_t n) {
    int bits = 1;
    while (bits < 62 && ((int64_t)1 << bits) < n) bits++;
    return bits;
}

int nh_fabric_word_weights(const nh_fabric *f) { return f->lanes * f->accumulators; }

int nh_fabric_synapse_bits(const nh_fabric *f) {
    int64_t words = (f->neurons + f->lanes - 1) / f->lanes;
    return nh_fabric_word_weights(f) * f->weight_bits + (f->sparse > 0 ? nh_clog2(words) : 0);
}

int64_t nh_fabric_synapses_of(const nh_fabric *f, int64_t kib) { return kib * 8192 / nh_fabric_synapse_bits(f); }

static int most(int a, int b) { return a > b ? a : b; }

static int state_bits(const nh_neuron_program *p) {
    int sum = 0;
    for (int i = 0; i < p->n_state; i++) sum += p->reg[p->state[i]].fmt.width_bits;
    return sum;
}

static int param_bits(const nh_fabric_model *m) {
    int sum = 0;
    for (int i = 0; i < m->program->n_param; i++) sum += m->param[i].width_bits;
    return sum;
}

static void memory_widths(const nh_fabric *f, nh_fabric_widths *w) {
    int cy = f->conv_y_bits, cx = f->conv_x_bits;
    w->model = most(2, nh_clog2(f->n_model));
    w->axon = w->sa + w->wa + w->wa + 1 + 2;
    w->synapse = nh_fabric_synapse_bits(f);
    int axis = 4 + 2 + 2 + 4 + 5 + 1; /* and twice a coordinate */
    w->conv = f->convs ? 3 * w->sa + 5 * w->wa + 1 + f->conv_c_bits + 1 + axis + 2 * cy + axis + 2 * cx + 1 : 0;
    w->group = w->wa + 1 + w->pa + 1 + w->model;
    w->param_word = f->lanes * w->param;
    w->state_word = f->lanes * w->state;
    w->route = w->wa + w->wa + 1 + w->dl + 1 + 2 * w->xb + 2 * w->yb + 1 + w->addr + w->nb +
               (f->convs ? w->wa + 1 + cx + 1 : 0);
}

nh_fabric_widths nh_fabric_get_widths(const nh_fabric *f) {
    nh_fabric_widths w = {
        .xb = nh_clog2(f->mesh_x), .yb = nh_clog2(f->mesh_y), .nw = (f->neurons + f->lanes - 1) / f->lanes};
    int axon = nh_clog2(f->axons);
    w.wa = nh_clog2(w.nw);
    w.sa = nh_clog2(f->synapses);
    w.pa = nh_clog2(f->params);
    w.db = nh_clog2(f->convs);
    w.dl = nh_clog2(f->delays);
    w.nb = nh_clog2(w.nw * f->lanes) + 1;
    w.addr = f->convs ? 1 + most(axon, w.db + f->conv_y_bits + f->conv_x_bits + f->conv_c_bits) : axon;
    w.data = most(26, w.addr + f->payload_bits);
    w.flit = w.data + 2 * w.xb + 2 * w.yb + 2;
    w.host = (w.flit + 4 + 7) / 8 * 8;
    w.state = w.param = 1; /* a memory has at least a bit */
    for (int i = 0; i < f->n_model; i++) {
        if (!f->model[i].program) continue;
        w.state = most(w.state, state_bits(f->model[i].program));
        w.param = most(w.param, param_bits(&f->model[i]));
    }
    memory_widths(f, &w);
    return w;
}

int64_t nh_addr_end(const nh_fabric *f) { return (int64_t)1 << nh_fabric_get_widths(f).addr; }

nh_range nh_payload_range(const nh_fabric *f) {
    if (f->payload_bits == 1) return (nh_range){1, 1};
    nh_i128 half = (nh_i128)1 << (f->payload_bits - 1);
    return (nh_range){-half, half - 1};
}

const char *nh_program_text(nh_arena *a, const nh_neuron_program *p) {
    nh_neuron_program plain = *p;
    plain.reg = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *plain.reg);
    memcpy(plain.reg, p->reg, (size_t)p->n_reg * sizeof *plain.reg);
    for (int i = 0; i < p->n_reg; i++) plain.reg[i].measure = NH_MEASURE_NONE;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    nh_neuron_print(&plain, out);
    fclose(out);
    const char *copy = nh_arena_strn(a, text, size);
    free(text);
    return copy;
}

nh_dp *nh_fabric_datapath(nh_arena *a, const nh_fabric *f, int model, const char **why) {
    const nh_fabric_model *m = &f->model[model];
    nh_neuron_spec s = {.program = m->program, .out_fmt = m->out};
    nh_range y;
    int frac;
    for (int i = 0; i < m->program->n_input; i++) {
        s.in_fmt[i] = nh_format_make(true, f->accum_bits, f->accum_bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
        s.in_range[i] = nh_range_of(s.in_fmt[i]);
    }
    for (int i = 0; i < m->program->n_param; i++) {
        s.param[i].fmt = m->param[i];
        s.param[i].range = nh_range_of(m->param[i]);
        s.param[i].n = 2;
    }
    nh_dp *p = nh_dp_neuron(a, &s, m->name, &y, &frac, why);
    if (p) nh_dp_finish(p);
    return p;
}

/* --- rules ------------------------------------------------------------------------------------------------------- */

static bool range(const nh_fabric *f, nh_diag *d, const char *key, int64_t value, int64_t least, int64_t largest) {
    if (value >= least && value <= largest) return true;
    nh_report(d, NH_I_FABRIC, f->at, "the fabric's %s is %lld", key, (long long)value);
    nh_diag_allowed(d, "%lld to %lld", (long long)least, (long long)largest);
    return false;
}

static bool is_power(int64_t v) { return v > 0 && (v & (v - 1)) == 0; }

static bool power(const nh_fabric *f, nh_diag *d, const char *key, int64_t value) {
    if (is_power(value)) return true;
    nh_report(d, NH_I_FABRIC, f->at, "%s is %lld, which is no power of two", key, (long long)value);
    int64_t more = (int64_t)1 << nh_clog2(value);
    nh_diag_hint(d, "%s: %lld or %lld", key, (long long)more / 2, (long long)more);
    return false;
}

static bool check_relations(const nh_fabric *f, nh_diag *d) {
    bool ok = true;
    if (f->neurons % f->lanes) {
        int64_t less = f->neurons - f->neurons % f->lanes;
        ok = nh_report(d, NH_I_FABRIC, f->at, "%lld neurons are no multiple of %d lanes", (long long)f->neurons,
                       f->lanes);
        if (less > 0)
            nh_diag_hint(d, "neurons: %lld or %lld, or lanes that divide %lld", (long long)less,
                         (long long)less + f->lanes, (long long)f->neurons);
        else
            nh_diag_hint(d, "neurons: %lld, or lanes that divide %lld", (long long)f->lanes, (long long)f->neurons);
    }
    if (f->neurons / f->lanes > 65535) {
        ok = nh_report(d, NH_I_FABRIC, f->at, "a core has %lld words of neurons", (long long)(f->neurons / f->lanes));
        nh_diag_allowed(d, "65535: neurons / lanes, which the control memory counts in 16 bits");
    }
    ok &= power(f, d, "delays", f->delays) & power(f, d, "queue", f->queue);
    bool all = f->conv_y_bits && f->conv_x_bits && f->conv_c_bits,
         any = f->conv_y_bits || f->conv_x_bits || f->conv_c_bits;
    if (f->convs ? !all : any) {
        ok = nh_report(d, NH_I_FABRIC, f->at, "conv_y_bits, conv_x_bits, conv_c_bits are %d, %d, %d with %lld convs",
                       f->conv_y_bits, f->conv_x_bits, f->conv_c_bits, (long long)f->convs);
        nh_diag_allowed(d, "%s", f->convs ? "1 to 12 each" : "0, 0, 0: without convolutions there are no coordinates");
    }
    return ok;
}

static bool bad_model(const nh_fabric *f, nh_diag *d, int i, const char *what) {
    return nh_report(d, NH_I_MODEL, f->at, "model '%s' %s", f->model[i].name ? f->model[i].name : "", what);
}

static bool check_output(const nh_fabric *f, nh_diag *d, int i) {
    nh_range r = nh_range_of(f->model[i].out), most_of = nh_payload_range(f);
    if (f->payload_bits == 1) most_of.lo = 0;
    if (r.lo >= most_of.lo && r.hi <= most_of.hi) return true;
    char buf[NH_FORMAT_TEXT];
    bad_model(f, d, i, "puts out what an event does not carry");
    nh_diag_found(d, "%s", nh_format_print(f->model[i].out, buf));
    nh_diag_allowed(d, f->payload_bits == 1 ? "ufixed<1,1>: payload_bits is 1" : "up to %d bits, signed: payload_bits",
                    f->payload_bits);
    return false;
}

static bool has_width(nh_format f) {
    return f.width_bits >= 1 && f.width_bits <= 64 && f.int_bits >= -64 && f.int_bits <= 128;
}

/* Numbers of the text that the datapath can have. */
static bool check_constants(const nh_fabric *f, nh_diag *d, int i) {
    const nh_neuron_program *p = f->model[i].program;
    for (int r = 0; r < p->n_reg; r++) {
        nh_format own;
        nh_range value;
        if (p->reg[r].kind == NH_REG_CONST && !nh_dyadic_format(&p->reg[r].constant, 1, &own, &value, NULL))
            return bad_model(f, d, i,
                             nh_arena_printf(d->arena,
                                             "has the number %g, which no fixed-point format of 64 bits holds",
                                             p->reg[r].constant));
    }
    return true;
}

static bool check_model(const nh_fabric *f, nh_diag *d, int i) {
    const nh_fabric_model *m = &f->model[i];
    const char *why;
    if (!m->name || !m->program) return bad_model(f, d, i, "has no name or no program");
    if (!m->program->name || strcmp(m->name, m->program->name) != 0)
        return bad_model(f, d, i, "has another name in its program");
    for (int k = 0; k < i; k++)
        if (f->model[k].name && strcmp(f->model[k].name, m->name) == 0) return bad_model(f, d, i, "is given twice");
    if (m->program->n_input > f->accumulators)
        return bad_model(f, d, i,
                         nh_arena_printf(d->arena, "has %d inputs: a neuron has accumulators: %d", m->program->n_input,
                                         f->accumulators));
    for (int k = 0; k < m->program->n_state; k++)
        if (!m->program->reg[m->program->state[k]].has_format) return bad_model(f, d, i, "has a state without format");
    for (int k = 0; k < m->program->n_param; k++)
        if (!has_width(m->param[k])) return bad_model(f, d, i, "has a parameter without format");
    if (!has_width(m->out)) return bad_model(f, d, i, "has no format of its output");
    if (!check_output(f, d, i) || !check_constants(f, d, i)) return false;
    nh_arena *t = nh_arena_new();
    nh_dp *p = nh_fabric_datapath(t, f, i, &why);
    nh_arena_free(t);
    return p || bad_model(f, d, i, nh_arena_printf(d->arena, "cannot be built: %s", why));
}

bool nh_fabric_check(const nh_fabric *f, nh_diag *d) {
    bool ok = true;
#define SIZE(key, least, largest) ok &= range(f, d, #key, (int64_t)f->key, least, largest);
    NH_FABRIC_SIZES(SIZE)
#undef SIZE
    if (!range(f, d, "number of models", f->n_model, 0, NH_FABRIC_MODELS) || !ok) return false;
    ok = check_relations(f, d);
    for (int i = 0; i < f->n_model; i++) ok &= check_model(f, d, i);
    return ok;
}

/* --- hash -------------------------------------------------------------------------------------------------------- */

static void hash_int(nh_hasher *h, int64_t v) {
    uint8_t byte[8];
    for (int i = 0; i < 8; i++) byte[i] = (uint8_t)((uint64_t)v >> (8 * i));
    nh_hash_bytes(h, byte, sizeof byte);
}

const char *nh_fabric_hash(nh_arena *a, const nh_fabric *f) {
    nh_hasher *h = nh_hasher_new(a);
    char buf[NH_FORMAT_TEXT];
    nh_hash_str(h, "neurohls fabric 1");
#define SIZE(key, least, largest)                                                                                      \
    if (strcmp(#key, "queue") != 0) hash_int(h, (int64_t)f->key); /* the depth of a queue changes no result */
    NH_FABRIC_SIZES(SIZE)
#undef SIZE
    hash_int(h, f->n_model);
    for (int i = 0; i < f->n_model; i++) {
        const nh_fabric_model *m = &f->model[i];
        nh_hash_str(h, nh_program_text(a, m->program));
        for (int k = 0; k < m->program->n_param; k++) nh_hash_str(h, nh_format_print(m->param[k], buf));
        nh_hash_str(h, nh_format_print(m->out, buf));
    }
    nh_hash hash = nh_hash_end(h);
    return nh_arena_str(a, hash.hex);
}
