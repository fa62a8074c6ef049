/* Untrusted bytes -> image. Counts are compared with the bytes that are left before anything is allocated. */
#include <string.h>
#include <zlib.h>

#include "image_binary.h"
#include "neurons.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_loc at;
    const uint8_t *byte, *end; /* of the section */
    const char *section;
    const char *text; /* the last one: entries in a row share it */
    bool ok;
} reader;

static bool fail(reader *r, const char *what) {
    if (r->ok) nh_report(r->d, NH_I_FORMAT, r->at, "section %s: %s", r->section, what);
    return r->ok = false;
}

static int64_t get_int(reader *r) {
    uint64_t u = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (r->byte == r->end) {
            fail(r, "it ends within a number");
            return 0;
        }
        uint8_t byte = *r->byte++;
        u |= (uint64_t)(byte & 127) << shift;
        if (byte & 128) continue;
        int64_t v = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
        if (v > -NH_IMAGE_NUMBER && v < NH_IMAGE_NUMBER) return v;
        break;
    }
    fail(r, "a number is too large");
    return 0;
}

static int64_t get_within(reader *r, int64_t least, int64_t most, const char *what) {
    int64_t v = get_int(r);
    if (v >= least && v <= most) return v;
    fail(r, what);
    return least;
}

/* How many rows follow, each of at least `bytes` bytes. */
static int64_t get_count(reader *r, int64_t bytes) {
    int64_t n = get_int(r), left = r->end - r->byte;
    if (n >= 0 && n <= left / bytes) return n;
    fail(r, "it counts more entries than it has room for");
    return 0;
}

static bool get_flag(reader *r) { return get_within(r, 0, 1, "a flag is neither 0 nor 1") == 1; }

static const char *get_text(reader *r) {
    int64_t n = get_count(r, 1);
    const uint8_t *s = r->byte;
    if (!r->ok) return "";
    r->byte += n;
    if (n && memchr(s, 0, (size_t)n)) {
        fail(r, "a text has a byte 0");
        return "";
    }
    if (r->text && strlen(r->text) == (size_t)n && memcmp(r->text, s, (size_t)n) == 0) return r->text;
    return r->text = nh_arena_strn(r->a, (const char *)s, (size_t)n);
}

static void get_fields(reader *r, void *row, const nh_image_field *f) {
    for (; f->key; f++) {
        int64_t v = f->kind == NH_FIELD_INT ? get_within(r, INT32_MIN, INT32_MAX, "a number is too large") : get_int(r);
        nh_field_set(row, f, v);
    }
}

static void *get_array(reader *r, int64_t n, size_t size) {
    void *p = nh_arena_array(r->a, (size_t)n + 1, size);
    if (!p) fail(r, "it is too large");
    return p;
}

/* --- sections ---------------------------------------------------------------------------------------------------- */

static nh_format get_format(reader *r) {
    nh_format f = {0};
    const char *why;
    size_t at;
    const char *text = get_text(r);
    if (r->ok && !nh_format_parse(text, &f, &why, &at)) fail(r, "a format is not one");
    return f;
}

static void get_fabric(reader *r, nh_fabric *f) {
    f->name = get_text(r);
    get_fields(r, f, nh_fields_fabric);
    f->sparse = get_flag(r);
    f->n_model = (int)get_within(r, 0, NH_FABRIC_MODELS, "it has more models than a fabric can");
    f->at = r->at;
    for (int i = 0; i < f->n_model && r->ok; i++) {
        nh_fabric_model *m = &f->model[i];
        const char *text = get_text(r);
        if (!r->ok) return;
        m->program = nh_neuron_assemble(r->a, r->d, r->at.file, text, strlen(text), NULL, 0);
        if (!m->program) {
            fail(r, "the program of a model is wrong");
            return;
        }
        m->name = m->program->name;
        m->out = get_format(r);
        for (int k = 0; k < m->program->n_param; k++) m->param[k] = get_format(r);
    }
}

