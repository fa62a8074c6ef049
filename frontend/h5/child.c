#include "child.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "stream.h"

/* Addresses of the objects met: a hash table that is never more than half full. */
enum { SEEN_SIZE = 1 << 18 };
/* Strings of variable length are fetched so many at a time. */
enum { BLOCK = 1024 };
enum { OUT_SIZE = 1 << 16 };
_Static_assert(SEEN_SIZE >= 2 * NH_H5_MAX_OBJECTS, "room for every object");

typedef struct {
    nh_arena *a, *data, *block; /* data: of one dataset; block: what the library allocates for BLOCK strings */
    nh_bytes file;
    nh_h5_sink sink;
    uint8_t *out;
    size_t n_out;
    bool lost; /* the sink fails */
    haddr_t *seen;
    size_t n_object;
    size_t room_block; /* bytes that the library may still allocate for a block */
    size_t room_file,
        room_memory; /* bytes of data left: as in the file after decompression, as the parent holds them */
} walk;

typedef struct {
    const char *name;
    H5L_type_t type;
    haddr_t address;
    size_t soft_size;
} member;

typedef struct {
    walk *w;
    member *item;
    size_t n, cap;
    const char *wrong;
} members;

typedef struct {
    hid_t id, type, space;
    nh_h5_element e;
    int rank;
    hsize_t dim[NH_H5_MAX_RANK];
    size_t n;
} dataset;

/* --- the stream -------------------------------------------------------------------------------------------------- */

static void flush(walk *w) {
    if (!w->lost && w->n_out) w->lost = !w->sink.put(w->sink.ctx, w->out, w->n_out);
    w->n_out = 0;
}

static void put(walk *w, const void *data, size_t size) {
    if (size > OUT_SIZE - w->n_out) flush(w);
    if (size > OUT_SIZE) {
        if (!w->lost) w->lost = !w->sink.put(w->sink.ctx, data, size);
        return;
    }
    if (size) memcpy(w->out + w->n_out, data, size);
    w->n_out += size;
}

static void put_uint(walk *w, uint64_t v, int size) {
    uint8_t byte[8];
    for (int i = 0; i < size; i++) byte[i] = (uint8_t)(v >> 8 * i);
    put(w, byte, (size_t)size);
}

/* So that the parent knows the object even when the next call of the library does not return. */
static void announce(walk *w, const char *name) {
    put_uint(w, NH_H5_OBJECT, 1);
    put_uint(w, strlen(name), 2);
    put(w, name, strlen(name));
    flush(w);
}

