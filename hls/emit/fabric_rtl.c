/* The fabric as a netlist: a router and a core per tile, the host port, and the datapath of the neurons beside every
 * core. */
#include "fabric_rtl.h"

#include "rtl_parts.h"

typedef struct {
    nh_rtl_job j;
    const nh_fabric *f;
    nh_fabric_widths w;
    nh_dp *dp[NH_FABRIC_MODELS];
    int latency; /* of the deepest datapath */
} fabric;

/* --- neurons of a core ------------------------------------------------------------------------------------------- */

static int model_state_bits(const fabric *c, int m) {
    const nh_neuron_program *p = c->f->model[m].program;
    int bits = 0;
    for (int k = 0; k < p->n_state; k++) bits += p->reg[p->state[k]].fmt.width_bits;
    return bits;
}

/* One lane of a model's datapath, on the low bits of the lane's states and parameters. */
static void lane(fabric *c, nh_vlog *v, int m, int l) {
    nh_rtl_job *j = &c->j;
    const nh_fabric_model *x = &c->f->model[m];
    int n_state = x->program->n_state, at = l * c->w.state;
    nh_vlog_inst_begin(v, nh_rtl_dp_module(j, c->dp[m]), "u_m%d_%d", m, l);
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "en", "1'b1");
    for (int k = 0, n = c->f->accumulators; k < x->program->n_input; k++)
        nh_vlog_conn(v, nh_arena_printf(j->a, "a%d", k), "%s",
                     nh_rtl_lane(j, "acc", c->f->lanes * n, l * n + k, c->f->accum_bits));
    for (int k = 0, out = l * model_state_bits(c, m); k < n_state; k++) {
        int w = x->program->reg[x->program->state[k]].fmt.width_bits;
        nh_vlog_conn(v, nh_arena_printf(j->a, "s%d", k), "%s",
                     nh_rtl_slice(j, "state", c->f->lanes * c->w.state, at, w));
        nh_vlog_conn(
            v, nh_arena_printf(j->a, "n%d", k), "%s",
            nh_rtl_slice(j, nh_arena_printf(j->a, "m%d_next0", m), c->f->lanes * model_state_bits(c, m), out, w));
        at += w, out += w;
    }
    at = l * c->w.param;
    for (int k = 0; k < x->program->n_param; at += x->param[k++].width_bits)
        nh_vlog_conn(v, nh_arena_printf(j->a, "p%d", k), "%s",
                     nh_rtl_slice(j, "param", c->f->lanes * c->w.param, at, x->param[k].width_bits));
    nh_vlog_conn(v, "y", "%s",
                 nh_rtl_lane(j, nh_arena_printf(j->a, "m%d_out0", m), c->f->lanes, l, c->f->payload_bits));
    nh_vlog_inst_end(v);
}

/* `net0` and registers net1 .. net<n>. */
static void chain(fabric *c, nh_vlog *v, const char *net, int64_t bits, int n) {
    for (int i = 0; i <= n; i++) nh_vlog_wire(v, bits, false, "%s%d", net, i);
    for (int i = 0; i < n; i++) {
        nh_rtl_begin(&c->j, v, "nh_reg", nh_arena_printf(c->j.a, "u_%s%d", net, i + 1));
        nh_vlog_param(v, "WIDTH", bits);
        nh_vlog_conn(v, "clk", "clk");
        nh_vlog_conn(v, "en", "1'b1");
        nh_vlog_conn(v, "d", "%s%d", net, i);
        nh_vlog_conn(v, "q", "%s%d", net, i + 1);
        nh_vlog_inst_end(v);
    }
}

