/* Pass: every layer that is a differential equation gets its program and coefficients. */
#include <math.h>
#include <string.h>

#include "file.h"
#include "loihi.h"

typedef struct {
    nh_arena *a;
    nh_graph *g;
    const nh_options *o;
    nh_diag *d;
    const char *last_text; /* of the last note: the same is not said twice */
    int n_lost;            /* layers whose kind of reset the file cannot say */
    nh_reset lost_reset;
    const nh_layer *lost; /* the first of them */
    const char *lost_preset;
    unsigned left_out; /* what else the exporter leaves out (nh_exporter_lost) */
    int n_left_out;
    const nh_layer *first_left_out;
    const char *left_out_preset, *left_out_reading;
    bool has_warned_dt, has_warned_foreign;
} discretiser;

/* --- combinations ------------------------------------------------------------------------------------------------ */

static bool is_spiking(const nh_neuron *n) {
    return n->kind == NH_KIND_IF || n->kind == NH_KIND_LIF || n->kind == NH_KIND_CUBALIF;
}

static bool refuse(discretiser *c, const nh_layer *l, const char *what, const char *hint) {
    nh_report(c->d, NH_N_NUMERICS, l->opt.numerics.preset_at.line ? l->opt.numerics.preset_at : l->at, "%s", what);
    nh_diag_layer(c->d, l->name);
    nh_diag_hint(c->d, "%s", hint);
    return false;
}

/* A neuron of Spyx spikes by the voltage that the step before left, and its recurrent weights add that spike in the
 * same step. Here a loop has a step of delay, and the file has its input in front of the recurrent weights: neither is
 * what Spyx runs. */
static bool refuse_spyx_loop(discretiser *c, const nh_layer *l) {
    nh_report(c->d, NH_N_SPYX_LOOP, l->at, "recurrent layers of Spyx are not what its files say");
    nh_diag_layer(c->d, l->name);
    nh_diag_hint(c->d, "numerics: nir, or another preset, reads the layer as the file describes it");
    return false;
}

static bool check_numerics(discretiser *c, const nh_layer *l, const nh_reading *r) {
    const nh_numerics *n = &r->n;
    if (!is_spiking(l->neuron)) return true;
    if (r->is_in_loop && l->opt.numerics.preset == NH_PRESET_SPYX) return refuse_spyx_loop(c, l);
    if (n->spike == NH_SPIKE_BEFORE_UPDATE && n->reset_timing != NH_RESET_SAME)
        return refuse(c, l, "a spike before the update is reset in the same step", "set reset_timing: same");
    if (n->spikes_per_step > 1 && n->reset_timing == NH_RESET_SNNTORCH_SUB)
        return refuse(c, l, "reset_timing snntorch_sub is for one spike per step", "set spikes_per_step: 1");
    return true;
}

/* --- a built-in program ------------------------------------------------------------------------------------------ */

static const char *const model_of[NH_KIND_COUNT] = {NULL, "if", "lif", "li", "i", "cubalif", "cubali"};

static const char *reset_text(const nh_reading *r, const nh_coefficients *k) {
    switch (r->n.reset) {
    case NH_RESET_ZERO:
        return r->start && k->has_v_reset ? "value" : "zero"; /* 0, counted from where the voltage starts */
    case NH_RESET_SUBTRACT: return "subtract";
    case NH_RESET_NONE: return "none";
    default: return k->has_v_reset ? "value" : "zero";
    }
}

static const nh_neuron_program *program(discretiser *c, const nh_layer *l, const nh_reading *r,
                                        const nh_coefficients *k) {
    static const char *const timing[] = {"", "same", "next", "snntorch_sub"}, *const order[] = {"", "new", "old",
                                                                                                "decay_after"};
    bool is_many = r->n.spikes_per_step > 1;
    const nh_guard guard[] = {
        {"form", r->is_increment ? "increment" : "decay"},
        {"gain", k->has_unit_gain ? "unit" : "mul"},
        {"syn_gain", k->has_unit_gain_syn ? "unit" : "mul"},
        {"leak", k->has_leak ? "yes" : "no"},
        {"reset", reset_text(r, k)},
        {"timing", timing[r->n.reset_timing]},
        {"spike", r->n.spike == NH_SPIKE_BEFORE_UPDATE ? "before" : "after"},
        {"compare", r->n.compare == NH_COMPARE_GE ? "ge" : "gt"},
        {"spikes", is_many ? "many" : "one"},
        {"v_min", r->n.v_min == NH_V_MIN_MINUS_THRESHOLD ? "minus_threshold" : "none"},
        {"syn_order", order[r->n.syn_order]},
    };
    const nh_neuron_program *p =
        nh_neuron_builtin(c->a, c->d, model_of[l->neuron->kind], guard, (int)(sizeof guard / sizeof *guard));
    if (!p || !is_many || p->out != NH_NEURON_OUT_COUNT) return p;
    nh_neuron_program *q = NH_NEW(c->a, nh_neuron_program);
    *q = *p;
    q->spikes_per_step = r->n.spikes_per_step;
    return q;
}

