/* The datapath SSA as C: one const local per node, in the order of the nodes. */
#include "c_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

const char *nh_c_type(nh_format f) {
    if (f.width_bits <= 8) return f.is_signed ? "int8_t" : "uint8_t";
    if (f.width_bits <= 16) return f.is_signed ? "int16_t" : "uint16_t";
    if (f.width_bits <= 32) return f.is_signed ? "int32_t" : "uint32_t";
    return f.is_signed ? "int64_t" : "uint64_t";
}

nh_c_word nh_c_word_of(nh_range r) {
    int bits = nh_range_signed_width(r);
    return bits <= 32 ? NH_C_32 : bits <= 64 ? NH_C_64 : NH_C_128;
}

const char *nh_c_word_name(nh_c_word word) {
    return word == NH_C_32 ? "int32_t" : word == NH_C_64 ? "int64_t" : "nh_i128";
}

void nh_c_literal(nh_writer *w, nh_i128 v, nh_c_word word) {
    if (word == NH_C_128) {
        nh_printf(w, "((nh_i128)INT64_C(%" PRId64 ") * ((nh_i128)1 << 62) * 4 + UINT64_C(%" PRIu64 "))",
                  (int64_t)(v >> 64), (uint64_t)v);
    } else if (word == NH_C_64) {
        if (v == INT64_MIN)
            nh_puts(w, "INT64_MIN");
        else
            nh_printf(w, v < 0 ? "(-INT64_C(%" PRIu64 "))" : "INT64_C(%" PRIu64 ")", (uint64_t)(v < 0 ? -v : v));
    } else if (v == INT32_MIN) {
        nh_puts(w, "INT32_MIN");
    } else {
        nh_printf(w, v < 0 ? "(%" PRId64 ")" : "%" PRId64, (int64_t)v);
    }
}

/* --- one function body ------------------------------------------------------------------------------------------- */

enum { PART_NODES = 300 }; /* nodes of one C function: compile time grows faster than linearly beyond */

typedef struct {
    nh_writer *w;
    const nh_dp *dp;
    const char *name;
    int lanes;         /* 0: one sample, plain arrays */
    uint32_t *part_of; /* the function that defines a node */
    uint32_t *last;    /* the last function that uses it */
    uint32_t *loaded;  /* 1 + the function that has it in a local */
    uint32_t *slot;    /* its place among the values kept between functions, per word */
    uint32_t n_slot[3];
    uint32_t n_part;
    const char *indent;
} body;

/* The value behind wires. */
static nh_val root_of(const nh_dp *dp, nh_val v) {
    while (dp->node[v].op == NH_DP_SCALE) v = dp->node[v].a;
    return v;
}

static nh_c_word word_of(const nh_dp *dp, nh_val v) { return nh_c_word_of(dp->node[v].range); }

static nh_c_word wider(nh_c_word a, nh_c_word b) { return a > b ? a : b; }

/* v * 2^shift as an operand of that word. */
static void operand(const body *b, nh_val v, int shift, nh_c_word word) {
    const nh_dp_node *n = &b->dp->node[root_of(b->dp, v)];
    if (n->op == NH_DP_CONST) {
        nh_c_literal(b->w, shift ? n->constant * ((nh_i128)1 << shift) : n->constant, word);
        return;
    }
    if (shift) nh_puts(b->w, "(");
    if (word != nh_c_word_of(n->range)) nh_printf(b->w, "(%s)", nh_c_word_name(word));
    nh_printf(b->w, "v%" PRIu32, root_of(b->dp, v));
    if (!shift) return;
    nh_puts(b->w, " * ");
    nh_c_literal(b->w, (nh_i128)1 << shift, word);
    nh_puts(b->w, ")");
}

