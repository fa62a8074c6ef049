/* Whole prints as they were read by people: every number, word and line of a picture. A print that is meant to be
 * another is written anew with NH_UPDATE_GOLDEN=1, and its difference read. */
#ifndef NH_KEPT_H
#define NH_KEPT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* The text without its <style>, which is report.css. */
static inline char *kept_text(nh_arena *a, const char *text) {
    char *copy = nh_arena_str(a, text), *from = strstr(copy, "<style>"), *to = strstr(copy, "</style>");
    if (from && to) memmove(from, to + 8, strlen(to + 8) + 1);
    return copy;
}

static inline void expect_kept(nh_arena *a, const char *name, const char *text) {
    const char *path = nh_arena_printf(a, "%s/tests/unit/report/kept/%s", NH_SOURCE_DIR, name),
               *got = kept_text(a, text);
    if (getenv("NH_UPDATE_GOLDEN")) {
        FILE *f = fopen(path, "w");
        cr_assert(f && fputs(got, f) >= 0 && fclose(f) == 0);
        return;
    }
    nh_bytes bytes;
    cr_assert(nh_file_read(a, nh_diag_new(a), NH_NOWHERE, path, 1 << 24, &bytes), "%s is missing", path);
    const char *want = (const char *)bytes.data;
    size_t at = 0, line = 1;
    for (; got[at] && got[at] == want[at]; at++) line += got[at] == '\n';
    while (at > 0 && got[at - 1] != '\n' && got[at] != want[at]) at--;
    cr_expect(strcmp(got, want) == 0, "%s:%zu: kept\n%.300s\nnow\n%.300s", path, line, want + at, got + at);
}

#endif
