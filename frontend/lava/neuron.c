#include "lava.h"

#include <string.h>

#define DECAY_UNITY 4096
#define THRESHOLD_LIMIT (((int64_t)1 << 19) - 1) /* shifted by 12 bits, it is in an int32 of lava */
#define LIF_KNOWN "type iDecay vDecay vThMant refDelay gradedSpike messageBits wgtExp weight_exp scaleRho tauRho theta"

typedef enum { FAMILY_LIF, FAMILY_ALIF, FAMILY_SDNN, FAMILY_RF, FAMILY_NONE } family;

typedef struct {
    const char *text;
    family family;
    lava_neuron_kind kind;
    const char *known;
} neuron_row;

static const neuron_row neuron_table[] = {
    {"CUBA", FAMILY_LIF, LAVA_LIF, LIF_KNOWN},
    {"LOIHI", FAMILY_LIF, LAVA_LIF, LIF_KNOWN},
    {"ALIF", FAMILY_ALIF, LAVA_ALIF, LIF_KNOWN " thDecay refDecay vThStep"},
    {"SDNN", FAMILY_SDNN, LAVA_SIGMA_DELTA, "type activation vThMant sigma_output messageBits weight_exp"},
    {"RF_PHASE", FAMILY_RF, LAVA_RF_PHASE, "type sinDecay cosDecay vThMant gradedSpike messageBits weight_exp"},
    {"RF_IZHIKEVICH", FAMILY_RF, LAVA_RF_IZ, "type sinDecay cosDecay vThMant gradedSpike messageBits weight_exp"},
    {"ADRF", FAMILY_NONE, 0, NULL},
    {"ADRF_PHASE", FAMILY_NONE, 0, NULL},
    {"ADRF_IZHIKEVICH", FAMILY_NONE, 0, NULL},
};
enum { N_ROWS = sizeof neuron_table / sizeof *neuron_table };

static const neuron_row *find_row(lava_reader *r, const nh_h5 *group, const char *text) {
    const char *name[N_ROWS];
    for (size_t i = 0; i < N_ROWS; i++) {
        name[i] = neuron_table[i].text;
        if (strcmp(name[i], text) != 0) continue;
        if (neuron_table[i].family != FAMILY_NONE) return &neuron_table[i];
        nh_report(r->d, NH_M_LAVA_NEURON, lava_at(r, group), "neurons of type '%s' are not supported", text);
        nh_diag_hint(r->d, "lava-dl's netx reads them as resonate-and-fire neurons and loses their adaptation; train "
                           "with RF_PHASE or RF_IZHIKEVICH");
        return NULL;
    }
    nh_report(r->d, NH_M_LAVA_NEURON, lava_at(r, group), "the neuron's type '%s' is not known", text);
    const char *near = nh_did_you_mean(text, name, N_ROWS);
    if (near) nh_diag_hint(r->d, "did you mean '%s'?", near);
    nh_diag_allowed(r->d, "CUBA, LOIHI, ALIF, SDNN, RF_PHASE, RF_IZHIKEVICH");
    return NULL;
}

/* A number that lava ignores: tell when it is not the one that has no effect. */
static bool ignored(lava_reader *r, const nh_h5 *group, const char *name, int64_t neutral, const char *effect) {
    int64_t v = neutral;
    if (!lava_int_read(r, group, name, INT32_MIN, INT32_MAX, &v)) return false;
    if (v == neutral) return true;
    nh_report(r->d, NH_M_LAVA_IGNORED, lava_member_at(r, group, name), "'%s' has no effect, as in lava", name);
    nh_diag_found(r->d, "%lld", (long long)v);
    nh_diag_hint(r->d, "%s", effect);
    return true;
}

static bool read_ignored(lava_reader *r, const nh_h5 *group) {
    bool ok = ignored(r, group, "refDelay", 1, "lava's fixed-point neurons have no refractory time");
    ok = ignored(r, group, "gradedSpike", 0, "spikes are 0 or 1") && ok;
    ok = ignored(r, group, "wgtExp", 0, "lava-dl's netx uses weights as they are") && ok;
    return ignored(r, group, "weight_exp", 0, "lava-dl's netx uses weights as they are") && ok;
}

/* A parameter of the neuron: one, per channel, or per neuron of the layer. */
static bool read_param(lava_reader *r, const lava_layer *l, const nh_h5 *g, const char *name, int64_t lo, int64_t hi,
                       lava_ints *out) {
    if (!lava_ints_read(r, g, name, true, lo, hi, out)) return false;
    return l->shape.rank == 0 || lava_is_per(r, out, name, l->shape);
}

