/* The allocator of the C library as all code of this program sees it, its libraries too: a failure is told and ends the
 * program (memory.h). libcrypto and HDF5 crash where they get NULL, libyaml and jansson go on without what could not be
 * had, and their callers would blame the user's file. A function of the program comes before that of a shared library,
 * so these are the ones that the libraries call. */
#include <dlfcn.h>
#include <stdlib.h>

#include "memory.h"

/* A sanitizer has an allocator of its own, with a word of its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if !defined(SANITIZED) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

typedef void *malloc_function(size_t size);
typedef void *calloc_function(size_t n, size_t size);
typedef void *realloc_function(void *p, size_t size);

static malloc_function *next_malloc;
static calloc_function *next_calloc;
static realloc_function *next_realloc;
static _Thread_local int is_looking_up;

/* Called before the constructors of libraries, by the loader; dlsym may allocate, and does without when it gets
 * nothing. */
static int look_up(void) {
    if (next_malloc) return 1;
    if (is_looking_up) return 0;
    is_looking_up = 1; /* POSIX lets a pointer to an object hold a function; ISO C does not, hence these casts */
    *(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
    is_looking_up = 0;
    return next_malloc && next_calloc && next_realloc;
}

void *malloc(size_t size) {
    void *p = look_up() ? next_malloc(size) : NULL;
    if (!p && !is_looking_up) nh_memory_failed(size);
    return p;
}

void *calloc(size_t n, size_t size) {
    void *p = look_up() ? next_calloc(n, size) : NULL;
    if (!p && !is_looking_up) nh_memory_failed(size && n > (size_t)-1 / size ? (size_t)-1 : n * size);
    return p;
}

void *realloc(void *old, size_t size) {
    void *p = look_up() ? next_realloc(old, size) : NULL;
    if (!p && size != 0 && !is_looking_up) nh_memory_failed(size);
    return p;
}

#endif
