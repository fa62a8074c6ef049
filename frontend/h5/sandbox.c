#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
enum { SANITIZED_SLOWDOWN = 4 };

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

_Noreturn void nh_sandbox_end(int status) {
    for (;;) syscall(SYS_exit_group, status);
}

static void default_signals(void) {
    static const int ended_by[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPROF, SIGXCPU,
                                   SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGCHLD};
    static const int crash[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof ended_by / sizeof *ended_by; i++) signal(ended_by[i], SIG_DFL);
    for (size_t i = 0; !SANITIZED && i < sizeof crash / sizeof *crash; i++) signal(crash[i], SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_from(unsigned first, unsigned last) {
    if (first > last) return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
    struct rlimit files;
    unsigned end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < end) end = (unsigned)files.rlim_cur;
    for (unsigned fd = first; fd < end && fd <= last; fd++) close((int)fd);
}

int nh_sandbox_close(int keep) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    default_signals();
    int fd = fcntl(keep, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0) return -1;
    close_from(STDERR_FILENO + 1, (unsigned)fd - 1);
    close_from((unsigned)fd + 1, UINT32_MAX);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int std = STDIN_FILENO; std <= STDERR_FILENO - SANITIZED; std++)
        if (nowhere < 0 || dup2(nowhere, std) < 0) close(std);
    if (nowhere > STDERR_FILENO) close(nowhere);
    return fd;
}

/* The hard limit is `slack` above, so that the signal of the soft one tells which it was. */
static bool limit(int what, rlim_t soft, rlim_t slack) {
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0) return false;
    rlim_t hard = soft + slack;
    if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max) hard = now.rlim_max;
    if (soft > hard) soft = hard;
    return setrlimit((__rlimit_resource_t)what, &(struct rlimit){soft, hard}) == 0;
}

/* Bytes of address space of this process; 0 when unknown. */
static size_t address_space(void) {
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    size_t pages = 0;
    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++) pages = pages * 10 + (size_t)(text[i] - '0');
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

bool nh_sandbox_grant(long cpu_ms) {
    long ms = cpu_ms * (SANITIZED ? SANITIZED_SLOWDOWN : 1);
    struct itimerval cpu = {.it_value = {ms / 1000, ms % 1000 * 1000}};
    return setitimer(ITIMER_PROF, &cpu, NULL) == 0;
}

static bool set_limits(nh_sandbox_limit l) {
    long ms = l.cpu_ms * (SANITIZED ? SANITIZED_SLOWDOWN : 1);
    size_t space = address_space();
    if (!SANITIZED && (space == 0 || !limit(RLIMIT_AS, space + l.memory, 0))) return false;
    return limit(RLIMIT_CPU, (rlim_t)(ms / 1000 + 1), 1) && limit(RLIMIT_FSIZE, 0, 0) && limit(RLIMIT_CORE, 0, 0) &&
           limit(RLIMIT_NOFILE, 0, 0);
}

#ifdef ARCH
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)

/* Memory, the pipe and the end; all else, first of all opening, connecting, starting and signalling, fails with EPERM.
 */
static bool set_filter(void) {
    static const struct sock_filter program[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr), /* x32 calls have numbers of their own and so fail, too */
        ALLOW(write),
        ALLOW(brk),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(mprotect),
        ALLOW(madvise),
        ALLOW(futex),
        ALLOW(clock_gettime),
        ALLOW(gettimeofday),
        ALLOW(setitimer),
        ALLOW(sched_yield),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(rt_sigreturn),
        ALLOW(rt_sigprocmask),
        ALLOW(sigaltstack),
        ALLOW(restart_syscall),
        ALLOW(exit),
        ALLOW(exit_group),
        RETURN(SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)),
    };
    struct sock_fprog p = {sizeof program / sizeof *program, (struct sock_filter *)(uintptr_t)program};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) == 0;
}
#else
static bool set_filter(void) { return false; }
#endif

bool nh_sandbox_lock(nh_sandbox_limit l, bool *has_filter) {
    *has_filter = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return false;
    if (!set_limits(l)) return false;
    *has_filter = set_filter();
    return true;
}
