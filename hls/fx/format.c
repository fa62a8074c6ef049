#include "fx.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const round_text[] = {"TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"};
static const char *const overflow_text[] = {"WRAP", "SAT", "SAT_ZERO", "SAT_SYM"};

nh_format nh_format_make(bool is_signed, int width_bits, int int_bits, nh_round round, nh_overflow overflow) {
    assert(width_bits >= 1 && width_bits <= 64);
    return (nh_format){width_bits, int_bits, is_signed, round, overflow};
}

nh_i128 nh_format_max(nh_format f) { return nh_fx_max_raw(f.width_bits, f.is_signed); }

nh_i128 nh_format_min(nh_format f) { return nh_fx_min_raw(f.width_bits, f.is_signed, f.overflow); }

bool nh_format_equal(nh_format a, nh_format b) {
    return a.width_bits == b.width_bits && a.int_bits == b.int_bits && a.is_signed == b.is_signed &&
           a.round == b.round && a.overflow == b.overflow;
}

/* --- text
 * ----------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *text, *p, *why; /* why: the first failure; p stays there */
} scanner;

static bool fail(scanner *s, const char *why) {
    if (!s->why) s->why = why;
    return false;
}

static void skip_blanks(scanner *s) {
    while (*s->p == ' ' || *s->p == '\t') s->p++;
}

static bool at_char(scanner *s, char c) {
    skip_blanks(s);
    if (s->why || *s->p != c) return false;
    s->p++;
    return true;
}

static bool is_word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next word without an ap_ or AP_ prefix; its start stays in s->p, its length is returned. */
static size_t peek_word(scanner *s, const char **word) {
    skip_blanks(s);
    const char *start = s->p;
    if (strncmp(start, "ap_", 3) == 0 || strncmp(start, "AP_", 3) == 0) start += 3;
    const char *end = start;
    while (is_word_char(*end)) end++;
    *word = start;
    return (size_t)(end - start);
}

static bool scan_int(scanner *s, int lo, int hi, const char *why_range, int *out) {
    skip_blanks(s);
    if (s->why) return false;
    const char *q = s->p;
    bool negative = *q == '-';
    if (*q == '-' || *q == '+') q++;
    if (*q < '0' || *q > '9') return fail(s, "a whole number is expected");
    int v = 0;
    for (; *q >= '0' && *q <= '9'; q++)
        if (v < 100000) v = v * 10 + (*q - '0');
    if (is_word_char(*q) || *q == '.') return fail(s, "a whole number is expected");
    v = negative ? -v : v;
    if (v < lo || v > hi) return fail(s, why_range);
    s->p = q;
    *out = v;
    return true;
}

static bool scan_mode(scanner *s, const char *const *name, int n, const char *why, int *out) {
    const char *word;
    size_t length = peek_word(s, &word);
    if (s->why) return false;
    for (int i = 0; i < n; i++)
        if (strlen(name[i]) == length && memcmp(name[i], word, length) == 0) {
            s->p = word + length;
            *out = i;
            return true;
        }
    return fail(s, why);
}

static bool scan_kind(scanner *s, bool *is_signed, bool *is_integer) {
    static const struct {
        const char *name;
        bool is_signed, is_integer;
    } kinds[] = {{"fixed", true, false}, {"ufixed", false, false}, {"int", true, true}, {"uint", false, true}};
    const char *word;
    size_t length = peek_word(s, &word);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, word, length) == 0) {
            s->p = word + length;
            *is_signed = kinds[i].is_signed;
            *is_integer = kinds[i].is_integer;
            return true;
        }
    return fail(s, "a format starts with fixed<, ufixed<, int< or uint<");
}

static bool scan_format(scanner *s, nh_format *f) {
    bool is_integer;
    int round = NH_ROUND_TRN, overflow = NH_OVERFLOW_WRAP;
    if (!scan_kind(s, &f->is_signed, &is_integer)) return false;
    if (!at_char(s, '<')) return fail(s, "'<' is expected after the kind of format");
    if (!scan_int(s, 1, 64, "the width must be 1..64 bits", &f->width_bits)) return false;
    f->int_bits = f->width_bits;
    if (!is_integer) {
        if (!at_char(s, ',')) return fail(s, "the number of integer bits is missing: write fixed<W,I>");
        if (!scan_int(s, -64, 128, "the integer bits must be -64..128", &f->int_bits)) return false;
    }
    if (at_char(s, ',')) {
        if (!scan_mode(s, round_text, 7,
                       "a rounding mode is TRN, TRN_ZERO, RND, RND_ZERO, RND_INF, RND_MIN_INF or RND_CONV", &round))
            return false;
        if (at_char(s, ',') &&
            !scan_mode(s, overflow_text, 4, "an overflow mode is WRAP, SAT, SAT_ZERO or SAT_SYM", &overflow))
            return false;
    }
    f->round = (nh_round)round;
    f->overflow = (nh_overflow)overflow;
    if (!at_char(s, '>')) return fail(s, "'>' is expected at the end of a format");
    skip_blanks(s);
    return *s->p == 0 || fail(s, "nothing may follow the closing '>'");
}

bool nh_format_parse(const char *text, nh_format *out, const char **why, size_t *at) {
    scanner s = {text, text, NULL};
    nh_format f;
    if (scan_format(&s, &f)) {
        *out = f;
        return true;
    }
    *why = s.why;
    *at = (size_t)(s.p - s.text);
    return false;
}

const char *nh_format_print(nh_format f, char buf[NH_FORMAT_TEXT]) {
    const char *kind = f.is_signed ? "fixed" : "ufixed";
    if (f.overflow != NH_OVERFLOW_WRAP)
        snprintf(buf, NH_FORMAT_TEXT, "%s<%d,%d,%s,%s>", kind, f.width_bits, f.int_bits, round_text[f.round],
                 overflow_text[f.overflow]);
    else if (f.round != NH_ROUND_TRN)
        snprintf(buf, NH_FORMAT_TEXT, "%s<%d,%d,%s>", kind, f.width_bits, f.int_bits, round_text[f.round]);
    else
        snprintf(buf, NH_FORMAT_TEXT, "%s<%d,%d>", kind, f.width_bits, f.int_bits);
    return buf;
}
