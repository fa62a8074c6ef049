#include "schema.h"

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* Iterative: remember the last * and let it take one character more at each dead end. O(|glob| |name|). */
bool nh_glob_match(const char *glob, const char *name) {
    const char *star = NULL, *resume = NULL;
    for (;;) {
        if (*glob == '*') {
            star = ++glob;
            resume = name;
            continue;
        }
        if (*name && *glob == '?') {
            glob++;
            name++;
            while (is_continuation(*name)) name++;
            continue;
        }
        const char *literal = *glob == '\\' && glob[1] ? glob + 1 : glob;
        if (*name && *literal == *name) {
            glob = literal + 1;
            name++;
            continue;
        }
        if (!*name && !*glob) return true;
        if (!star || !*resume) return false;
        glob = star;
        name = ++resume;
    }
}

int nh_glob_literals(const char *glob) {
    int n = 0;
    for (; *glob; glob++) {
        if (*glob == '*' || *glob == '?') continue;
        if (*glob == '\\' && glob[1]) glob++;
        if (!is_continuation(*glob)) n++;
    }
    return n;
}
