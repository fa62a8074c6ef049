/* Tensors whose data stand in another file, beside the model: PyTorch writes large models so.
 *
 * A model may come from anywhere, so what it names is read only inside its own folder: no absolute path, no
 * step upwards, no link that leads out, no device. */
#include "onnx_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* What a tensor says of its data. */
typedef struct {
    const char *location;
    const char *checksum; /* SHA-1 of the file, or NULL */
    uint64_t offset, length;
    bool has_length;
} entry;

static bool bad(onnx_reader *r, const char *name, const char *what, const char *value) {
    nh_report(r->d, NH_M_TENSOR, onnx_at(r, "tensor", name), "the data of the tensor '%s' %s", name, what);
    nh_diag_found(r->d, "%.200s", value);
    return false;
}

/* A decimal number below 2^62. */
static bool number(const char *s, uint64_t *out) {
    *out = 0;
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9' || *out > ((uint64_t)1 << 58)) return false;
        *out = *out * 10 + (uint64_t)(*p - '0');
    }
    return *s != 0;
}

static bool read_entry(onnx_reader *r, const Onnx__TensorProto *t, const char *name, entry *e) {
    *e = (entry){0};
    for (size_t i = 0; i < t->n_external_data; i++) {
        const char *key = t->external_data[i]->key, *value = t->external_data[i]->value;
        if (!value) value = "";
        if (!key) key = "";
        if (strcmp(key, "location") == 0)
            e->location = value;
        else if (strcmp(key, "offset") == 0 || strcmp(key, "length") == 0) {
            bool is_length = *key == 'l';
            if (!number(value, is_length ? &e->length : &e->offset))
                return bad(r, name, is_length ? "have a length that is no number" : "have an offset that is no number",
                           value);
            e->has_length = e->has_length || is_length;
        } else if (strcmp(key, "checksum") == 0)
            e->checksum = value;
        else
            return bad(r, name, "are described by a key that is not known", key);
    }
    return (e->location && *e->location) || bad(r, name, "are in another file, but it is not named", "no location");
}

/* Is the path relative, without a step upwards? */
static bool stays_below(const char *path) {
    if (*path == '/') return false;
    for (const char *p = path; *p; p += strspn(p, "/")) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') return false;
        p += n;
    }
    return true;
}

/* Do all links of the path end inside the folder? Both exist. */
static bool resolves_below(const char *folder, const char *path) {
    char *top = realpath(folder, NULL), *full = realpath(path, NULL);
    size_t n = top ? strlen(top) : 0;
    if (n == 1) n = 0; /* the root: every path begins with its slash */
    bool below = top && full && strncmp(top, full, n) == 0 && full[n] == '/';
    free(top);
    free(full);
    return below;
}

/* A file that claims far more than the disk holds of it costs the reader memory and its maker nothing. */
static bool is_hollow(const struct stat *s) {
    return s->st_size > (off_t)64 << 20 && (int64_t)s->st_blocks * 512 < s->st_size / 2;
}

static bool open_file(onnx_reader *r, const char *name, const char *location, nh_bytes *out) {
    struct stat s;
    const char *folder = nh_path_dir(r->scratch, r->path), *path = nh_path_join(r->a, folder, location);
    if (!stays_below(location))
        return bad(r, name, "are outside of the folder of the model, where nothing is read", location);
    if (stat(path, &s) != 0) {
        bad(r, name, errno == ENOENT ? "are in a file that does not exist" : "are in a file that cannot be read", path);
        nh_diag_hint(r->d, "keep '%.200s' beside the model, under this name", location);
        return false;
    }
    if (!S_ISREG(s.st_mode)) return bad(r, name, "are not in a regular file", path);
    if (!resolves_below(folder, path))
        return bad(r, name, "are behind a link that leads out of the folder of the model", path);
    if (is_hollow(&s)) return bad(r, name, "are in a file that is mostly a hole", path);
    return nh_file_read(r->a, r->d, onnx_at(r, "tensor", name), path, NH_MODEL_LIMIT, out);
}

/* The file; each is read once, and one that cannot be read is an error of the first tensor alone. NULL: diagnosed. */
static onnx_external *find_file(onnx_reader *r, const char *name, const char *location) {
    for (onnx_external *x = r->external; x; x = x->next)
        if (strcmp(x->location, location) == 0) return x->ok ? x : NULL;
    onnx_external *x = NH_NEW(r->scratch, onnx_external);
    *x = (onnx_external){.location = location, .next = r->external};
    r->external = x;
    x->ok = open_file(r, name, location, &x->file);
    if (!x->ok) return NULL;
    r->fold_left += NH_FOLD_PER_BYTE * (int64_t)x->file.size;
    return x;
}

/* Does the file have the SHA-1 that the tensor says of it? A file that has not is as good as none. */
static bool has_checksum(onnx_reader *r, const char *name, const entry *e, onnx_external *x) {
    if (!e->checksum) return true;
    if (strlen(e->checksum) != sizeof x->sha1.hex - 1 || e->checksum[strspn(e->checksum, "0123456789abcdefABCDEF")]) {
        bad(r, name, "have a checksum that is no SHA-1", e->checksum);
        nh_diag_allowed(r->d, "40 hexadecimal digits");
        return x->ok = false;
    }
    if (!*x->sha1.hex) x->sha1 = nh_sha1_of(x->file);
    if (strcasecmp(e->checksum, x->sha1.hex) == 0) return true;
    bad(r, name, "are in a file that is not the one that was saved with the model: its SHA-1 is another", x->sha1.hex);
    nh_diag_allowed(r->d, "%.200s", e->checksum);
    nh_diag_hint(r->d, "is '%.100s' of this model, and was it copied whole?", e->location);
    return x->ok = false;
}

bool onnx_external_data(onnx_reader *r, const Onnx__TensorProto *t, const char *name, uint64_t size, nh_bytes *out) {
    entry e;
    if (!read_entry(r, t, name, &e)) return false;
    onnx_external *x = find_file(r, name, e.location);
    if (!x || !has_checksum(r, name, &e, x)) return false;
    nh_bytes file = x->file;
    if (e.has_length && e.length != size) {
        bad(r, name, "do not have the length that its shape asks for",
            nh_arena_printf(r->scratch, "%llu bytes of '%.100s'", (unsigned long long)e.length, e.location));
        nh_diag_allowed(r->d, "%llu bytes", (unsigned long long)size);
        return false;
    }
    if (e.offset > file.size || size > file.size - e.offset) {
        bad(r, name, "go beyond the end of their file",
            nh_arena_printf(r->scratch, "%llu bytes at %llu of '%.100s', which has %zu", (unsigned long long)size,
                            (unsigned long long)e.offset, e.location, file.size));
        nh_diag_hint(r->d, "is the file that of this model, and was it copied whole?");
        return false;
    }
    *out = (nh_bytes){file.data + e.offset, (size_t)size};
    return true;
}
