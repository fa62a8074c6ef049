/* The one writer of Verilog. A name or connection that does not fit its template is a bug of ours: it sticks and
 * nh_vlog_close reports it, so that callers stay straight-line. */
#include "vlog.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { LINE_COLUMNS = 110, MAX_FIELDS = 64 };

typedef struct {
    char name[32];
    size_t at, size; /* value: text[at .. at+size) */
    bool is_param;
} field;

struct nh_vlog {
    nh_arena *arena;
    nh_writer *out;
    const char *path;
    char *text; /* formatted pieces of the current line or instance */
    size_t text_size, text_cap;
    int n_port;
    /* the current instance */
    char module[128], instance[128];
    const nh_template *template;
    field field[MAX_FIELDS];
    int n_field;
    const char *bug; /* the first one, or NULL */
};

nh_vlog *nh_vlog_open(nh_arena *a, const char *path) {
    nh_vlog *v = NH_NEW(a, nh_vlog);
    v->arena = a;
    v->path = nh_arena_str(a, path);
    v->out = nh_writer_open(a, path);
    return v;
}

bool nh_vlog_close(nh_vlog *v, nh_diag *d) {
    bool ok = nh_writer_close(v->out, d);
    if (v->bug) return nh_report(d, NH_O_BUG, NH_NOWHERE, "%s: %s", nh_path_base(v->path), v->bug);
    return ok;
}

static void bug(nh_vlog *v, const char *what, const char *name) {
    if (!v->bug) v->bug = nh_arena_printf(v->arena, "instance %s of %s: %s '%s'", v->instance, v->module, what, name);
}

/* Append formatted text to v->text; gives where it begins. */
static size_t format(nh_vlog *v, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int size = vsnprintf(NULL, 0, fmt, ap);
    assert(size >= 0);
    size_t at = v->text_size, want = at + (size_t)size + 1;
    if (want > v->text_cap) v->text = nh_arena_grow(v->arena, v->text, &v->text_cap, want, 1);
    vsnprintf(v->text + at, (size_t)size + 1, fmt, again);
    va_end(again);
    v->text_size = at + (size_t)size;
    return at;
}

/* Formatted text of its own: the buffer holds nothing else. */
#define FORMAT(v, fmt)                                                                                                 \
    do {                                                                                                               \
        va_list ap_;                                                                                                   \
        va_start(ap_, fmt);                                                                                            \
        (v)->text_size = 0;                                                                                            \
        format((v), (fmt), ap_);                                                                                       \
        va_end(ap_);                                                                                                   \
    } while (0)

/* Write text, breaking after ", " where a line would become too long. */
static void wrapped(nh_vlog *v, const char *text, size_t size, size_t column) {
    while (column + size > LINE_COLUMNS) {
        size_t room = column < LINE_COLUMNS ? LINE_COLUMNS - column : 0, cut = 0;
        for (size_t i = 0; i + 1 < size && (i < room || !cut); i++)
            if (text[i] == ',' && text[i + 1] == ' ') cut = i + 1;
        if (!cut) break;
        nh_write(v->out, text, cut);
        nh_puts(v->out, "\n        ");
        text += cut + 1, size -= cut + 1, column = 8;
    }
    nh_write(v->out, text, size);
}

void nh_vlog_comment(nh_vlog *v, const char *fmt, ...) {
    FORMAT(v, fmt);
    nh_puts(v->out, "// ");
    for (size_t i = 0; i < v->text_size; i++) { /* a line end would end the comment */
        char c = v->text[i];
        nh_write(v->out, c >= ' ' && c <= '~' ? &c : "?", 1);
    }
    nh_puts(v->out, "\n");
}

void nh_vlog_module_begin(nh_vlog *v, const char *name) {
    nh_printf(v->out, "`default_nettype none\n\nmodule %s (", name);
    v->n_port = 0;
}

void nh_vlog_port(nh_vlog *v, const char *dir, int64_t width_bits, const char *name) {
    assert(width_bits >= 1);
    nh_printf(v->out, "%s\n    %-6s wire ", v->n_port++ ? "," : "", dir);
    if (width_bits > 1) nh_printf(v->out, "[%lld:0] ", (long long)width_bits - 1);
    nh_puts(v->out, name);
}

void nh_vlog_module_body(nh_vlog *v) { nh_puts(v->out, "\n);\n"); }

void nh_vlog_module_end(nh_vlog *v) { nh_puts(v->out, "endmodule\n\n`default_nettype wire\n"); }

void nh_vlog_wire(nh_vlog *v, int64_t width_bits, bool is_signed, const char *fmt, ...) {
    assert(width_bits >= 1);
    FORMAT(v, fmt);
    nh_puts(v->out, is_signed ? "    wire signed " : "    wire ");
    if (width_bits > 1) nh_printf(v->out, "[%lld:0] ", (long long)width_bits - 1);
    nh_write(v->out, v->text, v->text_size);
    nh_puts(v->out, ";\n");
}

void nh_vlog_assign(nh_vlog *v, const char *lhs, const char *fmt, ...) {
    FORMAT(v, fmt);
    nh_printf(v->out, "    assign %s = ", lhs);
    wrapped(v, v->text, v->text_size, 14 + strlen(lhs));
    nh_puts(v->out, ";\n");
}

