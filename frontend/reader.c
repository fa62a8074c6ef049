#include "reader.h"

#include <string.h>
#include <strings.h>

static const nh_reader *const readers[] = {&nh_reader_onnx, &nh_reader_nir, &nh_reader_lava};
enum { N_READERS = sizeof readers / sizeof *readers };

/* Is `ext` (with its dot) one of the blank separated words of `list`? */
static bool lists(const char *list, const char *ext) {
    size_t n = strlen(ext);
    for (const char *p = list; *p;) {
        size_t word = strcspn(p, " ");
        if (word == n && strncasecmp(p, ext, n) == 0) return true;
        p += word + strspn(p + word, " ");
    }
    return false;
}

static const nh_reader *choose(const char *path, nh_bytes file) {
    const char *dot = strrchr(nh_path_base(path), '.');
    for (int i = 0; dot && i < N_READERS; i++)
        if (lists(readers[i]->extensions, dot)) return readers[i];
    for (int i = 0; i < N_READERS; i++)
        if (readers[i]->probe(file)) return readers[i];
    return NULL;
}

nh_graph *nh_model_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, const nh_options *o) {
    nh_bytes file;
    if (!nh_file_read(a, d, at, path, NH_MODEL_LIMIT, &file)) return NULL;
    const nh_reader *r = choose(path, file);
    if (!r) {
        nh_report(d, NH_M_READER, at, "'%s' is not a kind of model that can be read", path);
        nh_diag_allowed(d, ".onnx .nir .net");
        return NULL;
    }
    if (o && o->output_name && r != &nh_reader_onnx) {
        nh_report(d, NH_C_CONFLICT, o->output_at, "output is a name, but only the outputs of ONNX models have names");
        nh_diag_found(d, "%s", o->output_name);
        nh_diag_allowed(d, "values, argmax");
        return NULL;
    }
    return r->read(a, d, path, file, o);
}
