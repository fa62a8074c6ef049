/* Arrays written by numpy (tests/fixtures/npy/make_arrays.py); a ramp_* holds 0..23 in shape 2x3x4. The name
 * of a bad one begins with the code it must be refused with. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "npy.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/npy/"

static nh_arena *a;
static nh_diag *d;

static void setup(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
}

static void teardown(void) { nh_arena_free(a); }

TestSuite(npy, .init = setup, .fini = teardown);

static bool read_as(const char *path, const char *key, nh_npy *out) {
    nh_data_ref ref = {.path = path, .key = key};
    return nh_npy_read(a, d, &ref, out);
}

static nh_npy read_good(const char *name) {
    nh_npy out;
    cr_assert(read_as(nh_arena_printf(a, FIXTURES "good/%s", name), NULL, &out), "%s: %s", name,
              d->count ? d->item[d->count - 1].message : "");
    return out;
}

static void expect_ramp(const char *name, const nh_npy *n) {
    cr_assert_eq(n->rank, 3, "%s", name);
    cr_assert(n->dim[0] == 2 && n->dim[1] == 3 && n->dim[2] == 4 && n->n == 24, "%s", name);
    for (int i = 0; i < 24; i++) cr_assert_eq(n->value[i], i, "%s [%d] = %g", name, i, n->value[i]);
}

Test(npy, reads_every_dtype_order_and_version_of_numpy) {
    int count = 0;
    DIR *dir = opendir(FIXTURES "good");
    for (struct dirent *e; (e = readdir(dir));) {
        if (strncmp(e->d_name, "ramp_", 5) != 0) continue;
        const char *path = nh_arena_printf(a, FIXTURES "good/%s", e->d_name);
        nh_npy n;
        bool named = strstr(e->d_name, "stored") || strstr(e->d_name, "deflated");
        cr_assert(read_as(path, named ? "a" : NULL, &n), "%s", e->d_name);
        expect_ramp(e->d_name, &n);
        count++;
    }
    closedir(dir);
    cr_assert_eq(count, 29);
}

Test(npy, tells_integers_from_floats) {
    cr_assert(read_good("ramp_le_u1.npy").is_integer);
    cr_assert(read_good("bool.npy").is_integer);
    cr_assert_not(read_good("ramp_le_f2.npy").is_integer);
    cr_assert_str_eq(read_good("ramp_be_f4.npy").dtype, ">f4");
}

Test(npy, keeps_extreme_values_exact) {
    nh_npy n = read_good("limits_i8.npy");
    cr_assert(n.value[0] == -0x1p53 && n.value[1] == 0x1p53);
    n = read_good("limits_i1.npy");
    cr_assert(n.value[0] == -128 && n.value[1] == 127);
    n = read_good("halves.npy"); /* 2^-24, the largest, and -1638.0/2^14 (numpy: float16(-0.1) = -0.0999755859375) */
    cr_assert(n.value[0] == 0x1p-24 && n.value[1] == 65504 && n.value[2] == -0.0999755859375);
    n = read_good("bool.npy");
    cr_assert(n.value[0] == 1 && n.value[1] == 0);
}

Test(npy, reads_scalars_and_empty_arrays) {
    nh_npy n = read_good("scalar.npy");
    cr_assert(n.rank == 0 && n.n == 1 && n.value[0] == 1.5);
    n = read_good("empty.npy");
    cr_assert(n.rank == 2 && n.n == 0 && n.dim[1] == 5);
}

Test(npy, refuses_every_damaged_file_with_its_code) {
    int count = 0;
    DIR *dir = opendir(FIXTURES "bad");
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] != 'D') continue;
        nh_npy n;
        size_t before = d->count;
        cr_assert_not(read_as(nh_arena_printf(a, FIXTURES "bad/%s", e->d_name), NULL, &n), "%s was read", e->d_name);
        cr_assert_eq(d->count, before + 1, "%s: not exactly one diagnostic", e->d_name);
        const char *id = nh_code_get(d->item[before].code)->id;
        cr_assert(strncmp(e->d_name, id, 4) == 0, "%s was refused with %s: %s", e->d_name, id, d->item[before].message);
        count++;
    }
    closedir(dir);
    cr_assert_geq(count, 40);
}

