#include "text.h"

#include <string.h>

size_t nh_utf8_next(const char *s, size_t n, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)s[0];
    size_t len = lead < 0x80 ? 1 : lead >> 5 == 0x6 ? 2 : lead >> 4 == 0xe ? 3 : lead >> 3 == 0x1e ? 4 : 0;
    if (len == 0 || len > n) return 0;
    uint32_t c = len == 1 ? lead : lead & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        unsigned char b = (unsigned char)s[i];
        if (b >> 6 != 2) return 0;
        c = c << 6 | (b & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *code = c;
    return len;
}

bool nh_is_printable(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } not_printable[] = {
        {0, 0x1f},        {0x7f, 0x9f}, /* C0, DEL, C1 */
        {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},                     /* layout */
        {0xfff9, 0xfffb}, {0xfdd0, 0xfdef}, {0xd800, 0xdfff}, {0xe0000, 0xe0fff}, /* tags */
    };
    for (size_t i = 0; i < sizeof not_printable / sizeof *not_printable; i++)
        if (c >= not_printable[i].first && c <= not_printable[i].last) return false;
    return (c & 0xfffe) != 0xfffe; /* no characters */
}

char *nh_text_clean(nh_arena *a, const char *s, size_t most) {
    size_t n = s ? strlen(s) : 0, at = 0, count = 0, cut = 0;
    char *out = nh_arena_alloc(a, n + 4);
    for (size_t i = 0; i < n; count++) {
        uint32_t code = 0;
        size_t len = nh_utf8_next(s + i, n - i, &code);
        if (count + 3 == most) cut = at;
        if (count == most) {
            strcpy(out + cut, "...");
            return out;
        }
        if (len && nh_is_printable(code))
            memcpy(out + at, s + i, len), at += len;
        else
            out[at++] = '?';
        i += len ? len : 1;
    }
    return out;
}

char *nh_text_valid(nh_arena *a, const char *s) {
    char *out = nh_arena_str(a, s), *p = out;
    for (size_t n = strlen(out), len; n > 0; p += len, n -= len) {
        uint32_t code;
        len = nh_utf8_next(p, n, &code);
        if (len == 0) {
            *p = '?';
            len = 1;
        }
    }
    return out;
}

int nh_text_columns(const char *s) {
    int n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void nh_print_escaped(const char *s, size_t n, FILE *out) {
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t len = nh_utf8_next(s + i, n - i, &c);
        if (len != 0 && nh_is_printable(c)) {
            fwrite(s + i, 1, len, out);
            i += len;
        } else {
            fprintf(out, "\\x%02x", (unsigned char)s[i++]);
        }
    }
}
