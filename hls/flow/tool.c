#include "tool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "last_will.h"

const nh_tool_info nh_tools[] = {
    {"verilator", "NEUROHLS_VERILATOR", "the proof that RTL and C agree, measured cycles and the accuracy of the RTL",
     "apt-get install verilator", "--version"},
    {"yosys", "NEUROHLS_YOSYS", "counted LUTs, flip-flops, block RAMs and DSPs instead of estimates", "apt-get install yosys", "-V"},
    {"nextpnr-ice40", "NEUROHLS_NEXTPNR_ICE40", "place and route: the clock that is reached, utilisation",
     "apt-get install nextpnr-ice40", "--version"},
    {"icepack", "NEUROHLS_ICEPACK", "the bitstream of an iCE40", "apt-get install fpga-icestorm", NULL},
    {"icetime", "NEUROHLS_ICETIME", "a second opinion on the timing of an iCE40", "apt-get install fpga-icestorm", NULL},
    {"iverilog", "NEUROHLS_IVERILOG", "a second simulator for the tests", "apt-get install iverilog", "-V"},
    {"cc", "NEUROHLS_CC", "the generated C kernels on the samples; without it the slower integer model gives the accuracy", "apt-get install gcc", "--version"},
    {"c++", "NEUROHLS_CXX", "the Verilated model: co-simulation", "apt-get install g++", "--version"},
};
const int nh_n_tools = sizeof nh_tools / sizeof nh_tools[0];

static const nh_tool_info *info(const char *name) {
    for (int i = 0; i < nh_n_tools; i++)
        if (strcmp(nh_tools[i].name, name) == 0) return &nh_tools[i];
    return NULL;
}

char *nh_tool_absolute(nh_arena *a, const char *path) {
    char cwd[4096];
    if (path[0] == '/' || !getcwd(cwd, sizeof cwd)) return nh_arena_str(a, path);
    return nh_path_join(a, cwd, path);
}

/* Its absolute path when it is a program. */
static char *program(nh_arena *a, const char *path) {
    struct stat st;
    bool ok = stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
    return ok ? nh_tool_absolute(a, path) : NULL;
}

/* Empty entries of PATH mean the working directory: nothing is started from there. */
static char *on_path(nh_arena *a, const char *name) {
    const char *path = getenv("PATH");
    if (!path) path = "/usr/local/bin:/usr/bin:/bin";
    for (size_t n; *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        char *found = n > 0 ? program(a, nh_arena_printf(a, "%.*s/%s", (int)n, path, name)) : NULL;
        if (found) return found;
    }
    return NULL;
}

char *nh_tool_find(nh_arena *a, const char *name) {
    const nh_tool_info *t = info(name);
    const char *given = t ? getenv(t->env) : NULL;
    if (!given || !*given) return on_path(a, name);
    return strchr(given, '/') ? program(a, given) : on_path(a, given);
}

bool nh_tool_missing(nh_diag *d, const char *name, const char *step, bool required) {
    const nh_tool_info *t = info(name);
    assert(t);
    nh_report(d, required ? NH_T_REQUIRED : NH_T_MISSING, NH_NOWHERE, "%s: %s was not found%s", step, name,
              required ? "" : ", the step is skipped");
    nh_diag_found(d, "no %s on PATH, and %s is %s", name, t->env, getenv(t->env) ? "not a program" : "not set");
    nh_diag_hint(d, "it would have told: %s; install it with: %s", t->gives, t->install);
    return false;
}

/* Start a program without a shell, in its own process group, so that it can be stopped with all it starts. It is on the list of
 * what dies with us before a signal can come between. 0 or errno. */
