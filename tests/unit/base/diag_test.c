#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "text.h"

static nh_arena *a;
static nh_diag *d;

static void set_up(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
}

static void tear_down(void) { nh_arena_free(a); }

TestSuite(diag, .init = set_up, .fini = tear_down);

/* What is printed, in a. */
static char *printed(const nh_diag *diag, nh_severity least, bool color) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    nh_diag_print(diag, least, color, out);
    fclose(out);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

static void write_text(char path[32], const char *text) {
    strcpy(path, "/tmp/nh_diag_XXXXXX");
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void check_caret(const char *source, int line, int col, const char *expected_rows) {
    char path[32], expected[2000];
    write_text(path, source);
    nh_report(d, NH_O_READ, (nh_loc){.file = path, .line = line, .col = col}, "bad");
    snprintf(expected, sizeof expected, "%s:%d:%d: error[O101]: bad\n%s", path, line, col, expected_rows);
    cr_assert_str_eq(printed(d, NH_NOTE, false), expected);
    unlink(path);
}

Test(diag, the_caret_stands_under_the_column) {
    check_caret("a: 1\nreuse: 0\nb: 2\n", 2, 8, "    2 | reuse: 0\n      |        ^\n");
}

Test(diag, columns_count_characters_and_tabs_are_one_blank) {
    check_caret("\tn\xc3\xa4me: x", 1, 8, "    1 |  n\xc3\xa4me: x\n      |        ^\n");
}

Test(diag, a_control_character_of_the_source_is_a_question_mark) {
    check_caret("a\033[31m: \xff x\r\n", 1, 1, "    1 | a?[31m: ? x\n      | ^\n");
}

Test(diag, a_long_line_is_shown_around_the_caret) {
    char line[401], rows[400];
    memset(line, 'a', 400);
    line[400] = 0;
    line[299] = 'X';
    /* 50 characters before column 300, so it starts at column 250: the X is the 51st shown */
    snprintf(rows, sizeof rows, "    1 | ...%.100s...\n      | %*s^\n", line + 249, 3 + 50, "");
    check_caret(line, 1, 300, rows);
}

Test(diag, a_line_that_is_not_there_shows_no_source) { check_caret("one\n", 7, 1, ""); }

Test(diag, names_cannot_reach_the_terminal_or_forge_a_line) {
    nh_report(d, NH_O_READ, (nh_loc){.path = "node 'a\nb'"}, "layer '%s'", "x\033]0;t\007\nerror[C101]: \xe2\x80\xae");
    nh_diag_layer(d, "l\r1");
    nh_diag_found(d, "line 1\nerror[C101]: no\n");
    nh_diag_hint(d, "try");
    cr_assert_str_eq(printed(d, NH_NOTE, false),
                     "node 'a\\x0ab': error[O101]: layer 'x\\x1b]0;t\\x07\\x0aerror[C101]: \\xe2\\x80\\xae'\n"
                     "   layer: l\\x0d1\n   found: line 1\n   | error[C101]: no\n   hint: try\n");
}

Test(diag, severities_filter_and_decide_the_exit_status) {
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_OK);
    nh_report(d, NH_T_MISSING, NH_NOWHERE, "yosys");
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_OK, "a warning fails nothing");
    cr_assert_eq(d->n_warning, 1);
    cr_assert_not(nh_report(d, NH_O_READ, NH_NOWHERE, "file"));
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_INPUT);
    nh_report(d, NH_O_BUG, NH_NOWHERE, "bug");
    nh_report(d, NH_O_READ, NH_NOWHERE, "file");
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_BUG, "the highest counts");
    cr_assert_eq(d->n_error, 3);
    cr_assert_null(strstr(printed(d, NH_ERROR, false), "yosys"));
    cr_assert_not_null(strstr(printed(d, NH_WARNING, true), "\033[33mwarning[T101]\033[0m: yosys\n"));
}

Test(diag, append_copies_every_field) {
    nh_arena *gone = nh_arena_new();
    nh_diag *from = nh_diag_new(gone);
    char name[] = "fc1";
    nh_report(from, NH_O_READ, (nh_loc){.file = name, .line = 2}, "100%% of %s", name);
    nh_diag_layer(from, name);
    nh_diag_found(from, "1");
    nh_diag_allowed(from, "2");
    nh_diag_append(d, from);
    nh_arena_free(gone);
    memset(name, 'z', 3);
    cr_assert_str_eq(printed(d, NH_NOTE, false),
                     "fc1:2: error[O101]: 100% of fc1\n   layer: fc1\n   found: 1\n   allowed: 2\n");
}