/* Returns false, so that a check is one line. */
static bool problem(walk *w, nh_h5_bad what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void begin(walk *w, size_t size) {
    if (w->sink.begin) w->sink.begin(w->sink.ctx, size);
}

static bool problem(walk *w, nh_h5_bad what, const char *fmt, ...) {
    char text[NH_H5_MAX_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put_uint(w, NH_H5_PROBLEM, 1);
    put_uint(w, what, 1);
    put_uint(w, strlen(text), 2);
    put(w, text, strlen(text));
    return false;
}

/* --- what the library says --------------------------------------------------------------------------------------- */

typedef struct {
    nh_h5_bad what;
    char text[160];
} reason;

/* The innermost message tells most; it must not change from run to run, so it ends before an address of this process.
 */
static herr_t pick_reason(unsigned n, const H5E_error2_t *e, void *out) {
    reason *r = out;
    if (e->min_num == H5E_TRUNCATED) r->what = NH_H5_BAD_TRUNCATED;
    if (n != 0 || !e->desc) return 0;
    snprintf(r->text, sizeof r->text, "%s", e->desc);
    if (strstr(r->text, "0x")) r->text[strcspn(r->text, ":=")] = 0;
    bool is_memory = e->min_num == H5E_NOSPACE || e->min_num == H5E_CANTALLOC;
    if (is_memory && strstr(r->text, "alloc")) r->what = NH_H5_BAD_MEMORY;
    return 0;
}

static bool library_problem(walk *w) {
    reason r = {NH_H5_BAD_FORMAT, "no reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, pick_reason, &r);
    if (r.what == NH_H5_BAD_TRUNCATED)
        return problem(w, r.what, "the file is shorter than its header says (HDF5: %s)", r.text);
    if (r.what == NH_H5_BAD_MEMORY) return problem(w, r.what, "HDF5 has not enough memory for it (%s)", r.text);
    return problem(w, r.what, "HDF5 cannot read it: %s", r.text);
}

/* --- datasets ---------------------------------------------------------------------------------------------------- */

static void index_text(const dataset *s, size_t i, char *text, size_t size) {
    size_t at[NH_H5_MAX_RANK] = {0}, used = 0;
    for (int k = s->rank; k-- > 0; i /= (size_t)s->dim[k]) at[k] = i % (size_t)s->dim[k];
    *text = 0;
    for (int k = 0; k < s->rank && used < size; k++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%zu%s", k ? ", " : "[", at[k], k + 1 == s->rank ? "] " : "");
}

static void put_shape(walk *w, const dataset *s) {
    put_uint(w, (uint64_t)s->rank, 1);
    for (int k = 0; k < s->rank; k++) put_uint(w, s->dim[k], 8);
}

static bool read_numbers(walk *w, const dataset *s) {
    /* One more, so that there is an address even without elements. */
    uint8_t *raw = nh_arena_array(w->data, s->n + 1, s->e.size);
    if (!raw) return problem(w, NH_H5_BAD_LIMIT, "%zu elements", s->n);
    if (s->n && H5Dread(s->id, s->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0) return library_problem(w);
    size_t n_wrong = 0, first = 0;
    double v;
    for (size_t i = 0; i < s->n; i++)
        if (!nh_h5_element_value(&s->e, raw + i * s->e.size, &v) && n_wrong++ == 0) first = i;
    if (n_wrong) {
        char at[200], value[24];
        index_text(s, first, at, sizeof at);
        nh_h5_element_text(&s->e, raw + first * s->e.size, value, sizeof value);
        return problem(w, NH_H5_BAD_VALUE, "element %sis %s: more than 53 bits (%zu such elements)", at, value,
                       n_wrong);
    }
    put_uint(w, NH_H5_NUMBERS, 1);
    put_uint(w, s->e.kind == NH_H5_INT, 1);
    put_shape(w, s);
    for (size_t i = 0; i < s->n; i++) {
        uint64_t bits;
        nh_h5_element_value(&s->e, raw + i * s->e.size, &v);
        memcpy(&bits, &v, sizeof bits);
        put_uint(w, bits, 8);
    }
    return true;
}

/* The strings of a dataset, as the records that they become. */
typedef struct {
    uint8_t *data;
    size_t size, cap;
} strings;

static bool add_string(walk *w, strings *t, const char *text, size_t length) {
    if (length > w->room_memory)
        return problem(w, NH_H5_BAD_LIMIT, "its strings have more than %zu MiB", NH_H5_MAX_BYTES >> 20);
    w->room_memory -= length;
    t->data = nh_arena_grow(w->data, t->data, &t->cap, t->size + length + 4, 1);
    for (int i = 0; i < 4; i++) t->data[t->size++] = (uint8_t)(length >> 8 * i);
    if (length) memcpy(t->data + t->size, text, length);
    t->size += length;
    return true;
}

static bool read_fixed(walk *w, const dataset *s, strings *t) {
    char *raw = nh_arena_array(w->data, s->n + 1, s->e.size);
    if (!raw) return problem(w, NH_H5_BAD_LIMIT, "%zu strings", s->n);
    if (s->n && H5Dread(s->id, s->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) < 0) return library_problem(w);
    for (size_t i = 0; i < s->n; i++) {
        const char *text = raw + i * s->e.size;
        size_t length = s->e.size;
        if (s->e.pad == H5T_STR_NULLTERM) length = strnlen(text, length);
        char pad = s->e.pad == H5T_STR_SPACEPAD ? ' ' : 0;
        while (length && text[length - 1] == pad) length--;
        if (memchr(text, 0, length)) return problem(w, NH_H5_BAD_FORMAT, "string %zu has a zero byte inside", i);
        if (!add_string(w, t, text, length)) return false;
    }
    return true;
}

/* The library's allocator of strings: the size, which is one more than the length in the file, stands before each. */
typedef union {
    size_t size;
    max_align_t align;
} string_head;

static void *allocate_string(size_t size, void *ctx) {
    walk *w = ctx;
    if (size > w->room_block) return NULL;
    w->room_block -= size;
    string_head *head = nh_arena_alloc(w->block, sizeof *head + size);
    head->size = size;
    return head + 1;
}

static void free_string(void *p, void *ctx) {
    (void)p;
    (void)ctx;
}

/* Zeros at the end are padding; a zero inside would cut the text off. */
static bool add_variable(walk *w, strings *t, const char *text, size_t i) {
    if (!text) return add_string(w, t, "", 0);
    size_t length = ((const string_head *)(const void *)text - 1)->size - 1, used = strnlen(text, length);
    for (size_t k = used; k < length; k++)
        if (text[k]) return problem(w, NH_H5_BAD_FORMAT, "string %zu has a zero byte inside", i);
    return add_string(w, t, text, used);
}

typedef struct {
    hid_t type, transfer;
    hsize_t *at; /* [BLOCK][rank] */
    char **text; /* [BLOCK] */
} block_reader;

/* n strings from `first` on. */
static bool read_block(walk *w, const dataset *s, const block_reader *r, size_t first, size_t n, strings *t) {
    hsize_t count = n;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    for (size_t i = 0; i < n && s->rank; i++)
        for (size_t rest = first + i, k = (size_t)s->rank; k-- > 0; rest /= (size_t)s->dim[k])
            r->at[i * (size_t)s->rank + k] = rest % (size_t)s->dim[k];
    memset(r->text, 0, n * sizeof *r->text);
    nh_arena_reset(w->block);
    w->room_block = w->room_memory;
    bool ok =
        (!s->rank || H5Sselect_elements(s->space, H5S_SELECT_SET, n, r->at) >= 0) &&
        H5Dread(s->id, r->type, s->rank ? memory : H5S_ALL, s->rank ? s->space : H5S_ALL, r->transfer, r->text) >= 0;
    if (!ok) library_problem(w);
    for (size_t i = 0; ok && i < n; i++) ok = add_variable(w, t, r->text[i], first + i);
    H5Sclose(memory);
    return ok;
}

static bool read_variable(walk *w, const dataset *s, strings *t) {
    block_reader r = {H5Tcopy(H5T_C_S1), H5Pcreate(H5P_DATASET_XFER), NULL, NULL};
    r.at = nh_arena_alloc(w->data, BLOCK * NH_H5_MAX_RANK * sizeof *r.at);
    r.text = nh_arena_alloc(w->data, BLOCK * sizeof *r.text);
    bool ok = H5Tset_size(r.type, H5T_VARIABLE) >= 0 && H5Tset_cset(r.type, H5Tget_cset(s->type)) >= 0 &&
              H5Pset_vlen_mem_manager(r.transfer, allocate_string, w, free_string, w) >= 0;
    if (!ok) library_problem(w);
    for (size_t i = 0; ok && i < s->n; i += BLOCK) ok = read_block(w, s, &r, i, s->n - i < BLOCK ? s->n - i : BLOCK, t);
    H5Pclose(r.transfer);
    H5Tclose(r.type);
    return ok;
}

static bool read_strings(walk *w, const dataset *s) {
    strings t = {0};
    if (!(s->e.kind == NH_H5_FIXED ? read_fixed : read_variable)(w, s, &t)) return false;
    put_uint(w, NH_H5_STRINGS, 1);
    put_shape(w, s);
    put(w, t.data, t.size);
    return true;
}

static bool product(const hsize_t *dim, int rank, size_t *n) {
    *n = 1;
    for (int i = 0; i < rank; i++)
        if (dim[i] == 0) {
            *n = 0;
            return true;
        }
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(*n, dim[i], n)) return false;
    return true;
}

static void size_text(size_t n, size_t size, char *text, size_t cap) {
    double bytes = (double)n * (double)size;
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t k = 0;
    for (; bytes >= 1024 && k + 1 < sizeof unit / sizeof *unit; k++) bytes /= 1024;
    snprintf(text, cap, "%.4g %s", bytes, unit[k]);
}

/* Claimed sizes against what a file of this size can hold, before anything is read. */
static bool check_size(walk *w, size_t n, size_t each, const char *of) {
    char claim[40], file[40];
    size_text(n, each, claim, sizeof claim);
    size_text(w->file.size, 1, file, sizeof file);
    if (n > NH_H5_MAX_BYTES / each)
        return problem(w, NH_H5_BAD_LIMIT, "%s claims %s, allowed are %zu MiB", of, claim, NH_H5_MAX_BYTES >> 20);
    if (n * each <= w->room_file) return true;
    return problem(w, NH_H5_BAD_BOMB, "%s claims %s, which with what is before it cannot come out of a file of %s", of,
                   claim, file);
}

static bool check_layout(walk *w, hid_t plist, size_t each) {
    hsize_t chunk[H5S_MAX_RANK];
    size_t n;
    switch (H5Pget_layout(plist)) {
    case H5D_COMPACT:
    case H5D_CONTIGUOUS: return true;
    case H5D_CHUNKED: {
        int rank = H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
        if (rank < 0) return library_problem(w);
        if (!product(chunk, rank, &n)) return problem(w, NH_H5_BAD_LIMIT, "its chunks claim more than 2^64 elements");
        return check_size(w, n, each, "a chunk of it");
    }
    case H5D_VIRTUAL:
        return problem(w, NH_H5_BAD_EXTERNAL, "it is a virtual dataset: its values are in other datasets");
    default: return problem(w, NH_H5_BAD_TYPE, "it has an unknown layout");
    }
}

static bool check_filters(walk *w, hid_t plist) {
    int n = H5Pget_nfilters(plist);
    if (n < 0) return library_problem(w);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t n_value = 0;
        char name[64] = "";
        H5Z_filter_t id = H5Pget_filter2(plist, (unsigned)i, &flags, &n_value, NULL, sizeof name, name, &config);
        if (id == H5Z_FILTER_DEFLATE || id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_FLETCHER32) continue;
        name[sizeof name - 1] = 0;
        return problem(w, NH_H5_BAD_FILTER, "it is compressed with filter %d%s%s%s", (int)id, *name ? " ('" : "", name,
                       *name ? "')" : "");
    }
    return true;
}

static bool check_plist(walk *w, hid_t plist, size_t each) {
    int n_external = H5Pget_external_count(plist);
    if (n_external < 0) return library_problem(w);
    if (n_external > 0) {
        char name[200] = "";
        H5Pget_external(plist, 0, sizeof name - 1, name, NULL, NULL);
        return problem(w, NH_H5_BAD_EXTERNAL, "its values are in another file: '%s'", name);
    }
    return check_layout(w, plist, each) && check_filters(w, plist);
}

static bool check_storage(walk *w, hid_t id, size_t each) {
    hid_t plist = H5Dget_create_plist(id);
    if (plist < 0) return library_problem(w);
    bool ok = check_plist(w, plist, each);
    H5Pclose(plist);
    return ok;
}

static bool get_shape(walk *w, dataset *s) {
    H5S_class_t class = H5Sget_simple_extent_type(s->space);
    if (class == H5S_NULL) return problem(w, NH_H5_BAD_TYPE, "it has no value (a null dataspace)");
    if (class != H5S_SCALAR && class != H5S_SIMPLE) return library_problem(w);
    s->rank = H5Sget_simple_extent_ndims(s->space);
    if (s->rank < 0) return library_problem(w);
    if (s->rank > NH_H5_MAX_RANK)
        return problem(w, NH_H5_BAD_LIMIT, "it has %d dimensions, allowed are %d", s->rank, NH_H5_MAX_RANK);
    if (s->rank && H5Sget_simple_extent_dims(s->space, s->dim, NULL) < 0) return library_problem(w);
    if (!product(s->dim, s->rank, &s->n)) return problem(w, NH_H5_BAD_LIMIT, "it claims more than 2^64 elements");
    return true;
}

static bool read_described(walk *w, dataset *s) {
    if (s->type < 0 || s->space < 0) return library_problem(w);
    const char *other = nh_h5_element_of(s->type, &s->e);
    if (other) return problem(w, NH_H5_BAD_TYPE, "it holds %s", other);
    if (!get_shape(w, s) || !check_storage(w, s->id, s->e.size) || !check_size(w, s->n, s->e.size, "it")) return false;
    bool is_number = s->e.kind == NH_H5_INT || s->e.kind == NH_H5_FLOAT;
    size_t each = is_number ? NH_H5_NUMBER_SIZE : NH_H5_STRING_SIZE;
    if (s->n > w->room_memory / each)
        return problem(w, NH_H5_BAD_LIMIT, "with it the file has more than %zu MiB of data in memory",
                       NH_H5_MAX_BYTES >> 20);
    w->room_file -= s->n * s->e.size;
    w->room_memory -= s->n * each;
    begin(w, s->n * each);
    return is_number ? read_numbers(w, s) : read_strings(w, s);
}

static void read_dataset(walk *w, hid_t id) {
    dataset s = {.id = id, .type = H5Dget_type(id), .space = H5Dget_space(id)};
    read_described(w, &s);
    nh_arena_reset(w->data);
    if (s.type >= 0) H5Tclose(s.type);
    if (s.space >= 0) H5Sclose(s.space);
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

static herr_t collect(hid_t group, const char *name, const H5L_info_t *info, void *ctx) {
    (void)group;
    members *m = ctx;
    if (m->w->n_object + m->n >= NH_H5_MAX_OBJECTS)
        m->wrong = "too many objects";
    else if (strlen(name) > NH_H5_MAX_NAME)
        m->wrong = "a name that is too long";
    if (m->wrong) return -1;
    m->item = nh_arena_grow(m->w->a, m->item, &m->cap, m->n + 1, sizeof *m->item);
    m->item[m->n++] = (member){.name = nh_arena_str(m->w->a, name),
                               .type = info->type,
                               .address = info->type == H5L_TYPE_HARD ? info->u.address : HADDR_UNDEF};
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const member *)a)->name, ((const member *)b)->name);
}

/* Note the object's address; false when it was there. */
static bool first_visit(walk *w, haddr_t address) {
    for (uint64_t i = address * 0x9e3779b97f4a7c15u >> 40;; i++) {
        haddr_t *slot = &w->seen[i % SEEN_SIZE];
        if (*slot == address + 1) return false;
        if (*slot) continue;
        *slot = address + 1;
        return true;
    }
}

/* Is this a link that leads to an object of its own in this file? */
static bool check_link(walk *w, const member *m) {
    switch (m->type) {
    case H5L_TYPE_HARD:
        if (first_visit(w, m->address)) return true;
        return problem(w, NH_H5_BAD_LINK, "it is a second link to an object, or leads back to a group around it");
    case H5L_TYPE_SOFT: return problem(w, NH_H5_BAD_LINK, "it is a soft link");
    case H5L_TYPE_EXTERNAL: return problem(w, NH_H5_BAD_LINK, "it is an external link, to another file");
    default: return problem(w, NH_H5_BAD_LINK, "it is a user-defined link of type %d", (int)m->type);
    }
}

static void walk_group(walk *w, hid_t group, int depth);

static void walk_object(walk *w, hid_t id, int depth) {
    switch (H5Iget_type(id)) {
    case H5I_GROUP:
        if (depth == NH_H5_MAX_DEPTH) {
            problem(w, NH_H5_BAD_LIMIT, "groups are nested more than %d deep", NH_H5_MAX_DEPTH);
            break;
        }
        put_uint(w, NH_H5_OPEN, 1);
        walk_group(w, id, depth + 1);
        put_uint(w, NH_H5_UP, 1);
        break;
    case H5I_DATASET: read_dataset(w, id); break;
    case H5I_DATATYPE: problem(w, NH_H5_BAD_TYPE, "it is a named type, not data"); break;
    default: problem(w, NH_H5_BAD_TYPE, "it is neither a group nor a dataset"); break;
    }
}

static void walk_member(walk *w, hid_t group, const member *m, int depth) {
    announce(w, m->name);
    begin(w, 0);
    if (!check_link(w, m)) return;
    hid_t id = H5Oopen(group, m->name, H5P_DEFAULT);
    if (id < 0) {
        library_problem(w);
    } else {
        walk_object(w, id, depth);
        H5Oclose(id);
    }
}

/* depth: groups from the root down to here. */
static void walk_group(walk *w, hid_t group, int depth) {
    members m = {.w = w};
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, collect, &m) < 0) {
        if (m.wrong)
            problem(w, NH_H5_BAD_LIMIT, "%s, allowed are %d objects and names of %d bytes", m.wrong, NH_H5_MAX_OBJECTS,
                    NH_H5_MAX_NAME);
        else
            library_problem(w);
        return;
    }
    w->n_object += m.n;
    if (m.n) qsort(m.item, m.n, sizeof *m.item, by_name);
    for (size_t i = 0; i < m.n && !w->lost; i++) {
        const char *name = m.item[i].name;
        if (!*name || strchr(name, '/') || strcmp(name, ".") == 0)
            problem(w, NH_H5_BAD_FORMAT, "a member has the impossible name '%.40s'", name);
        else if (i && strcmp(m.item[i - 1].name, name) == 0)
            problem(w, NH_H5_BAD_FORMAT, "two members are called '%.200s'", name);
        else
            walk_member(w, group, &m.item[i], depth);
    }
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

