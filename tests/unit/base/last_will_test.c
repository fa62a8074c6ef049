/* base/last_will: what is on the list is gone when a signal ended the process, and nothing else. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "last_will.h"

static char dir[32];

static void set_up(void) {
    strcpy(dir, "/tmp/nh_will_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void tear_down(void) {
    nh_arena *a = nh_arena_new();
    nh_remove_tree(nh_diag_new(a), dir);
    nh_arena_free(a);
}

TestSuite(last_will, .init = set_up, .fini = tear_down, .timeout = 20);

static void put(const char *name) {
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fclose(f);
}

/* Files "listed", "kept" and "other"; the working directory is another one when the signal comes. */
static _Noreturn void child(int number) {
    bool ok = nh_will_remove("listed", -1) && nh_will_remove("kept", -1);
    nh_will_keep_path("kept");
    if (!ok || chdir("/") != 0) _exit(1);
    if (number == 0) exit(0);
    raise(number);
    for (;;) pause(); /* until the clean-up ends us */
}

Test(last_will, a_signal_or_exit_removes_what_is_listed) {
    const int number[] = {SIGTERM, SIGINT, SIGHUP, 0};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        put("listed"), put("kept"), put("other");
        pid_t pid = fork();
        if (pid == 0) {
            if (number[i]) signal(number[i], SIG_DFL); /* a caller may have ignored it, as nohup does */
            child(number[i]);
        }
        int status = 0;
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        if (number[i])
            cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == number[i], "%d: %x", number[i], (unsigned)status);
        else
            cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        cr_expect_not(nh_file_exists("listed"), "%d", number[i]);
        cr_expect(nh_file_exists("kept"), "%d", number[i]);
        cr_expect(nh_file_exists("other"), "%d", number[i]);
    }
}
