#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "sandbox.h"
#include "stream.h"

static const char signature[8] = "\211HDF\r\n\032\n";
static const char lfs_pointer[] = "version https://git-lfs.github.com/spec/";

/* No superblock is shorter than this together with the root group that it leads to. */
enum { SHORTEST = 96 };
/* CPU time of a child for each object: this much, and a millisecond for so many bytes of file, and of data in memory.
 */
enum { CPU_MS = 300, FILE_PER_MS = 20 << 10, DATA_PER_MS = 100 << 10 };
/* Address space for the library and for three copies of the data: a chunk, the dataset, its strings. */
enum { MEMORY = 32 << 20, COPIES = 3 };

/* How the child ended, as it says by its exit status. */
enum {
    CHILD_OK,
    CHILD_NO_PIPE,
    CHILD_NO_LIBRARY,
    CHILD_NO_LIMITS,
    CHILD_NO_MEMORY = NH_EXIT_BUG,
    CHILD_MACHINE_MEMORY
};

typedef struct {
    int fd;
    struct timespec end;
} pipe_reader;

bool nh_h5_probe(nh_bytes head) {
    for (size_t at = 0; at + sizeof signature <= head.size; at = at ? 2 * at : 512)
        if (memcmp(head.data + at, signature, sizeof signature) == 0) return true;
    return false;
}

