/* Preloaded into neurohls by bad_moments_test.py: what happens to a process at bad moments, made certain.
 *   NH_SWAP_FILE, NH_SWAP_BY   the file is replaced by the other one (rename) as soon as it was read and closed for the
 * first time NH_FAIL_AT, NH_FAIL_ALL    the n-th allocation after the start of main fails, or all from it on; the child
 * of a fork counts on
 *   NH_NO_LINKS                no file gets a second name, as on file systems that have no hard links */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int main_function(int, char **, char **);

static atomic_long n_allocation;
static long fail_at;
static int fails_all;
static main_function *real_main;

static int fails(void) {
    if (fail_at == 0) return 0;
    long n = ++n_allocation;
    if (n < fail_at || (n > fail_at && !fails_all)) return 0;
    errno = ENOMEM;
    return 1;
}

/* glibc's own names: looking them up by dlsym would allocate. */
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { return fails() ? NULL : __libc_realloc(p, size); }

int close(int fd) {
    static atomic_int done;
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
    const char *file = getenv("NH_SWAP_FILE"), *by = getenv("NH_SWAP_BY");
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = file && by ? readlink(link, path, sizeof path - 1) : -1;
    int status = real(fd);
    if (size > 0 && strcmp(path, file) == 0 && !atomic_exchange(&done, 1)) rename(by, file);
    return status;
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    int (*real)(int, const char *, int, const char *, int) =
        (int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat");
    if (!getenv("NH_NO_LINKS")) return real(from_fd, from, to_fd, to, flags);
    errno = EPERM;
    return -1;
}

static int counted_main(int argc, char **argv, char **environment) {
    const char *at = getenv("NH_FAIL_AT");
    fails_all = getenv("NH_FAIL_ALL") != NULL;
    fail_at = at ? atol(at) : 0;
    return real_main(argc, argv, environment);
}

int __libc_start_main(main_function *m, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*end)(void), void *stack);
int __libc_start_main(main_function *m, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*end)(void), void *stack) {
    typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    start_function *start = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = m;
    return start(counted_main, argc, argv, init, fini, end, stack);
}