void nh_vlog_inst_begin(nh_vlog *v, const char *module, const char *fmt, ...) {
    FORMAT(v, fmt);
    snprintf(v->module, sizeof v->module, "%s", module);
    snprintf(v->instance, sizeof v->instance, "%s", v->text);
    v->template = nh_template_find(module);
    v->n_field = 0;
    v->text_size = 0;
}

/* One more field; its value is what stands in v->text from `at`. */
static void add_field(nh_vlog *v, bool is_param, const char *name, size_t at) {
    if (v->n_field == MAX_FIELDS || strlen(name) >= sizeof v->field[0].name) {
        bug(v, "too many or too long names at", name);
        return;
    }
    for (int i = 0; i < v->n_field; i++)
        if (v->field[i].is_param == is_param && !strcmp(v->field[i].name, name)) bug(v, "repeated", name);
    field *f = &v->field[v->n_field++];
    *f = (field){.at = at, .size = v->text_size - at, .is_param = is_param};
    snprintf(f->name, sizeof f->name, "%s", name);
}

static void check_kind(nh_vlog *v, const char *name, const char *kinds) {
    if (!v->template) return;
    for (int i = 0; i < v->template->n_port; i++)
        if (!strcmp(v->template->port[i].name, name) && strchr(kinds, v->template->port[i].kind)) return;
    bug(v, "unknown", name);
}

static size_t append(nh_vlog *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static size_t append(nh_vlog *v, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    size_t at = format(v, fmt, ap);
    va_end(ap);
    return at;
}

void nh_vlog_param(nh_vlog *v, const char *name, int64_t value) {
    check_kind(v, name, "p");
    if (value < INT32_MIN || value > INT32_MAX) bug(v, "parameter beyond a Verilog integer:", name);
    add_field(v, true, name, append(v, "%lld", (long long)value));
}

void nh_vlog_param_str(nh_vlog *v, const char *name, const char *value) {
    check_kind(v, name, "s");
    if (strpbrk(value, "\"\\\n")) bug(v, "unquotable text for", name);
    add_field(v, true, name, append(v, "\"%s\"", value));
}

void nh_vlog_conn(nh_vlog *v, const char *name, const char *fmt, ...) {
    check_kind(v, name, "io");
    va_list ap;
    va_start(ap, fmt);
    size_t at = format(v, fmt, ap);
    va_end(ap);
    add_field(v, false, name, at);
}

/* All fields of one kind, " sep"arated, with their dots and brackets. */
static void write_fields(nh_vlog *v, bool is_param, const char *sep) {
    const char *between = "";
    for (int i = 0; i < v->n_field; i++) {
        const field *f = &v->field[i];
        if (f->is_param != is_param) continue;
        nh_printf(v->out, "%s.%s(", between, f->name);
        nh_write(v->out, v->text + f->at, f->size);
        nh_puts(v->out, ")");
        between = sep;
    }
}

static void check_complete(nh_vlog *v) {
    for (int i = 0; v->template && i < v->template->n_port; i++) {
        const char *name = v->template->port[i].name;
        bool is_param = strchr("ps", v->template->port[i].kind) != NULL, found = false;
        for (int k = 0; k < v->n_field; k++)
            found |= v->field[k].is_param == is_param && !strcmp(v->field[k].name, name);
        if (!found) bug(v, "missing", name);
    }
}

void nh_vlog_inst_end(nh_vlog *v) {
    check_complete(v);
    size_t columns = strlen(v->module) + strlen(v->instance) + 16;
    int n_param = 0;
    for (int i = 0; i < v->n_field; i++) {
        columns += strlen(v->field[i].name) + v->field[i].size + 5;
        n_param += v->field[i].is_param;
    }
    /* One line where it fits (the thousands of nh_reg of a datapath), else a line per field. */
    bool one_line = columns <= LINE_COLUMNS;
    const char *open = one_line ? "(" : "(\n        ", *sep = one_line ? ", " : ",\n        ",
               *close = one_line ? ")" : "\n    )";
    nh_printf(v->out, "    %s ", v->module);
    if (n_param) {
        nh_printf(v->out, "#%s", open);
        write_fields(v, true, sep);
        nh_printf(v->out, "%s ", close);
    }
    nh_printf(v->out, "%s %s", v->instance, open);
    write_fields(v, false, sep);
    nh_printf(v->out, "%s;\n", close);
}

const char *nh_vlog_literal(nh_arena *a, nh_i128 raw, int width_bits, bool is_signed) {
    assert(width_bits >= 1 && width_bits <= 128);
    char hex[33];
    int digits = (width_bits + 3) / 4, kept = digits < 32 ? digits : 32;
    nh_u128 bits = (nh_u128)raw;
    if (width_bits < 128) bits &= ((nh_u128)1 << width_bits) - 1;
    for (int i = kept - 1; i >= 0; i--, bits >>= 4) hex[i] = "0123456789abcdef"[(unsigned)bits & 15];
    const char *p = hex;
    int left = kept;
    while (left > 1 && *p == '0') p++, left--; /* Verilog fills with zeros on the left */
    return nh_arena_printf(a, "%d'%sh%.*s", width_bits, is_signed ? "s" : "", left, p);
}
