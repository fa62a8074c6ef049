/* The RTL of a fabric: one bitstream for every image that fits. */
#ifndef NH_FABRIC_RTL_H
#define NH_FABRIC_RTL_H

#include "emit.h"
#include "image_parts.h"

/* dir/: <project>.v (routers, cores, host port), <project>_board.v (the same behind a serial line: clk, rx, tx),
 * <project>_neurons.v, datapaths of the models, templates, files.f. f is checked and has at least one model. timing: of
 * the neurons' pipelines. uart_div: clock cycles per bit of the line, 4 .. 65535. */
bool nh_emit_fabric(nh_arena *a, nh_diag *d, const nh_fabric *f, const char *project, const nh_dp_timing *timing,
                    int64_t bram_bits, int64_t uart_div, const nh_provenance *p, const char *dir);

#endif
