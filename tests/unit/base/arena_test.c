#include <criterion/criterion.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"

static bool all_zero(const unsigned char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

Test(arena, memory_is_zeroed_and_aligned_also_after_a_reset) {
    nh_arena *a = nh_arena_new();
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n += 7) {
            unsigned char *p = nh_arena_alloc(a, n);
            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % 16, 0);
            cr_assert(all_zero(p, n), "round %d, %zu bytes", round, n);
            memset(p, 0xa5, n);
        }
        nh_arena_reset(a);
        cr_assert_eq(nh_arena_used(a), 0);
    }
    nh_arena_free(a);
}

Test(arena, allocations_do_not_overlap) {
    nh_arena *a = nh_arena_new();
    unsigned char *p[400];
    for (int i = 0; i < 400; i++) memset(p[i] = nh_arena_alloc(a, (size_t)i * 11), i & 255, (size_t)i * 11);
    for (int i = 0; i < 400; i++)
        for (int k = 0; k < i * 11; k++) cr_assert_eq(p[i][k], i & 255);
    nh_arena_free(a);
}

Test(arena, large_and_small_allocations_mix) {
    nh_arena *a = nh_arena_new();
    char *small = nh_arena_str(a, "small");
    unsigned char *large = nh_arena_array(a, 3 << 20, 4);
    cr_assert(all_zero(large, (size_t)12 << 20));
    cr_assert_str_eq(small, "small");
    cr_assert_str_eq(nh_arena_strn(a, "abcdef", 3), "abc");
    nh_arena_free(a);
}

Test(arena, array_refuses_products_that_overflow_or_exceed_the_limit) {
    nh_arena *a = nh_arena_new();
    cr_assert_null(nh_arena_array(a, SIZE_MAX / 2, 3));
    cr_assert_null(nh_arena_array(a, NH_ARENA_ARRAY_MAX / 8 + 1, 8));
    cr_assert_not_null(nh_arena_array(a, 0, 8));
    size_t cap = 0;
    cr_assert_null(nh_arena_grow(a, NULL, &cap, SIZE_MAX / 4, 8));
    cr_assert_eq(cap, 0);
    nh_arena_free(a);
}

Test(arena, grow_keeps_the_content) {
    nh_arena *a = nh_arena_new();
    int *v = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < 10000; i++) {
        v = nh_arena_grow(a, v, &cap, i + 1, sizeof *v);
        v[i] = (int)i;
    }
    for (size_t i = 0; i < 10000; i++) cr_assert_eq(v[i], (int)i);
    cr_assert_leq(nh_arena_used(a), 10000 * sizeof(int) * 4, "amortised doubling");
    nh_arena_free(a);
}

Test(arena, printf_formats_any_length) {
    nh_arena *a = nh_arena_new();
    cr_assert_str_eq(nh_arena_printf(a, "%d-%s", 42, "x"), "42-x");
    cr_assert_eq(strlen(nh_arena_printf(a, "%100000d", 1)), 100000);
    nh_arena_free(a);
}

/* Where the C library counts (a sanitizer's does not, and finds leaks by itself). */
Test(arena, what_is_freed_is_given_back) {
    nh_arena_free(nh_arena_new());
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++) {
        nh_arena *a = nh_arena_new();
        nh_arena_alloc(a, (size_t)i);
        nh_arena_alloc(a, 100000);
        nh_arena_free(a);
    }
    nh_arena_free(NULL);
    cr_assert_leq(mallinfo2().uordblks, before + 1000, "1000 arenas leave less than a byte each");
}