/* The word in which both operands, aligned, and the result fit. */
static nh_c_word aligned_word(const nh_dp *dp, nh_val a, nh_val b, nh_c_word result, int *shift_a, int *shift_b) {
    const nh_dp_node *x = &dp->node[a], *y = &dp->node[b];
    *shift_a = y->frac > x->frac ? y->frac - x->frac : 0;
    *shift_b = x->frac > y->frac ? x->frac - y->frac : 0;
    nh_c_word wa = nh_c_word_of(nh_range_shl(x->range, *shift_a)), wb = nh_c_word_of(nh_range_shl(y->range, *shift_b));
    if (*shift_a) wa = wider(wa, nh_c_word_of((nh_range){0, (nh_i128)1 << *shift_a}));
    if (*shift_b) wb = wider(wb, nh_c_word_of((nh_range){0, (nh_i128)1 << *shift_b}));
    return wider(result, wider(wa, wb));
}

static void binary(const body *b, const nh_dp_node *n, const char *sign, nh_c_word result) {
    int sa, sb;
    nh_c_word word = aligned_word(b->dp, n->a, n->b, result, &sa, &sb);
    if (word != result) nh_printf(b->w, "(%s)(", nh_c_word_name(result));
    operand(b, n->a, sa, word);
    nh_printf(b->w, " %s ", sign);
    operand(b, n->b, sb, word);
    if (word != result) nh_puts(b->w, ")");
}

static void product(const body *b, const nh_dp_node *n, nh_c_word result) {
    nh_c_word word = wider(result, wider(word_of(b->dp, n->a), n->op == NH_DP_MUL ? word_of(b->dp, n->b) : NH_C_32));
    if (n->op == NH_DP_MULC) word = wider(word, nh_c_word_of((nh_range){n->constant, n->constant}));
    if (word != result) nh_printf(b->w, "(%s)(", nh_c_word_name(result));
    operand(b, n->a, 0, word);
    nh_puts(b->w, " * ");
    if (n->op == NH_DP_MUL)
        operand(b, n->b, 0, word);
    else
        nh_c_literal(b->w, n->constant, word);
    if (word != result) nh_puts(b->w, ")");
}

/* `cond` is the text of a condition, or NULL for a select's. */
static void choice(const body *b, const nh_dp_node *n, nh_val yes, nh_val no, const char *compare, nh_c_word result) {
    int sa, sb;
    nh_c_word word = aligned_word(b->dp, yes, no, result, &sa, &sb);
    if (word != result) nh_printf(b->w, "(%s)(", nh_c_word_name(result));
    if (compare) {
        operand(b, yes, sa, word);
        nh_printf(b->w, " %s ", compare);
        operand(b, no, sb, word);
    } else {
        operand(b, n->a, 0, word_of(b->dp, root_of(b->dp, n->a)));
    }
    nh_puts(b->w, " ? ");
    operand(b, yes, sa, word);
    nh_puts(b->w, " : ");
    operand(b, no, sb, word);
    if (word != result) nh_puts(b->w, ")");
}

static void cast(const body *b, const nh_dp_node *n, nh_c_word result) {
    static const char *const round[] = {"TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"};
    static const char *const overflow[] = {"WRAP", "SAT", "SAT_ZERO", "SAT_SYM"};
    nh_c_word word = wider(wider(word_of(b->dp, n->a), nh_c_word_of(nh_range_of(n->fmt))), result);
    if (word != result) nh_printf(b->w, "(%s)", nh_c_word_name(result));
    nh_puts(b->w, word == NH_C_32 ? "nh_fx_cast32(" : word == NH_C_64 ? "nh_fx_cast64(" : "nh_fx_cast(");
    operand(b, n->a, 0, word);
    nh_printf(b->w, ", %d, %d, %d, %s, NH_ROUND_%s, NH_OVERFLOW_%s%s)", b->dp->node[n->a].frac, n->frac,
              n->fmt.width_bits, n->fmt.is_signed ? "true" : "false", round[n->fmt.round], overflow[n->fmt.overflow],
              word == NH_C_128 ? ", NULL" : "");
}