/* --- a program of the user's ------------------------------------------------------------------------------------- */

/* A program in the configuration, moved to where it stands there: diagnostics then name the line and column of the YAML
 * file. */
static const char *text_in_place(discretiser *c, const nh_layer *l) {
    nh_loc at = l->opt.neuron_model_at;
    nh_bytes yaml;
    int indent = 0, line = 1;
    if (nh_file_read(c->a, nh_diag_new(c->a), at, at.file, (size_t)4 << 20, &yaml)) {
        const char *p = (const char *)yaml.data, *end = p + yaml.size;
        for (; p < end && line <= at.line; p++) line += *p == '\n';
        while (p < end && (*p == ' ' || *p == '\n')) indent = *p++ == ' ' ? indent + 1 : 0;
    }
    const char *model = l->opt.neuron_model;
    size_t n_line = 0, above = at.line > 0 ? (size_t)at.line : 0, blanks = (size_t)indent;
    for (const char *p = model; *p; p++)
        n_line += *p != '\n' && (p == model || p[-1] == '\n'); /* empty lines take no blanks */
    char *out = nh_arena_alloc(c->a, above + strlen(model) + n_line * blanks + 2), *to = out;
    for (size_t i = 0; i < above; i++) *to++ = '\n';
    for (const char *p = model; *p;) {
        size_t n = strcspn(p, "\n");
        if (n) to = (char *)memset(to, ' ', blanks) + blanks;
        memcpy(to, p, n);
        to += n;
        *to++ = '\n';
        p += n + (p[n] == '\n');
    }
    return out;
}

/* A built-in model by name; those whose lines depend on options that readers and numerics set have no meaning without.
 */
static const nh_neuron_program *builtin(discretiser *c, const nh_layer *l) {
    const char *const *known = nh_neuron_builtins(c->a), *name = l->opt.neuron_model;
    size_t n = 0;
    for (; known[n]; n++) {
        if (strcmp(known[n], name) != 0) continue;
        const nh_neuron_program *p = nh_neuron_builtin(c->a, nh_diag_new(c->a), name, NULL, 0);
        if (p) return p;
        nh_report(c->d, NH_N_NEURON_MODEL, l->opt.neuron_model_at,
                  "the built-in neuron model '%s' has options, which a model file and numerics set, not neuron_model",
                  name);
        nh_diag_layer(c->d, l->name);
        nh_diag_hint(c->d, "leave neuron_model out, or copy hls/neuron/models/%s.neuron without its [guards]", name);
        return NULL;
    }
    nh_report(c->d, NH_N_NEURON_MODEL, l->opt.neuron_model_at, "there is no built-in neuron model '%s'", name);
    const char *near = nh_did_you_mean(name, known, n);
    nh_diag_hint(c->d, near ? "did you mean '%s'?" : "a file has a '.' or a '/' in its name", near);
    return NULL;
}

static const nh_neuron_program *user_program(discretiser *c, const nh_layer *l) {
    const char *model = l->opt.neuron_model, *file = model;
    nh_bytes text;
    const nh_neuron_program *p = NULL;
    if (nh_neuron_model_is_text(model)) {
        const char *placed = text_in_place(c, l);
        file = l->opt.neuron_model_at.file;
        p = nh_neuron_assemble(c->a, c->d, file, placed, strlen(placed), NULL, 0);
    } else if (nh_neuron_model_is_file(model)) {
        if (!nh_text_read(c->a, c->d, l->opt.neuron_model_at, model, (size_t)1 << 20, &text)) return NULL;
        p = nh_neuron_assemble(c->a, c->d, file, (const char *)text.data, text.size, NULL, 0);
    } else {
        p = builtin(c, l);
    }
    if (!p || p->n_input == l->n_in) return p;
    nh_report(c->d, NH_N_NEURON_INPUTS, l->opt.neuron_model_at, "the neuron model '%s' has %d inputs, its layer %d",
              p->name, p->n_input, l->n_in);
    nh_diag_layer(c->d, l->name);
    return NULL;
}

/* --- parameters -------------------------------------------------------------------------------------------------- */

