/* What the configuration says of a fabric. */
#include "run.h"

#include <math.h>

const nh_part *nh_run_fabric_part(const nh_session *r) {
    const nh_part *only = r->parts ? nh_parts_only(r->parts) : NULL;
    return only && only->place == NH_PLACE_FABRIC ? only : NULL;
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
