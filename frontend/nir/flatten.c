/* The tree of a file -> nodes and edges of all its graphs in one list. A subgraph's node is called "<subgraph>.<node>";
 * an edge to a subgraph leads to its Input, one from it comes from its Output. */
#include "nir_model.h"

#include <stdlib.h>
#include <string.h>

/* One graph of the file while it is read. Children are those of `nodes`; -1: it was reported. */
typedef struct {
    const nh_h5 *group, *nodes, *edges;
    const char *prefix; /* of its nodes' names: "" or "lif1." */
    int depth;
    int *in, *out;     /* per child: the flat node where edges to it end, and from where edges from it begin */
    bool *is_named;    /* per child: an edge names it */
    int input, output; /* flat nodes */
} scope;

static bool read_scope(nir_model *m, scope *s);

static int add_node(nir_model *m, const scope *s, const nir_type *type, const nh_h5 *group, const char *name) {
    m->node = nh_arena_grow(m->scratch, m->node, &m->cap_node, (size_t)m->n_node + 1, sizeof *m->node);
    m->node[m->n_node] = (nir_node){.name = nh_arena_printf(m->scratch, "%s%s", s->prefix, name),
                                    .type = type,
                                    .group = group,
                                    .path = group ? group->path : s->group->path,
                                    .depth = s->depth,
                                    .source = -1,
                                    .tensor = -1,
                                    .sum = -1};
    return m->n_node++;
}

static void add_edge(nir_model *m, int from, int to) {
    m->edge = nh_arena_grow(m->scratch, m->edge, &m->cap_edge, (size_t)m->n_edge + 1, sizeof *m->edge);
    m->edge[m->n_edge++] = (nir_edge){.from = from, .to = to};
}

/* The text of a group's 'type', or NULL with a diagnostic. */
static const char *type_of(nir_model *m, const nh_h5 *group) {
    const nh_h5 *type = group->kind == NH_H5_GROUP ? nh_h5_find(group, "type") : NULL;
    if (type && type->kind == NH_H5_STRING && type->n == 1) return type->text[0];
    nh_report(m->d, NH_M_NIR_FORM, nir_at(m, group->path), "a node without a type");
    nh_diag_found(m->d, "%s",
                  group->kind != NH_H5_GROUP ? "a dataset"
                  : type                     ? "a type that is not one text"
                                             : "a group without 'type'");
    nh_diag_allowed(m->d, "a group that holds a text 'type' and the parameters");
    return NULL;
}

static bool unknown_type(nir_model *m, const nh_h5 *group, const char *type) {
    nh_report(m->d, NH_M_NIR_TYPE, nir_at(m, group->path), "a node of type '%.60s' is not known", type);
    nh_diag_layer(m->d, group->name);
    nh_diag_allowed(m->d, "%s", nir_type_list(m->scratch));
    const char *nearest = nir_type_nearest(type);
    if (nearest) nh_diag_hint(m->d, "did you mean '%s'?", nearest);
    return false;
}

static bool read_subgraph(nir_model *m, const scope *s, const nh_h5 *group, int64_t child) {
    scope inner = {
        .group = group, .prefix = nh_arena_printf(m->scratch, "%s%s.", s->prefix, group->name), .depth = s->depth + 1};
    if (inner.depth > NH_H5_MAX_DEPTH)
        return nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, group->path), "graphs are nested more than %d deep",
                         NH_H5_MAX_DEPTH);
    if (!read_scope(m, &inner)) return false;
    s->in[child] = inner.input;
    s->out[child] = inner.output;
    return true;
}

static bool read_child(nir_model *m, const scope *s, int64_t child) {
    const nh_h5 *group = &s->nodes->child[child];
    s->in[child] = s->out[child] = -1;
    const char *text = type_of(m, group);
    const nir_type *type = text ? nir_type_find(text) : NULL;
    if (!text) return false;
    if (!type) return unknown_type(m, group, text);
    if (type->cls == NIR_GRAPH) return read_subgraph(m, s, group, child);
    s->in[child] = s->out[child] = add_node(m, s, type, group, group->name);
    return true;
}