Test(npy, loads_the_first_rows_only_of_every_order_and_archive) {
    static const char *const name[] = {"ramp_le_f4.npy", "ramp_fortran.npy", "ramp_only.npz"};
    for (int i = 0; i < 3; i++) {
        nh_npy n;
        nh_data_ref ref = {.path = nh_arena_printf(a, FIXTURES "good/%s", name[i])};
        nh_npy_source *s = nh_npy_open(a, d, &ref, &n);
        cr_assert(s && !n.value && n.n == 24 && n.dim[0] == 2, "%s", name[i]);
        cr_assert(nh_npy_load(s, &n, 1), "%s", name[i]);
        for (int k = 0; k < 12; k++) cr_assert_eq(n.value[k], k, "%s [%d]", name[i], k);
    }
}

/* 8,388,672 zeros in 8 KB. */
Test(npy, what_unpacks_to_far_more_than_the_file_is_refused_by_its_header) {
    nh_npy n;
    nh_data_ref ref = {.path = FIXTURES "bad/D102_unpacks_to_much.npz"};
    size_t before = nh_arena_used(a);
    cr_assert_not(nh_npy_read(a, d, &ref, &n));
    cr_assert(nh_arena_used(a) - before < 1 << 16);
    cr_assert_str_eq(d->item[0].found, nh_arena_printf(a, "8388672 elements in a file of %d bytes", 8373));
    nh_npy_source *s = nh_npy_open(a, d, &ref, &n);
    cr_assert(s && nh_npy_load(s, &n, 10), "the first samples of it can be read");
    for (int i = 0; i < 640; i++) cr_assert_eq(n.value[i], 0);
}

Test(npy, names_the_position_of_a_bad_value) {
    nh_npy n;
    read_as(FIXTURES "bad/D104_nan.npy", NULL, &n);
    cr_assert(strstr(d->item[0].message, "[1, 1]"), "%s", d->item[0].message);
}

Test(npy, lists_the_members_when_a_key_is_wrong) {
    nh_npy n;
    cr_assert_not(read_as(FIXTURES "good/ramp_stored.npz", "c", &n));
    cr_assert_eq(d->item[0].code, NH_D_MEMBER);
    cr_assert_str_eq(d->item[0].allowed, "a b");
    cr_assert_not(read_as(FIXTURES "good/ramp_le_f4.npy", "a", &n));
    cr_assert_eq(d->item[1].code, NH_D_MEMBER);
}

Test(npy, missing_file_is_a_diagnostic) {
    nh_npy n;
    cr_assert_not(read_as(FIXTURES "good/nothing.npy", NULL, &n));
    cr_assert_eq(d->item[0].code, NH_O_READ);
}

/* The layout numpy documents: magic, version 1.0, header padded to a multiple of 64, little-endian data. */
Test(npy, writes_what_it_reads_aligned_to_64) {
    char path[] = "/tmp/nh_npy_XXXXXX";
    cr_assert(mkstemp(path) >= 0);
    const int64_t dim[2] = {2, 3}, value[6] = {0, -1, 2, (int64_t)1 << 53, -((int64_t)1 << 53), 5};
    const double real[1] = {0.1};
    nh_npy n;
    nh_bytes file;
    cr_assert(nh_npy_write_i64(a, d, path, 2, dim, value));
    cr_assert(read_as(path, NULL, &n));
    cr_assert(n.rank == 2 && n.dim[0] == 2 && n.dim[1] == 3 && n.is_integer);
    for (int i = 0; i < 6; i++) cr_assert_eq(n.value[i], (double)value[i]);
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 4096, &file));
    cr_assert_eq(file.size, 128 + 48);
    cr_assert_eq(file.data[127], '\n');
    cr_assert(nh_npy_write_f64(a, d, path, 1, (int64_t[]){1}, real));
    cr_assert(read_as(path, NULL, &n));
    cr_assert(n.value[0] == 0.1 && !n.is_integer);
    unlink(path);
}