static bool read_sdnn(lava_reader *r, const lava_layer *l, const nh_h5 *group, lava_neuron *n) {
    bool ok = true;
    const char *activation = lava_text(r, group, "activation", false, &ok);
    if (activation && strcmp(activation, "relu") != 0) {
        nh_report(r->d, NH_M_LAVA_IGNORED, lava_member_at(r, group, "activation"),
                  "the activation is relu, as in lava");
        nh_diag_found(r->d, "'%s'", activation);
        nh_diag_hint(r->d, "lava-dl's netx does not read the name of the activation");
    }
    /* netx looks whether it is there, not what it says */
    if (l->type == LAVA_INPUT)
        n->kind = LAVA_DELTA;
    else if (nh_h5_find(group, "sigma_output"))
        n->kind = LAVA_SIGMA;
    return read_param(r, l, group, "vThMant", 0, THRESHOLD_LIMIT, &n->threshold) && ok;
}

static bool read_family(lava_reader *r, const lava_layer *l, const nh_h5 *group, family f, lava_neuron *n) {
    bool ok = true;
    if (f == FAMILY_SDNN) return read_sdnn(r, l, group, n);
    if (f == FAMILY_RF) {
        ok = read_param(r, l, group, "sinDecay", -DECAY_UNITY, DECAY_UNITY, &n->sin_decay);
        ok = read_param(r, l, group, "cosDecay", -DECAY_UNITY, DECAY_UNITY, &n->cos_decay) && ok;
    } else {
        ok = read_param(r, l, group, "iDecay", 0, DECAY_UNITY, &n->i_decay);
        ok = read_param(r, l, group, "vDecay", 0, DECAY_UNITY, &n->v_decay) && ok;
    }
    if (f == FAMILY_ALIF) {
        ok = read_param(r, l, group, "thDecay", 0, DECAY_UNITY, &n->th_decay) && ok;
        ok = read_param(r, l, group, "refDecay", 0, DECAY_UNITY, &n->ref_decay) && ok;
        ok = read_param(r, l, group, "vThStep", 0, THRESHOLD_LIMIT, &n->th_step) && ok;
    }
    return read_param(r, l, group, "vThMant", 0, THRESHOLD_LIMIT, &n->threshold) && ok;
}

/* A layer without neurons gets those of netx: a sum of currents against a threshold. */
static bool read_default(lava_reader *r, lava_layer *l) {
    static const int64_t i_decay = 0, v_decay = DECAY_UNITY, threshold = (int64_t)1 << 17;
    l->neuron = (lava_neuron){.kind = LAVA_LIF,
                              .i_decay = {&i_decay, 1, l->at},
                              .v_decay = {&v_decay, 1, l->at},
                              .threshold = {&threshold, 1, l->at},
                              .at = l->at};
    nh_report(r->d, NH_M_LAVA_DECIDED, l->at, "a layer without neurons gets those of lava-dl: a sum of currents");
    nh_diag_found(r->d, "iDecay 0, vDecay %d, vThMant %lld", DECAY_UNITY, (long long)threshold);
    l->has_neuron = true;
    return true;
}

bool lava_neuron_read(lava_reader *r, lava_layer *l) {
    bool ok = true;
    const nh_h5 *group = nh_h5_find(l->group, "neuron");
    if (!group) return l->type == LAVA_INPUT || read_default(r, l);
    if (group->kind != NH_H5_GROUP) {
        nh_report(r->d, NH_M_LAVA_KIND, lava_at(r, group), "'neuron' is not a group");
        return false;
    }
    const char *text = lava_text(r, group, "type", true, &ok);
    const neuron_row *row = text ? find_row(r, group, text) : NULL;
    if (!row) return false;
    lava_known(r, group, row->known);
    lava_neuron n = {.kind = row->kind, .at = lava_at(r, group), .message_bits = row->family == FAMILY_SDNN ? 16 : 0};
    ok = read_family(r, l, group, row->family, &n);
    ok = lava_int_read(r, group, "messageBits", 0, 32, &n.message_bits) && ok;
    ok = read_ignored(r, group) && ok;
    if (row->family == FAMILY_RF) n.message_bits = 0; /* as netx: for them it is always 0 */
    if (l->type == LAVA_INPUT && row->family == FAMILY_RF)
        ok = nh_report(r->d, NH_M_LAVA_NEURON, n.at, "an input layer of resonate-and-fire neurons is not supported");
    if (row->kind == LAVA_ALIF)
        nh_report(r->d, NH_M_LAVA_DECIDED, n.at,
                  "adaptive neurons compute as in SLAYER's training; lava has none to compare with");
    l->neuron = n;
    l->has_neuron = ok;
    return ok;
}
