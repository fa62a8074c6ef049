#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "family.h"
#include "file.h"
#include "synth.h"
#include "vlog.h"
#include "yosys.h"

#define WALL_LIMIT_S 3600
#define MEMORY_LIMIT ((size_t)16 << 30)

extern const nh_embedded nh_rtl_templates[];
extern const size_t nh_rtl_templates_count;

bool nh_pnr_device_check(nh_arena *a, nh_diag *d, const nh_target *t) {
    const nh_family *f = nh_family_find(t->family);
    if (!f || !f->placement.placer) {
        nh_report(d, NH_T_DEVICE, t->at, "target '%s': there is no place and route for the family '%s'", t->name,
                  t->family);
        nh_diag_hint(d, "leave out `device`: the cells are counted without it");
        return false;
    }
    const char *const *device = f->placement.device, *all = "";
    int n = 0;
    for (; device[n]; n++) {
        if (strcmp(device[n], t->device) == 0) return true;
        all = nh_arena_printf(a, "%s%s%s", all, n ? ", " : "", device[n]);
    }
    nh_report(d, NH_T_DEVICE, t->at, "target '%s': %s knows no device '%s'", t->name, f->placement.placer, t->device);
    nh_diag_allowed(d, "%s", all);
    const char *near = nh_did_you_mean(t->device, device, (size_t)n);
    if (near) nh_diag_hint(d, "did you mean '%s'?", near);
    return false;
}

/* ---- pins ---- */

/* clk, rst, frame_error and, for each side, valid, ready, last and the data (with the step marker, where there is one).
 */
static int64_t pins_for(int64_t in_bits, int64_t out_bits) { return 3 + (3 + in_bits) + (3 + out_bits); }

/* The widest serial word that the package has pins for on both sides; 0 when not even one bit fits. */
static int serial_width(int64_t pins) {
    for (int w = 8; w >= 1; w /= 2)
        if (pins_for(w, w) <= pins) return w;
    return 0;
}

static void wire_stream(nh_vlog *v, const char *prefix, int64_t width) {
    static const char *const flag[] = {"valid", "ready", "last"};
    for (int i = 0; i < 3; i++) nh_vlog_wire(v, 1, false, "%s_t%s", prefix, flag[i]);
    nh_vlog_wire(v, width, false, "%s_tdata", prefix);
}

static void conn_stream(nh_vlog *v, const char *port, const char *wire) {
    static const char *const field[] = {"valid", "ready", "data", "last"};
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%st%s", port, field[i]);
        nh_vlog_conn(v, name, "%s_t%s", wire, field[i]);
    }
}

static void conn_pins(nh_vlog *v, const char *side) {
    static const char *const field[] = {"valid", "ready", "data", "last"};
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "pin_%s", field[i]);
        nh_vlog_conn(v, name, "%s_%s", side, field[i]);
    }
}

static void conn_clock(nh_vlog *v) {
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "rst", "rst");
}

static void wrapper_ports(nh_vlog *v, int pin_w) {
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rst");
    nh_vlog_port(v, "input", 1, "in_valid");
    nh_vlog_port(v, "output", 1, "in_ready");
    nh_vlog_port(v, "input", pin_w, "in_data");
    nh_vlog_port(v, "input", 1, "in_last");
    nh_vlog_port(v, "output", 1, "out_valid");
    nh_vlog_port(v, "input", 1, "out_ready");
    nh_vlog_port(v, "output", pin_w, "out_data");
    nh_vlog_port(v, "output", 1, "out_last");
    nh_vlog_port(v, "output", 1, "frame_error");
    nh_vlog_module_body(v);
}

/* One side of the core; the step marker travels as the bit above the data. */
static void conn_core(nh_arena *a, nh_vlog *v, const char *side, int64_t bits, bool has_user) {
    if (!has_user) {
        conn_stream(v, nh_arena_printf(a, "%s_axis_", side), side);
        return;
    }
    static const char *const flag[] = {"valid", "ready", "last"};
    for (int i = 0; i < 3; i++)
        nh_vlog_conn(v, nh_arena_printf(a, "%s_axis_t%s", side, flag[i]), "%s_t%s", side, flag[i]);
    nh_vlog_conn(v, nh_arena_printf(a, "%s_axis_tdata", side), "%s_tdata[%lld:0]", side, (long long)bits - 2);
    nh_vlog_conn(v, nh_arena_printf(a, "%s_axis_tuser", side), "%s_tdata[%lld]", side, (long long)bits - 1);
}