/* What model m gives for all lanes, each filled up to the fabric's width. */
static const char *filled(fabric *c, int m, const char *what, int have, int want) {
    const char *all = "", *net = nh_arena_printf(c->j.a, "m%d_%s%d", m, what, c->latency - c->dp[m]->latency_cycles);
    if (have == want) return net;
    for (int l = c->f->lanes - 1; l >= 0; l--) {
        all = nh_arena_printf(c->j.a, "%s%s%d'd0", all, *all ? ", " : "", want - have);
        if (have > 0) all = nh_arena_printf(c->j.a, "%s, %s", all, nh_rtl_lane(&c->j, net, c->f->lanes, l, have));
    }
    return nh_arena_printf(c->j.a, "{%s}", all);
}

static void choose(fabric *c, nh_vlog *v, const char *what) {
    bool next = what[0] == 'n';
    const char *text = NULL;
    for (int m = c->f->n_model - 1; m >= 0; m--) {
        const char *one = filled(c, m, what, next ? model_state_bits(c, m) : c->f->payload_bits,
                                 next ? c->w.state : c->f->payload_bits);
        text =
            text ? nh_arena_printf(c->j.a, "model%d == %d'd%d ? %s : %s", c->latency, c->w.model, m, one, text) : one;
    }
    nh_vlog_assign(v, what, "%s", text);
}

