/* The one writer of Verilog: indent, commas, alignment, escapes, literals of exact width. */
#ifndef NH_VLOG_H
#define NH_VLOG_H

#include "file.h"
#include "fx.h"

/* A template's port or parameter, from templates.def; tests compare the table with yosys' view of the .v file. */
typedef struct {
    const char *name;
    char kind; /* 'p' parameter, 's' string parameter, 'i' input, 'o' output */
} nh_template_port;
typedef struct {
    const char *name;
    const nh_template_port *port;
    int n_port;
} nh_template;
const nh_template *nh_template_find(const char *name);

typedef struct nh_vlog nh_vlog;
nh_vlog *nh_vlog_open(nh_arena *a, const char *path);
bool nh_vlog_close(nh_vlog *v, nh_diag *d);
void nh_vlog_comment(nh_vlog *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nh_vlog_module_begin(nh_vlog *v, const char *name);
/* dir: "input" or "output"; width_bits >= 1. */
void nh_vlog_port(nh_vlog *v, const char *dir, int64_t width_bits, const char *name);
void nh_vlog_module_body(nh_vlog *v); /* ends the port list */
void nh_vlog_module_end(nh_vlog *v);
void nh_vlog_wire(nh_vlog *v, int64_t width_bits, bool is_signed, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* assign <lhs> = <rhs>; rhs is an expression, never a statement. */
void nh_vlog_assign(nh_vlog *v, const char *lhs, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Instance of a template (checked against templates.def: unknown, missing or repeated names abort as NH_O_BUG) or of a
 * generated module (unchecked). */
void nh_vlog_inst_begin(nh_vlog *v, const char *module, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void nh_vlog_param(nh_vlog *v, const char *name, int64_t value);
void nh_vlog_param_str(nh_vlog *v, const char *name, const char *value);
void nh_vlog_conn(nh_vlog *v, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void nh_vlog_inst_end(nh_vlog *v);
/* "8'shff" style literal of exact width in buf. */
const char *nh_vlog_literal(nh_arena *a, nh_i128 raw, int width_bits, bool is_signed);

#endif
