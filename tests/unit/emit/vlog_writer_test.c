/* The writer's text, compared with Verilog written by hand; misuse of a template is a bug that sticks. */
#include <jansson.h>

#include "rtl_bench.h"
#include "vlog.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *dir;
    nh_vlog *v;
} fixture;

static fixture open_writer(void) {
    fixture f = {.a = nh_arena_new()};
    f.d = nh_diag_new(f.a);
    f.dir = bench_dir(f.a);
    f.v = nh_vlog_open(f.a, nh_path_join(f.a, f.dir, "t.v"));
    return f;
}

static void drop(fixture *f) {
    bench_drop(f->a, f->dir);
    nh_arena_free(f->a);
}

Test(vlog, module_is_what_a_hand_would_write) {
    fixture f = open_writer();
    nh_vlog_comment(f.v, "top\nof %s", "all");
    nh_vlog_module_begin(f.v, "t");
    nh_vlog_port(f.v, "input", 1, "clk");
    nh_vlog_port(f.v, "output", 8, "y");
    nh_vlog_module_body(f.v);
    nh_vlog_wire(f.v, 8, true, "v%d", 1);
    nh_vlog_assign(f.v, "v1", "%s + 8'd1", "y");
    nh_vlog_inst_begin(f.v, "nh_reg", "u_%s", "v1");
    nh_vlog_param(f.v, "WIDTH", 8);
    nh_vlog_conn(f.v, "clk", "clk");
    nh_vlog_conn(f.v, "en", "1'b1");
    nh_vlog_conn(f.v, "d", "v1");
    nh_vlog_conn(f.v, "q", "y");
    nh_vlog_inst_end(f.v);
    nh_vlog_module_end(f.v);
    cr_assert(nh_vlog_close(f.v, f.d));
    cr_expect_str_eq(bench_read(f.a, f.dir, "t.v"),
                     "// top?of all\n"
                     "`default_nettype none\n"
                     "\n"
                     "module t (\n"
                     "    input  wire clk,\n"
                     "    output wire [7:0] y\n"
                     ");\n"
                     "    wire signed [7:0] v1;\n"
                     "    assign v1 = y + 8'd1;\n"
                     "    nh_reg #(.WIDTH(8)) u_v1 (.clk(clk), .en(1'b1), .d(v1), .q(y));\n"
                     "endmodule\n"
                     "\n"
                     "`default_nettype wire\n");
    drop(&f);
}

/* A register instance with one mistake. */
static void instance(nh_vlog *v, const char *param, const char *port, bool twice) {
    nh_vlog_inst_begin(v, "nh_reg", "u_r");
    if (param) nh_vlog_param(v, param, 1);
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "en", "en");
    nh_vlog_conn(v, "d", "d");
    if (port) nh_vlog_conn(v, port, "q");
    if (twice) nh_vlog_conn(v, "d", "d");
    nh_vlog_inst_end(v);
}

static void expect_bug(const char *param, const char *port, bool twice, const char *message) {
    fixture f = open_writer();
    instance(f.v, param, port, twice);
    cr_assert(!nh_vlog_close(f.v, f.d));
    cr_assert_eq(f.d->count, 1);
    cr_expect_eq(f.d->item[0].code, NH_O_BUG);
    cr_expect_str_eq(f.d->item[0].message, message);
    drop(&f);
}

Test(vlog, an_instance_must_fit_its_template) {
    expect_bug("WIDTH", "p", false, "t.v: instance u_r of nh_reg: unknown 'p'");
    expect_bug("WIDTH", NULL, false, "t.v: instance u_r of nh_reg: missing 'q'");
    expect_bug("WIDTH", "q", true, "t.v: instance u_r of nh_reg: repeated 'd'");
    expect_bug("DEPTH", "q", false, "t.v: instance u_r of nh_reg: unknown 'DEPTH'");
    expect_bug(NULL, "q", false, "t.v: instance u_r of nh_reg: missing 'WIDTH'");
    expect_bug("q", "WIDTH", false, "t.v: instance u_r of nh_reg: unknown 'q'"); /* a port is not a parameter */
}

