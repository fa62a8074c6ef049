#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"

static nh_arena *a;
static nh_diag *d;
static char dir[32];

static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    strcpy(dir, "/tmp/nh_publish_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void tear_down(void) {
    nh_remove_tree(d, dir);
    nh_arena_free(a);
}

TestSuite(publish, .init = set_up, .fini = tear_down, .timeout = 20);

static char *in_dir(const char *name) { return nh_path_join(a, dir, name); }

static void put(const char *folder, const char *name, const char *text) {
    nh_writer *w = nh_writer_open(a, nh_path_join(a, folder, name));
    nh_puts(w, text);
    cr_assert(nh_writer_close(w, d));
}

static const char *get(const char *folder, const char *name) {
    nh_bytes b;
    return nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, folder, name), 1000, &b) ? (const char *)b.data : "(none)";
}

static int entries(const char *folder) {
    int n = -2;
    DIR *dirp = opendir(folder);
    while (readdir(dirp)) n++;
    closedir(dirp);
    return n;
}

Test(publish, a_new_directory_appears_whole) {
    char *dst = in_dir("out/rtl"), *staged = nh_stage_dir(a, d, dst);
    cr_assert_eq(strncmp(staged, dst, strlen(dst)), 0);
    put(staged, "x", "1");
    cr_assert_not(nh_file_exists(dst));
    cr_assert(nh_publish(d, staged, dst));
    cr_assert_str_eq(get(dst, "x"), "1");
    cr_assert_eq(entries(in_dir("out")), 1, "nothing but the output is left");
}

Test(publish, what_was_there_is_replaced_as_a_whole) {
    char *dst = in_dir("rtl");
    cr_assert(nh_mkdirs(d, nh_path_join(a, dst, "deep/er")));
    put(dst, "old", "1");
    char *staged = nh_stage_dir(a, d, dst);
    put(staged, "new", "2");
    cr_assert(nh_publish(d, staged, dst));
    cr_assert_str_eq(get(dst, "new"), "2");
    cr_assert_eq(entries(dst), 1);
    cr_assert_eq(entries(dir), 1);
}

Test(publish, files_are_published_too) {
    put(dir, "state", "old");
    char *dst = in_dir("state"), *staged = nh_stage_file(a, d, dst);
    nh_writer *w = nh_writer_open(a, staged);
    nh_puts(w, "new");
    cr_assert(nh_writer_close(w, d));
    cr_assert(nh_publish(d, staged, dst));
    cr_assert_str_eq(get(dir, "state"), "new");
    cr_assert_eq(entries(dir), 1);
}

Test(publish, outputs_are_as_open_as_the_users_mask_says) {
    umask(022);
    struct stat st;
    cr_assert_eq(stat(nh_stage_dir(a, d, in_dir("rtl")), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0755);
}

Test(publish, discard_leaves_nothing) {
    char *staged = nh_stage_dir(a, d, in_dir("rtl"));
    put(staged, "x", "1");
    nh_discard(staged);
    cr_assert_eq(entries(dir), 0);
}

/* LeakSanitizer asks it where it is linked. The runner has threads: in a forked child the lock of one that is not there
 * any more may be taken, and exit would wait for it. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return is_child; }

static pid_t fork_child(void) {
    pid_t pid = fork();
    is_child = pid == 0;
    return pid;
}

/* A child that stages, tells so, and then ends as `how` says: 0 = exit, otherwise it waits for that signal. */
static int child_status(int how) {
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork_child();
    if (pid == 0) {
        char *staged = nh_stage_dir(a, d, in_dir("rtl"));
        put(staged, "half", "1");
        if (write(ready[1], "x", 1) != 1) _exit(1);
        if (how == 0) exit(0);
        for (;;) pause();
    }
    char c;
    cr_assert_eq(read(ready[0], &c, 1), 1);
    if (how) kill(pid, how);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    close(ready[1]);
    return status;
}

Test(publish, signals_and_exit_remove_the_staged_directory_and_keep_the_old_output) {
    put(dir, "rtl", "old");
    static const int how[] = {0, SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 4; i++) {
        int status = child_status(how[i]);
        if (how[i] == 0)
            cr_assert(WIFEXITED(status));
        else
            cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == how[i],
                      "it dies of the signal itself, so that the shell sees it");
        cr_assert_eq(entries(dir), 1, "after signal %d", how[i]);
    }
    cr_assert_str_eq(get(dir, "rtl"), "old");
}

Test(publish, after_sigkill_the_next_run_cleans_up_but_not_what_a_living_one_owns) {
    child_status(SIGKILL);
    cr_assert_eq(entries(dir), 1);
    char *mine = nh_stage_dir(a, d, in_dir("rtl"));
    cr_assert_eq(entries(dir), 1, "the dead one's is gone, ours is there");
    cr_assert_not_null(nh_stage_dir(a, d, in_dir("rtl")));
    cr_assert(nh_file_exists(mine), "a second one leaves the first alone");
    cr_assert_not_null(nh_stage_dir(a, d, in_dir("rt")));
    cr_assert_eq(entries(dir), 3);
}

Test(publish, a_forked_child_does_not_remove_its_parents) {
    char *staged = nh_stage_dir(a, d, in_dir("rtl"));
    pid_t pid = fork_child();
    if (pid == 0) exit(0);
    waitpid(pid, NULL, 0);
    cr_assert(nh_file_exists(staged));
}

Test(publish, links_devices_and_files_in_the_place_are_not_replaced) {
    put(dir, "target", "old");
    cr_assert_eq(symlink("target", in_dir("link")), 0);
    cr_assert_eq(mkfifo(in_dir("pipe"), 0600), 0);
    cr_assert_null(nh_stage_file(a, d, in_dir("link")));
    cr_assert_null(nh_stage_dir(a, d, in_dir("link")));
    cr_assert_null(nh_stage_file(a, d, in_dir("pipe")));
    cr_assert_not(nh_publish(d, nh_stage_dir(a, d, in_dir("target")), in_dir("target")), "a folder for a file");
    cr_assert(nh_mkdirs(d, in_dir("folder")));
    cr_assert_not(nh_publish(d, nh_stage_file(a, d, in_dir("folder")), in_dir("folder")), "a file for a folder");
    for (size_t i = 0; i < d->count; i++) cr_assert_eq(d->item[i].code, NH_O_WRITE);
    cr_assert_eq(d->count, 5);
    cr_assert_str_eq(get(dir, "target"), "old");
}

Test(publish, only_names_that_are_ours_are_swept) {
    put(dir, "rtl.tmp-backup", "mine");
    put(dir, "rtl.tmp-XXXXXX", "mine");
    nh_discard(nh_stage_dir(a, d, in_dir("rtl")));
    cr_assert_eq(entries(dir), 2);
}