/* --- edges ------------------------------------------------------------------------------------------------------- */

static int64_t child_of(const scope *s, const char *name) {
    const nh_h5 *found = nh_h5_find(s->nodes, name);
    return found ? found - s->nodes->child : -1;
}

/* The nearest name; better, the only node that no edge names. */
static const char *meant(nir_model *m, const scope *s, const char *name) {
    const char **names = nh_arena_array(m->scratch, (size_t)s->nodes->n_child + 1, sizeof *names);
    size_t unnamed = 0;
    for (int64_t i = 0; i < s->nodes->n_child; i++)
        if (!s->is_named[i]) names[unnamed++] = s->nodes->child[i].name;
    if (unnamed == 1) return names[0];
    for (int64_t i = 0; i < s->nodes->n_child; i++) names[i] = s->nodes->child[i].name;
    return nh_did_you_mean(name, names, (size_t)s->nodes->n_child);
}

/* "'lif1.lif', 'lif1.w_rec'": the nodes of this graph that an exporter took out of a subgraph of that name; NULL: there
 * are none. */
static const char *members_of(nir_model *m, const scope *s, const char *name) {
    const char *text = NULL;
    size_t n = strlen(name);
    int count = 0;
    for (int64_t i = 0; i < s->nodes->n_child; i++) {
        const char *node = s->nodes->child[i].name;
        if (n == 0 || strncmp(node, name, n) != 0 || node[n] != '.' || count++ >= 4) continue;
        text = nh_arena_printf(m->scratch, "%s%s'%.60s'", text ? text : "", text ? ", " : "", node);
    }
    return text && count > 4 ? nh_arena_printf(m->scratch, "%s, ...", text) : text;
}

static void report_missing(nir_model *m, const scope *s, const char *const *missing, int n) {
    int shown = n < NIR_MAX_LISTED ? n : NIR_MAX_LISTED;
    for (int i = 0; i < shown; i++) {
        nh_report(m->d, NH_M_NIR_EDGE, nir_at(m, s->edges->path),
                  "an edge names '%.100s', which is not a node of this graph", missing[i]);
        const char *members = members_of(m, s, missing[i]), *hint = members ? NULL : meant(m, s, missing[i]);
        if (members)
            nh_diag_hint(m->d,
                         "'%.60s' was a subgraph that is flattened here: its nodes are %s; name the one that is meant",
                         missing[i], members);
        if (hint) nh_diag_hint(m->d, "did you mean '%s'?", hint);
    }
    if (n > shown) nh_report(m->d, NH_M_NIR_EDGE, nir_at(m, s->edges->path), "%d more names are missing", n - shown);
}

static int compare_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every name of an edge is a child; marks those. */
static bool check_names(nir_model *m, const scope *s) {
    const char **missing = nh_arena_array(m->scratch, (size_t)s->edges->n + 1, sizeof *missing);
    int n = 0, kept = 0;
    for (int64_t i = 0; i < s->edges->n; i++) {
        int64_t child = child_of(s, s->edges->text[i]);
        if (child < 0)
            missing[n++] = s->edges->text[i];
        else
            s->is_named[child] = true;
    }
    if (n == 0) return true;
    qsort(missing, (size_t)n, sizeof *missing, compare_text);
    for (int i = 0; i < n; i++)
        if (i == 0 || strcmp(missing[i], missing[i - 1]) != 0) missing[kept++] = missing[i];
    report_missing(m, s, missing, kept);
    return false;
}

static bool read_edges(nir_model *m, const scope *s) {
    int64_t n = s->edges->kind == NH_H5_STRING ? s->edges->n / 2 : 0;
    bool ok = true;
    if (n > NIR_MAX_EDGES - m->n_edge)
        return nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, s->edges->path), "more than %d edges", NIR_MAX_EDGES);
    if (n > 0 && !check_names(m, s)) return false;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = child_of(s, s->edges->text[2 * i]), to = child_of(s, s->edges->text[2 * i + 1]);
        int source = s->out[from], sink = s->in[to];
        if (source < 0 || sink < 0) continue; /* reported */
        bool backward = sink == s->input || source == s->output;
        if (backward)
            ok = nh_report(m->d, NH_M_NIR_EDGE, nir_at(m, s->edges->path), "the edge ('%.100s', '%.100s') %s",
                           s->edges->text[2 * i], s->edges->text[2 * i + 1],
                           sink == s->input ? "leads into the graph's Input" : "comes from the graph's Output");
        else
            add_edge(m, source, sink);
    }
    return ok;
}