Test(vlog, literals_are_twos_complement_of_exact_width) {
    nh_arena *a = nh_arena_new();
    cr_expect_str_eq(nh_vlog_literal(a, -1, 8, true), "8'shff");
    cr_expect_str_eq(nh_vlog_literal(a, 5, 8, false), "8'h5");
    cr_expect_str_eq(nh_vlog_literal(a, -2, 5, false), "5'h1e");
    cr_expect_str_eq(nh_vlog_literal(a, 0, 1, false), "1'h0");
    cr_expect_str_eq(nh_vlog_literal(a, 300, 8, false), "8'h2c"); /* 300 mod 256 = 44 */
    cr_expect_str_eq(nh_vlog_literal(a, -1, 128, false), "128'hffffffffffffffffffffffffffffffff");
    cr_expect_str_eq(nh_vlog_literal(a, (nh_i128)1 << 100, 101, false), "101'h10000000000000000000000000");
    nh_arena_free(a);
}

Test(vlog, long_expressions_break_after_commas) {
    fixture f = open_writer();
    char text[1200] = "{a";
    for (int i = 0; i < 200; i++) strcat(text, ", b3");
    nh_vlog_assign(f.v, "y", "%s}", text);
    cr_assert(nh_vlog_close(f.v, f.d));
    char *line = bench_read(f.a, f.dir, "t.v"), *joined = nh_arena_str(f.a, line), *to = joined;
    for (char *p = strtok(line, "\n"); p; p = strtok(NULL, "\n")) {
        cr_expect(strlen(p) <= 110);
        if (to != joined) p += 8, *to++ = ' ';
        to += sprintf(to, "%s", p);
    }
    cr_expect_str_eq(joined, nh_arena_printf(f.a, "    assign y = %s};", text));
    drop(&f);
}

/* The table against a second reader of the .v files: Yosys. */
Test(templates, table_has_the_ports_and_parameters_that_yosys_sees, .timeout = 60) {
    nh_arena *a = nh_arena_new();
    const char *dir = bench_dir(a);
    /* Default data files do not exist: one word of zero stands for each. */
    cr_assert(bench_silent(a, dir,
                           "for m in $(sed -n 's/.*\"\\(nh_[a-z_]*\\.mem\\)\".*/\\1/p' " NH_SOURCE_DIR
                           "/rtl_templates/*/*.v); do echo 0 > $m; done; yosys -q -p 'read_verilog " NH_SOURCE_DIR
                           "/rtl_templates/*/*.v; proc; write_json t.json'"));
    json_t *root = json_loads(bench_read(a, dir, "t.json"), 0, NULL), *modules = json_object_get(root, "modules");
    static const char *const name[] = {
#define NH_TEMPLATE(name, ports) #name,
#include "templates.def"
#undef NH_TEMPLATE
    };
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const nh_template *t = nh_template_find(name[i]);
        cr_assert(t, "%s", name[i]);
        json_t *m = json_object_get(modules, t->name), *ports = json_object_get(m, "ports"),
               *params = json_object_get(m, "parameter_default_values");
        cr_assert(m, "%s is not a template", t->name);
        cr_expect_eq(json_object_size(ports) + json_object_size(params), (size_t)t->n_port, "%s", t->name);
        for (int k = 0; k < t->n_port; k++) {
            const nh_template_port *p = &t->port[k];
            if (p->kind == 'p' || p->kind == 's') {
                cr_expect(json_object_get(params, p->name), "%s.%s", t->name, p->name);
                continue;
            }
            const char *direction = json_string_value(json_object_get(json_object_get(ports, p->name), "direction"));
            cr_assert(direction, "%s.%s", t->name, p->name);
            cr_expect_str_eq(direction, p->kind == 'i' ? "input" : "output", "%s.%s", t->name, p->name);
        }
    }
    json_decref(root);
    bench_drop(a, dir);
    nh_arena_free(a);
}
