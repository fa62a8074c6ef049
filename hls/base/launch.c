#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "last_will.h"

/* Below, between fork and exec, only what POSIX allows there is called: other threads may have held any lock. */
enum { PARENT_DIED = SIGUSR2, NO_EXEC = 127 };

static _Noreturn void fail(int error_fd, int error) {
    ssize_t ignored = write(error_fd, &error, sizeof error);
    (void)ignored;
    _exit(NO_EXEC);
}

/* A limit of ours never asks for more than the caller may have: raising that is refused. */
static bool limit_memory(size_t most) {
    struct rlimit now;
    if (getrlimit(RLIMIT_AS, &now) != 0) return false;
    rlim_t limit = now.rlim_max < most ? now.rlim_max : most;
    return setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}) == 0;
}

static _Noreturn void run_program(const nh_launch *l, pid_t leader, int error_fd) {
    sigset_t none;
    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(error_fd, errno);
    if (getppid() != leader) _exit(NO_EXEC);
    int in = l->in ? l->in : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(l->out, STDOUT_FILENO) < 0 ||
        dup2(l->err ? l->err : l->out, STDERR_FILENO) < 0)
        fail(error_fd, errno);
    if (l->cwd && chdir(l->cwd) != 0) fail(error_fd, errno);
    if (l->memory_limit && !limit_memory(l->memory_limit)) fail(error_fd, errno);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* execv leaves argv alone; its type is older than const. */
    execv(l->argv[0], (char *const *)(uintptr_t)l->argv);
    fail(error_fd, errno);
}

static void close_all(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 0, UINT32_MAX, 0) == 0) return;
#endif
    for (int fd = 0; fd < 65536; fd++) close(fd);
}

static _Noreturn void end_as(int status) {
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    int number = WTERMSIG(status);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* one picture of the memory is enough */
    signal(number, SIG_DFL);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(NO_EXEC);
}

/* All signals are blocked: these two are waited for, and none of the parent's handlers runs here. */
static _Noreturn void lead(const nh_launch *l, pid_t parent, int error_fd) {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, PARENT_DIED);
    signal(SIGCHLD, SIG_DFL);
    signal(PARENT_DIED, SIG_DFL);
    if (setpgid(0, 0) != 0) fail(error_fd, errno); /* else its end would be that of our parent's group */
    if (prctl(PR_SET_PDEATHSIG, PARENT_DIED) != 0) fail(error_fd, errno);
    if (getppid() != parent) _exit(NO_EXEC);
    pid_t leader = getpid(), program = fork();
    if (program < 0) fail(error_fd, errno);
    if (program == 0) run_program(l, leader, error_fd);
    close_all();
    for (;;) {
        int status, number = sigwaitinfo(&awaited, NULL);
        if (number == PARENT_DIED) kill(0, SIGKILL);
        if (number == SIGCHLD && waitpid(program, &status, WNOHANG) == program) end_as(status);
    }
}

/* 0 when the program runs: then the pipe was closed by its exec. */
static int read_error(int fd) {
    int error = 0;
    ssize_t n;
    while ((n = read(fd, &error, sizeof error)) < 0 && errno == EINTR) continue;
    return n == sizeof error ? error : 0;
}

int nh_launch_start(const nh_launch *l, pid_t *pid) {
    int pipe_fd[2], error = 0;
    sigset_t all, before;
    if (pipe2(pipe_fd, O_CLOEXEC) != 0) return errno;
    sigfillset(&all);
    pid_t parent = getpid();
    nh_will_hold();
    if (nh_will_cancelled(nh_will_mine())) {
        nh_will_release();
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        *pid = -1;
        return ECANCELED;
    }
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = fork();
    if (*pid == 0) lead(l, parent, pipe_fd[1]);
    error = *pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        setpgid(*pid, *pid); /* both do it: neither must wait for the other */
        if (!nh_will_kill(*pid)) error = ENOMEM;
    }
    nh_will_release();
    close(pipe_fd[1]);
    if (error == 0) error = read_error(pipe_fd[0]);
    close(pipe_fd[0]);
    if (error == 0 || *pid < 0) return error;
    kill(-*pid, SIGKILL);
    nh_will_keep_group(*pid);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) continue;
    return error;
}