/* What is wrapped: bits of a word on either side, with the step marker where has_user. */
typedef struct {
    const char *top;
    int64_t in_bits, out_bits;
    bool has_user;
} core;

/* <top>_pins: the AXI4-Stream ports of top, a few bits at a time. */
static bool write_wrapper(nh_arena *a, nh_diag *d, const char *path, const core *c, int pin_w) {
    nh_vlog *v = nh_vlog_open(a, path);
    nh_vlog_comment(v, "%s behind serial words of %d bits, for place and route on a small package", c->top, pin_w);
    nh_vlog_module_begin(v, nh_arena_printf(a, "%s_pins", c->top));
    wrapper_ports(v, pin_w);
    wire_stream(v, "s", c->in_bits);
    wire_stream(v, "m", c->out_bits);
    nh_vlog_inst_begin(v, "nh_pins_in", "u_in");
    nh_vlog_param(v, "PIN_W", pin_w);
    nh_vlog_param(v, "WIDTH", c->in_bits);
    conn_clock(v);
    conn_pins(v, "in");
    conn_stream(v, "m_", "s");
    nh_vlog_inst_end(v);
    nh_vlog_inst_begin(v, c->top, "u_top");
    conn_clock(v);
    conn_core(a, v, "s", c->in_bits, c->has_user);
    conn_core(a, v, "m", c->out_bits, c->has_user);
    nh_vlog_conn(v, "frame_error", "frame_error");
    nh_vlog_inst_end(v);
    nh_vlog_inst_begin(v, "nh_pins_out", "u_out");
    nh_vlog_param(v, "PIN_W", pin_w);
    nh_vlog_param(v, "WIDTH", c->out_bits);
    conn_clock(v);
    conn_stream(v, "s_", "m");
    conn_pins(v, "out");
    nh_vlog_inst_end(v);
    nh_vlog_module_end(v);
    return nh_vlog_close(v, d);
}

/* The emitted folder has only the templates that the design itself uses. */
static char *write_template(nh_arena *a, nh_diag *d, const char *work_dir, const char *name) {
    for (size_t i = 0; i < nh_rtl_templates_count; i++) {
        const nh_embedded *e = &nh_rtl_templates[i];
        if (strcmp(nh_path_base(e->name), name) != 0) continue;
        char *path = nh_path_join(a, work_dir, name);
        nh_writer *w = nh_writer_open(a, path);
        nh_write(w, e->data, e->size);
        return nh_writer_close(w, d) ? path : NULL;
    }
    nh_report(d, NH_O_BUG, NH_NOWHERE, "no template %s", name);
    return NULL;
}

/* ---- what nextpnr says ---- */

static void set_use(const nh_family *family, nh_pnr_facts *f, const char *bel, int64_t used, int64_t total) {
    const struct {
        const char *bel;
        int64_t *used, *total;
    } row[] = {
        {family->placement.lut, &f->luts, &f->luts_total},
        {family->placement.bram, &f->brams, &f->brams_total},
        {family->placement.dsp, &f->dsps, &f->dsps_total},
        {family->placement.pin, &f->ios, &f->ios_total},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        if (strcmp(row[i].bel, bel) != 0) continue;
        *row[i].used = used;
        *row[i].total = total;
    }
}

/* The clock that is reached is that of the slowest domain. */
static bool read_report(nh_diag *d, const nh_family *family, const char *path, nh_pnr_facts *f) {
    json_t *root = json_load_file(path, 0, NULL);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(root, "fmax"), name, value) {
        double mhz = json_number_value(json_object_get(value, "achieved"));
        if (f->fmax_mhz == 0 || mhz < f->fmax_mhz) f->fmax_mhz = mhz;
    }
    json_object_foreach(json_object_get(root, "utilization"), name, value)
        set_use(family, f, name, json_integer_value(json_object_get(value, "used")),
                json_integer_value(json_object_get(value, "available")));
    json_decref(root);
    return f->luts_total > 0 ||
           nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s left no report in '%s'", family->placement.placer, path);
}

