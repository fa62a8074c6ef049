/* What a locked process cannot do: each attempt runs in a forked child that tells by its exit status. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { NOT_LOCKED = 100, NO_FILTER = 101, MIB = 1 << 20 };

/* The wait status of a child that locks itself and does something. */
static int locked(int (*attempt)(int pipe)) {
    int fd[2], status;
    cr_assert_eq(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        bool has_filter;
        int keep = nh_sandbox_close(fd[1]);
        if (keep < 0 || !nh_sandbox_lock((nh_sandbox_limit){64 * MIB, 100}, &has_filter)) nh_sandbox_end(NOT_LOCKED);
        if (!has_filter) nh_sandbox_end(NO_FILTER);
        nh_sandbox_end(attempt(keep));
    }
    close(fd[0]);
    close(fd[1]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static void expect(int status, int code) {
    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == NO_FILTER) cr_skip_test("this kernel has no seccomp filter");
    cr_assert_eq(WEXITSTATUS(status), code, "%s", strerror(WEXITSTATUS(status)));
}

static int open_a_file(int fd) {
    (void)fd;
    return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int open_by_openat2(int fd) {
    uint64_t how[3] = {0};
    (void)fd;
    return syscall(437, AT_FDCWD, "/etc/passwd", how, sizeof how) < 0 ? errno : 0;
}

static int connect_a_socket(int fd) {
    (void)fd;
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int start_a_process(int fd) {
    (void)fd;
    pid_t p = fork();
    if (p == 0) nh_sandbox_end(0);
    return p < 0 ? errno : 0;
}

static int kill_its_parent(int fd) {
    (void)fd;
    return kill(getppid(), 0) < 0 ? errno : 0;
}

static int execute(int fd) {
    (void)fd;
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int read_a_file_handed_down(int fd) {
    char c;
    (void)fd;
    for (int i = 0; i < 64; i++)
        if (pread(i, &c, 1, 0) >= 0 || read(i, &c, 1) > 0) return 0;
    return EPERM;
}

Test(sandbox, keeps_a_process_from_files_network_and_others) {
    int (*const attempts[])(int) = {open_a_file,     open_by_openat2, connect_a_socket,       start_a_process,
                                    kill_its_parent, execute,         read_a_file_handed_down};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) expect(locked(attempts[i]), EPERM);
}

static int write_to_the_pipe(int fd) { return fd > 2 && write(fd, "x", 1) == 1 && close(fd) < 0 ? 0 : 1; }

Test(sandbox, leaves_the_pipe_to_write_to) {
    int fd[2], status;
    char c;
    cr_assert_eq(pipe(fd), 0);
    pid_t child = fork();
    if (child == 0) {
        bool has_filter;
        int keep = nh_sandbox_close(fd[1]);
        if (!nh_sandbox_lock((nh_sandbox_limit){64 * MIB, 100}, &has_filter)) nh_sandbox_end(NOT_LOCKED);
        nh_sandbox_end(write_to_the_pipe(keep) && has_filter);
    }
    close(fd[1]);
    cr_assert_eq(read(fd[0], &c, 1), 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int allocate(int fd) {
    (void)fd;
    void *small = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *large = mmap(NULL, 65 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return small != MAP_FAILED && large == MAP_FAILED ? 0 : 1;
}

Test(sandbox, limits_memory) {
    if (SANITIZED) cr_skip_test("AddressSanitizer needs its address space");
    expect(locked(allocate), 0);
}

static int spin(int fd) {
    if (!nh_sandbox_grant(100)) return 1;
    for (volatile unsigned i = 0; fd >= 0; i++)
        ;
    return 0;
}

Test(sandbox, limits_time) {
    int status = locked(spin);
    if (WIFEXITED(status)) expect(status, 0);
    cr_assert_eq(WTERMSIG(status), SIGPROF);
}

static int spin_on(int fd) {
    for (volatile unsigned i = 0; fd >= 0; i++)
        ;
    return 0;
}

Test(sandbox, limits_time_in_all) {
    int status = locked(spin_on);
    if (WIFEXITED(status)) expect(status, 0);
    cr_assert_eq(WTERMSIG(status), SIGXCPU);
}

static int crash(int fd) {
    (void)fd;
    volatile int *nowhere = NULL;
    *nowhere = 1;
    return 0;
}

Test(sandbox, has_default_signals_so_that_a_crash_is_seen) {
    if (SANITIZED) cr_skip_test("AddressSanitizer catches it");
    int status = locked(crash);
    if (WIFEXITED(status)) expect(status, 0);
    cr_assert_eq(WTERMSIG(status), SIGSEGV);
}

/* From now on prctl fails for this option, as on a system that does not know it. */
static bool refuse(unsigned option) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, option, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {sizeof program / sizeof *program, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0;
}

Test(sandbox, is_not_called_locked_when_a_part_of_it_is_refused) {
    static const unsigned option[] = {PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE};
    for (size_t i = 0; i < sizeof option / sizeof *option; i++) {
        pid_t child = fork();
        int status;
        if (child == 0) {
            bool has_filter;
            if (!refuse(option[i])) nh_sandbox_end(NO_FILTER);
            nh_sandbox_end(nh_sandbox_lock((nh_sandbox_limit){64 * MIB, 100}, &has_filter) ? 1 : 0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        expect(status, 0);
    }
}
