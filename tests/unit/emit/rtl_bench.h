/* Helpers of the RTL backend's tests: a folder for output, external tools, a netlist run against vectors. */
#ifndef NH_RTL_BENCH_H
#define NH_RTL_BENCH_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "rtl_parts.h"

static const nh_provenance bench_made = {"0.0", "c0ffee", "deadbeef"};

static inline char *bench_dir(nh_arena *a) {
    char name[] = "/tmp/nh_rtl_test_XXXXXX";
    cr_assert(mkdtemp(name));
    return nh_arena_str(a, name);
}

/* The datapath as a module of a file of its own in dir. */
static inline bool bench_datapath(nh_arena *a, const nh_dp *dp, const char *prefix, const char *dir) {
    return nh_rtl_dp_file(nh_rtl_out_new(a, dir, prefix, &bench_made), nh_diag_new(a), dp, prefix, 0);
}

static inline void bench_drop(nh_arena *a, const char *dir) {
    nh_diag *d = nh_diag_new(a);
    cr_expect(nh_remove_tree(d, dir));
}

/* Runs a shell command inside dir; true when it exits 0 without a word. */
static inline bool bench_silent(nh_arena *a, const char *dir, const char *command) {
    FILE *p = popen(nh_arena_printf(a, "cd %s && { %s; } 2>&1", dir, command), "r");
    cr_assert(p);
    char text[4096];
    size_t n = fread(text, 1, sizeof text - 1, p);
    text[n] = 0;
    while (fread((char[512]){0}, 1, 512, p) > 0) {}
    bool ok = pclose(p) == 0 && n == 0;
    if (!ok) fprintf(stderr, "%s\n  says: %s\n", command, text);
    return ok;
}

static inline char *bench_read(nh_arena *a, const char *dir, const char *name) {
    nh_bytes bytes;
    nh_diag *d = nh_diag_new(a);
    cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, dir, name), (size_t)64 << 20, &bytes), "%s is missing",
              name);
    return (char *)bytes.data;
}

static inline bool bench_exists(nh_arena *a, const char *dir, const char *name) {
    return nh_file_exists(nh_path_join(a, dir, name));
}

/* xorshift64*: seeded, the same everywhere. */
static inline uint64_t bench_random(uint64_t *state) {
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}
static inline int64_t bench_between(uint64_t *state, int64_t lo, int64_t hi) {
    return lo + (int64_t)(bench_random(state) % (uint64_t)(hi - lo + 1));
}

/* The low `width` bits of raw as n hex digits of a flat vector are written most significant element first. */
static inline void bench_put_bits(char *bits, int64_t at, nh_i128 raw, int width) {
    for (int i = 0; i < width; i++) bits[at + i] = (char)((nh_u128)raw >> i & 1);
}
static inline void bench_write_bits(FILE *f, const char *bits, int64_t n) {
    for (int64_t i = n - 1; i >= 0; i--) fputc(bits[i] ? '1' : '0', f);
    fputc('\n', f);
}

#endif
