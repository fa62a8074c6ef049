/* Lines and tokens of assembly. */
#include <string.h>

#include "asm_parts.h"
#include "image_binary.h"
#include "text.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void skip(nh_ias *s) {
    while (s->p < s->stop && is_blank(*s->p)) s->p++;
}

bool nh_ias_next_line(nh_ias *s) {
    if (s->number > 0) {
        const char *next = memchr(s->stop, '\n', (size_t)(s->end - s->stop));
        if (!next) return false;
        s->line = next + 1;
    }
    s->number++;
    const char *stop = s->line;
    for (bool quoted = false; stop < s->end && *stop != '\n' && (quoted || *stop != ';'); stop++)
        quoted ^= *stop == '"';
    s->p = s->line;
    s->stop = stop;
    return s->line < s->end;
}

nh_loc nh_ias_here(nh_ias *s) {
    int col = 1;
    uint32_t code;
    skip(s);
    for (const char *p = s->line; p < s->p; col++) {
        size_t n = nh_utf8_next(p, (size_t)(s->p - p), &code);
        p += n ? n : 1;
    }
    return (nh_loc){.file = s->file, .line = s->number, .col = col};
}

bool nh_ias_at_end(nh_ias *s) {
    skip(s);
    return s->p == s->stop;
}

static size_t token(const nh_ias *s) {
    size_t n = 0;
    while (s->p + n < s->stop && is_word(s->p[n])) n++;
    return n ? n : s->p < s->stop;
}

bool nh_ias_bad(nh_ias *s, nh_code code, const char *what) {
    nh_loc at = nh_ias_here(s);
    size_t n = token(s);
    nh_report(s->d, code, at, "%s", what);
    if (n == 0)
        nh_diag_found(s->d, "the end of the line");
    else
        nh_diag_found(s->d, "'%.*s'", n > 60 ? 60 : (int)n, s->p);
    s->p = s->stop;
    return false;
}

bool nh_ias_is(nh_ias *s, const char *word) {
    skip(s);
    size_t n = token(s);
    if (n == 0 || n != strlen(word) || memcmp(s->p, word, n) != 0) return false;
    s->p += n;
    return true;
}

bool nh_ias_expect(nh_ias *s, const char *word) {
    return nh_ias_is(s, word) || nh_ias_bad(s, NH_I_SYNTAX, nh_arena_printf(s->a, "'%s' is expected here", word));
}

const char *nh_ias_name(nh_ias *s, const char *what) {
    skip(s);
    size_t n = token(s);
    if (n == 0 || n > 64 || !is_word(*s->p)) {
        nh_ias_bad(s, NH_I_SYNTAX, nh_arena_printf(s->a, "%s is expected here", what));
        return NULL;
    }
    const char *name = nh_arena_strn(s->a, s->p, n);
    s->p += n;
    return name;
}

bool nh_ias_integer(nh_ias *s, int64_t least, int64_t most, int64_t *v) {
    skip(s);
    const char *p = s->p;
    bool negative = p < s->stop && *p == '-';
    uint64_t u = 0;
    if (negative) p++;
    const char *digits = p;
    for (; p < s->stop && *p >= '0' && *p <= '9'; p++)
        if (u <= (uint64_t)NH_IMAGE_NUMBER) u = u * 10 + (uint64_t)(*p - '0');
    if (p == digits || (p < s->stop && is_word(*p)))
        return nh_ias_bad(s, NH_I_SYNTAX, "a whole number is expected here");
    *v = u < (uint64_t)NH_IMAGE_NUMBER ? (int64_t)u : NH_IMAGE_NUMBER - 1;
    if (negative) *v = -*v;
    if (u >= (uint64_t)NH_IMAGE_NUMBER || *v < least || *v > most) {
        nh_report(s->d, NH_I_NUMBER, nh_ias_here(s), "%.*s does not fit here", p - s->p > 40 ? 40 : (int)(p - s->p),
                  s->p);
        nh_diag_allowed(s->d, "%lld to %lld", (long long)least, (long long)most);
        s->p = s->stop;
        return false;
    }
    s->p = p;
    return true;
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool nh_ias_quoted(nh_ias *s, const char **text) {
    skip(s);
    if (s->p == s->stop || *s->p != '"') return nh_ias_bad(s, NH_I_SYNTAX, "a text in quotes is expected here");
    char *to = nh_arena_alloc(s->a, (size_t)(s->stop - s->p) + 1);
    const char *p = s->p + 1;
    *text = to;
    for (; p < s->stop && *p != '"'; p++) {
        if (*p != '\\') {
            *to++ = *p;
            continue;
        }
        int high = s->stop - p > 3 && p[1] == 'x' ? hex(p[2]) : -1, low = high >= 0 ? hex(p[3]) : -1;
        if (low < 0 || high + low == 0)
            return nh_ias_bad(s, NH_I_SYNTAX,
                              "a backslash begins \\xNN, the byte NN (not 00) in small hexadecimal digits");
        *to++ = (char)(high * 16 + low);
        p += 3;
    }
    if (p == s->stop) return nh_ias_bad(s, NH_I_SYNTAX, "the text does not end: a quote is missing");
    s->p = p + 1;
    return true;
}

bool nh_ias_format(nh_ias *s, nh_format *f) {
    char text[NH_FORMAT_TEXT + 1] = {0};
    const char *why;
    size_t at, n = 0;
    skip(s);
    while (s->p + n < s->stop && !is_blank(s->p[n])) n++;
    if (n > NH_FORMAT_TEXT) return nh_ias_bad(s, NH_I_SYNTAX, "a format is expected here, as fixed<16,16>");
    memcpy(text, s->p, n);
    if (strlen(text) != n || !nh_format_parse(text, f, &why, &at))
        return nh_ias_bad(s, NH_I_SYNTAX, "a format is expected here, as fixed<16,16>");
    s->p += n;
    return true;
}

bool nh_ias_fields(nh_ias *s, void *row, const nh_image_field *f) {
    for (; f->key; f++) {
        int64_t v, most = f->kind == NH_FIELD_INT ? INT32_MAX : NH_IMAGE_NUMBER - 1;
        if (!nh_ias_expect(s, f->key) || !nh_ias_integer(s, -most, most, &v)) return false;
        nh_field_set(row, f, v);
    }
    return true;
}

bool nh_ias_done(nh_ias *s) {
    return nh_ias_at_end(s) || nh_ias_bad(s, NH_I_SYNTAX, "nothing more is expected on this line");
}
