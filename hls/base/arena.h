/* Memory by lifetime: every allocation of neurohls comes from an arena and dies with it. */
#ifndef NH_ARENA_H
#define NH_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct nh_arena nh_arena;

/* A new empty arena. The caller owns it and frees it with nh_arena_free.
 * Out of memory anywhere in an arena is fatal: one line on stderr, exit status 4 by _Exit (no output is
 * ever half published, see nh_publish). */
nh_arena *nh_arena_new(void);

/* Give back everything at once; a NULL arena is allowed. */
void nh_arena_free(nh_arena *a);

/* Forget all allocations, keep the memory for reuse. */
void nh_arena_reset(nh_arena *a);

/* Zeroed, 16-byte aligned, never NULL. */
void *nh_arena_alloc(nh_arena *a, size_t size);

/* n elements of size bytes, zeroed. For sizes that come from input: NULL when n*size overflows or
 * exceeds NH_ARENA_ARRAY_MAX; the caller turns that into a diagnostic. */
void *nh_arena_array(nh_arena *a, size_t n, size_t size);
#define NH_ARENA_ARRAY_MAX ((size_t)8 << 30)

/* Grow an array that was the result of nh_arena_array/_grow: room for at least `want` elements; the old
 * content is copied, *cap is updated. Amortised doubling. NULL as nh_arena_array. */
void *nh_arena_grow(nh_arena *a, void *old, size_t *cap, size_t want, size_t size);

/* Copies that live in a. */
char *nh_arena_str(nh_arena *a, const char *s);
char *nh_arena_strn(nh_arena *a, const char *s, size_t n);
char *nh_arena_printf(nh_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *nh_arena_vprintf(nh_arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Bytes handed out since the last reset. */
size_t nh_arena_used(const nh_arena *a);

#define NH_NEW(a, type) ((type *)nh_arena_alloc((a), sizeof(type)))

#endif
