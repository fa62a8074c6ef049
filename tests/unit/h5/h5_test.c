/* HDF5 files written by h5py (tests/fixtures/h5/make_files.py): their values follow from their names. The name of a bad
 * file begins with the code it must be refused with. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "h5.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/h5/"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static nh_arena *a;
static nh_diag *d;

static void setup(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
}

static void teardown(void) { nh_arena_free(a); }

TestSuite(h5, .init = setup, .fini = teardown);

static nh_bytes load(const char *path) {
    nh_bytes file;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, (size_t)1 << 30, &file), "%s", path);
    return file;
}

static const nh_h5 *read_good(const char *name) {
    const char *path = nh_arena_printf(a, FIXTURES "good/%s", name);
    const nh_h5 *root = nh_h5_read(a, d, path, load(path));
    cr_assert(root, "%s: %s", name, d->count ? d->item[0].message : "no diagnostic");
    cr_assert_eq(d->count, 0, "%s", d->item[0].message);
    return root;
}

static const nh_h5 *member(const nh_h5 *root, const char *path) {
    const nh_h5 *o = root;
    char *copy = nh_arena_str(a, path);
    for (char *save, *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
        o = nh_h5_find(o, name);
        cr_assert(o, "%s: no %s", path, name);
    }
    return o;
}

static void expect_ramp(const nh_h5 *o, int first) {
    cr_assert(o->kind == NH_H5_NUMBER && o->rank == 2 && o->dim[0] == 2 && o->dim[1] == 3 && o->n == 6, "%s", o->path);
    for (int i = 0; i < 6; i++) cr_assert_eq(o->number[i], first + i, "%s [%d] = %g", o->path, i, o->number[i]);
}

static void expect_numbers(const char *file) {
    const nh_h5 *root = read_good(file);
    int n_ramp = 0;
    for (int64_t i = 0; i < root->n_child; i++) {
        const nh_h5 *o = &root->child[i];
        if (strlen(o->name) != 5 || o->name[2] != '_') continue;
        expect_ramp(o, o->name[3] == 'u' ? 0 : -3);
        cr_assert_eq(o->is_integer, o->name[3] != 'f', "%s", o->path);
        n_ramp++;
    }
    cr_assert_eq(n_ramp, 22);
}

Test(h5, reads_every_width_order_and_sign) {
    expect_numbers("numbers.h5");
    expect_numbers("numbers_latest.h5");
}

Test(h5, keeps_extreme_values_exact) {
    const nh_h5 *root = read_good("numbers.h5");
    const double *v = member(root, "limits")->number;
    cr_assert(v[0] == 0x1p53 && v[1] == -0x1p53);
    cr_assert_eq(member(root, "limit_u8")->number[0], 0x1p53);
    v = member(root, "halves")->number; /* numpy: float(np.float16(x)) */
    cr_assert(v[0] == 0x1p-24 && v[1] == 65504 && v[2] == -0.0999755859375 && isinf(v[3]) && v[3] > 0 && isinf(v[4]) &&
              v[4] < 0 && v[5] == 1 && v[6] == -2 && v[7] == 0x1p-14);
    cr_assert(isnan(member(root, "nan")->number[0]));
    v = member(root, "doubles")->number;
    cr_assert(v[0] == 0.1 && v[1] == -1e300 && v[2] == 5e-324);
}

Test(h5, tells_bools_scalars_ones_and_empty_arrays) {
    const nh_h5 *root = read_good("numbers.h5");
    const nh_h5 *o = member(root, "bool");
    cr_assert(o->is_integer && o->n == 3 && o->number[0] == 1 && o->number[1] == 0 && o->number[2] == 1);
    o = member(root, "enum");
    cr_assert(o->is_integer && o->number[0] == -1 && o->number[1] == 500);
    o = member(root, "scalar");
    cr_assert(o->rank == 0 && o->n == 1 && o->number[0] == 1.5 && !o->is_integer);
    o = member(root, "scalar_int");
    cr_assert(o->rank == 0 && o->n == 1 && o->number[0] == 42 && o->is_integer);
    o = member(root, "one");
    cr_assert(o->rank == 1 && o->dim[0] == 1 && o->number[0] == 7);
    o = member(root, "empty");
    cr_assert(o->rank == 2 && o->dim[0] == 0 && o->dim[1] == 3 && o->n == 0);
    cr_assert_eq(member(root, "empty_late")->n, 0);
    o = member(root, "rank8");
    cr_assert(o->rank == 8 && o->dim[1] == 2 && o->n == 8 && o->number[7] == 7);
}

