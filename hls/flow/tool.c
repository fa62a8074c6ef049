#include "tool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "last_will.h"
#include "launch.h"

const nh_tool_info nh_tools[] = {
    {"verilator", "NEUROHLS_VERILATOR", "the proof that RTL and C agree, measured cycles and the accuracy of the RTL",
     "apt-get install verilator", "--version"},
    {"yosys", "NEUROHLS_YOSYS", "counted LUTs, flip-flops, block RAMs and DSPs instead of estimates",
     "apt-get install yosys", "-V"},
#define NH_FAMILY(name, synthesis, memory, cells, placement, tools) tools
#define NH_TOOL(...) {__VA_ARGS__},
#define NH_NO_TOOLS
#include "families.def"
    {"iverilog", "NEUROHLS_IVERILOG", "a second simulator for the tests", "apt-get install iverilog", "-V"},
    {"cc", "NEUROHLS_CC",
     "the generated C kernels on the samples; without it the slower integer model gives the accuracy",
     "apt-get install gcc", "--version"},
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

static char *real_path(nh_arena *a, const char *path) {
    char *real = realpath(path, NULL), *out = nh_arena_str(a, real ? real : nh_tool_absolute(a, path));
    free(real);
    return out;
}

char *nh_tool_relative(nh_arena *a, const char *from, const char *path) {
    const char *base = nh_path_base(path), *x = real_path(a, from),
               *y = nh_path_join(a, real_path(a, nh_path_dir(a, path)), base);
    size_t same = 0; /* bytes of the folders that both have in common */
    for (size_t i = 0;; i++) {
        bool end_x = x[i] == 0 || x[i] == '/', end_y = y[i] == 0 || y[i] == '/';
        if (end_x && end_y) same = i;
        if (x[i] != y[i] || x[i] == 0) break;
    }
    const char *up = "";
    for (const char *p = x + same; *p; p++)
        if (*p == '/' && p[1]) up = nh_arena_printf(a, "%s../", up);
    const char *down = y + same + (y[same] == '/');
    if (*down) return nh_arena_printf(a, "%s%s", up, down);
    return *up ? nh_arena_strn(a, up, strlen(up) - 1) : nh_arena_str(a, ".");
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

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef enum { ENDED, TOO_LONG, LOG_TOO_LARGE } ending;

static bool is_log_full(const char *log) {
    struct stat st;
    return log && stat(log, &st) == 0 && st.st_size > NH_TOOL_LOG_MOST;
}

/* Wait for the end, or stop it after limit_s or when its log is too large. The process is left unreaped until its group
 * is killed: so the group's number cannot have been given to somebody else. */
static ending finish(pid_t pid, double limit_s, const char *log, int *status) {
    double begin = now_s();
    ending how = ENDED;
    for (long nap_us = 500; how == ENDED; nap_us = nap_us < 20000 ? nap_us * 2 : nap_us) {
        siginfo_t si = {0};
        if (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT | WNOHANG) == 0 && si.si_pid == pid) break;
        if (now_s() - begin >= limit_s)
            how = TOO_LONG;
        else if (is_log_full(log))
            how = LOG_TOO_LARGE;
        else
            nanosleep(&(struct timespec){.tv_nsec = nap_us * 1000}, NULL);
    }
    kill(-pid, SIGKILL);
    nh_will_keep_group(pid);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
    if (is_log_full(log) && truncate(log, NH_TOOL_LOG_MOST) != 0) unlink(log);
    return how;
}

bool nh_tool_end(pid_t pid, double limit_s, int *status) { return finish(pid, limit_s, NULL, status) == ENDED; }

/* What the caller says, one hour when it says nothing; the user's word counts more. */
static double time_limit(const nh_tool_run *r) {
    const char *given = getenv("NEUROHLS_TIME_LIMIT_S");
    char *end = NULL;
    double seconds = given ? strtod(given, &end) : 0;
    if (given && end != given && *end == 0 && seconds > 0) return seconds;
    return r->wall_limit_s > 0 ? r->wall_limit_s : NH_TOOL_WALL_S;
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
    int error = nh_launch_start(
        &(nh_launch){.argv = r->argv, .cwd = r->cwd, .out = log, .memory_limit = r->memory_limit}, &pid);
    close(log);
    if (error) return nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s cannot be started: %s", r->argv[0], strerror(error));
    int status = 0;
    double limit_s = time_limit(r);
    ending how = finish(pid, limit_s, r->log, &status);
    if (how == TOO_LONG)
        nh_report(d, NH_T_LIMIT, NH_NOWHERE, "%s was stopped after %g s", name, limit_s);
    else if (how == LOG_TOO_LARGE)
        nh_report(d, NH_T_LIMIT, NH_NOWHERE, "%s was stopped: it printed more than %d MiB", name,
                  NH_TOOL_LOG_MOST >> 20);
    else if (WIFSIGNALED(status))
        nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s was killed by signal %d (%s)", name, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
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
    bool ok = nh_launch_start(&(nh_launch){.argv = argv, .out = pipe_fd[1]}, &pid) == 0;
    close(pipe_fd[1]);
    if (ok) {
        int status = 0;
        /* A version is far shorter than a pipe holds, so nobody waits for the other here. */
        ok = finish(pid, 20, NULL, &status) == ENDED && status == 0;
        ssize_t n = ok ? read(pipe_fd[0], text, sizeof text - 1) : 0;
        text[n > 0 ? n : 0] = 0;
    }
    close(pipe_fd[0]);
    return nh_arena_strn(a, text, strcspn(text, "\r\n"));
}