/* The library reads the bytes where they are: its "copies" are the bytes themselves. */
static void *image_get(size_t size, H5FD_file_image_op_t op, void *file) {
    (void)op;
    const nh_bytes *f = file;
    return size <= f->size ? (void *)(uintptr_t)f->data : NULL;
}

static void *image_copy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *file) {
    (void)op;
    (void)file;
    if (to != from) memcpy(to, from, size);
    return to;
}

static void *image_resize(void *p, size_t size, H5FD_file_image_op_t op, void *file) {
    (void)op;
    return size == ((const nh_bytes *)file)->size ? p : NULL;
}

static herr_t image_free(void *p, H5FD_file_image_op_t op, void *file) {
    (void)p;
    (void)op;
    (void)file;
    return 0;
}

static void *share_context(void *file) { return file; }

static herr_t unshare_context(void *file) {
    (void)file;
    return 0;
}

static hid_t open_image(nh_bytes *file) {
    hid_t plist = H5Pcreate(H5P_FILE_ACCESS), id = -1;
    H5FD_file_image_callbacks_t calls = {image_get,     image_copy,      image_resize, image_free,
                                         share_context, unshare_context, file};
    if (plist >= 0 && H5Pset_fapl_core(plist, 1 << 16, 0) >= 0 && H5Pset_file_image_callbacks(plist, &calls) >= 0 &&
        H5Pset_file_image(plist, (void *)(uintptr_t)file->data, file->size) >= 0)
        id = H5Fopen("model", H5F_ACC_RDONLY, plist); /* a name that is not looked for */
    return id;
}