static bool neurons(fabric *c) {
    nh_rtl_job *j = &c->j;
    const char *module = nh_arena_printf(j->a, "%s_neurons", j->project), *file = nh_arena_printf(j->a, "%s.v", module);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    int lanes = c->f->lanes;
    nh_rtl_header(v, j->out->made, file, nh_arena_printf(j->a, "%d neurons per cycle, %d cycles", lanes, c->latency));
    nh_vlog_module_begin(v, module);
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", c->w.model, "model");
    nh_vlog_port(v, "input", nh_fabric_word_weights(c->f) * c->f->accum_bits, "acc");
    nh_vlog_port(v, "input", lanes * c->w.state, "state");
    nh_vlog_port(v, "input", lanes * c->w.param, "param");
    nh_vlog_port(v, "output", lanes * c->w.state, "next");
    nh_vlog_port(v, "output", lanes * c->f->payload_bits, "out");
    nh_vlog_module_body(v);
    for (int m = 0; m < c->f->n_model; m++) {
        int late = c->latency - c->dp[m]->latency_cycles;
        if (model_state_bits(c, m))
            chain(c, v, nh_arena_printf(j->a, "m%d_next", m), lanes * model_state_bits(c, m), late);
        chain(c, v, nh_arena_printf(j->a, "m%d_out", m), lanes * c->f->payload_bits, late);
        for (int l = 0; l < lanes; l++) lane(c, v, m, l);
    }
    if (c->f->n_model > 1) {
        chain(c, v, "model", c->w.model, c->latency);
        nh_vlog_assign(v, "model0", "model");
    }
    choose(c, v, "next");
    choose(c, v, "out");
    /* Whoever reads nothing of a port says so: lint. */
    nh_vlog_wire(v, 1, false, "unused");
    nh_vlog_assign(v, "unused", "&{1'b0, clk, model, acc, state, param}");
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

static const char *net(fabric *c, const char *what, int x, int y) {
    return nh_arena_printf(c->j.a, "%s_%d_%d", what, x, y);
}

static const char *bit(fabric *c, const char *what, int x, int y, int port) {
    return nh_arena_printf(c->j.a, "%s[%d]", net(c, what, x, y), port);
}

static const char *flit(fabric *c, const char *what, int x, int y, int port) {
    return nh_arena_printf(c->j.a, "%s[%d:%d]", net(c, what, x, y), (port + 1) * c->w.flit - 1, port * c->w.flit);
}

enum { CORE, EAST, WEST, NORTH, SOUTH };
static const struct {
    int dx, dy, port;
} facing[] = {[EAST] = {1, 0, WEST}, [WEST] = {-1, 0, EAST}, [NORTH] = {0, 1, SOUTH}, [SOUTH] = {0, -1, NORTH}};

/* What a port of tile (x, y) is joined to: the tile beside, the host, or nothing. */
typedef struct {
    const char *valid, *data, *ready;
} link;

static link link_of(fabric *c, int x, int y, int port) {
    int nx = x + facing[port].dx, ny = y + facing[port].dy, p = facing[port].port;
    if (nx >= 0 && ny >= 0 && nx < c->f->mesh_x && ny < c->f->mesh_y)
        return (link){bit(c, "mv", nx, ny, p), flit(c, "md", nx, ny, p), bit(c, "sr", nx, ny, p)};
    if (port == WEST && x == 0 && y == 0) return (link){"host_valid", "host_data", "mesh_ready"};
    return (link){"1'b0", nh_arena_printf(c->j.a, "%d'd0", c->w.flit), "1'b1"};
}

static void router(fabric *c, nh_vlog *v, int x, int y) {
    link l[5];
    for (int p = EAST; p <= SOUTH; p++) l[p] = link_of(c, x, y, p);
    l[CORE] = (link){net(c, "core_valid", x, y), net(c, "core_data", x, y), net(c, "core_ready", x, y)};
    nh_vlog_wire(v, 5, false, "sr_%d_%d", x, y);
    nh_vlog_wire(v, 5, false, "mv_%d_%d", x, y);
    nh_vlog_wire(v, 5 * c->w.flit, false, "md_%d_%d", x, y);
    nh_rtl_begin(&c->j, v, "nh_router", nh_arena_printf(c->j.a, "u_router_%d_%d", x, y));
    const struct {
        const char *name;
        int64_t value;
    } param[] = {{"X", x},        {"Y", y},        {"X_MAX", c->f->mesh_x - 1}, {"Y_MAX", c->f->mesh_y - 1},
                 {"XB", c->w.xb}, {"YB", c->w.yb}, {"DATA_W", c->w.data},       {"QUEUE", 2}};
    for (size_t i = 0; i < sizeof param / sizeof *param; i++) nh_vlog_param(v, param[i].name, param[i].value);
    nh_rtl_conn_clock(v);
    nh_vlog_conn(v, "s_valid", "{%s, %s, %s, %s, %s}", l[4].valid, l[3].valid, l[2].valid, l[1].valid, l[0].valid);
    nh_vlog_conn(v, "s_ready", "sr_%d_%d", x, y);
    nh_vlog_conn(v, "s_data", "{%s, %s, %s, %s, %s}", l[4].data, l[3].data, l[2].data, l[1].data, l[0].data);
    nh_vlog_conn(v, "m_valid", "mv_%d_%d", x, y);
    nh_vlog_conn(v, "m_ready", "{%s, %s, %s, %s, %s}", l[4].ready, l[3].ready, l[2].ready, l[1].ready, l[0].ready);
    nh_vlog_conn(v, "m_data", "md_%d_%d", x, y);
    nh_vlog_conn(v, "idle", "router_idle_%d_%d", x, y);
    nh_vlog_inst_end(v);
}

static void core_params(const fabric *c, nh_vlog *v) {
    const nh_fabric *f = c->f;
    const struct {
        const char *name;
        int64_t value;
    } param[] = {{"LANES", f->lanes},
                 {"ACCS", f->accumulators},
                 {"NEURONS", f->neurons},
                 {"AXONS", f->axons},
                 {"SYNAPSES", f->synapses},
                 {"CONVS", f->convs},
                 {"ROUTES", f->routes},
                 {"GROUPS", f->groups},
                 {"PARAMS", f->params},
                 {"DELAYS", f->delays},
                 {"QUEUE", f->queue},
                 {"SPARSE", f->sparse},
                 {"WEIGHT_W", f->weight_bits},
                 {"ACC_W", f->accum_bits},
                 {"PAYLOAD_W", f->payload_bits},
                 {"STATE_W", c->w.state},
                 {"PARAM_W", c->w.param},
                 {"MODEL_W", c->w.model},
                 {"XB", c->w.xb},
                 {"YB", c->w.yb},
                 {"CY", f->conv_y_bits},
                 {"CX", f->conv_x_bits},
                 {"CC", f->conv_c_bits},
                 {"ADDR_W", c->w.addr},
                 {"DATA_W", c->w.data},
                 {"DP_LATENCY", c->latency}};
    for (size_t i = 0; i < sizeof param / sizeof *param; i++) nh_vlog_param(v, param[i].name, param[i].value);
}

static void core(fabric *c, nh_vlog *v, int x, int y) {
    static const char *const part[] = {"valid", "ready", "data"};
    const struct {
        const char *port;
        int64_t bits;
    } wire[] = {{"dp_model", c->w.model},
                {"dp_acc", nh_fabric_word_weights(c->f) * c->f->accum_bits},
                {"dp_state", c->f->lanes * c->w.state},
                {"dp_param", c->f->lanes * c->w.param},
                {"dp_next", c->f->lanes * c->w.state},
                {"dp_out", c->f->lanes * c->f->payload_bits}};
    for (int i = 0; i < 3; i++) nh_vlog_wire(v, i == 2 ? c->w.flit : 1, false, "core_%s_%d_%d", part[i], x, y);
    nh_vlog_wire(v, 1, false, "dp_valid_%d_%d", x, y);
    for (int i = 0; i < 6; i++) nh_vlog_wire(v, wire[i].bits, false, "%s_%d_%d", wire[i].port, x, y);
    nh_rtl_begin(&c->j, v, "nh_neuron_core", nh_arena_printf(c->j.a, "u_core_%d_%d", x, y));
    core_params(c, v);
    nh_rtl_conn_clock(v);
    nh_vlog_conn(v, "tick", "tick");
    nh_vlog_conn(v, "init", "init");
    nh_vlog_conn(v, "idle", "core_idle_%d_%d", x, y);
    nh_vlog_conn(v, "s_flit_valid", "%s", bit(c, "mv", x, y, CORE));
    nh_vlog_conn(v, "s_flit_ready", "core_ready_%d_%d", x, y);
    nh_vlog_conn(v, "s_flit_data", "%s", flit(c, "md", x, y, CORE));
    nh_vlog_conn(v, "m_flit_valid", "core_valid_%d_%d", x, y);
    nh_vlog_conn(v, "m_flit_ready", "%s", bit(c, "sr", x, y, CORE));
    nh_vlog_conn(v, "m_flit_data", "core_data_%d_%d", x, y);
    nh_vlog_conn(v, "dp_valid", "dp_valid_%d_%d", x, y);
    for (int i = 0; i < 6; i++) nh_vlog_conn(v, wire[i].port, "%s_%d_%d", wire[i].port, x, y);
    nh_vlog_inst_end(v);
    nh_vlog_inst_begin(v, nh_arena_printf(c->j.a, "%s_neurons", c->j.project), "u_neurons_%d_%d", x, y);
    nh_vlog_conn(v, "clk", "clk");
    for (int i = 0; i < 6; i++) nh_vlog_conn(v, wire[i].port + 3, "%s_%d_%d", wire[i].port, x, y);
    nh_vlog_inst_end(v);
}

/* --- the top ----------------------------------------------------------------------------------------------------- */

static void host(fabric *c, nh_vlog *v) {
    static const char *const same[] = {"s_axis_tvalid", "s_axis_tready", "s_axis_tdata",
                                       "m_axis_tvalid", "m_axis_tready", "m_axis_tdata",
                                       "m_axis_tlast",  "tick",          "init"};
    const char *idle = "";
    for (int y = 0; y < c->f->mesh_y; y++)
        for (int x = 0; x < c->f->mesh_x; x++)
            idle = nh_arena_printf(c->j.a, "%s%srouter_idle_%d_%d && core_idle_%d_%d", idle, *idle ? " && " : "", x, y,
                                   x, y);
    nh_vlog_assign(v, "idle", "%s", idle);
    nh_rtl_begin(&c->j, v, "nh_fabric_host", "u_host");
    nh_vlog_param(v, "FLIT_W", c->w.flit);
    nh_vlog_param(v, "HOST_W", c->w.host);
    nh_vlog_param(v, "SETTLE", 4);
    nh_rtl_conn_clock(v);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) nh_vlog_conn(v, same[i], "%s", same[i]);
    nh_vlog_conn(v, "m_valid", "host_valid");
    nh_vlog_conn(v, "m_ready", "%s", bit(c, "sr", 0, 0, WEST));
    nh_vlog_conn(v, "m_data", "host_data");
    nh_vlog_conn(v, "s_valid", "%s", bit(c, "mv", 0, 0, WEST));
    nh_vlog_conn(v, "s_ready", "mesh_ready");
    nh_vlog_conn(v, "s_data", "%s", flit(c, "md", 0, 0, WEST));
    nh_vlog_conn(v, "idle", "idle");
    nh_vlog_inst_end(v);
}