/* --- ports ------------------------------------------------------------------------------------------------------- */

/* The flat node of the only Input (Output) of the graph; -1: there is none; -2 with a diagnostic: several. */
static int find_port(nir_model *m, const scope *s, nir_class cls) {
    int64_t first = -1;
    for (int64_t i = 0; i < s->nodes->n_child; i++) {
        if (s->in[i] < 0 || m->node[s->in[i]].type->cls != cls || m->node[s->in[i]].depth != s->depth) continue;
        if (first >= 0) {
            nh_report(m->d, NH_M_NIR_PORTS, nir_at(m, s->group->path), "the graph has several %s nodes",
                      nir_type_of(cls)->name);
            nh_diag_found(m->d, "'%s' and '%s'", s->nodes->child[first].name, s->nodes->child[i].name);
            nh_diag_allowed(m->d, "one Input and one Output per graph");
            return -2;
        }
        first = i;
    }
    return first < 0 ? -1 : s->in[first];
}

/* A child that no edge leads to (leaves, for an Output), when it is the only one; else -1 and their number. */
static int64_t find_end(const scope *s, const bool *has_edge, int *count) {
    int64_t found = -1;
    *count = 0;
    for (int64_t i = 0; i < s->nodes->n_child; i++) {
        if (has_edge[i]) continue;
        found = i;
        ++*count;
    }
    return *count == 1 ? found : -1;
}

/* As the NIR library does: a port at the only root or leaf. */
static int add_port(nir_model *m, const scope *s, nir_class cls) {
    bool *has_edge = nh_arena_array(m->scratch, (size_t)s->nodes->n_child + 1, sizeof *has_edge),
         into = cls == NIR_PORT_IN;
    const char *type = nir_type_of(cls)->name, *what = into ? "no edge leads to" : "no edge leaves";
    for (int64_t i = into ? 1 : 0; s->edges->kind == NH_H5_STRING && i < s->edges->n; i += 2) {
        int64_t child = child_of(s, s->edges->text[i]);
        if (child >= 0) has_edge[child] = true;
    }
    int count;
    int64_t end = find_end(s, has_edge, &count);
    if (end < 0) {
        nh_report(m->d, NH_M_NIR_PORTS, nir_at(m, s->group->path),
                  "the graph has no %s node, and it is not clear where one belongs", type);
        nh_diag_found(m->d, "%d nodes that %s", count, what);
        nh_diag_allowed(m->d, "one");
        return -2;
    }
    if (s->in[end] < 0) return -2;
    int port = add_node(m, s, nir_type_of(cls), NULL, into ? "input" : "output");
    nh_report(m->d, NH_M_NIR_PORT_ADDED, nir_at(m, s->group->path),
              "the graph has no %s node; one was added at '%s', which %s", type, s->nodes->child[end].name, what);
    if (into)
        add_edge(m, port, s->in[end]);
    else
        add_edge(m, s->out[end], port);
    return port;
}

/* --- graphs ------------------------------------------------------------------------------------------------------ */

static bool check_edges_form(nir_model *m, const nh_h5 *edges) {
    bool pairs = edges->kind == NH_H5_STRING && edges->rank == 2 && edges->dim[1] == 2;
    bool empty = edges->kind != NH_H5_GROUP && edges->n == 0;
    if (pairs || empty) return true;
    nh_report(m->d, NH_M_NIR_FORM, nir_at(m, edges->path), "'edges' is not a list of pairs of names");
    nh_diag_found(m->d, "%s",
                  edges->kind == NH_H5_GROUP    ? "a group"
                  : edges->kind == NH_H5_NUMBER ? "numbers"
                                                : "text of another shape");
    nh_diag_allowed(m->d, "text of shape (edges, 2)");
    return false;
}