static void expression(const body *b, const nh_dp_node *n, nh_c_word result) {
    switch (n->op) {
    case NH_DP_ADD: binary(b, n, "+", result); return;
    case NH_DP_SUB: binary(b, n, "-", result); return;
    case NH_DP_LT: binary(b, n, "<", result); return;
    case NH_DP_LE: binary(b, n, "<=", result); return;
    case NH_DP_EQ: binary(b, n, "==", result); return;
    case NH_DP_MUL:
    case NH_DP_MULC: product(b, n, result); return;
    case NH_DP_SELECT: choice(b, n, n->b, n->c, NULL, result); return;
    case NH_DP_MIN: choice(b, n, n->a, n->b, "<", result); return;
    case NH_DP_MAX: choice(b, n, n->a, n->b, ">", result); return;
    case NH_DP_CAST: cast(b, n, result); return;
    case NH_DP_NEG: {
        nh_c_word word = wider(result, word_of(b->dp, n->a));
        if (word != result) nh_printf(b->w, "(%s)", nh_c_word_name(result));
        nh_puts(b->w, "(-");
        operand(b, n->a, 0, word);
        nh_puts(b->w, ")");
        return;
    }
    case NH_DP_TABLE:
        nh_printf(b->w, "(%s)%s_%s[", nh_c_word_name(result), b->name, b->dp->table[n->port].id);
        operand(b, n->a, 0, word_of(b->dp, root_of(b->dp, n->a)));
        nh_puts(b->w, "]");
        return;
    case NH_DP_CONST:
    case NH_DP_INPUT:
    case NH_DP_SCALE:
    case NH_DP_OP_COUNT: break;
    }
    assert(false && "not an operation of straight-line C");
}

static void element(const body *b, const char *port, int64_t e) {
    if (b->lanes)
        nh_printf(b->w, "%s[%" PRId64 " + l]", port, e * b->lanes);
    else
        nh_printf(b->w, "%s[%" PRId64 "]", port, e);
}

static void kept(const body *b, nh_val v) {
    nh_c_word word = word_of(b->dp, v);
    nh_printf(b->w, "t%s[%" PRIu32 " + l]",
              word == NH_C_32   ? "32"
              : word == NH_C_64 ? "64"
                                : "128",
              b->slot[v] * (uint32_t)b->lanes);
}

/* A value from elsewhere into a local of this function: an input element, or what an earlier function kept. */
static void load(const body *b, nh_val v, uint32_t part) {
    const nh_dp_node *n = &b->dp->node[v = root_of(b->dp, v)];
    if (n->op == NH_DP_CONST || b->loaded[v] == part + 1) return;
    b->loaded[v] = part + 1;
    const char *type = nh_c_word_name(word_of(b->dp, v));
    nh_printf(b->w, "%sconst %s v%" PRIu32 " = ", b->indent, type, v);
    if (n->op == NH_DP_INPUT) {
        nh_printf(b->w, "(%s)", type);
        element(b, b->dp->in[n->port].name, n->elem);
    } else {
        kept(b, v);
    }
    nh_puts(b->w, ";\n");
}

static void statement(const body *b, nh_val v, uint32_t part) {
    const nh_dp_node *n = &b->dp->node[v];
    nh_val from[3] = {n->a, n->b, n->c};
    if (n->op == NH_DP_CONST || n->op == NH_DP_INPUT || n->op == NH_DP_SCALE) return;
    for (int k = 0; k < 3; k++)
        if (from[k] < b->dp->n_node) load(b, from[k], part);
    nh_c_word word = word_of(b->dp, v);
    nh_printf(b->w, "%sconst %s v%" PRIu32 " = ", b->indent, nh_c_word_name(word), v);
    expression(b, n, word);
    nh_puts(b->w, ";\n");
    b->loaded[v] = part + 1;
    if (b->last[v] > part) {
        nh_puts(b->w, b->indent);
        kept(b, v);
        nh_printf(b->w, " = v%" PRIu32 ";\n", v);
    }
}