/* Ports at the edges are joined to nothing. */
static void unused_edges(fabric *c, nh_vlog *v) {
    const char *all = "1'b0";
    for (int y = 0; y < c->f->mesh_y; y++)
        for (int x = 0; x < c->f->mesh_x; x++)
            all = nh_arena_printf(c->j.a, "%s, sr_%d_%d, mv_%d_%d, md_%d_%d, dp_valid_%d_%d", all, x, y, x, y, x, y, x,
                                  y);
    nh_vlog_wire(v, 1, false, "unused");
    nh_vlog_assign(v, "unused", "&{%s}", all);
}

static void top_ports(const fabric *c, nh_vlog *v) {
    const struct {
        const char *dir;
        int64_t bits;
        const char *name;
    } port[] = {{"input", 1, "clk"},
                {"input", 1, "rst"},
                {"input", 1, "s_axis_tvalid"},
                {"output", 1, "s_axis_tready"},
                {"input", c->w.host, "s_axis_tdata"},
                {"output", 1, "m_axis_tvalid"},
                {"input", 1, "m_axis_tready"},
                {"output", c->w.host, "m_axis_tdata"},
                {"output", 1, "m_axis_tlast"}};
    for (size_t i = 0; i < sizeof port / sizeof *port; i++) nh_vlog_port(v, port[i].dir, port[i].bits, port[i].name);
    nh_vlog_module_body(v);
}