static const nh_neuron_value *find(const nh_coefficients *k, const nh_neuron *n, const char *name) {
    const nh_neuron_value *v = nh_value_find(k->value, k->n, name);
    if (!v) v = nh_value_find(n->ode, n->n_ode, name);
    if (!v && n->program) v = nh_value_find(n->param, n->program->n_param, name);
    return v;
}

static bool missing(discretiser *c, const nh_layer *l, const nh_coefficients *k, const nh_neuron_reg *reg) {
    const char *known = "";
    for (int i = 0; i < k->n; i++) known = nh_arena_printf(c->a, "%s%s%s", known, *known ? ", " : "", k->value[i].name);
    for (int i = 0; i < l->neuron->n_ode; i++)
        if (!nh_value_find(k->value, k->n, l->neuron->ode[i].name))
            known = nh_arena_printf(c->a, "%s%s%s", known, *known ? ", " : "", l->neuron->ode[i].name);
    for (int i = 0; l->neuron->program && i < l->neuron->program->n_param; i++)
        known = nh_arena_printf(c->a, "%s%s%s", known, *known ? ", " : "", l->neuron->param[i].name);
    nh_report(c->d, NH_N_NEURON_PARAM, reg->at, "the layer has no value for the parameter '%s'", reg->name);
    nh_diag_layer(c->d, l->name);
    nh_diag_allowed(c->d, "%s", *known ? known : "none: the layer has no parameters");
    return false;
}

static nh_neuron_value default_of(discretiser *c, const nh_layer *l, const nh_neuron_reg *reg) {
    nh_report(c->d, NH_N_NEURON_DEFAULT, reg->at, "layer '%s': %s = %g, the model's default", l->name, reg->name,
              reg->constant);
    nh_diag_layer(c->d, l->name);
    return (nh_neuron_value){.name = reg->name, .n = 1, .value = &reg->constant, .at = reg->at};
}

static bool set_parameters(discretiser *c, const nh_layer *l, const nh_neuron_program *p, const nh_coefficients *k) {
    nh_neuron_value value[NH_NEURON_PARAMS];
    bool ok = true;
    for (int i = 0; i < p->n_param; i++) {
        const nh_neuron_reg *reg = &p->reg[p->param[i]];
        const nh_neuron_value *v = find(k, l->neuron, reg->name);
        if (v)
            value[i] = *v, value[i].name = reg->name;
        else if (reg->has_default)
            value[i] = default_of(c, l, reg);
        else
            ok = missing(c, l, k, reg);
    }
    if (!ok) return false;
    memcpy(l->neuron->param, value, (size_t)p->n_param * sizeof *value);
    l->neuron->program = p;
    return true;
}

/* --- notes ------------------------------------------------------------------------------------------------------- */

/* Does the file look as an exporter writes it that has no word for its reset: v_reset 0, and a gain that undoes the
 * time step? */
static bool may_have_lost_reset(const nh_layer *l, const nh_reading *r, const nh_coefficients *k) {
    if (!is_spiking(l->neuron) || l->opt.numerics.reset != NH_RESET_AUTO || k->has_v_reset) return false;
    bool looks_exported = l->opt.numerics.preset == NH_PRESET_NIR && !r->is_integrator && k->has_unit_gain;
    return r->loses_reset || looks_exported;
}

/* Two readings of one file: the exporter's time step and the configuration's; an importer that scales what arrives and
 * one that does not. */
static void warn_doubts(discretiser *c, const nh_layer *l, const nh_reading *r) {
    if (r->exporter_dt > 0 && fabs(r->exporter_dt - r->n.dt) > 1e-3 * r->n.dt && !c->has_warned_dt) {
        nh_report(c->d, NH_N_DT_EXPORTED, l->at,
                  "the file was written for another time step than the one that is used");
        nh_diag_layer(c->d, l->name);
        nh_diag_found(c->d, "%g s by its tau and r, %g s here", r->exporter_dt, r->n.dt);
        nh_diag_hint(c->d, "leave dt out, or set it to %g", r->exporter_dt);
        c->has_warned_dt = true;
    }
    if (r->is_foreign && !c->has_warned_foreign) {
        nh_report(c->d, NH_N_SPYX_FOREIGN, l->at, "Spyx did not write this layer: its r is not 1 - dt/tau");
        nh_diag_layer(c->d, l->name);
        nh_diag_hint(c->d, "input_gain: unit adds the input as Spyx 1.0 does, spec scales it by r dt/tau as Spyx 0.1 "
                           "does when it imports");
        c->has_warned_foreign = true;
    }
}

static void note_exporter(discretiser *c, const nh_layer *l, const nh_reading *r) {
    warn_doubts(c, l, r);
    unsigned lost = nh_exporter_lost(l, r, c->o->spiking.dt);
    if (lost == 0) return;
    c->left_out |= lost;
    if (c->n_left_out++ > 0) return;
    c->first_left_out = l;
    c->left_out_preset = r->preset;
    c->left_out_reading = nh_reading_text(c->a, r);
}

