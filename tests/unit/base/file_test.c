#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "pool.h"
#include "sources.h"

static nh_arena *a;
static nh_diag *d;
static char dir[32];

static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    strcpy(dir, "/tmp/nh_file_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void tear_down(void) {
    nh_remove_tree(d, dir);
    nh_arena_free(a);
}

TestSuite(file, .init = set_up, .fini = tear_down);

static char *put(const char *name, const char *text) {
    char *path = nh_path_join(a, dir, name);
    nh_writer *w = nh_writer_open(a, path);
    nh_puts(w, text);
    cr_assert(nh_writer_close(w, d));
    return path;
}

static bool read_fails_with(const char *path, size_t limit, const char *message) {
    nh_bytes b;
    size_t before = d->count;
    bool ok = nh_file_read(a, d, NH_NOWHERE, path, limit, &b);
    return !ok && !b.data && d->count == before + 1 && d->item[before].code == NH_O_READ &&
           strstr(d->item[before].message, message);
}

Test(file, a_file_of_holes_is_refused_before_memory_is_taken) {
    char *path = put("holes", "x");
    cr_assert_eq(truncate(path, (off_t)900 << 20), 0);
    cr_assert(read_fails_with(path, (size_t)2 << 30, "sparse"));
    cr_assert(nh_arena_used(a) < 1 << 20);
    cr_assert_eq(truncate(path, (off_t)1 << 20), 0);
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 1 << 21, &b), "a small one takes nothing");
}

Test(file, a_text_begins_behind_its_byte_order_mark_and_is_utf8) {
    /* Marks: Unicode 15, table 2-4. */
    static const struct {
        const char *bytes;
        size_t size;
        const char *left;
    } row[] = {{"\xef\xbb\xbf"
                "ab",
                5, "ab"},
               {"ab", 2, "ab"},
               {"", 0, ""},
               {"\xef\xbb\xbf", 3, ""},
               {"a", 1, "a"},
               {"\xef\xbb"
                "a",
                3,
                "\xef\xbb"
                "a"},
               {"\xff\xfe"
                "a\0",
                4, NULL},
               {"\xfe\xff\0a", 4, NULL},
               {"\xff\xfe\0\0a\0\0\0", 8, NULL},
               {"\0\0\xfe\xff\0\0\0a", 8, NULL},
               {"a\0b\0", 4, NULL},
               {"\0a\0b", 4, NULL}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        nh_bytes text = {(const uint8_t *)row[i].bytes, row[i].size};
        size_t before = d->n_error;
        bool ok = nh_text_bytes(d, NH_NOWHERE, "t", &text);
        cr_assert_eq(ok, row[i].left != NULL, "row %zu", i);
        cr_assert_eq(d->n_error - before, !ok, "row %zu", i);
        if (ok)
            cr_assert(text.size == strlen(row[i].left) && memcmp(text.data, row[i].left, text.size) == 0, "row %zu", i);
    }
}

Test(file, reads_back_what_was_written_with_a_zero_behind) {
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, put("x", "hello"), 5, &b));
    cr_assert_eq(b.size, 5);
    cr_assert_str_eq((const char *)b.data, "hello");
}

Test(file, refuses_what_is_no_file_without_waiting, .timeout = 5) {
    char *fifo = nh_path_join(a, dir, "fifo");
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    cr_assert(read_fails_with(fifo, 100, "is a pipe, not a file"));
    cr_assert(read_fails_with(dir, 100, "is a directory, not a file"));
    cr_assert(read_fails_with("/dev/zero", 100, "is a device, not a file"));
    cr_assert(read_fails_with(put("big", "123456"), 5, "too large"));
}

Test(file, a_missing_file_names_its_near_neighbour) {
    put("digits.onnx", "");
    cr_assert(read_fails_with(nh_path_join(a, dir, "digts.onnx"), 100, "cannot open"));
    cr_assert_str_eq(d->item[0].hint, "did you mean 'digits.onnx'?");
    cr_assert(read_fails_with(nh_path_join(a, dir, "nothing/like/it"), 100, "cannot open"));
    cr_assert_null(d->item[1].hint);
}

Test(file, paths_join_and_split) {
    cr_assert_str_eq(nh_path_join(a, "a", "b"), "a/b");
    cr_assert_str_eq(nh_path_join(a, "a/", "b"), "a/b");
    cr_assert_str_eq(nh_path_join(a, "a", "/b"), "/b");
    cr_assert_str_eq(nh_path_join(a, "", "b"), "b");
    cr_assert_str_eq(nh_path_dir(a, "a/b/c"), "a/b");
    cr_assert_str_eq(nh_path_dir(a, "c"), ".");
    cr_assert_str_eq(nh_path_dir(a, "/c"), "/");
    cr_assert_str_eq(nh_path_base("a/b/c"), "c");
}

