#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "step.h"

static nh_arena *a;
static nh_diag *d;
static char dir[32], *out;

static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    strcpy(dir, "/tmp/nh_step_XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    out = nh_path_join(a, dir, "out");
}

static void tear_down(void) {
    nh_remove_tree(d, dir);
    nh_arena_free(a);
}

TestSuite(step, .init = set_up, .fini = tear_down);

static void put(const char *folder, const char *name, const char *text) {
    nh_writer *w = nh_writer_open(a, nh_path_join(a, folder, name));
    nh_puts(w, text);
    cr_assert(nh_writer_close(w, d));
}

/* One whole build of two steps as a new process would do it: rtl writes `rtl_text`, sim reads rtl. Gives what it said,
 * e.g. "rtl: first run; sim: first run". */
typedef struct {
    const char *config, *version, *rtl_text;
    bool force;
} build;
static const char *run(build b) {
    nh_steps *s = nh_steps_open(a, d, out);
    cr_assert_not_null(s);
    nh_step *rtl = nh_step_new(s, "rtl");
    nh_step_key(rtl, "config", b.config);
    if (!nh_step_cached(rtl, b.force)) {
        const char *staged = nh_step_begin(rtl, d);
        cr_assert(nh_mkdirs(d, nh_path_join(a, staged, "sub")));
        put(staged, "sub/top.v", b.rtl_text);
        cr_assert(nh_step_finish(rtl, d));
    }
    nh_step *sim = nh_step_new(s, "sim");
    if (b.version) nh_step_key(sim, "tool verilator", b.version);
    nh_step_input(sim, "rtl");
    if (!nh_step_cached(sim, false)) {
        put(nh_step_begin(sim, d), "log", "ok");
        cr_assert(nh_step_finish(sim, d));
    }
    return nh_arena_printf(a, "rtl: %s; sim: %s", nh_step_why(rtl), nh_step_why(sim));
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
static const build first = {HASH_A, "5.006", "module", false};

Test(step, the_second_run_of_the_same_does_nothing) {
    cr_assert_str_eq(run(first), "rtl: first run; sim: first run");
    cr_assert_str_eq(run(first), "rtl: nothing changed; sim: nothing changed");
}

Test(step, a_step_runs_again_for_what_changed_and_says_it) {
    run(first);
    build b = first;
    b.version = "5.020";
    cr_assert_str_eq(run(b), "rtl: nothing changed; sim: tool verilator: 5.006 -> 5.020");
    b.config = HASH_B;
    cr_assert_str_eq(run(b), "rtl: config changed; sim: nothing changed", "the same RTL came out: sim need not run");
    b.config = HASH_A;
    b.rtl_text = "other";
    cr_assert_str_eq(run(b), "rtl: config changed; sim: output of rtl changed");
    b.version = NULL;
    cr_assert_str_eq(run(b), "rtl: nothing changed; sim: tool verilator is no longer used");
    b.version = "5.020";
    cr_assert_str_eq(run(b), "rtl: nothing changed; sim: tool verilator is new");
    b.force = true;
    cr_assert_str_eq(run(b), "rtl: forced; sim: nothing changed");
}

Test(step, outputs_that_were_touched_are_made_again) {
    run(first);
    put(out, "rtl/sub/top.v", "edited");
    cr_assert_str_eq(run(first), "rtl: rtl/sub/top.v was changed; sim: nothing changed");
    unlink(nh_path_join(a, out, "rtl/sub/top.v"));
    cr_assert_str_eq(run(first), "rtl: rtl/sub/top.v is missing; sim: nothing changed");
    put(out, "rtl/more", "");
    cr_assert_str_eq(run(first), "rtl: nothing changed; sim: nothing changed", "a file beside them is no output");
    cr_assert(nh_file_exists(nh_path_join(a, out, "rtl/more")));
    nh_remove_tree(d, nh_path_join(a, out, "sim"));
    cr_assert_str_eq(run(first), "rtl: nothing changed; sim: sim is missing");
    cr_assert(nh_file_exists(nh_path_join(a, out, "sim/log")));
}

Test(step, a_failed_run_leaves_the_previous_output_and_state) {
    run(first);
    nh_steps *s = nh_steps_open(a, d, out);
    nh_step *t = nh_step_new(s, "rtl");
    nh_step_key(t, "config", HASH_B);
    cr_assert_not(nh_step_cached(t, false));
    put(nh_step_begin(t, d), "half", "");
    nh_step_abandon(t);
    cr_assert_str_eq(run(first), "rtl: nothing changed; sim: nothing changed");
}

Test(step, a_broken_state_file_means_that_everything_runs) {
    static const char *const broken[] = {
        "", "{", "[1]", "{\"format\": 2, \"step\": {\"rtl\": {}}}", "{\"format\":1,\"step\":7}", "\x80"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        run(first);
        put(out, ".neurohls.json", broken[i]);
        cr_assert_str_eq(run(first), "rtl: first run; sim: first run", "%s", broken[i]);
    }
}

Test(step, a_directory_of_somebody_else_is_refused) {
    cr_assert(nh_mkdirs(d, out));
    put(out, "thesis.tex", "");
    cr_assert_null(nh_steps_open(a, d, out));
    cr_assert_eq(d->item[0].code, NH_O_FOREIGN);
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_INPUT);
    cr_assert_not(nh_file_exists(nh_path_join(a, out, ".neurohls.json")));
}