static void warn_left_out(discretiser *c) {
    if (c->n_left_out == 0) return;
    nh_report(c->d, NH_N_EXPORT_LOST, c->first_left_out->at,
              "the file cannot say all that its network was trained with: the exporter of %s leaves it out",
              c->left_out_preset);
    nh_diag_layer(c->d, c->first_left_out->name);
    nh_diag_found(c->d, "%d layer%s read by %s", c->n_left_out, c->n_left_out > 1 ? "s" : "", c->left_out_reading);
    nh_diag_hint(c->d, "say %s", nh_exporter_hint(c->a, c->left_out));
}

static void note(discretiser *c, const nh_layer *l, const nh_reading *r, const nh_coefficients *k) {
    const char *text = nh_reading_text(c->a, r);
    if (!c->last_text || strcmp(text, c->last_text) != 0) {
        nh_report(c->d, NH_N_NUMERICS_USED, l->at, "neurons are read by %s", text);
        nh_diag_layer(c->d, l->name);
        c->last_text = text;
    }
    note_exporter(c, l, r);
    if (!may_have_lost_reset(l, r, k)) return;
    if (c->n_lost++ == 0) c->lost = l, c->lost_preset = r->preset, c->lost_reset = r->n.reset;
}

static void warn_lost(discretiser *c) {
    if (c->n_lost == 0) return;
    static const char *const text[] = {"", "value", "zero", "subtract", "none"};
    nh_report(
        c->d, NH_N_RESET_LOST, c->lost->at,
        "the file cannot say how its neurons are reset: exporters write v_reset = 0 for a reset by subtraction too");
    nh_diag_layer(c->d, c->lost->name);
    nh_diag_found(c->d, "%d layer%s read with reset: %s, by the preset %s", c->n_lost, c->n_lost > 1 ? "s" : "",
                  text[c->lost_reset], c->lost_preset);
    nh_diag_hint(c->d, "say which it is, reset: zero or reset: subtract");
}

/* --- Loihi ------------------------------------------------------------------------------------------------------- */

/* The integer program and its parameters in place of *k, or NULL: the float form stays. */
static const nh_neuron_program *loihi(discretiser *c, const nh_layer *l, nh_coefficients *k) {
    nh_coefficients whole;
    const char *why = NULL;
    const nh_neuron_program *p = nh_loihi_make(c->g, c->d, l, k, &whole, &why);
    if (p) {
        memcpy(k->value, whole.value, sizeof whole.value);
        k->n = whole.n;
        return p;
    }
    nh_report(c->d, NH_N_LOIHI_FLOAT, l->at, "the layer is not computed in Loihi's integers: %s",
              why ? why : "its program cannot be made");
    nh_diag_layer(c->d, l->name);
    return NULL;
}

/* --- the pass ---------------------------------------------------------------------------------------------------- */

static void set_kind(nh_graph *g, const nh_layer *l) {
    g->tensor[l->out].kind = l->neuron->program->out == NH_NEURON_OUT_SPIKE ? NH_EDGE_SPIKE : NH_EDGE_GRADED;
}

static bool discretise(discretiser *c, const nh_layer *l) {
    nh_coefficients k = {.n = 0};
    bool is_ode = l->neuron->kind != NH_KIND_PROGRAM;
    if (!is_ode && !l->opt.neuron_model) {
        set_kind(c->g, l);
        return true;
    }
    nh_reading r = nh_reading_of(c->g, l, c->o->spiking.dt);
    if (is_ode && (!check_numerics(c, l, &r) || !nh_coefficients_make(c->a, c->d, c->g, l, &r, &k))) return false;
    const nh_neuron_program *p = l->opt.neuron_model    ? user_program(c, l)
                                 : nh_loihi_is_asked(l) ? loihi(c, l, &k)
                                                        : NULL;
    if (!p && !l->opt.neuron_model) p = program(c, l, &r, &k);
    if (!p || !set_parameters(c, l, p, &k)) return false;
    set_kind(c->g, l);
    if (is_ode && !l->opt.neuron_model) note(c, l, &r, &k);
    return true;
}

bool nh_pass_discretise(nh_graph *g, const nh_options *o, nh_diag *d) {
    discretiser c = {.a = g->arena, .g = g, .o = o, .d = d};
    bool ok = true;
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON && !discretise(&c, &g->layer[i])) ok = false;
    warn_lost(&c);
    warn_left_out(&c);
    return ok && nh_rewire(g, o, d);
}