Test(diag, a_hundred_are_shown_errors_before_warnings) {
    char *end = "and 30 more errors and 80 more warnings that are not shown\n";
    for (int i = 0; i < 80; i++) nh_report(d, NH_C_NO_EFFECT, NH_NOWHERE, "w%d", i);
    for (int i = 0; i < 130; i++) nh_report(d, NH_C_RANGE, NH_NOWHERE, "e%d", i);
    char *text = printed(d, NH_WARNING, false);
    cr_assert_eq(strncmp(text, "error[C109]: e0\n", 16), 0);
    cr_assert_not_null(strstr(text, ": e99\n"));
    cr_assert_null(strstr(text, ": e100\n"));
    cr_assert_str_eq(text + strlen(text) - strlen(end), end);
    nh_diag *few = nh_diag_new(a);
    for (int i = 0; i < 101; i++) nh_report(few, NH_C_NO_EFFECT, NH_NOWHERE, "w%d", i);
    nh_report(few, NH_C_RANGE, NH_NOWHERE, "the only error");
    text = printed(few, NH_WARNING, false);
    cr_assert_not_null(strstr(text, "the only error"), "an error behind many warnings");
    cr_assert_not_null(strstr(text, ": w98\n"));
    cr_assert_null(strstr(text, ": w99\n"));
    cr_assert_eq(nh_diag_exit(few), NH_EXIT_INPUT);
}

Test(diag, lines_are_found_in_any_order) {
    char path[32];
    write_text(path, "one\ntwo\nthree\n");
    for (int line = 3; line >= 1; line--)
        nh_report(d, NH_O_READ, (nh_loc){.file = path, .line = line, .col = 1}, "bad");
    nh_report(d, NH_O_READ, (nh_loc){.file = path, .line = 2, .col = 1}, "bad");
    char *text = printed(d, NH_NOTE, false);
    const char *word[] = {"3 | three", "2 | two", "1 | one", "2 | two"};
    for (int i = 0; i < 4; i++) cr_assert_not_null(text = strstr(text, word[i]), "%s", word[i]);
    unlink(path);
}

Test(diag, a_byte_order_mark_is_no_column) {
    check_caret("\xef\xbb\xbfio: x\n", 1, 5, "    1 | io: x\n      |     ^\n");
}

Test(diag, suggestions_are_near_words_only) {
    static const char *const word[] = {"strategy", "reuse_factor", "weight", "io", "x", "clock_mhz"};
    static const struct {
        const char *typed, *meant;
    } row[] = {
        {"stratgey", "strategy"}, /* neighbours swapped: 1 */
        {"reuse_facto", "reuse_factor"},
        {"resue_fatcor", "reuse_factor"},
        {"wieght", "weight"},
        {"clokc_mzh", "clock_mhz"},
        {"weigt", "weight"},
        {"ix", NULL /* io and x: 1 edit, but x has only one letter, io has distance 1 */},
        {"q", NULL},
        {"banana", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const char *got = nh_did_you_mean(row[i].typed, word, 6);
        const char *want = strcmp(row[i].typed, "ix") == 0 ? "io" : row[i].meant;
        cr_assert((got == NULL) == (want == NULL) && (!got || strcmp(got, want) == 0), "%s: %s", row[i].typed,
                  got ? got : "(none)");
    }
}

Test(diag, every_code_is_complete_and_found_by_its_id) {
    for (int c = 0; c < NH_CODE_COUNT; c++) {
        const nh_code_info *i = nh_code_get((nh_code)c);
        cr_assert(i->id[0] == i->symbol[0] && strlen(i->id) == 4, "%s: area letter and three digits", i->symbol);
        cr_assert_eq(nh_code_find(i->id), i, "%s: the id is given twice", i->id);
        cr_assert(i->title[0] && i->explanation[0], "%s", i->id);
        cr_assert((i->severity == NH_ERROR) == (i->exit != NH_EXIT_OK),
                  "%s: errors, and only they, have an exit status", i->id);
    }
    cr_assert_eq(nh_code_find("o101"), nh_code_get(NH_O_READ));
    cr_assert_null(nh_code_find("Z999"));
}

Test(text, only_valid_utf8_passes) {
    /* overlong, surrogate, beyond U+10FFFF, cut short: Unicode 15 table 3-7 */
    static const char *const bad[] = {"\xc0\x80",         "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80", "\xe2\x82",     "\x80"};
    uint32_t c;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(nh_utf8_next(bad[i], strlen(bad[i]), &c), 0, "%zu", i);
    cr_assert_eq(nh_utf8_next("\xe2\x82\xac", 3, &c), 3);
    cr_assert_eq(c, 0x20ac);
    cr_assert_eq(nh_utf8_next("\xf0\x9f\x98\x80", 4, &c), 4);
    cr_assert_eq(c, 0x1f600);
}
