/* The parent's parser on streams made by hand: what a child that was taken over might send. */
#include <criterion/criterion.h>
#include <string.h>

#include "stream.h"

static nh_arena *a;
static nh_diag *d;
static nh_h5_parsed out;

static void setup(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
}

static void teardown(void) { nh_arena_free(a); }

TestSuite(h5_stream, .init = setup, .fini = teardown);

typedef struct {
    uint8_t data[4096];
    size_t size, pos, step;
    bool late; /* at the end: no end but silence */
} stream;

static void put(stream *s, uint64_t v, int size) {
    for (int i = 0; i < size; i++) s->data[s->size++] = (uint8_t)(v >> 8 * i);
}

static void put_text(stream *s, int length_size, const char *text) {
    put(s, strlen(text), length_size);
    memcpy(s->data + s->size, text, strlen(text));
    s->size += strlen(text);
}

static void begin(stream *s) {
    put(s, NH_H5_BEGIN, 1);
    put(s, 1, 1);
}

static void object(stream *s, const char *name) {
    put(s, NH_H5_OBJECT, 1);
    put_text(s, 2, name);
}

/* n numbers 0, 1 ... in shape n */
static void numbers(stream *s, int n) {
    put(s, NH_H5_NUMBERS, 1);
    put(s, 0, 1);
    put(s, 1, 1);
    put(s, (uint64_t)n, 8);
    for (int i = 0; i < n; i++) {
        double v = i;
        uint64_t bits;
        memcpy(&bits, &v, 8);
        put(s, bits, 8);
    }
}

static bool fill(void *ctx, uint8_t *to, size_t cap, size_t *got) {
    stream *s = ctx;
    *got = s->size - s->pos;
    if (*got == 0) return !s->late;
    if (*got > s->step) *got = s->step;
    if (*got > cap) *got = cap;
    memcpy(to, s->data + s->pos, *got);
    s->pos += *got;
    return true;
}

static nh_h5_stream parse(stream *s, size_t limit) {
    if (!s->step) s->step = 1;
    s->pos = 0;
    return nh_h5_parse(a, d, "x.h5", limit, (nh_h5_source){fill, s}, &out);
}

static void good_stream(stream *s) {
    begin(s);
    object(s, "b");
    numbers(s, 3);
    object(s, "a");
    put(s, NH_H5_OPEN, 1);
    object(s, "t");
    put(s, NH_H5_STRINGS, 1);
    put(s, 0, 1);
    put_text(s, 4, "text");
    put(s, NH_H5_UP, 1);
    put(s, NH_H5_END, 1);
}

Test(h5_stream, gives_the_same_tree_in_pieces_of_any_size) {
    for (size_t step = 1; step < 80; step++) {
        stream s = {.step = step};
        good_stream(&s);
        cr_assert_eq(parse(&s, 1 << 20), NH_H5_STREAM_WHOLE);
        const nh_h5 *b = nh_h5_find(out.root, "b"), *g = nh_h5_find(out.root, "a");
        cr_assert(out.root->n_child == 2 && b && b->n == 3 && b->number[2] == 2);
        cr_assert_str_eq(nh_h5_find(g, "t")->text[0], "text");
        cr_assert_str_eq(nh_h5_find(g, "t")->path, "/a/t");
    }
}

Test(h5_stream, that_ends_or_stops_anywhere_gives_no_tree) {
    stream s = {0};
    good_stream(&s);
    for (size_t n = s.size - 1; n > 0; n--) {
        s.size = n;
        s.late = false;
        cr_assert_eq(parse(&s, 1 << 20), NH_H5_STREAM_CUT);
        cr_assert_null(out.root);
        s.late = true;
        cr_assert_eq(parse(&s, 1 << 20), NH_H5_STREAM_LATE);
        cr_assert_null(out.root);
    }
}

static void expect_broken(stream *s, size_t limit, const char *rule) {
    cr_assert_eq(parse(s, limit), NH_H5_STREAM_BROKEN, "no error, expected: %s", rule);
    cr_assert_str_eq(out.rule, rule);
    cr_assert_null(out.root);
}

Test(h5_stream, must_have_a_sound_structure) {
    stream s = {0};
    put(&s, NH_H5_END, 1);
    expect_broken(&s, 100, "no begin");
    s = (stream){0};
    begin(&s);
    put(&s, 99, 1);
    expect_broken(&s, 100, "an unknown record");
    s = (stream){0};
    begin(&s);
    numbers(&s, 1);
    expect_broken(&s, 100, "numbers of no object");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_UP, 1);
    expect_broken(&s, 100, "an end of no group");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_OPEN, 1);
    expect_broken(&s, 100, "a group without a name");
    s = (stream){0};
    begin(&s);
    object(&s, "a");
    put(&s, NH_H5_OPEN, 1);
    put(&s, NH_H5_END, 1);
    expect_broken(&s, 100, "an end inside of a group");
    s = (stream){0};
    begin(&s);
    for (int i = 0; i < 2; i++) {
        object(&s, "same");
        numbers(&s, 1);
    }
    put(&s, NH_H5_END, 1);
    expect_broken(&s, 100, "a name twice");
    s = (stream){0};
    begin(&s);
    object(&s, "a");
    numbers(&s, 1);
    numbers(&s, 1);
    expect_broken(&s, 100, "numbers of no object");
}

