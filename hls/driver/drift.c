/* What the user must hear of the numbers that a simulation gave: drift, layers that are silent, outputs that never
 * change. */
#include "run.h"
#include "verdict.h"

static void warn_far(nh_session *r) {
    nh_diag *d = r->diag;
    nh_verdict v = nh_judge_drift(r->arena, &r->facts);
    if (!v.is_far) return;
    nh_report(d, NH_S_FAR, NH_NOWHERE, "fixed point is far from float: %s", v.reasons);
    if (v.layer) {
        nh_diag_layer(d, v.layer);
        nh_diag_found(d, "it begins there: %s%s%s", v.where, v.cause ? "; " : "", v.cause ? v.cause : "");
    }
    if (v.remedy) nh_diag_hint(d, "%s", v.remedy);
}

static void warn_silent(nh_session *r) {
    const nh_sim_facts *s = &r->facts.sim;
    nh_diag *d = r->diag;
    for (int i = 0; i < s->n_spike; i++) {
        const nh_spike_fact *k = &s->spike[i];
        if (k->spikes_fixed > 0 || k->samples == 0) continue;
        const long long samples = (long long)k->samples;
        if (k->spikes_float > 0) {
            nh_report(d, NH_S_SILENT, NH_NOWHERE,
                      "layer '%s' never spikes in fixed point, over %lld samples; in float it does %lld times",
                      k->layer, samples, (long long)k->spikes_float);
            nh_diag_hint(d, "its gains, weights or states are too coarse: raise weight_bits, decay_bits, state_bits; "
                            "neurohls check -v shows what each became");
        } else
            nh_report(d, NH_S_NEVER, NH_NOWHERE,
                      "layer '%s' never spikes, neither in float nor in fixed point, over %lld samples", k->layer,
                      samples);
        nh_diag_layer(d, k->layer);
    }
}

static void warn_stuck(nh_session *r) {
    const nh_output_fact *o = &r->facts.sim.output;
    nh_diag *d = r->diag;
    bool all = o->n > 0 && o->stuck_fixed == o->n;
    if (o->stuck_fixed <= o->stuck_float && !all) return;
    const char *what = o->zero_fixed == o->stuck_fixed ? "0" : "the same";
    nh_report(d, NH_S_STUCK, NH_NOWHERE, "%lld of %lld outputs are %s in all %lld samples; in float %lld",
              (long long)o->stuck_fixed, (long long)o->n, what, (long long)r->facts.sim.samples,
              (long long)o->stuck_float);
    if (o->stuck_float < o->stuck_fixed)
        nh_diag_hint(d, "the numbers in front of them became too coarse; the drift table shows in which layer");
    else
        nh_diag_hint(d, "the network itself gives nothing for these inputs: are simulate: scale and the encoding those "
                        "of the training?");
}

void nh_check_drift(nh_session *r) {
    if (!r->facts.sim.ran) return;
    warn_far(r);
    warn_silent(r);
    warn_stuck(r);
}
