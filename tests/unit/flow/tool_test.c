#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "tool.h"

static nh_arena *a;
static nh_diag *d;
static char dir[32];

static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    strcpy(dir, "/tmp/nh_tool_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void tear_down(void) {
    nh_remove_tree(d, dir);
    nh_arena_free(a);
}

TestSuite(tool, .init = set_up, .fini = tear_down, .timeout = 30);

static bool shell(const char *command, double wall_s, size_t memory) {
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    nh_tool_run r = {
        .argv = argv, .cwd = dir, .log = nh_path_join(a, dir, "log"), .wall_limit_s = wall_s, .memory_limit = memory};
    return nh_tool_exec(a, d, &r);
}

static const char *log_text(void) {
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, dir, "log"), 1 << 20, &b));
    return (const char *)b.data;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

Test(tool, runs_in_its_directory_with_both_streams_in_the_log_and_nothing_to_read) {
    cr_assert(shell("pwd; echo err >&2; cat", 0, 0));
    cr_assert_str_eq(log_text(), nh_arena_printf(a, "%s\nerr\n", dir));
    cr_assert_eq(d->count, 0);
}

Test(tool, a_failure_shows_status_and_the_last_lines) {
    cr_assert_not(shell("seq 1 100; exit 3", 0, 0));
    cr_assert_eq(d->item[0].code, NH_T_FAILED);
    cr_assert_str_eq(d->item[0].message, "sh ended with exit status 3");
    cr_assert_str_eq(d->item[0].found, "89\n90\n91\n92\n93\n94\n95\n96\n97\n98\n99\n100");
    cr_assert_not_null(strstr(d->item[0].hint, "/log"));
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_TOOL);
}

Test(tool, a_signal_is_named) {
    cr_assert_not(shell("kill -SEGV $$", 0, 0));
    cr_assert_str_eq(d->item[0].message, "sh was killed by signal 11 (Segmentation fault)");
}

Test(tool, a_program_that_is_not_there_is_a_diagnostic) {
    const char *argv[] = {"/no/such/program", NULL};
    cr_assert_not(nh_tool_exec(a, d, &(nh_tool_run){.argv = argv, .log = nh_path_join(a, dir, "log")}));
    cr_assert_eq(d->item[0].code, NH_T_FAILED);
    cr_assert_not(nh_tool_exec(a, d, &(nh_tool_run){.argv = argv, .log = "/no/such/log"}));
    cr_assert_eq(d->item[1].code, NH_O_WRITE);
}

static bool is_alive(const char *pid_file) {
    nh_bytes b;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, dir, pid_file), 100, &b));
    return kill(atoi((const char *)b.data), 0) == 0;
}

/* A killed grandchild may stay a zombie until init reaps it; that is not running. */
static bool is_gone(const char *pid_file) {
    for (int i = 0; i < 1500 && is_alive(pid_file); i++) {
        nh_bytes b, stat;
        nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, dir, pid_file), 100, &b);
        char path[64], text[200] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", atoi((const char *)b.data));
        int fd = open(path, O_RDONLY);
        if (fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strstr(text, ") Z")) return true;
        if (fd >= 0) close(fd);
        (void)stat;
        usleep(20000);
    }
    return !is_alive(pid_file);
}

Test(tool, the_time_limit_stops_the_tool_and_all_it_started) {
    double begin = now_s();
    cr_assert_not(shell("sleep 100 & echo $! >child; echo last words; sleep 100", 3, 0));
    cr_assert_lt(now_s() - begin, 60.0); /* far below the 100 s that it sleeps */
    cr_assert_eq(d->item[0].code, NH_T_LIMIT);
    cr_assert_str_eq(d->item[0].found, "last words");
    cr_assert(is_gone("child"));
}

Test(tool, what_a_tool_leaves_running_ends_with_it) {
    cr_assert(shell("sleep 100 & echo $! >child", 0, 0));
    cr_assert(is_gone("child"));
}

Test(tool, the_memory_limit_holds) {
    const char *grow = "x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    cr_assert_not(shell(grow, 20, (size_t)64 << 20));
    cr_assert_eq(d->item[0].code, NH_T_FAILED, "not the time limit");
}

/* Batch systems limit what they start, for good: a tool whose own limit is higher starts all the same, within theirs.
 */
Test(tool, a_memory_limit_of_the_caller_stays) {
    const rlim_t tib = (rlim_t)1 << 40; /* a sanitizer takes 20 for its shadow */
    cr_assert_eq(setrlimit(RLIMIT_AS, &(struct rlimit){64 * tib, 64 * tib}), 0);
    cr_assert(shell("ulimit -Hv", 20, 100 * tib));
    cr_assert_str_eq(log_text(), nh_arena_printf(a, "%lld\n", (long long)(64 * tib / 1024)));
    cr_assert(shell("ulimit -Hv", 20, 32 * tib));
    cr_assert_str_eq(log_text(), nh_arena_printf(a, "%lld\n", (long long)(32 * tib / 1024)));
}

