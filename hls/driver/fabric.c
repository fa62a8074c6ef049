/* Networks on a fabric: graph -> event network -> map -> image. */
#include "run.h"

#include <math.h>

#include "from_graph.h"
#include "map_report.h"

bool nh_run_is_event(const nh_session *r) {
    if (nh_is_mixed(r->graph)) return false;
    for (int i = 0; i < r->graph->n_layer; i++)
        if (r->graph->layer[i].opt.strategy == NH_STRATEGY_EVENT) return true;
    return false;
}

bool nh_run_map(nh_session *r) {
    nh_options *o = r->opt;
    r->image = nh_map_graph(r->arena, r->diag, r->graph, &o->fabric.f, &o->fabric.map, o->project, &r->net, &r->plan);
    return r->image != NULL;
}

bool nh_run_uart_div(const nh_session *r, int64_t *div) {
    const nh_fabric_request *q = &r->opt->fabric;
    *div = llround(r->opt->clock_mhz * 1e6 / (double)q->baud);
    if (*div >= 4 && *div <= 65535) return true;
    nh_report(r->diag, NH_C_CONFLICT, q->baud_at.line ? q->baud_at : q->at,
              "the serial line needs %lld clock cycles per bit", (long long)*div);
    nh_diag_found(r->diag, "baud: %lld with clock_mhz: %g", (long long)q->baud, r->opt->clock_mhz);
    nh_diag_allowed(r->diag, "4 to 65535 cycles: clock_mhz * 10^6 / baud");
    nh_diag_hint(r->diag, *div < 4 ? "baud: %.0f or less" : "baud: %.0f or more",
                 *div < 4 ? floor(r->opt->clock_mhz * 1e6 / 4) : ceil(r->opt->clock_mhz * 1e6 / 65535));
    return false;
}