static void get_rows(reader *r, const nh_fabric *f, nh_core_image *c) {
    for (int64_t i = 0; i < c->n_axon && r->ok; i++) {
        int64_t kind = get_within(r, 0, 2, "an axon has an unknown kind");
        c->axon[i].valid = kind > 0;
        c->axon[i].sparse = kind == 2;
        if (kind) get_fields(r, &c->axon[i], kind == 2 ? nh_fields_sparse : nh_fields_dense);
    }
    for (int64_t i = 0; i < c->n_conv && r->ok; i++) {
        c->conv[i].valid = get_flag(r);
        if (c->conv[i].valid) get_fields(r, &c->conv[i], nh_fields_conv);
    }
    for (int64_t i = 0; i < c->n_synapse && r->ok; i++) {
        if (f->sparse) c->synapse_acc[i] = (int32_t)get_within(r, 0, INT32_MAX, "an accumulator's number is too large");
        for (int l = 0, n = nh_fabric_word_weights(f); l < n; l++)
            c->weight[i * n + l] = (int16_t)get_within(r, INT16_MIN, INT16_MAX, "a weight is too large");
    }
    for (int64_t i = 0; i < c->n_group && r->ok; i++) {
        get_fields(r, &c->group[i], nh_fields_group);
        c->group[i].per_word = get_flag(r);
        c->group[i].model = (int)get_within(r, 0, NH_FABRIC_MODELS, "a group's model does not exist");
    }
    for (int64_t i = 0, values = nh_image_values(f); i < c->n_param * f->lanes && r->ok; i++)
        for (int64_t k = 0; k < values; k++) c->param[i * NH_NEURON_PARAMS + k] = get_int(r);
    for (int64_t i = 0; i < c->n_route && r->ok; i++) {
        nh_route *t = &c->route[i];
        t->pixel_words = t->width = 1;
        get_fields(r, t, nh_fields_span);
        t->to_host = get_flag(r);
        if (!t->to_host) get_fields(r, &t->to, nh_fields_rect);
        get_fields(r, t, nh_fields_address);
        t->is_conv = get_flag(r);
        if (t->is_conv) get_fields(r, t, nh_fields_pixels);
    }
}

/* Rows are at least a byte per number. */
static void get_core(reader *r, const nh_fabric *f, nh_core_image *c) {
    int64_t values = nh_image_values(f);
    get_fields(r, c, nh_fields_core);
    if (get_flag(r)) get_fields(r, c, nh_fields_reset);
    c->n_synapse = get_count(r, nh_fabric_word_weights(f));
    c->n_group = get_count(r, 4);
    c->n_param = get_count(r, f->lanes * values);
    c->n_route = get_count(r, 7);
    int64_t left = r->end - r->byte;
    if (c->n_axon < 0 || c->n_axon > left || c->n_conv < 0 || c->n_conv > left)
        fail(r, "it counts more entries than it has room for");
    if (!r->ok) return;
    c->axon = get_array(r, c->n_axon, sizeof *c->axon);
    c->conv = get_array(r, c->n_conv, sizeof *c->conv);
    c->weight = get_array(r, c->n_synapse * nh_fabric_word_weights(f), sizeof *c->weight);
    c->synapse_acc = f->sparse ? get_array(r, c->n_synapse, sizeof *c->synapse_acc) : NULL;
    c->group = get_array(r, c->n_group, sizeof *c->group);
    c->param = get_array(r, c->n_param * f->lanes * NH_NEURON_PARAMS, sizeof *c->param);
    c->route = get_array(r, c->n_route, sizeof *c->route);
    if (r->ok) get_rows(r, f, c);
}

