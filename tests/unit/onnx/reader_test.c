/* Choosing the reader, notes and warnings, and damage at every byte. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"
#include "sources.h"

#define GOOD NH_SOURCE_DIR "/tests/fixtures/onnx/good/"

static nh_arena *a;
static nh_diag *d;

static void setup(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
}

static void teardown(void) { nh_arena_free(a); }

TestSuite(reader, .init = setup, .fini = teardown);

static nh_bytes load(const char *path) {
    nh_bytes file;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 1 << 20, &file), "%s", path);
    return file;
}

/* A copy of the bytes under another name. */
static const char *save(const void *data, size_t size, const char *suffix) {
    char *path = nh_arena_printf(a, "/tmp/nh_reader_XXXXXX%s", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
    return path;
}

Test(reader, knows_a_model_by_its_content_when_the_extension_says_nothing) {
    nh_bytes file = load(GOOD "gemm_no_bias.onnx");
    const char *path = save(file.data, file.size, ".bin");
    nh_graph *g = nh_model_read(a, d, NH_NOWHERE, path, NULL);
    unlink(path);
    cr_assert(g);
    cr_assert_eq(g->n_layer, 2);
}

Test(reader, refuses_a_file_of_no_known_kind) {
    const char *path = save("PK\3\4", 4, ".pt");
    cr_assert_null(nh_model_read(a, d, NH_NOWHERE, path, NULL));
    unlink(path);
    cr_assert_eq(d->item[0].code, NH_M_READER);
}

Test(reader, a_missing_file_is_a_diagnostic) {
    cr_assert_null(nh_model_read(a, d, NH_NOWHERE, GOOD "no_such_model.onnx", NULL));
    cr_assert_eq(d->item[0].code, NH_O_READ);
}

/* So that caches and headers of outputs know when the weights change and the model file does not. */
Test(reader, notes_the_hash_of_a_file_with_weights) {
    nh_hash hash;
    nh_sources_begin(d);
    cr_assert(nh_model_read(a, d, NH_NOWHERE, GOOD "external_data.onnx", NULL));
    const nh_sources *s = nh_sources_end(d);
    cr_assert_eq(s->n, 2);
    const char *noted = nh_sources_hash(s, GOOD "below/weights.data");
    cr_assert(nh_hash_file(a, GOOD "below/weights.data", &hash));
    cr_assert(noted);
    cr_assert_str_eq(noted, hash.hex);
}

Test(reader, an_output_is_chosen_by_the_name_of_an_output_a_tensor_or_a_node) {
    static const struct {
        const char *name, *layer;
    } row[] = {{"label", "am"}, {"p", "sm"}, {"sm", "sm"}, {"am", "am"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        nh_options o = {.output_name = row[i].name};
        nh_graph *g = nh_model_read(a, d, NH_NOWHERE, GOOD "label_beside_probabilities.onnx", &o);
        cr_assert(g, "%s", row[i].name);
        cr_expect_str_eq(g->layer[g->tensor[g->output].producer].name, row[i].layer);
    }
}

Test(reader, tells_which_nodes_were_left_out) {
    cr_assert(nh_model_read(a, d, NH_NOWHERE, GOOD "unsorted_with_dead_nodes.onnx", NULL));
    cr_assert_eq(d->count, 1);
    cr_assert_eq(d->item[0].code, NH_M_DEAD);
}

/* The last field of the file is opset_import { domain: "" version: 13 }; its last byte is the version. */
Test(reader, warns_of_an_operator_set_from_the_future) {
    nh_bytes file = load(GOOD "gemm_no_bias.onnx");
    uint8_t *copy = nh_arena_alloc(a, file.size + 1);
    memcpy(copy, file.data, file.size);
    cr_assert_eq(copy[file.size - 1], 13);
    copy[file.size - 1] = 99;
    cr_assert(nh_reader_onnx.read(a, d, "new.onnx", (nh_bytes){copy, file.size}, NULL));
    cr_assert_eq(d->n_warning, 1);
    cr_assert_eq(d->item[0].code, NH_M_OPSET_NEW);
}

/* Read with a fresh arena; a refusal without an error, or a graph that the verifier rejects, is a failure. */
static void expect_sane(const char *name, const uint8_t *data, size_t size) {
    nh_arena *own = nh_arena_new();
    nh_diag *errors = nh_diag_new(own);
    nh_graph *g = nh_reader_onnx.read(own, errors, name, (nh_bytes){data, size}, NULL);
    if (g)
        cr_assert_null(nh_graph_check(g, own), "%s, %zu bytes", name, size);
    else
        cr_assert_gt(errors->n_error, 0, "%s, %zu bytes", name, size);
    nh_arena_free(own);
}

Test(reader, survives_a_cut_and_a_flipped_byte_anywhere) {
    DIR *dir = opendir(GOOD);
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strstr(e->d_name, ".onnx")) continue;
        nh_bytes file = load(nh_arena_printf(a, GOOD "%s", e->d_name));
        uint8_t *copy = nh_arena_alloc(a, file.size + 1);
        memcpy(copy, file.data, file.size);
        for (size_t i = 0; i<file.size; i += file.size> 240 ? file.size / 60 : 1) { /* of large ones some bytes */
            expect_sane(e->d_name, file.data, i);
            for (unsigned flip = 1; flip < 256; flip <<= 1) {
                copy[i] = (uint8_t)(file.data[i] ^ flip);
                expect_sane(e->d_name, copy, file.size);
            }
            copy[i] = file.data[i];
        }
    }
    closedir(dir);
}