static bool top(fabric *c) {
    nh_rtl_job *j = &c->j;
    const char *file = nh_arena_printf(j->a, "%s.v", j->project);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(v, j->out->made, file,
                  nh_arena_printf(j->a, "a fabric of %d x %d neuron cores", c->f->mesh_x, c->f->mesh_y));
    nh_vlog_module_begin(v, j->project);
    top_ports(c, v);
    static const char *const one[] = {"tick", "init", "idle", "host_valid", "mesh_ready"};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) nh_vlog_wire(v, 1, false, "%s", one[i]);
    nh_vlog_wire(v, c->w.flit, false, "host_data");
    for (int y = 0; y < c->f->mesh_y; y++)
        for (int x = 0; x < c->f->mesh_x; x++) {
            nh_vlog_wire(v, 1, false, "router_idle_%d_%d", x, y);
            nh_vlog_wire(v, 1, false, "core_idle_%d_%d", x, y);
        }
    for (int y = 0; y < c->f->mesh_y; y++)
        for (int x = 0; x < c->f->mesh_x; x++) router(c, v, x, y);
    for (int y = 0; y < c->f->mesh_y; y++)
        for (int x = 0; x < c->f->mesh_x; x++) core(c, v, x, y);
    host(c, v);
    unused_edges(c, v);
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}

/* --- for a board ------------------------------------------------------------------------------------------------- */