/* Elements whose value this function defines; constants and plain inputs go out in the last one. */
static void outputs(const body *b, uint32_t part) {
    for (int port = 0; port < b->dp->n_out; port++) {
        const nh_dp_port *out = &b->dp->out[port];
        nh_c_word word = nh_c_word_of(nh_range_of(out->fmt));
        const char *type = b->lanes ? nh_c_word_name(word) : nh_c_type(out->fmt);
        for (int64_t e = 0; e < out->n; e++) {
            nh_val v = root_of(b->dp, out->value[e]);
            if (b->part_of[v] != part) continue;
            load(b, v, part);
            nh_puts(b->w, b->indent);
            element(b, out->name, e);
            nh_printf(b->w, " = (%s)", type);
            operand(b, v, 0, word_of(b->dp, v));
            nh_puts(b->w, ";\n");
        }
    }
}

/* --- functions --------------------------------------------------------------------------------------------------- */

static void parameters(const body *b, bool keeps) {
    const nh_dp *dp = b->dp;
    const char *restricted = b->lanes ? "restrict " : "";
    nh_puts(b->w, "(");
    for (int i = 0; i < dp->n_in; i++) {
        const char *type =
            b->lanes ? nh_c_word_name(nh_c_word_of(nh_range_of(dp->in[i].fmt))) : nh_c_type(dp->in[i].fmt);
        nh_printf(b->w, "const %s *%s%s, ", type, restricted, dp->in[i].name);
    }
    for (int i = 0; i < dp->n_out; i++) {
        const char *type =
            b->lanes ? nh_c_word_name(nh_c_word_of(nh_range_of(dp->out[i].fmt))) : nh_c_type(dp->out[i].fmt);
        nh_printf(b->w, "%s%s *%s%s", i ? ", " : "", type, restricted, dp->out[i].name);
    }
    for (int word = 0; keeps && word < 3; word++)
        if (b->n_slot[word])
            nh_printf(b->w, ", %s *restrict t%s", nh_c_word_name((nh_c_word)word),
                      word == 0   ? "32"
                      : word == 1 ? "64"
                                  : "128");
    nh_puts(b->w, ")");
}

static void statements(const body *b, uint32_t part) {
    for (int i = 0; i < b->dp->n_in; i++) nh_printf(b->w, "    (void)%s;\n", b->dp->in[i].name);
    if (b->n_part > 1) {
        nh_printf(b->w, "    (void)%s;\n", b->dp->out[0].name);
        for (int word = 0; word < 3; word++)
            if (b->n_slot[word]) nh_printf(b->w, "    (void)t%s;\n", word == 0 ? "32" : word == 1 ? "64" : "128");
    }
    if (b->lanes) nh_printf(b->w, "    for (int l = 0; l < %d; l++) {\n", b->lanes);
    for (nh_val v = 0; v < b->dp->n_node; v++)
        if (b->part_of[v] == part) statement(b, v, part);
    outputs(b, part);
    nh_puts(b->w, b->lanes ? "    }\n}\n\n" : "}\n\n");
}

static void use(body *b, nh_val v, uint32_t part) {
    v = root_of(b->dp, v);
    if (b->last[v] < part) b->last[v] = part;
}