Test(file, integers_print_as_printf_prints_them) {
    static const int64_t edge[] = {0, 1, -1, 9, 10, -10, 99, 100, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1000000000};
    char expected[400000], *e = expected;
    char *path = nh_path_join(a, dir, "ints");
    nh_writer *w = nh_writer_open(a, path);
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < 15000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* Marsaglia's xorshift */
        int64_t v = i < sizeof edge / sizeof edge[0] ? edge[i] : (int64_t)x >> (i % 64);
        nh_put_int(w, v);
        nh_puts(w, "\n");
        e += sprintf(e, "%" PRId64 "\n", v);
    }
    cr_assert(nh_writer_close(w, d));
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, sizeof expected, &b));
    cr_assert_str_eq((const char *)b.data, expected);
}

Test(file, nothing_printed_is_no_failure) {
    char *path = nh_path_join(a, dir, "nothing");
    nh_writer *w = nh_writer_open(a, path);
    nh_printf(w, "%s", "");
    nh_puts(w, "1");
    nh_printf(w, "%s", "");
    cr_assert(nh_writer_close(w, d));
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 1 << 20, &b));
    cr_assert_eq(b.size, 1);
}

Test(file, pieces_larger_than_the_buffer_stay_in_order) {
    char *path = nh_path_join(a, dir, "large"), *big = nh_arena_alloc(a, 200001);
    memset(big, 'b', 200000);
    nh_writer *w = nh_writer_open(a, path);
    nh_puts(w, "1");
    nh_puts(w, big);
    nh_puts(w, "2");
    nh_printf(w, "%s%d", big, 3);
    cr_assert(nh_writer_close(w, d));
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 1 << 20, &b));
    cr_assert_eq(b.size, 400003);
    cr_assert(b.data[0] == '1' && b.data[1] == 'b' && b.data[200001] == '2' && b.data[200002] == 'b' &&
              b.data[400002] == '3');
}

Test(file, write_errors_stick_until_close) {
    nh_writer *w = nh_writer_open(a, "/dev/full");
    for (int i = 0; i < 100000; i++) nh_put_int(w, i);
    cr_assert_not(nh_writer_close(w, d));
    cr_assert_eq(d->item[0].code, NH_O_WRITE);
    cr_assert_not_null(strstr(d->item[0].message, "No space left"));
    w = nh_writer_open(a, nh_path_join(a, dir, "no/such/folder"));
    nh_puts(w, "x");
    cr_assert_not(nh_writer_close(w, d));
}

Test(file, mkdirs_makes_all_parents_and_refuses_a_file_in_the_way) {
    char *deep = nh_path_join(a, dir, "p/q/r/");
    cr_assert(nh_mkdirs(d, deep));
    cr_assert(nh_mkdirs(d, deep), "again is fine");
    cr_assert(nh_file_exists(deep));
    put("f", "");
    cr_assert_not(nh_mkdirs(d, nh_path_join(a, dir, "f/x")));
}

Test(file, remove_tree_does_not_follow_links) {
    char *kept = put("kept", "x"), *tree = nh_path_join(a, dir, "t");
    cr_assert(nh_mkdirs(d, nh_path_join(a, tree, "sub")));
    cr_assert_eq(symlink(dir, nh_path_join(a, tree, "sub/link")), 0);
    cr_assert(nh_remove_tree(d, tree));
    cr_assert_not(nh_file_exists(tree));
    cr_assert(nh_file_exists(kept));
    cr_assert(nh_remove_tree(d, tree), "missing is fine");
}