/* The fabric behind a serial line. */
static bool board(fabric *c, int64_t uart_div) {
    enum { WAIT = 4 }; /* words that wait for the fabric: registers, where more would take block RAMs of an iCE40 */
    static const char *const stream[] = {"tvalid", "tready", "tdata"};
    nh_rtl_job *j = &c->j;
    const char *module = nh_arena_printf(j->a, "%s_board", j->project), *file = nh_arena_printf(j->a, "%s.v", module);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(
        v, j->out->made, file,
        nh_arena_printf(j->a, "the fabric over a serial line, %lld clock cycles per bit", (long long)uart_div));
    nh_vlog_module_begin(v, module);
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rx");
    nh_vlog_port(v, "output", 1, "tx");
    nh_vlog_module_body(v);
    nh_vlog_wire(v, 1, false, "rst");
    nh_vlog_wire(v, 1, false, "last");
    for (int i = 0; i < 3; i++) nh_vlog_wire(v, i == 2 ? c->w.host : 1, false, "to_%s", stream[i]);
    for (int i = 0; i < 3; i++) nh_vlog_wire(v, i == 2 ? c->w.host : 1, false, "from_%s", stream[i]);
    nh_rtl_begin(j, v, "nh_host_uart", "u_host");
    nh_vlog_param(v, "HOST_W", c->w.host);
    nh_vlog_param(v, "DEPTH", WAIT);
    nh_vlog_param(v, "DIV", uart_div);
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "rx", "rx");
    nh_vlog_conn(v, "tx", "tx");
    nh_vlog_conn(v, "fabric_rst", "rst");
    for (int i = 0; i < 3; i++) nh_vlog_conn(v, nh_arena_printf(j->a, "m_axis_%s", stream[i]), "to_%s", stream[i]);
    for (int i = 0; i < 3; i++) nh_vlog_conn(v, nh_arena_printf(j->a, "s_axis_%s", stream[i]), "from_%s", stream[i]);
    nh_vlog_inst_end(v);
    nh_vlog_inst_begin(v, j->project, "u_fabric");
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "rst", "rst");
    for (int i = 0; i < 3; i++) nh_vlog_conn(v, nh_arena_printf(j->a, "s_axis_%s", stream[i]), "to_%s", stream[i]);
    for (int i = 0; i < 3; i++) nh_vlog_conn(v, nh_arena_printf(j->a, "m_axis_%s", stream[i]), "from_%s", stream[i]);
    nh_vlog_conn(v, "m_axis_tlast", "last");
    nh_vlog_inst_end(v);
    nh_vlog_wire(v, 1, false, "unused");
    nh_vlog_assign(v, "unused", "&{1'b0, last}");
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}

bool nh_emit_fabric(nh_arena *a, nh_diag *d, const nh_fabric *f, const char *project, const nh_dp_timing *timing,
                    int64_t bram_bits, int64_t uart_div, const nh_provenance *p, const char *dir) {
    fabric c = {.j = {.a = a, .d = d, .project = project}, .f = f, .w = nh_fabric_get_widths(f)};
    const char *why;
    bool ok = nh_mkdirs(d, dir);
    if (!ok) return false;
    c.j.out = nh_rtl_out_new(a, dir, project, p);
    for (int m = 0; m < f->n_model; m++) {
        c.dp[m] = nh_fabric_datapath(a, f, m, &why);
        c.dp[m]->id = nh_arena_printf(a, "m%d", m);
        nh_dp_pipeline(c.dp[m], timing, true);
        if (c.dp[m]->latency_cycles > c.latency) c.latency = c.dp[m]->latency_cycles;
    }
    for (int m = 0; m < f->n_model; m++) ok = nh_rtl_dp_file(c.j.out, d, c.dp[m], project, bram_bits) && ok;
    ok = neurons(&c) && top(&c) && board(&c, uart_div) && ok;
    return ok && nh_rtl_out_finish(c.j.out, d, NULL, 0);
}
