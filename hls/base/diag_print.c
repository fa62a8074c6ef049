#include <string.h>

#include "diag.h"
#include "file.h"
#include "text.h"

#define SOURCE_MAX ((size_t)16 << 20)
#define LINE_SHOWN 100 /* characters of a source line */

typedef struct {
    FILE *out;
    bool color;
    nh_arena *arena; /* holds the source file that was shown last */
    const char *name;
    nh_bytes source;
    int line; /* where the line that was found last begins: the next one is mostly below it */
    const char *begin;
} printer;

static const char *paint(const printer *p, const char *escape) { return p->color ? escape : ""; }

static void put_escaped(const printer *p, const char *s) { nh_print_escaped(s, strlen(s), p->out); }

/* Text that may have several lines (the end of a log): each stays behind a margin, so that none can pass for ours. */
static void put_field(const printer *p, const char *label, const char *text) {
    if (!text) return;
    fprintf(p->out, "   %s: ", label);
    for (const char *line = text;;) {
        size_t n = strcspn(line, "\n");
        nh_print_escaped(line, n, p->out);
        fputc('\n', p->out);
        line += n;
        if (*line == 0 || line[1] == 0) return;
        line++;
        fputs("   | ", p->out);
    }
}

static bool load(printer *p, const char *name) {
    if (!p->name || strcmp(p->name, name) != 0) {
        nh_arena_reset(p->arena);
        p->source = (nh_bytes){0};
        p->name = name;
        nh_diag *ignored = nh_diag_new(p->arena);
        /* Without the mark that begins it: columns do not count that. */
        if (!nh_text_read(p->arena, ignored, NH_NOWHERE, name, SOURCE_MAX, &p->source)) p->source = (nh_bytes){0};
        p->line = 1;
        p->begin = (const char *)p->source.data;
    }
    return p->source.data != NULL;
}

/* The text of a 1-based line; false when the file has fewer lines. */
static bool find_line(printer *p, int number, const char **line, size_t *n) {
    const char *first = (const char *)p->source.data, *end = first + p->source.size;
    bool below = number >= p->line;
    const char *s = below ? p->begin : first;
    for (int i = below ? p->line : 1; i < number; i++) {
        s = memchr(s, '\n', (size_t)(end - s));
        if (!s++) return false;
    }
    p->line = number;
    p->begin = s;
    const char *stop = memchr(s, '\n', (size_t)(end - s));
    if (!stop) stop = end;
    if (stop > s && stop[-1] == '\r') stop--;
    *line = s;
    *n = (size_t)(stop - s);
    return true;
}

/* One line of source and, under the character in column col, a caret. Both rows are made in the same walk: an
 * unprintable character is one '?', a tab one space, so that the caret stays in place. Long lines are shown around the
 * caret. */
static void put_source(printer *p, nh_loc at) {
    const char *line;
    size_t n;
    if (!at.file || at.line < 1 || !load(p, at.file) || !find_line(p, at.line, &line, &n)) return;
    int first = at.col > LINE_SHOWN ? at.col - LINE_SHOWN / 2 : 1;
    fprintf(p->out, "%5d | %s", at.line, first > 1 ? "..." : "");
    int col = 1;
    for (size_t i = 0; i < n; col++) {
        uint32_t code = 0;
        size_t len = nh_utf8_next(line + i, n - i, &code);
        if (col >= first + LINE_SHOWN) {
            fputs("...", p->out);
            break;
        }
        if (col >= first) {
            if (len && nh_is_printable(code))
                fwrite(line + i, 1, len, p->out);
            else
                fputc(code == '\t' ? ' ' : '?', p->out);
        }
        i += len ? len : 1;
    }
    fputc('\n', p->out);
    if (at.col < 1) return;
    fprintf(p->out, "      | %*s%s^%s\n", at.col - first + (first > 1 ? 3 : 0), "", paint(p, "\033[32m"),
            paint(p, "\033[0m"));
}

static void put_place(const printer *p, nh_loc at) {
    if (at.file) {
        put_escaped(p, at.file);
        if (at.line > 0) fprintf(p->out, ":%d", at.line);
        if (at.line > 0 && at.col > 0) fprintf(p->out, ":%d", at.col);
        fputs(": ", p->out);
    }
    if (at.path) {
        put_escaped(p, at.path);
        fputs(": ", p->out);
    }
}

static bool names_layer(const nh_diag_item *it) {
    const char *at = strstr(it->message, "layer '");
    size_t n = strlen(it->layer);
    return at && strncmp(at + 7, it->layer, n) == 0 && at[7 + n] == '\'';
}

static void put_item(printer *p, const nh_diag_item *it) {
    static const struct {
        const char *word, *escape;
    } look[] = {
        [NH_NOTE] = {"note", "\033[36m"}, [NH_WARNING] = {"warning", "\033[33m"}, [NH_ERROR] = {"error", "\033[31m"}};
    const nh_code_info *c = nh_code_get(it->code);
    put_place(p, it->at);
    fprintf(p->out, "%s%s[%s]%s: ", paint(p, look[c->severity].escape), look[c->severity].word, c->id,
            paint(p, "\033[0m"));
    put_escaped(p, it->message);
    fputc('\n', p->out);
    put_source(p, it->at);
    /* Not where the sentence names it already. */
    if (it->layer && !names_layer(it)) put_field(p, "layer", it->layer);
    put_field(p, "found", it->found);
    put_field(p, "allowed", it->allowed);
    put_field(p, "hint", it->hint);
}

void nh_diag_print(const nh_diag *d, nh_severity least, bool color, FILE *out) {
    printer p = {.out = out, .color = color, .arena = nh_arena_new()};
    size_t room[NH_ERROR + 1], left = nh_diag_room(d, least, room);
    for (size_t i = 0; i < d->count; i++) {
        nh_severity severity = nh_code_get(d->item[i].code)->severity;
        if (severity < least || room[severity] == 0) continue;
        room[severity]--;
        put_item(&p, &d->item[i]);
    }
    if (left) fprintf(out, "%s\n", nh_diag_left_text(p.arena, d, least));
    nh_arena_free(p.arena);
}