const nh_h5 *nh_h5_find(const nh_h5 *group, const char *name) {
    int64_t low = 0, high = group->kind == NH_H5_GROUP ? group->n_child : 0;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        int order = strcmp(name, group->child[mid].name);
        if (order == 0) return &group->child[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* --- child ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int fd;
    size_t file_size;
} worker;

static long cpu_ms(size_t file_size, size_t data_size) {
    return CPU_MS + (long)(file_size / FILE_PER_MS) + (long)(data_size / DATA_PER_MS);
}

static void begin(void *ctx, size_t size) { nh_sandbox_grant(cpu_ms(((const worker *)ctx)->file_size, size)); }

static bool write_all(void *ctx, const void *data, size_t size) {
    const uint8_t *p = data;
    while (size) {
        ssize_t n = write(((const worker *)ctx)->fd, p, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

/* The library does not survive all failing allocations. What no file of a sane size makes it ask for is left to it to
 * refuse; else the process has come to its limit, or, when the kernel still gives as much, it is not the file's doing.
 */
static void child_no_memory(size_t size) {
    if (size > MEMORY) return;
    void *p = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    nh_sandbox_end(p == MAP_FAILED ? CHILD_NO_MEMORY : CHILD_MACHINE_MEMORY);
}

static _Noreturn void child_main(nh_bytes file, int fd) {
    bool has_filter;
    nh_memory_set_handler(child_no_memory);
    size_t room = nh_h5_room(file.size);
    /* All numbers may be of one byte in the file. */
    size_t in_memory = room < NH_H5_MAX_BYTES / NH_H5_NUMBER_SIZE ? room * NH_H5_NUMBER_SIZE : NH_H5_MAX_BYTES;
    nh_sandbox_limit limit = {MEMORY + COPIES * room, cpu_ms(file.size, in_memory)};
    worker c = {nh_sandbox_close(fd), file.size};
    if (c.fd < 0) nh_sandbox_end(CHILD_NO_PIPE);
    if (!nh_h5_child_init()) nh_sandbox_end(CHILD_NO_LIBRARY);
    if (!nh_sandbox_grant(cpu_ms(file.size, 0)) || !nh_sandbox_lock(limit, &has_filter))
        nh_sandbox_end(CHILD_NO_LIMITS);
    nh_h5_child_walk(nh_arena_new(), file, has_filter, (nh_h5_sink){write_all, begin, &c});
    nh_sandbox_end(CHILD_OK);
}

/* --- parent ------------------------------------------------------------------------------------------------------ */

static long ms_left(const struct timespec *end) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
}

static bool read_pipe(void *ctx, uint8_t *out, size_t cap, size_t *got) {
    pipe_reader *r = ctx;
    for (;;) {
        long left = ms_left(&r->end);
        if (left <= 0) return false;
        struct pollfd p = {.fd = r->fd, .events = POLLIN};
        int ready = poll(&p, 1, (int)left);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        ssize_t n = read(r->fd, out, cap);
        if (n < 0 && errno == EINTR) continue;
        *got = n > 0 ? (size_t)n : 0;
        return true;
    }
}

static bool start_failed(nh_diag *d, nh_loc at, const char *what, int error) {
    return nh_report(d, NH_M_H5_START, at, "the process that reads HDF5 files cannot be started: %s: %s", what,
                     strerror(error));
}

/* Has this process itself less address space than its child is allowed (ulimit -v)? Then it is not the file that asked
 * for too much. */
static bool is_squeezed(size_t file_size) {
    enum { OURS = 64 << 20 };
    struct rlimit space;
    return getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY &&
           space.rlim_cur < OURS + MEMORY + COPIES * nh_h5_room(file_size);
}

/* How the child ended, when that was before its work was done. */
static void report_end(nh_diag *d, nh_loc at, size_t size, int status) {
    int by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (by == SIGPROF || by == SIGXCPU) {
        nh_report(d, NH_M_H5_TIME, at, "reading does not end within the CPU time that a file of this size may take");
    } else if (by) {
        nh_report(d, NH_M_H5_DIED, at, "the HDF5 library crashed here: signal %d (%s)", by, strsignal(by));
        nh_diag_hint(d, "fetch or export the file again");
    } else if (WEXITSTATUS(status) == CHILD_MACHINE_MEMORY ||
               (WEXITSTATUS(status) == CHILD_NO_MEMORY && is_squeezed(size))) {
        nh_report(d, NH_O_MEMORY, at, "out of memory in the process that reads HDF5 files");
    } else if (WEXITSTATUS(status) == CHILD_NO_MEMORY) {
        nh_report(d, NH_M_H5_MEMORY, at, "reading needs more memory than a file of this size may take");
    } else if (WEXITSTATUS(status) >= CHILD_NO_PIPE && WEXITSTATUS(status) <= CHILD_NO_LIMITS) {
        static const char *const what[] = {"", "no pipe", "the HDF5 library does not start",
                                           "its limits cannot be set"};
        nh_report(d, NH_M_H5_START, at, "the process that reads HDF5 files cannot be started: %s",
                  what[WEXITSTATUS(status)]);
    } else {
        nh_report(d, NH_M_H5_DIED, at, "the process that reads the file ended with status %d", WEXITSTATUS(status));
        nh_diag_hint(d, "fetch or export the file again");
    }
}

static bool report_stream(nh_diag *d, const char *path, size_t size, nh_h5_stream state, const nh_h5_parsed *p,
                          int status) {
    nh_loc at = {.file = path, .path = p->at};
    switch (state) {
    case NH_H5_STREAM_WHOLE: break;
    case NH_H5_STREAM_CUT: report_end(d, at, size, status); return false;
    case NH_H5_STREAM_LATE: nh_report(d, NH_M_H5_TIME, at, "reading took more than %d s", NH_H5_SECONDS); return false;
    case NH_H5_STREAM_BROKEN:
        nh_report(d, NH_M_H5_DIED, at, "the process that reads the file sent nonsense (%s)", p->rule);
        return false;
    }
    if (!p->has_filter) {
        nh_report(d, NH_M_H5_SANDBOX, (nh_loc){.file = path}, "the file is read without a filter of system calls");
        nh_diag_hint(d, "read only files that you trust on this machine");
    }
    return p->n_problem == 0;
}

static const nh_h5 *read_in_child(nh_arena *a, nh_diag *d, const char *path, nh_bytes file) {
    nh_loc at = {.file = path};
    int fd[2], status = 0;
    if (pipe2(fd, O_CLOEXEC) != 0) {
        start_failed(d, at, "pipe", errno);
        return NULL;
    }
    pid_t child = fork();
    if (child == 0) child_main(file, fd[1]);
    int error = errno;
    close(fd[1]);
    if (child < 0) {
        close(fd[0]);
        start_failed(d, at, "fork", error);
        return NULL;
    }
    pipe_reader r = {.fd = fd[0]};
    clock_gettime(CLOCK_MONOTONIC, &r.end);
    r.end.tv_sec += NH_H5_SECONDS;
    nh_h5_parsed parsed;
    nh_h5_stream state = nh_h5_parse(a, d, path, NH_H5_MAX_BYTES, (nh_h5_source){read_pipe, &r}, &parsed);
    close(fd[0]);
    /* A stream that was cut ended with the child; else it has no more to say. */
    if (state != NH_H5_STREAM_CUT) kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return report_stream(d, path, file.size, state, &parsed, status) ? parsed.root : NULL;
}

static bool begins_with(nh_bytes file, const char *text, size_t size) {
    return file.size >= size && memcmp(file.data, text, size) == 0;
}

static bool check_kind(nh_diag *d, const char *path, nh_bytes file) {
    nh_loc at = {.file = path};
    bool within = file.size && file.size < sizeof signature && memcmp(file.data, signature, file.size) == 0;
    if (begins_with(file, lfs_pointer, sizeof lfs_pointer - 1)) {
        nh_report(d, NH_M_H5_LFS, at, "this is a Git LFS pointer of %zu bytes, not the model", file.size);
        nh_diag_hint(d, "git lfs pull in the repository it is from, or download the file itself");
    } else if (within || (nh_h5_probe(file) && file.size < SHORTEST)) {
        nh_report(d, NH_M_H5_TRUNCATED, at, "the file ends within its header, after %zu bytes", file.size);
        nh_diag_hint(d, "fetch or export the file again");
    } else if (!nh_h5_probe(file)) {
        nh_report(d, NH_M_H5_SIGNATURE, at, file.size ? "this is not an HDF5 file" : "the model file is empty");
        nh_diag_allowed(d, "the signature of HDF5, 89 48 44 46 0d 0a 1a 0a");
    } else {
        return true;
    }
    return false;
}

const nh_h5 *nh_h5_read(nh_arena *a, nh_diag *d, const char *path, nh_bytes file) {
    return check_kind(d, path, file) ? read_in_child(a, d, path, file) : NULL;
}