bool nh_h5_child_init(void) {
    return H5open() >= 0 && H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0 && H5PLset_loading_state(0) >= 0;
}

static void walk_root(walk *w, hid_t file) {
    H5O_info_t info;
    hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    if (root < 0 || H5Oget_info(root, &info) < 0) {
        library_problem(w);
    } else {
        first_visit(w, info.addr);
        walk_group(w, root, 1);
    }
    if (root >= 0) H5Gclose(root);
}

static void walk_file(walk *w) {
    hid_t file = open_image(&w->file);
    if (file < 0) {
        library_problem(w);
    } else {
        walk_root(w, file);
        H5Fclose(file);
    }
}

bool nh_h5_child_walk(nh_arena *scratch, nh_bytes file, bool has_filter, nh_h5_sink sink) {
    walk w = {.a = scratch, .data = nh_arena_new(), .block = nh_arena_new(), .file = file, .sink = sink};
    w.room_file = nh_h5_room(file.size);
    w.room_memory = NH_H5_MAX_BYTES;
    w.out = nh_arena_alloc(scratch, OUT_SIZE);
    w.seen = nh_arena_array(scratch, SEEN_SIZE, sizeof *w.seen);
    put_uint(&w, NH_H5_BEGIN, 1);
    put_uint(&w, has_filter, 1);
    flush(&w);
    walk_file(&w);
    put_uint(&w, NH_H5_END, 1);
    flush(&w);
    nh_arena_free(w.data);
    nh_arena_free(w.block);
    return !w.lost;
}