/* Cut the nodes into functions and give a slot to every value that one keeps for another. */
static void plan(body *b, nh_arena *scratch) {
    uint32_t n = b->dp->n_node, parts = b->lanes ? (n + PART_NODES - 1) / PART_NODES : 1,
             size = (n + parts) / (parts ? parts : 1);
    b->part_of = nh_arena_array(scratch, (size_t)n + 1, sizeof(uint32_t));
    b->last = nh_arena_array(scratch, (size_t)n + 1, sizeof(uint32_t));
    b->loaded = nh_arena_array(scratch, (size_t)n + 1, sizeof(uint32_t));
    b->slot = nh_arena_array(scratch, (size_t)n + 1, sizeof(uint32_t));
    assert(b->part_of && b->last && b->loaded && b->slot);
    b->n_part = parts ? parts : 1;
    for (nh_val v = 0; v < n; v++) {
        const nh_dp_node *x = &b->dp->node[v];
        uint32_t part = v / size;
        b->part_of[v] = x->op == NH_DP_CONST || x->op == NH_DP_INPUT ? b->n_part - 1 : part;
        if (x->op == NH_DP_SCALE) continue;
        if (x->a < n) use(b, x->a, part);
        if (x->b < n) use(b, x->b, part);
        if (x->c < n) use(b, x->c, part);
    }
    for (nh_val v = 0; v < n; v++) {
        nh_dp_op op = b->dp->node[v].op;
        if (op == NH_DP_CONST || op == NH_DP_INPUT || op == NH_DP_SCALE || b->last[v] <= b->part_of[v]) continue;
        b->slot[v] = b->n_slot[word_of(b->dp, v)]++;
    }
}

void nh_emit_dp_c(nh_writer *w, const nh_dp *dp, const char *prefix) {
    nh_arena *scratch = nh_arena_new();
    body b = {.w = w, .dp = dp, .name = nh_arena_printf(scratch, "%s_%s", prefix, dp->id), .indent = "    "};
    plan(&b, scratch);
    nh_c_tables(w, dp, b.name);
    nh_printf(w, "static inline void %s", b.name);
    parameters(&b, false);
    nh_puts(w, " {\n");
    statements(&b, 0);
    nh_arena_free(scratch);
}

/* The function that calls the parts in order. */
static void caller(const body *b) {
    nh_printf(b->w, "static void %s_lanes", b->name);
    parameters(b, false);
    nh_puts(b->w, " {\n");
    for (int word = 0; word < 3; word++)
        if (b->n_slot[word])
            nh_printf(b->w, "    %s t%s[%" PRIu32 "];\n", nh_c_word_name((nh_c_word)word),
                      word == 0   ? "32"
                      : word == 1 ? "64"
                                  : "128",
                      b->n_slot[word] * (uint32_t)b->lanes);
    for (uint32_t part = 0; part < b->n_part; part++) {
        nh_printf(b->w, "    %s_part%" PRIu32 "(%s, %s", b->name, part, b->dp->in[0].name, b->dp->out[0].name);
        for (int word = 0; word < 3; word++)
            if (b->n_slot[word]) nh_printf(b->w, ", t%s", word == 0 ? "32" : word == 1 ? "64" : "128");
        nh_puts(b->w, ");\n");
    }
    nh_puts(b->w, "}\n\n");
}

static bool needs_128(const nh_dp *dp) {
    for (nh_val v = 0; v < dp->n_node; v++)
        if (word_of(dp, v) == NH_C_128) return true;
    return nh_c_word_of(nh_range_of(dp->in[0].fmt)) == NH_C_128 ||
           nh_c_word_of(nh_range_of(dp->out[0].fmt)) == NH_C_128;
}

int nh_c_datapath_lanes(nh_writer *w, const nh_dp *dp, const char *name) {
    assert(dp->n_in == 1 && dp->n_out == 1);
    nh_arena *scratch = nh_arena_new();
    body b = {.w = w, .dp = dp, .name = name, .lanes = needs_128(dp) ? 1 : NH_C_LANES, .indent = "        "};
    plan(&b, scratch);
    nh_c_tables(w, dp, name);
    for (uint32_t part = 0; part < b.n_part; part++) {
        if (b.n_part > 1)
            nh_printf(w, "static void %s_part%" PRIu32, name, part);
        else
            nh_printf(w, "static void %s_lanes", name);
        parameters(&b, b.n_part > 1);
        nh_puts(w, " {\n");
        statements(&b, part);
    }
    if (b.n_part > 1) caller(&b);
    nh_arena_free(scratch);
    return b.lanes;
}