static void get_context(reader *r, const nh_fabric *f, nh_context *x) {
    get_fields(r, x, nh_fields_context);
    x->n_input = get_count(r, 10);
    x->input = get_array(r, x->n_input, sizeof *x->input);
    for (int64_t i = 0; i < x->n_input && r->ok; i++) {
        nh_input_entry *e = &x->input[i];
        e->tensor = get_text(r);
        get_fields(r, e, nh_fields_input);
        get_fields(r, &e->to, nh_fields_rect);
        e->is_conv = get_flag(r);
        if (e->is_conv) get_fields(r, e, nh_fields_tensor);
    }
    x->n_output = get_count(r, 7);
    x->output = get_array(r, x->n_output, sizeof *x->output);
    for (int64_t i = 0; i < x->n_output && r->ok; i++) {
        x->output[i].tensor = get_text(r);
        get_fields(r, &x->output[i], nh_fields_output);
        x->output[i].is_output = get_flag(r);
    }
    x->n_symbol = get_count(r, 11);
    x->symbol = get_array(r, x->n_symbol, sizeof *x->symbol);
    for (int64_t i = 0; i < x->n_symbol && r->ok; i++) {
        x->symbol[i].layer = get_text(r);
        get_fields(r, &x->symbol[i], nh_fields_symbol);
    }
    int64_t cores = get_count(r, 12);
    if (cores > NH_FABRIC_MESH_MOST * NH_FABRIC_MESH_MOST) fail(r, "it has more cores than a mesh can");
    if (!r->ok) return;
    x->n_core = (int)cores;
    x->core = get_array(r, cores, sizeof *x->core);
    for (int i = 0; i < x->n_core && r->ok; i++) get_core(r, f, &x->core[i]);
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

static uint64_t little(const uint8_t *from, int bytes) {
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | from[i];
    return v;
}

/* The section `tag` at *next becomes the reader's. */
static bool begin(reader *r, const uint8_t **next, const uint8_t *end, const char *tag) {
    r->section = tag;
    r->byte = r->end = *next;
    if (end - *next < NH_IMAGE_SECTION) return fail(r, "the file ends before it");
    if (memcmp(*next, tag, 4) != 0) return fail(r, "another one stands in its place");
    uint64_t size = little(*next + 4, 8);
    r->byte = *next + NH_IMAGE_SECTION;
    if (size > (uint64_t)(end - r->byte)) return fail(r, "the file ends within it");
    r->end = *next = r->byte + size;
    if (crc32_z(crc32_z(0, NULL, 0), r->byte, (size_t)size) == little(r->byte - 4, 4)) return true;
    r->ok = nh_report(r->d, NH_I_CHECKSUM, r->at, "section %s does not have its checksum", tag);
    return false;
}

static bool ends(reader *r) { return r->ok && (r->byte == r->end || fail(r, "it is longer than what it holds")); }

static bool check_head(reader *r, const uint8_t *bytes, size_t size) {
    if (size < 8 || memcmp(bytes, NH_IMAGE_MAGIC, 7) != 0)
        return nh_report(r->d, NH_I_MAGIC, r->at, "the file does not begin with NHIMAGE");
    if (bytes[7] != NH_IMAGE_VERSION) {
        nh_report(r->d, NH_I_VERSION, r->at, "the program image has version %d", bytes[7]);
        nh_diag_allowed(r->d, "%d", NH_IMAGE_VERSION);
        nh_diag_hint(r->d, "map or assemble it again; the neurohls that made it can disassemble it");
        return false;
    }
    return size >= NH_IMAGE_HEAD || fail(r, "the file ends before it");
}

static bool check_hash(reader *r, const nh_fabric *f, const uint8_t *hash) {
    char hex[65];
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    return strcmp(hex, nh_fabric_hash(r->a, f)) == 0 ||
           nh_report(r->d, NH_I_CHECKSUM, r->at, "the fabric does not have the hash of the file");
}

nh_image *nh_image_decode(nh_arena *a, nh_diag *d, const char *file, const uint8_t *bytes, size_t size) {
    reader r = {.a = a, .d = d, .at = {.file = file}, .ok = true, .section = "FABR"};
    nh_image *m = NH_NEW(a, nh_image);
    if (!check_head(&r, bytes, size)) return NULL;
    const uint8_t *next = bytes + NH_IMAGE_HEAD, *end = bytes + size;
    if (!begin(&r, &next, end, "FABR")) return NULL;
    get_fabric(&r, &m->fabric);
    if (!ends(&r) || !nh_fabric_check(&m->fabric, d) || !check_hash(&r, &m->fabric, bytes + 8)) return NULL;
    if (!begin(&r, &next, end, "HEAD")) return NULL;
    m->project = get_text(&r);
    get_fields(&r, m, nh_fields_image);
    int64_t n = get_int(&r);
    if (!ends(&r)) return NULL;
    if (n < 1 || n > (end - next) / NH_IMAGE_SECTION) {
        fail(&r, "it counts more contexts than the file has room for, or none");
        return NULL;
    }
    m->n_context = (int)n;
    m->context = nh_arena_array(a, (size_t)n, sizeof *m->context);
    for (int i = 0; i < m->n_context; i++) {
        if (!begin(&r, &next, end, "CTXT")) return NULL;
        get_context(&r, &m->fabric, &m->context[i]);
        if (!ends(&r)) return NULL;
    }
    if (next != end) {
        fail(&r, "bytes follow the last one");
        return NULL;
    }
    return nh_image_check(m, d, r.at) ? m : NULL;
}