/* FIPS 180-4: the digests of "abc" and of no byte. */
Test(file, sha1_matches_the_standard) {
    cr_assert_str_eq(nh_sha1_of((nh_bytes){(const uint8_t *)"abc", 3}).hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    cr_assert_str_eq(nh_sha1_of((nh_bytes){(const uint8_t *)"", 0}).hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

Test(file, sha256_matches_the_standard) {
    nh_hasher *h = nh_hasher_new(a);
    nh_hash_bytes(h, "abc", 3);
    /* FIPS 180-2, appendix B.1 */
    const char *abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    cr_assert_str_eq(nh_hash_end(h).hex, abc);
    nh_hash f;
    cr_assert(nh_hash_file(a, put("abc", "abc"), &f));
    cr_assert_str_eq(f.hex, abc);
    cr_assert_not(nh_hash_file(a, dir, &f));
}

static const char *text_of(const char *path) {
    nh_bytes b;
    return nh_file_read(a, d, NH_NOWHERE, path, 1000, &b) ? (const char *)b.data : "(none)";
}

static bool output(const char *path, const char *text) {
    nh_writer *w = nh_writer_output(a, d, path);
    if (w) nh_puts(w, text);
    return w && nh_writer_close(w, d);
}

Test(file, an_output_is_whole_or_as_it_was) {
    char *path = put("out", "old");
    cr_assert_eq(chmod(path, 0640), 0);
    nh_writer *w = nh_writer_output(a, d, path);
    nh_puts(w, "new");
    cr_assert_str_eq(text_of(path), "old");
    nh_writer_cancel(w);
    cr_assert_str_eq(text_of(path), "old");
    cr_assert(output(path, "new"));
    cr_assert_str_eq(text_of(path), "new");
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0640, "the permissions stay");
    struct rlimit before, small = {100000, 100000};
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    char *large = nh_arena_alloc(a, 200001);
    memset(large, 'x', 200000);
    cr_assert_not(output(path, large), "more than fits");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_assert_eq(d->item[0].code, NH_O_WRITE);
    cr_assert_str_eq(text_of(path), "new");
    nh_diag *none = nh_diag_new(a);
    char *again = nh_stage_file(a, none, path);
    nh_discard(again);
    DIR *entries = opendir(dir);
    int n = -2;
    while (readdir(entries)) n++;
    closedir(entries);
    cr_assert_eq(n, 1, "nothing is left beside it");
}

Test(file, an_output_goes_through_links_and_pipes) {
    char *target = put("target", "old"), *link = nh_path_join(a, dir, "link"),
         *pipe_name = nh_path_join(a, dir, "pipe"), text[8] = "";
    struct stat st;
    cr_assert_eq(symlink("target", link), 0);
    cr_assert(output(link, "new"));
    cr_assert_str_eq(text_of(target), "new");
    cr_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    cr_assert_eq(mkfifo(pipe_name, 0600), 0);
    int fd = open(pipe_name, O_RDWR | O_NONBLOCK);
    cr_assert(output(pipe_name, "news"));
    cr_assert_eq(read(fd, text, sizeof text), 4);
    cr_assert_str_eq(text, "news");
    cr_assert(lstat(pipe_name, &st) == 0 && S_ISFIFO(st.st_mode));
    cr_assert(output("/dev/null", "x"));
    cr_assert_eq(d->count, 0);
    cr_assert_eq(unlink(target), 0);
    cr_assert_not(output(link, "new"), "to nowhere");
    cr_assert_not(output(dir, "new"), "a folder");
    cr_assert_not(output("/dev/full", "new"));
    cr_assert_eq(d->count, 3);
}

Test(file, what_was_read_is_noted_by_its_bytes) {
    nh_bytes b;
    nh_sources_begin(d);
    for (int i = 0; i < 300; i++) {
        char *path = put(nh_arena_printf(a, "f%d", i), "abc");
        cr_assert(nh_file_read(a, d, NH_NOWHERE, path, 10, &b));
        put(nh_arena_printf(a, "f%d", i), "later");
    }
    cr_assert_eq(d->sources->n, 300);
    cr_assert(nh_file_read(a, d, NH_NOWHERE, put("f7", "abc"), 10, &b), "the same bytes again");
    cr_assert_not(nh_file_read(a, d, NH_NOWHERE, put("f7", "other"), 10, &b));
    cr_assert_eq(d->item[0].code, NH_O_READ);
    const nh_sources *s = nh_sources_end(d);
    cr_assert_eq(s->n, 300);
    for (int i = 0; i < 300; i++) {
        const char *hash = nh_sources_hash(s, nh_arena_printf(a, "%s/f%d", dir, i));
        cr_assert_str_eq(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    cr_assert_null(nh_sources_hash(s, "f1"));
    cr_assert(nh_file_read(a, d, NH_NOWHERE, put("f7", "third"), 10, &b), "no longer noted");
    cr_assert_str_eq(nh_sources_join(a, s, 3, 4).hex, s->at[3].hash.hex);
    /* (echo ba7816...15ad; echo ba7816...15ad) | sha256sum */
    cr_assert_str_eq(nh_sources_join(a, s, 3, 5).hex,
                     "ed9453257140de25bccb9b1fe8413c845d0ce1c7a25fcdfe1c874ac5f12c8564");
}

static nh_hash hash_two(const char *x, const char *y) {
    nh_hasher *h = nh_hasher_new(a);
    nh_hash_str(h, x);
    nh_hash_str(h, y);
    return nh_hash_end(h);
}

Test(file, hashed_fields_cannot_run_together) {
    cr_assert_str_neq(hash_two("ab", "c").hex, hash_two("a", "bc").hex);
    cr_assert_str_eq(hash_two("ab", "c").hex, hash_two("ab", "c").hex);
}

static void count_up(void *ctx, size_t i) { ((int *)ctx)[i]++; }

Test(pool, every_job_runs_once_on_any_number_of_threads) {
    static const int threads[] = {-1, 0, 1, 2, 7, 1000};
    for (size_t t = 0; t < 6; t++) {
        int done[1000] = {0};
        for (size_t n = 0; n <= 1000; n += 250) {
            nh_parallel(threads[t], n, count_up, done);
            for (size_t i = 0; i < 1000; i++)
                cr_assert_eq(done[i], i < n, "%d threads, %zu jobs, job %zu", threads[t], n, i);
            memset(done, 0, sizeof done);
        }
    }
}