Test(tool, our_signals_end_the_tool) {
    pid_t pid = fork();
    if (pid == 0) {
        shell("echo $$ >child; sleep 100 & echo $! >grandchild; touch ready; wait", 0, 0);
        _exit(0);
    }
    for (int i = 0; i < 3000 && !nh_file_exists(nh_path_join(a, dir, "ready")); i++) usleep(10000);
    kill(pid, SIGTERM);
    int status;
    waitpid(pid, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    cr_assert(is_gone("child"));
    cr_assert(is_gone("grandchild"));
}

/* Nothing of ours can run after SIGKILL: the kernel and the leader of the group end what was started. */
Test(tool, sigkill_of_ours_ends_the_tool_and_all_it_started) {
    pid_t pid = fork();
    if (pid == 0) {
        shell("echo $$ >child; (sleep 100 & echo $! >grandchild; touch ready; wait)", 0, 0);
        _exit(0);
    }
    for (int i = 0; i < 3000 && !nh_file_exists(nh_path_join(a, dir, "ready")); i++) usleep(10000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert(is_gone("child"));
    cr_assert(is_gone("grandchild"));
}

Test(tool, a_log_that_never_ends_stops_the_tool) {
    cr_assert_not(shell("yes & echo $! >child; yes", 0, 0));
    cr_assert_eq(d->item[0].code, NH_T_LIMIT);
    cr_assert_str_eq(d->item[0].message, "sh was stopped: it printed more than 64 MiB");
    struct stat st;
    cr_assert_eq(stat(nh_path_join(a, dir, "log"), &st), 0);
    cr_assert_eq(st.st_size, 64 << 20);
    cr_assert(is_gone("child"));
}

Test(tool, the_users_time_limit_is_that_of_every_tool) {
    setenv("NEUROHLS_TIME_LIMIT_S", "0.5", 1);
    cr_assert_not(shell("sleep 100", 0, 0));
    cr_assert_str_eq(d->item[0].message, "sh was stopped after 0.5 s");
    setenv("NEUROHLS_TIME_LIMIT_S", "soon", 1);
    cr_assert(shell("sleep 1", 0, 0));
}

Test(tool, paths_as_a_tool_in_another_folder_sees_them) {
    char *work = nh_path_join(a, dir, "a$HOME b/sim"), *rtl = nh_path_join(a, dir, "a$HOME b/rtl");
    cr_assert(nh_mkdirs(d, work) && nh_mkdirs(d, rtl) && nh_mkdirs(d, nh_path_join(a, dir, "a$HOME b/si")));
    cr_assert_str_eq(nh_tool_relative(a, work, nh_path_join(a, work, "obj")), "obj");
    cr_assert_str_eq(nh_tool_relative(a, work, rtl), "../rtl");
    cr_assert_str_eq(nh_tool_relative(a, rtl, nh_path_join(a, work, "p.ys")), "../sim/p.ys");
    cr_assert_str_eq(nh_tool_relative(a, nh_path_join(a, dir, "a$HOME b/si"), nh_path_join(a, work, "x")), "../sim/x");
    cr_assert_str_eq(nh_tool_relative(a, dir, dir), ".");
    cr_assert_str_eq(nh_tool_relative(a, work, nh_path_join(a, dir, "a$HOME b")), "..");
    cr_assert_eq(symlink(work, nh_path_join(a, dir, "link")), 0);
    cr_assert_str_eq(nh_tool_relative(a, nh_path_join(a, dir, "link"), rtl), "../rtl",
                     "the real folder is what .. is of");
}

static char *make_program(const char *name, const char *text) {
    char *path = nh_path_join(a, dir, name);
    nh_writer *w = nh_writer_open(a, path);
    nh_printf(w, "#!/bin/sh\n%s\n", text);
    cr_assert(nh_writer_close(w, d));
    cr_assert_eq(chmod(path, 0755), 0);
    return path;
}

Test(tool, the_environment_comes_before_the_path) {
    char *ours = make_program("my-yosys", "echo Yosys 99; echo more");
    char *on_path = make_program("yosys", "echo Yosys 1");
    setenv("PATH", dir, 1);
    unsetenv("NEUROHLS_YOSYS");
    cr_assert_str_eq(nh_tool_find(a, "yosys"), on_path);
    setenv("NEUROHLS_YOSYS", ours, 1);
    cr_assert_str_eq(nh_tool_find(a, "yosys"), ours);
    cr_assert_str_eq(nh_tool_version(a, "yosys", ours), "Yosys 99");
    setenv("NEUROHLS_YOSYS", "my-yosys", 1);
    cr_assert_str_eq(nh_tool_find(a, "yosys"), ours, "a bare name is looked up on PATH");
    setenv("NEUROHLS_YOSYS", dir, 1);
    cr_assert_null(nh_tool_find(a, "yosys"), "a directory is no program, and PATH does not step in silently");
    cr_assert_null(nh_tool_find(a, "verilator"));
}

Test(tool, the_working_directory_is_no_place_for_tools) {
    make_program("yosys", "");
    cr_assert_eq(chdir(dir), 0);
    unsetenv("NEUROHLS_YOSYS");
    setenv("PATH", ":/nowhere::", 1);
    cr_assert_null(nh_tool_find(a, "yosys"));
}

Test(tool, a_version_that_cannot_be_asked_is_empty) {
    cr_assert_str_eq(nh_tool_version(a, "yosys", make_program("bad", "echo x; exit 1")), "");
    cr_assert_str_eq(nh_tool_version(a, "icepack", make_program("mute", "")), "");
}

Test(tool, a_missing_tool_is_a_warning_unless_it_is_needed) {
    cr_assert_not(nh_tool_missing(d, "yosys", "synth", false));
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_OK);
    cr_assert_not_null(strstr(d->item[0].hint, "apt-get install yosys"));
    cr_assert_not(nh_tool_missing(d, "yosys", "synth", true));
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_TOOL);
}
