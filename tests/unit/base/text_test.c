#include <criterion/criterion.h>
#include <string.h>

#include "text.h"

static nh_arena *a;
static void set_up(void) { a = nh_arena_new(); }
static void tear_down(void) { nh_arena_free(a); }
TestSuite(text, .init = set_up, .fini = tear_down);

Test(text, what_controls_a_terminal_becomes_a_question_mark) {
    static const struct {
        const char *in, *out;
    } row[] = {
        {"fc1", "fc1"},
        {"h\xc3\xa4user \xe2\x82\xac \xf0\x9f\x98\x80", "h\xc3\xa4user \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x1b[31mred\x7f\n", "?[31mred??"},
        {"\xc2\x9b"
         "31m",
         "?31m"}, /* U+009B, the C1 control CSI */
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c",
         "a?b?c"},                      /* U+202E, U+2066: order of text */
        {"\xd8\x9c\xef\xbb\xbf", "??"}, /* U+061C, U+FEFF */
        {"\xff\xfe", "??"},             /* no UTF-8, byte by byte */
        {"\xe2\x82", "??"},             /* cut in the middle */
        {"\xed\xa0\x80", "???"},        /* a surrogate */
        {"\xef\xbf\xbf", "?"},          /* U+FFFF, which XML does not allow */
        {NULL, ""},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_assert_str_eq(nh_text_clean(a, row[i].in, 100), row[i].out, "row %zu", i);
}

Test(text, long_names_are_cut_between_two_characters) {
    char name[3 * 40 + 1] = "";
    for (int i = 0; i < 40; i++) strcat(name, "\xe2\x82\xac");
    for (size_t most = 4; most < 40; most++) {
        const char *cut = nh_text_clean(a, name, most);
        cr_assert_eq(strlen(cut), 3 * (most - 3) + 3);
        cr_assert_eq(memcmp(cut, name, 3 * (most - 3)), 0);
        cr_assert_str_eq(cut + 3 * (most - 3), "...");
        cr_assert_eq(nh_text_columns(cut), (int)most);
    }
    cr_assert_str_eq(nh_text_clean(a, name, 40), name);
}

Test(text, json_gets_every_message_though_a_byte_of_it_is_no_text) {
    cr_assert_str_eq(nh_text_valid(a, "line 1\n\x82\xac end \xe2\x82\xac\x1b"), "line 1\n?? end \xe2\x82\xac\x1b");
}