/* A run that failed leaves no report, but its log has lines `Info:  ICESTORM_LC:  6000/ 5280  113%`. True when some
 * resource is asked for more than there is: the design does not fit, which is a result and no failure of the tool. */
static bool is_too_large(nh_arena *a, const nh_family *family, const char *log, nh_pnr_facts *f) {
    nh_bytes text;
    bool too_large = false;
    if (!nh_file_read(a, nh_diag_new(a), NH_NOWHERE, log, (size_t)256 << 20, &text)) return false;
    for (const char *s = (const char *)text.data; s; s = strchr(s, '\n')) {
        s += *s == '\n';
        char bel[32];
        long long used, total;
        if (sscanf(s, "Info: %31[A-Z0-9_]: %lld/ %lld", bel, &used, &total) != 3) continue;
        set_use(family, f, bel, used, total);
        too_large = too_large || used > total;
    }
    return too_large;
}

/* One run: the files that the tools read and write, and what they are told. */
typedef struct {
    const char *device, *package, *json, *placed, *report, *mhz, *bits;
    const char *log;
} placing;

/* A word of the family's row, with the value of {name} in its place. */
static const char *word_of(nh_arena *a, const placing *p, const char *word) {
    const struct {
        const char *name, *value;
    } row[] = {{"{device}", p->device}, {"{package}", p->package}, {"{json}", p->json}, {"{placed}", p->placed},
               {"{report}", p->report}, {"{mhz}", p->mhz},         {"{bits}", p->bits}};
    const char *open = strchr(word, '{');
    for (size_t i = 0; open && i < sizeof row / sizeof *row; i++) {
        size_t n = strlen(row[i].name);
        if (strncmp(open, row[i].name, n) == 0)
            return nh_arena_printf(a, "%.*s%s%s", (int)(open - word), word, row[i].value, open + n);
    }
    assert(!open); /* a name that families.def does not explain */
    return word;
}

static const char *const *words_of(nh_arena *a, const placing *p, const char *tool, const char *const *word) {
    size_t n = 0;
    while (word[n]) n++;
    const char **argv = nh_arena_array(a, n + 2, sizeof *argv);
    argv[0] = tool;
    for (size_t i = 0; i < n; i++) argv[i + 1] = word_of(a, p, word[i]);
    return argv;
}

static bool place_and_route(nh_arena *a, nh_diag *d, const nh_family *family, const char *placer, const placing *p,
                            nh_pnr_facts *f) {
    nh_tool_run run = {.argv = words_of(a, p, placer, family->placement.place),
                       .log = p->log,
                       .wall_limit_s = WALL_LIMIT_S,
                       .memory_limit = MEMORY_LIMIT};
    nh_diag *failed = nh_diag_new(a);
    if (nh_tool_exec(a, failed, &run)) {
        f->fits = true;
        return read_report(d, family, p->report, f);
    }
    if (is_too_large(a, family, p->log, f)) return true;
    nh_diag_append(d, failed);
    return false;
}

static bool pack(nh_arena *a, nh_diag *d, const nh_family *family, const char *packer, const char *work_dir,
                 const placing *p) {
    nh_tool_run run = {.argv = words_of(a, p, packer, family->placement.pack),
                       .log = nh_path_join(a, work_dir, nh_arena_printf(a, "%s.log", family->placement.packer)),
                       .wall_limit_s = 600};
    return nh_tool_exec(a, d, &run);
}

/* Decide what is placed: the design itself, or the wrapper around it, whose files are added to y. The name of the top
 * module; NULL when files cannot be written, or when not even one data pin per side is there (then f->ran is set). */
