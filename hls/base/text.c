#include "text.h"

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
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool layout = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    return !control && !layout;
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