static void check_members(nir_model *m, const nh_h5 *group) {
    static const char *const known[] = {"type", "nodes", "edges", "metadata", "input_type", "output_type"};
    int listed = 0;
    for (int64_t i = 0; i < group->n_child && listed < NIR_MAX_LISTED; i++) {
        const nh_h5 *p = &group->child[i];
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) is_known |= strcmp(p->name, known[k]) == 0;
        if (is_known) continue;
        nh_report(m->d, NH_M_NIR_EXTRA, nir_at(m, p->path), "the graph has '%s', which is not a member of graphs",
                  p->name);
        listed++;
    }
}

static bool open_scope(nir_model *m, scope *s) {
    nh_loc at = nir_at(m, s->group->path);
    s->nodes = nh_h5_find(s->group, "nodes");
    s->edges = nh_h5_find(s->group, "edges");
    s->input = s->output = -1;
    if (!s->nodes || s->nodes->kind != NH_H5_GROUP)
        return nh_report(m->d, NH_M_NIR_FORM, at, "the graph has no group 'nodes'");
    if (!s->edges) return nh_report(m->d, NH_M_NIR_FORM, at, "the graph has no 'edges'");
    if (!check_edges_form(m, s->edges)) return false;
    check_members(m, s->group);
    if (s->nodes->n_child == 0) return nh_report(m->d, NH_M_NIR_EMPTY, at, "the graph has no nodes");
    if (s->nodes->n_child > NIR_MAX_NODES - m->n_node)
        return nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, s->nodes->path), "more than %d nodes", NIR_MAX_NODES);
    s->in = nh_arena_array(m->scratch, (size_t)s->nodes->n_child, sizeof *s->in);
    s->out = nh_arena_array(m->scratch, (size_t)s->nodes->n_child, sizeof *s->out);
    s->is_named = nh_arena_array(m->scratch, (size_t)s->nodes->n_child, sizeof *s->is_named);
    return true;
}

static bool read_scope(nir_model *m, scope *s) {
    if (!open_scope(m, s)) return false;
    bool ok = true;
    for (int64_t i = 0; i < s->nodes->n_child; i++) ok &= read_child(m, s, i);
    s->input = find_port(m, s, NIR_PORT_IN);
    s->output = find_port(m, s, NIR_PORT_OUT);
    ok &= read_edges(m, s);
    const nh_h5 *metadata = nh_h5_find(s->group, "metadata");
    if (metadata) nir_metadata(m, metadata);
    if (!ok) return false;
    if (s->input == -1) s->input = add_port(m, s, NIR_PORT_IN);
    if (s->output == -1) s->output = add_port(m, s, NIR_PORT_OUT);
    return s->input >= 0 && s->output >= 0;
}

bool nir_flatten(nir_model *m, const nh_h5 *root) {
    const nh_h5 *top = root->kind == NH_H5_GROUP ? nh_h5_find(root, "node") : NULL;
    scope s = {.group = top, .prefix = ""};
    if (!top) {
        nh_report(m->d, NH_M_NIR_FORM, nir_at(m, root->path), "the file has no group 'node'");
        if (root->kind == NH_H5_GROUP && nh_h5_find(root, "layer"))
            nh_diag_hint(m->d, "this looks like a lava-dl network: its extension is .net");
        else if (root->kind == NH_H5_GROUP && nh_h5_find(root, "nodes"))
            nh_diag_hint(m->d, "this looks like NIR data (signals), not like a network");
        return false;
    }
    const char *type = type_of(m, top);
    if (!type) return false;
    if (strcmp(type, "NIRGraph") != 0) {
        nh_report(m->d, NH_M_NIR_FORM, nir_at(m, top->path), "the root is not a graph");
        nh_diag_found(m->d, "type '%.60s'", type);
        nh_diag_allowed(m->d, "NIRGraph");
        return false;
    }
    if (!read_scope(m, &s)) return false;
    m->input = s.input;
    m->output = s.output;
    return true;
}