static void expect_text(const nh_h5 *root, const char *path, int rank, int n, const char *const *text) {
    const nh_h5 *o = member(root, path);
    cr_assert(o->kind == NH_H5_STRING && o->rank == rank && o->n == n, "%s", path);
    for (int i = 0; i < n; i++) cr_assert_str_eq(o->text[i], text[i], "%s [%d]", path, i);
}

static void expect_strings(const char *file) {
    const nh_h5 *root = read_good(file);
    expect_text(root, "variable", 0, 1, (const char *[]){"a string"});
    expect_text(root, "variable_utf8", 0, 1, (const char *[]){"W\303\244rme"});
    expect_text(root, "variable_one", 1, 1, (const char *[]){"x"});
    expect_text(root, "edges", 2, 6, (const char *[]){"in", "fc1", "fc1", "", "lif1.lif", "out"});
    expect_text(root, "ascii", 1, 2, (const char *[]){"p", "qq"});
    expect_text(root, "padded", 1, 2, (const char *[]){"ab", "c"});
    expect_text(root, "none", 1, 0, NULL);
    expect_text(root, "unwritten", 1, 2, (const char *[]){"", ""});
    expect_text(root, "fixed", 1, 1, (const char *[]){"conv"});
    expect_text(root, "fixed_full", 1, 2, (const char *[]){"abcd", "ef"});
    expect_text(root, "fixed_scalar", 0, 1, (const char *[]){"dense"});
    expect_text(root, "spaces", 1, 2, (const char *[]){"ab", "c"});
    expect_text(root, "terminated", 1, 2, (const char *[]){"ab", "c"});
    const nh_h5 *many = member(root, "many");
    cr_assert_eq(many->n, 300);
    for (int i = 0; i < 300; i++) cr_assert_str_eq(many->text[i], nh_arena_printf(a, "name%d", i));
}

Test(h5, reads_strings_of_fixed_and_variable_length) {
    expect_strings("strings.h5");
    expect_strings("strings_latest.h5");
}

static void expect_layouts(const char *file) {
    const nh_h5 *root = read_good(file);
    static const char *const ramp[] = {"gzip", "all_filters", "large_chunk", "chunked", "compact"};
    for (int i = 0; i < 5; i++) expect_ramp(member(root, ramp[i]), -3);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(member(root, "fill")->number[i], 7);
        cr_assert_eq(member(root, "fill_chunk")->number[i], -7);
    }
    cr_assert_eq(member(root, "zeros")->n, 100000);
    cr_assert_eq(member(root, "zeros")->number[99999], 0);
}

Test(h5, reads_compact_contiguous_chunked_filtered_and_unwritten_data) {
    expect_layouts("layouts.h5");
    expect_layouts("layouts_latest.h5");
}

