/* Texts of one or two words per line: lists of recordings, labels. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "file.h"

#define FILE_LIMIT ((size_t)64 << 20)
#define MAX_LINES ((int64_t)1 << 22)
#define BLANKS " \t\r"

static int64_t refuse(nh_diag *d, const nh_data_ref *ref, int line, const char *why) {
    nh_report(d, NH_D_LIST, ref->at, "'%s', line %d: %s", ref->path, line, why);
    return -1;
}

/* Words of text[0..n-1]; how many there are, at most 3. */
static int words(nh_arena *a, const char *text, size_t n, const char *word[2]) {
    int count = 0;
    for (size_t i = 0; i < n;) {
        while (i < n && strchr(BLANKS, text[i])) i++;
        size_t start = i;
        while (i < n && !strchr(BLANKS, text[i])) i++;
        if (i == start) break;
        if (count < 2) word[count] = nh_arena_strn(a, text + start, i - start);
        if (++count == 3) break;
    }
    return count;
}

int64_t nh_lines_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_line **out) {
    nh_bytes file;
    size_t n = 0, cap = 0;
    int number = 0;
    *out = NULL;
    if (!nh_text_read(a, d, ref->at, ref->path, FILE_LIMIT, &file)) return -1;
    if (memchr(file.data, 0, file.size)) return refuse(d, ref, 1, "it is not a text");
    const char *p = (const char *)file.data, *end = p + file.size;
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        nh_line line = {.line = ++number};
        if (!stop) stop = end;
        int count = *p == '#' ? 0 : words(a, p, (size_t)(stop - p), line.word);
        p = stop + 1;
        if (count == 3) return refuse(d, ref, number, "there are more than two words");
        if (count == 0) continue;
        if ((int64_t)n == MAX_LINES) return refuse(d, ref, number, "there are too many lines");
        *out = nh_arena_grow(a, *out, &cap, n + 1, sizeof **out);
        (*out)[n++] = line;
    }
    return (int64_t)n;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const nh_line *)a)->word[0], ((const nh_line *)b)->word[0]);
}

static const char *last_word(const nh_line *l) { return l->word[1] ? l->word[1] : l->word[0]; }

static int64_t no_label(nh_diag *d, const nh_data_ref *ref, const char *name) {
    nh_report(d, NH_D_LIST, ref->at, "'%s' has no label for the recording '%s'", ref->path, name);
    return -1;
}

/* The label of a line; -1: diagnosed. */
static int64_t label_of(nh_diag *d, const nh_data_ref *ref, const nh_line *l) {
    char *end;
    const char *text = last_word(l);
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (*end || errno || v < 0)
        return refuse(d, ref, l->line, "the last word is not a label: an integer of at least 0");
    return v;
}

/* Lines with names, by name without .bs2. */
static void sort_lines(nh_arena *a, nh_line *line, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const char *base = nh_path_base(line[i].word[0]);
        size_t size = strlen(base);
        if (size > 4 && strcmp(base + size - 4, ".bs2") == 0) size -= 4;
        line[i].word[0] = nh_arena_strn(a, base, size);
    }
    qsort(line, (size_t)n, sizeof *line, by_name);
}

const char *nh_label_count_text(nh_arena *a, int64_t n, int64_t have) {
    return n == have ? nh_arena_printf(a, "%lld", (long long)n)
                     : nh_arena_printf(a, "%lld, or %lld for the first ones", (long long)have, (long long)n);
}

const int64_t *nh_labels_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, int64_t n, int64_t have,
                              const char *const *name) {
    nh_line *line;
    int64_t n_line = nh_lines_read(a, d, ref, &line), n_named = 0;
    if (n_line < 0) return NULL;
    for (int64_t i = 0; i < n_line; i++) n_named += line[i].word[1] != NULL;
    if (n_named && n_named != n_line) {
        refuse(d, ref, line[0].line, "some lines have one word and some two");
        return NULL;
    }
    bool by_names = name && n_named;
    if (!by_names && n_line != n && n_line != have) {
        nh_report(d, NH_D_SHAPE, ref->at, "there must be one label per sample");
        nh_diag_found(d, "%lld", (long long)n_line);
        nh_diag_allowed(d, "%s", nh_label_count_text(a, n, have));
        return NULL;
    }
    if (by_names) sort_lines(a, line, n_line);
    int64_t *label = nh_arena_array(a, (size_t)n, sizeof *label);
    for (int64_t i = 0; i < n; i++) {
        nh_line key = {.word = {by_names ? name[i] : ""}};
        const nh_line *l = by_names ? bsearch(&key, line, (size_t)n_line, sizeof *line, by_name) : &line[i];
        label[i] = l ? label_of(d, ref, l) : no_label(d, ref, name[i]);
        if (label[i] < 0) return NULL;
    }
    return label;
}