Test(h5_stream, must_have_possible_names_and_texts) {
    stream s = {0};
    begin(&s);
    object(&s, "a/b");
    expect_broken(&s, 100, "an impossible name");
    s = (stream){0};
    begin(&s);
    object(&s, "");
    expect_broken(&s, 100, "an impossible name");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_OBJECT, 1);
    put(&s, 0xffff, 2);
    expect_broken(&s, 100, "a name that is too long");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_OBJECT, 1);
    put(&s, 1, 2);
    put(&s, 0, 1);
    expect_broken(&s, 100, "text with a zero byte");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_PROBLEM, 1);
    put(&s, NH_H5_BAD_COUNT, 1);
    expect_broken(&s, 100, "an unknown problem");
    s = (stream){0};
    begin(&s);
    put(&s, NH_H5_PROBLEM, 1);
    put(&s, NH_H5_BAD_TYPE, 1);
    put(&s, 0xffff, 2);
    expect_broken(&s, 100, "a message that is too long");
}

static void shape(stream *s, int rank, const uint64_t *dim) {
    begin(s);
    object(s, "a");
    put(s, NH_H5_NUMBERS, 1);
    put(s, 0, 1);
    put(s, (uint64_t)rank, 1);
    for (int i = 0; i < rank && i < 9; i++) put(s, dim[i], 8);
}

Test(h5_stream, cannot_make_the_parent_allocate_beyond_the_limit) {
    static const uint64_t overflow[] = {1ull << 32, 1ull << 32}, negative[] = {1ull << 63}, rank9[9] = {0},
                          empty_then_huge[] = {0, INT64_MAX}, two_gib[] = {1ull << 28}, huge[] = {INT64_MAX};
    stream s = {0};
    shape(&s, 2, overflow);
    expect_broken(&s, NH_H5_MAX_BYTES, "too many elements");
    s = (stream){0};
    shape(&s, 1, negative);
    expect_broken(&s, NH_H5_MAX_BYTES, "a negative dimension");
    s = (stream){0};
    shape(&s, 9, rank9);
    expect_broken(&s, NH_H5_MAX_BYTES, "too many dimensions");
    s = (stream){0};
    shape(&s, 1, two_gib);
    expect_broken(&s, NH_H5_MAX_BYTES, "too many elements");
    s = (stream){0};
    shape(&s, 1, huge);
    expect_broken(&s, NH_H5_MAX_BYTES, "too many elements");
    s = (stream){0};
    shape(&s, 2, empty_then_huge);
    put(&s, NH_H5_END, 1);
    cr_assert_eq(parse(&s, NH_H5_MAX_BYTES), NH_H5_STREAM_WHOLE);
    cr_assert_eq(out.root->child[0].n, 0);
    s = (stream){0};
    begin(&s);
    object(&s, "a");
    numbers(&s, 3);
    object(&s, "b");
    numbers(&s, 2);
    expect_broken(&s, 32, "too many elements");
    s = (stream){0};
    begin(&s);
    object(&s, "a");
    put(&s, NH_H5_STRINGS, 1);
    put(&s, 0, 1);
    put(&s, 1u << 31, 4);
    expect_broken(&s, 1000, "strings that are too long");
}

Test(h5_stream, may_not_nest_deeper_than_the_limit) {
    stream s = {0};
    begin(&s);
    for (int i = 0; i <= NH_H5_MAX_DEPTH; i++) {
        object(&s, "g");
        put(&s, NH_H5_OPEN, 1);
    }
    expect_broken(&s, 100, "too deep");
}

typedef struct {
    size_t n, limit;
} endless;

/* BEGIN, then objects without end. */
static bool fill_objects(void *ctx, uint8_t *to, size_t cap, size_t *got) {
    endless *e = ctx;
    static const uint8_t first[] = {NH_H5_BEGIN, 1}, next[] = {NH_H5_OBJECT, 1, 0, 'x'};
    cr_assert_geq(cap, sizeof next);
    *got = e->n++ ? sizeof next : sizeof first;
    memcpy(to, e->n == 1 ? first : next, *got);
    return true;
}

Test(h5_stream, may_not_have_objects_without_end) {
    endless e = {0};
    cr_assert_eq(nh_h5_parse(a, d, "x.h5", 100, (nh_h5_source){fill_objects, &e}, &out), NH_H5_STREAM_BROKEN);
    cr_assert_str_eq(out.rule, "too many objects");
    cr_assert_eq(e.n, NH_H5_MAX_OBJECTS + 2);
}

Test(h5_stream, problems_are_reported_at_the_object) {
    stream s = {0};
    begin(&s);
    object(&s, "g");
    put(&s, NH_H5_OPEN, 1);
    object(&s, "x");
    put(&s, NH_H5_PROBLEM, 1);
    put(&s, NH_H5_BAD_FILTER, 1);
    put_text(&s, 2, "why");
    put(&s, NH_H5_UP, 1);
    put(&s, NH_H5_END, 1);
    cr_assert_eq(parse(&s, 100), NH_H5_STREAM_WHOLE);
    cr_assert_eq(out.n_problem, 1);
    cr_assert_eq(d->item[0].code, NH_M_H5_FILTER);
    cr_assert_str_eq(d->item[0].at.path, "/g/x");
    cr_assert_str_eq(d->item[0].message, "why");
    cr_assert_eq(nh_h5_find(out.root, "g")->n_child, 0);
}

Test(h5_stream, random_bytes_never_crash_the_parser) {
    uint64_t seed = 88172645463325252u;
    for (int k = 0; k < 20000; k++) {
        stream s = {.step = 64};
        if (k % 2)
            good_stream(&s);
        else
            begin(&s);
        size_t n = k % 2 ? s.size : 100;
        for (size_t i = 0; i < n; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            if (k % 2 == 0)
                put(&s, seed % 4 ? seed % 9 : seed, 1);
            else if (seed % 40 == 0)
                s.data[i] = (uint8_t)(seed >> 8);
        }
        nh_h5_stream state = parse(&s, 1 << 20);
        cr_assert_eq(out.root != NULL, state == NH_H5_STREAM_WHOLE);
        nh_arena_reset(a);
        d = nh_diag_new(a);
    }
}