static int start(const char *const *argv, const char *cwd, int out, pid_t *pid) {
    posix_spawn_file_actions_t act;
    posix_spawnattr_t attr;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&act);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&act, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&act, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&act, out, STDERR_FILENO);
    if (cwd) posix_spawn_file_actions_addchdir_np(&act, cwd);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    /* posix_spawn leaves argv alone; its type is older than const. */
    char **args = (char **)(uintptr_t)argv;
    nh_will_hold();
    int error = posix_spawn(pid, argv[0], &act, &attr, args, environ);
    if (error == 0 && !nh_will_kill(*pid)) {
        kill(-*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
        error = ENOMEM;
    }
    nh_will_release();
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&act);
    return error;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Wait for the end, or stop it after limit_s (0: never). The process is left unreaped until its group is killed: so the group's
 * number cannot have been given to somebody else. True: it ended by itself. */
static bool finish(pid_t pid, double limit_s, int *status) {
    double begin = now_s();
    bool in_time = true;
    for (long nap_us = 500;; nap_us = nap_us < 20000 ? nap_us * 2 : nap_us) {
        siginfo_t si = {0};
        if (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT | WNOHANG) == 0 && si.si_pid == pid) break;
        in_time = limit_s <= 0 || now_s() - begin < limit_s;
        if (!in_time) break;
        nanosleep(&(struct timespec){.tv_nsec = nap_us * 1000}, NULL);
    }
    kill(-pid, SIGKILL);
    nh_will_keep_group(pid);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
    return in_time;
}

/* The last lines of a log, as they are: nh_diag_print keeps them behind a margin. */
static char *tail(nh_arena *a, const char *log) {
    enum { BYTES = 2000, LINES = 12 };
    char text[BYTES + 1] = "";
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nh_arena_str(a, "");
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, BYTES, size > BYTES ? size - BYTES : 0);
    close(fd);
    if (n <= 0) return nh_arena_str(a, "");
    while (n > 0 && text[n - 1] == '\n') n--;
    text[n] = 0;
    ssize_t from = n;
    for (int lines = 0; from > 0 && (text[from - 1] != '\n' || ++lines < LINES); from--) continue;
    return nh_arena_str(a, text + from);
}

bool nh_tool_exec(nh_arena *a, nh_diag *d, const nh_tool_run *r) {
    const char *name = nh_path_base(r->argv[0]);
    int log = open(r->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0) return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot write the log '%s': %s", r->log, strerror(errno));
    pid_t pid = 0;
    int error = start(r->argv, r->cwd, log, &pid);
    close(log);
    if (error) return nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s cannot be started: %s", r->argv[0], strerror(error));
    if (r->memory_limit) prlimit(pid, RLIMIT_AS, &(struct rlimit){r->memory_limit, r->memory_limit}, NULL);
    int status = 0;
    if (!finish(pid, r->wall_limit_s, &status))
        nh_report(d, NH_T_LIMIT, NH_NOWHERE, "%s was stopped after %g s", name, r->wall_limit_s);
    else if (WIFSIGNALED(status))
        nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s was killed by signal %d (%s)", name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s ended with exit status %d", name, WEXITSTATUS(status));
    else
        return true;
    nh_diag_found(d, "%s", tail(a, r->log));
    nh_diag_hint(d, "the whole log is %s", r->log);
    return false;
}

char *nh_tool_version(nh_arena *a, const char *name, const char *path) {
    const nh_tool_info *t = info(name);
    int pipe_fd[2];
    char text[512] = "";
    if (!t || !t->version_flag || pipe2(pipe_fd, O_CLOEXEC) != 0) return nh_arena_str(a, "");
    const char *argv[] = {path, t->version_flag, NULL};
    pid_t pid = 0;
    bool ok = start(argv, NULL, pipe_fd[1], &pid) == 0;
    close(pipe_fd[1]);
    if (ok) {
        int status = 0;
        /* A version is far shorter than a pipe holds, so nobody waits for the other here. */
        ok = finish(pid, 20, &status) && status == 0;
        ssize_t n = ok ? read(pipe_fd[0], text, sizeof text - 1) : 0;
        text[n > 0 ? n : 0] = 0;
    }
    close(pipe_fd[0]);
    return nh_arena_strn(a, text, strcspn(text, "\r\n"));
}
