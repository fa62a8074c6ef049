#include "arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Under AddressSanitizer every allocation is followed by a poisoned gap, so that a write past its end is caught
 * although it stays inside the chunk. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NH_ARENA_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NH_ARENA_POISON 1
#endif
#ifdef NH_ARENA_POISON
#include <sanitizer/asan_interface.h>
#define GAP 16u
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define GAP 0u
#endif

#define ALIGN 16u
#define CHUNK_MIN ((size_t)64 << 10)

/* Memory below `dirty` was handed out before the last reset and must be cleared again; above it, it is still as
 * zero as calloc left it. Large arrays therefore cost no page that nobody touches. */
typedef struct chunk {
    struct chunk *next;
    size_t size, used, dirty;
    unsigned char *data;
} chunk;

struct nh_arena {
    chunk *first, *current;
    size_t handed_out;
};

static _Noreturn void out_of_memory(size_t size) {
    nh_memory_failed(size);
    _Exit(4);
}

static void *checked_calloc(size_t size) {
    void *p = calloc(1, size);
    if (!p) out_of_memory(size);
    return p;
}

nh_arena *nh_arena_new(void) { return checked_calloc(sizeof(nh_arena)); }

void nh_arena_free(nh_arena *a) {
    if (!a) return;
    for (chunk *c = a->first, *next; c; c = next) {
        next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
        free(c->data);
        free(c);
    }
    free(a);
}

void nh_arena_reset(nh_arena *a) {
    for (chunk *c = a->first; c; c = c->next) {
        if (c->used > c->dirty) c->dirty = c->used;
        c->used = 0;
        ASAN_POISON_MEMORY_REGION(c->data, c->size);
    }
    a->current = a->first;
    a->handed_out = 0;
}

/* A chunk with `size` free bytes, put behind the current one. Chunks that a reset left there are used first. */
static chunk *chunk_for(nh_arena *a, size_t size) {
    chunk *after = a->current;
    for (chunk *c = after ? after : a->first; c; c = c->next) {
        if (c->size - c->used >= size) return a->current = c;
        if (c->used == 0) break; /* an unused chunk that is too small stays for later */
    }
    chunk *c = checked_calloc(sizeof *c);
    size_t grown = after ? after->size * 2 : CHUNK_MIN;
    if (grown > CHUNK_MIN * 64) grown = CHUNK_MIN * 64;
    c->size = size > grown ? size : grown;
    c->data = checked_calloc(c->size);
    ASAN_POISON_MEMORY_REGION(c->data, c->size);
    c->next = after ? after->next : a->first;
    if (after)
        after->next = c;
    else
        a->first = c;
    /* What is left of the current chunk is worth more than the rest of one made for a single large array. */
    if (!after || after->size - after->used < c->size - size) a->current = c;
    return c;
}

void *nh_arena_alloc(nh_arena *a, size_t size) {
    if (size > SIZE_MAX - ALIGN - GAP) out_of_memory(size);
    size_t need = ((size + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + GAP;
    if (need == 0) need = ALIGN;
    chunk *c = chunk_for(a, need);
    unsigned char *p = c->data + c->used;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    if (c->used < c->dirty) memset(p, 0, size < c->dirty - c->used ? size : c->dirty - c->used);
    c->used += need;
    a->handed_out += size;
    return p;
}

void *nh_arena_array(nh_arena *a, size_t n, size_t size) {
    if (size != 0 && n > NH_ARENA_ARRAY_MAX / size) return NULL;
    return nh_arena_alloc(a, n * size);
}

void *nh_arena_grow(nh_arena *a, void *old, size_t *cap, size_t want, size_t size) {
    if (want <= *cap) return old;
    size_t grown = *cap < 8 ? 8 : *cap + *cap / 2 + *cap / 2;
    void *p = nh_arena_array(a, grown > want ? grown : want, size);
    if (!p) return NULL;
    if (old) memcpy(p, old, *cap * size);
    *cap = grown > want ? grown : want;
    return p;
}

char *nh_arena_strn(nh_arena *a, const char *s, size_t n) {
    char *p = nh_arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *nh_arena_str(nh_arena *a, const char *s) { return nh_arena_strn(a, s, strlen(s)); }

char *nh_arena_vprintf(nh_arena *a, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    assert(n >= 0);
    char *p = nh_arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

char *nh_arena_printf(nh_arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    char *p = nh_arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

size_t nh_arena_used(const nh_arena *a) { return a->handed_out; }