static void expect_groups(const char *file) {
    const nh_h5 *root = read_good(file);
    static const char *const sorted[] = {"0", "1", "10", "2", "B", "a b", "lif1.lif"};
    cr_assert(root->kind == NH_H5_GROUP && root->n_child == 4 && strcmp(root->name, "") == 0);
    const nh_h5 *nodes = member(root, "node/nodes");
    cr_assert_eq(nodes->n_child, 7);
    for (int i = 0; i < 7; i++) cr_assert_str_eq(nodes->child[i].name, sorted[i]);
    cr_assert_str_eq(member(root, "node/nodes/lif1.lif/type")->path, "/node/nodes/lif1.lif/type");
    expect_ramp(member(root, "node/nodes/10/weight"), -3);
    cr_assert_eq(member(root, "empty")->n_child, 0);
    cr_assert_eq(member(root, "many")->n_child, 40);
    cr_assert_eq(member(root, "many/n17")->number[0], 17);
    cr_assert_eq(member(root, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/deep")->number[0], 15);
    cr_assert_null(nh_h5_find(nodes, "3"));
    cr_assert_null(nh_h5_find(member(root, "many/n17"), "x"));
}

Test(h5, reads_groups_of_every_form_sorted_and_ignores_attributes) {
    expect_groups("groups.h5");
    expect_groups("groups_latest.h5");
    expect_groups("groups_ordered.h5");
    expect_groups("groups_userblock.h5");
    cr_assert_eq(read_good("nothing.h5")->n_child, 0);
}

Test(h5, finds_the_signature_behind_a_user_block) {
    cr_assert(nh_h5_probe(load(FIXTURES "good/groups.h5")));
    cr_assert(nh_h5_probe(load(FIXTURES "good/groups_userblock.h5")));
    cr_assert_not(nh_h5_probe(load(FIXTURES "bad/M133_html.h5")));
    cr_assert_not(nh_h5_probe((nh_bytes){(const uint8_t *)"", 0}));
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Children's CPU time is limited, wall-clock time is only when nothing else runs: a busy machine gets more. */
static void expect_quick(const char *name, double begin) {
    cr_assert_lt(now() - begin, SANITIZED ? 60 : 10, "%s took %.2f s", name, now() - begin);
}

/* Read each file of a folder; all its errors must have the code of its name (or `instead`). */
static int refuse_folder(const char *folder, const char *instead) {
    int count = 0;
    DIR *dir = opendir(nh_arena_printf(a, FIXTURES "%s", folder));
    cr_assert(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] != 'M') continue;
        const char *path = nh_arena_printf(a, FIXTURES "%s/%s", folder, e->d_name);
        nh_bytes file = load(path);
        size_t before = d->count;
        double begin = now();
        const nh_h5 *root = nh_h5_read(a, d, path, file);
        expect_quick(e->d_name, begin);
        count++;
        /* Memory is not limited under a sanitizer. */
        if (SANITIZED && (strncmp(e->d_name, "M14", 3) == 0)) continue;
        cr_assert_null(root, "%s was read", e->d_name);
        cr_assert_gt(d->count, before, "%s: no diagnostic", e->d_name);
        for (size_t i = before; i < d->count; i++) {
            const char *id = nh_code_get(d->item[i].code)->id;
            if (d->item[i].code == NH_M_H5_MORE) continue;
            cr_assert(strncmp(e->d_name, id, 4) == 0 || strstr(instead, id), "%s was refused with %s: %s", e->d_name,
                      id, d->item[i].message);
        }
    }
    closedir(dir);
    return count;
}

Test(h5, refuses_every_hostile_file_with_its_code) { cr_assert_geq(refuse_folder("bad", ""), 60); }

/* Files on which HDF5 1.10.8 crashes or hangs; another version of the library may see that they are damaged. */
Test(h5, survives_files_that_crash_or_hang_the_library) {
    cr_assert_geq(refuse_folder("crash", "M130 M140 M141 M143"), 4);
}

static const nh_diag_item *refuse(const char *name) {
    const char *path = nh_arena_printf(a, FIXTURES "%s", name);
    cr_assert_null(nh_h5_read(a, d, path, load(path)));
    return &d->item[0];
}

Test(h5, names_the_object_the_value_and_the_file_it_wants) {
    const nh_diag_item *i = refuse("bad/M142_i8.h5");
    cr_assert_str_eq(i->at.path, "/x");
    cr_assert(strstr(i->message, "[1, 1] is 9007199254740993"), "%s", i->message);
    d = nh_diag_new(a);
    i = refuse("bad/M135_external_storage.h5");
    cr_assert_str_eq(i->at.path, "/group/x");
    cr_assert(strstr(i->message, "'/etc/passwd'"), "%s", i->message);
    d = nh_diag_new(a);
    i = refuse("bad/M134_cycle.h5");
    cr_assert_str_eq(i->at.path, "/a/b/up");
    d = nh_diag_new(a);
    i = refuse("bad/M138_4_tib.h5");
    cr_assert(strstr(i->message, "4 TiB"), "%s", i->message);
    d = nh_diag_new(a);
    i = refuse("bad/M132_lfs.h5");
    cr_assert(strstr(i->hint, "git lfs pull"));
}

Test(h5, lists_twenty_problems_and_counts_the_others) {
    refuse("bad/M134_doubling.h5");
    cr_assert_eq(d->n_error, 20);
    cr_assert_eq(d->item[20].code, NH_M_H5_MORE);
    /* of 30 groups with 2 links each to the one before, g1/l and g1/r ... 29 x 2 links, all refused once */
    cr_assert(strstr(d->item[20].message, "38 more"), "%s", d->item[20].message);
}

Test(h5, refuses_a_file_that_ends_anywhere) {
    nh_bytes file = load(FIXTURES "good/strings_latest.h5");
    for (size_t size = 0; size < file.size; size += size < 200 ? 1 : 293) {
        nh_arena *mine = nh_arena_new();
        nh_diag *e = nh_diag_new(mine);
        uint8_t *cut = nh_arena_alloc(mine, size + 1);
        memcpy(cut, file.data, size);
        cr_assert_null(nh_h5_read(mine, e, "cut", (nh_bytes){cut, size}), "%zu bytes were read", size);
        cr_assert_eq(e->n_error, 1, "%zu bytes", size);
        cr_assert_eq(e->item[0].code, size == 0 ? NH_M_H5_SIGNATURE : NH_M_H5_TRUNCATED, "%zu bytes: %s", size,
                     e->item[0].message);
        nh_arena_free(mine);
    }
}

static uint64_t next_random(uint64_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void damage(uint8_t *p, size_t size, uint64_t *seed) {
    for (int n = 1 + (int)(next_random(seed) % 6); n > 0; n--) {
        uint8_t *at = p + next_random(seed) % (next_random(seed) % 2 && size > 4096 ? 4096 : size);
        switch (next_random(seed) % 4) {
        case 0: *at = 0xff; break;
        case 1: *at = 0; break;
        case 2: *at ^= (uint8_t)(1 << next_random(seed) % 8); break;
        default: *at = (uint8_t)next_random(seed); break;
        }
    }
}

/* Either a tree or a diagnostic, and this process lives; also covers what the library does not survive (4 % of these).
 */
Test(h5, survives_random_damage, .timeout = 600) {
    static const char *const good[] = {"strings.h5",        "strings_latest.h5", "layouts.h5",
                                       "layouts_latest.h5", "groups.h5",         "groups_latest.h5",
                                       "groups_ordered.h5", "numbers.h5",        "groups_userblock.h5"};
    uint64_t seed = 0x9e3779b97f4a7c15u;
    for (int k = 0; k < (SANITIZED ? 40 : 300); k++) {
        nh_arena *mine = nh_arena_new();
        nh_diag *e = nh_diag_new(mine);
        nh_bytes file;
        const char *name = good[next_random(&seed) % 9];
        cr_assert(nh_file_read(mine, e, NH_NOWHERE, nh_arena_printf(mine, FIXTURES "good/%s", name), 1 << 20, &file));
        damage((uint8_t *)(uintptr_t)file.data, file.size, &seed);
        double begin = now();
        const nh_h5 *root = nh_h5_read(mine, e, name, file);
        expect_quick(name, begin);
        cr_assert_eq(root != NULL, e->n_error == 0, "%s, damage %d: %s", name, k,
                     root ? "read with errors" : "no diagnostic");
        nh_arena_free(mine);
    }
}