static const char *choose_top(nh_arena *a, nh_diag *d, const nh_design *g, nh_yosys *y, const char **more,
                              nh_pnr_facts *f) {
    const nh_stream *in = &g->stream[g->input], *out = &g->stream[g->output];
    const char *project = g->opt->project;
    core c = {project, in->src_beat * nh_axi_element_bits(in->fmt) + nh_design_has_steps(g),
              out->dst_beat * nh_axi_element_bits(out->fmt) + nh_design_has_steps(g), nh_design_has_steps(g)};
    int64_t needed = pins_for(c.in_bits, c.out_bits), pins = g->opt->target.pins;
    if (pins == 0 || needed <= pins) return project;
    int pin_w = serial_width(pins);
    if (pin_w == 0) {
        f->ran = true;
        f->ios = pins_for(1, 1);
        f->ios_total = pins;
        return NULL;
    }
    char *top = nh_arena_printf(a, "%s_pins", project);
    more[0] = write_template(a, d, y->work_dir, "nh_pins_in.v");
    more[1] = write_template(a, d, y->work_dir, "nh_pins_out.v");
    more[2] = nh_arena_printf(a, "%s/%s.v", y->work_dir, top);
    if (!more[0] || !more[1] || !write_wrapper(a, d, more[2], &c, pin_w)) return NULL;
    y->more = more;
    y->n_more = 3;
    f->wrapper =
        nh_arena_printf(a, "serial words of %d bits at both ends: the ports need %lld pins, the package has %lld",
                        pin_w, (long long)needed, (long long)pins);
    return top;
}

/* Synthesize, place, route and pack module `top`. */
static bool place_top(nh_arena *a, nh_diag *d, const nh_options *o, const nh_yosys *y, const char *top,
                      const char *placer, const char *packer, nh_pnr_facts *f) {
    const nh_family *family = nh_family_find(o->target.family);
    char *base = nh_path_join(a, y->work_dir, top);
    placing p = {.device = o->target.device,
                 .package = o->target.package,
                 .json = nh_yosys_synth(a, d, y, &o->target, top),
                 .placed = nh_arena_printf(a, "%s.%s", base, family->placement.placed),
                 .report = nh_arena_printf(a, "%s.report.json", base),
                 .mhz = nh_arena_printf(a, "%g", o->clock_mhz),
                 .bits = nh_arena_printf(a, "%s.%s", base, family->placement.bits),
                 .log = nh_arena_printf(a, "%s.nextpnr.log", base)};
    if (!p.json || !place_and_route(a, d, family, placer, &p, f)) return false;
    f->ran = true;
    if (!f->fits || !packer) return true;
    if (!pack(a, d, family, packer, y->work_dir, &p)) return false;
    f->bitstream = nh_path_base(p.bits);
    return true;
}

bool nh_pnr_run(nh_arena *a, nh_diag *d, const nh_design *g, const char *rtl_dir, const char *work_dir,
                const char *yosys, const char *placer, const char *packer, nh_pnr_facts *f) {
    const nh_target *t = &g->opt->target;
    const char *more[3];
    nh_yosys y = {.yosys = yosys, .rtl_dir = rtl_dir, .work_dir = nh_tool_absolute(a, work_dir)};
    *f = (nh_pnr_facts){.device = t->device, .package = t->package};
    if (!nh_pnr_device_check(a, d, t)) return false;
    const char *top = choose_top(a, d, g, &y, more, f);
    return top ? place_top(a, d, g->opt, &y, top, placer, packer, f) : f->ran;
}

bool nh_pnr_fabric(nh_arena *a, nh_diag *d, const nh_options *o, const char *rtl_dir, const char *work_dir,
                   const char *yosys, const char *placer, const char *packer, nh_pnr_facts *f) {
    const nh_target *t = &o->target;
    nh_yosys y = {.yosys = yosys, .rtl_dir = rtl_dir, .work_dir = nh_tool_absolute(a, work_dir)};
    *f = (nh_pnr_facts){.device = t->device, .package = t->package};
    f->wrapper =
        nh_arena_printf(a, "clk, rx, tx: the host port behind a serial line of %lld baud", (long long)o->fabric.baud);
    return nh_pnr_device_check(a, d, t) &&
           place_top(a, d, o, &y, nh_arena_printf(a, "%s_board", o->project), placer, packer, f);
}
