/* Cycles of the C model, counted by hand. tests/fixtures/image/two_layers.s: cores (0, 0) and (1, 0) with queues of 4
 * flits; an event is 2 words at the first and 1 word at the second. A flit of the host takes 2 cycles to the first core
 * and 4 to the second, an engine 1 to its first word. */
#include <criterion/criterion.h>

#include <string.h>

#include "file.h"
#include "machine.h"

typedef struct {
    nh_arena *a;
    nh_machine *k;
} state;

static const nh_rect first = {0, 0, 0, 0}, second = {1, 1, 0, 0}, both = {0, 1, 0, 0};

/* The machine of two_layers.s; a line of it may be blanked. */
static void begin_without(state *s, const char *line) {
    nh_bytes text;
    s->a = nh_arena_new();
    nh_diag *d = nh_diag_new(s->a);
    cr_assert(nh_file_read(s->a, d, NH_NOWHERE, NH_SOURCE_DIR "/tests/fixtures/image/two_layers.s", 1 << 20, &text));
    char *copy = nh_arena_alloc(s->a, text.size + 1);
    memcpy(copy, text.data, text.size);
    if (line) {
        char *at = strstr(copy, line);
        cr_assert_not_null(at);
        memset(at, ' ', strlen(line));
    }
    const nh_image *m = nh_image_assemble(s->a, d, "two_layers.s", copy, text.size);
    cr_assert_not_null(m);
    s->k = nh_machine_new(s->a, m, 0);
    nh_machine_init(s->k);
}

static void begin(state *s) { begin_without(s, NULL); }

static void events(state *s, int n, nh_rect to) {
    for (int i = 0; i < n; i++) nh_machine_event(s->k, to, 0, 1);
}

Test(machine, an_engine_takes_the_words_of_one_event_after_the_other) {
    state s;
    begin(&s);
    events(&s, 10, first);
    /* sent in cycle 1, there in 3, first word in 4, and 2 cycles for each */
    cr_assert_eq(nh_machine_cycles(s.k), 4 + 10 * 2);
    nh_arena_free(s.a);
}

Test(machine, an_event_for_two_cores_takes_as_long_as_for_the_slower_one) {
    state s;
    begin(&s);
    events(&s, 10, both);
    cr_assert_eq(nh_machine_cycles(s.k), 4 + 10 * 2);
    nh_arena_free(s.a);
}

Test(machine, events_wait_behind_those_for_a_core_whose_queue_is_full) {
    state s;
    begin(&s);
    events(&s, 20, first);
    events(&s, 30, second);
    /* The n-th event for the first core is begun in cycle 2n (n > 1). 8 wait for it, 4 of them in the two routers: the
     * 20th leaves when the 12th is begun, in 24. The next is in the second core in 25 + 4, and has its first word
     * in 30. */
    cr_assert_eq(nh_machine_cycles(s.k), 30 + 30);
    nh_arena_free(s.a);
}

Test(machine, a_tick_without_events_is_its_sweep_and_a_look_at_the_routes) {
    state s;
    int64_t n;
    begin(&s);
    nh_machine_tick(s.k, &n);
    /* 16 of the pipelines; core (0, 0) sweeps 2 words, then its route: 5, and a cycle for each of the 2 words */
    cr_assert_eq(nh_machine_cycles(s.k), 16 + 2 + 5 + 2);
    nh_arena_free(s.a);
}

/* An event of core (1, 0) takes two links to the host: to (0, 0), and out; one of core (0, 0) takes the link to (1, 0).
 * Neuron 0 gets 3 x 3 in every step, fires at 5, and adds 4 to a neuron that fires at 6. */
Test(machine, links_are_counted_from_the_sender_to_the_farthest_tile) {
    state s;
    int64_t n;
    begin(&s);
    for (int step = 0; step < 6; step++) {
        for (int k = 0; k < 3; k++) nh_machine_event(s.k, first, 0, 1);
        nh_machine_tick(s.k, &n);
    }
    const nh_core_activity *near = nh_machine_activity(s.k, 0), *far = nh_machine_activity(s.k, 1);
    cr_assert_gt(near->count[7], 0);
    cr_assert_gt(far->count[7], 0);
    cr_assert_eq(near->hops, near->count[7] * 1);
    cr_assert_eq(far->hops, far->count[7] * 2);
    nh_arena_free(s.a);
}

/* Core (0, 0) has axons 0 and 2; 1 is a hole among them, 3 lies behind them. Each event of axon 0 is 2 words. */
Test(machine, events_of_holes_in_the_axon_table_and_behind_it_are_counted_and_add_nothing) {
    state s;
    begin_without(&s, "ACC 1 dense synapse 2 acc 0 words 2");
    nh_machine_event(s.k, first, 0, 1);
    nh_machine_event(s.k, first, 1, 1);
    nh_machine_event(s.k, first, 3, 1);
    const nh_core_activity *c = nh_machine_activity(s.k, 0);
    cr_assert_eq(c->count[0], 3, "events taken");
    cr_assert_eq(c->count[1], 2, "of invalid axons");
    cr_assert_eq(c->count[2], 2, "words added");
    nh_arena_free(s.a);
}
