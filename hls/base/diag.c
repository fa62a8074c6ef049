#include "diag.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>

nh_diag *nh_diag_new(nh_arena *a) {
    nh_diag *d = NH_NEW(a, nh_diag);
    d->arena = a;
    return d;
}

static const char *own(nh_arena *a, const char *s) { return s ? nh_arena_str(a, s) : NULL; }

bool nh_report(nh_diag *d, nh_code code, nh_loc at, const char *fmt, ...) {
    d->item = nh_arena_grow(d->arena, d->item, &d->cap, d->count + 1, sizeof *d->item);
    nh_diag_item *it = &d->item[d->count++];
    va_list ap;
    va_start(ap, fmt);
    *it = (nh_diag_item){.code = code, .at = at, .message = nh_arena_vprintf(d->arena, fmt, ap)};
    va_end(ap);
    it->at.file = own(d->arena, at.file);
    it->at.path = own(d->arena, at.path);
    nh_severity severity = nh_code_get(code)->severity;
    d->n_error += severity == NH_ERROR;
    d->n_warning += severity == NH_WARNING;
    return false;
}

static nh_diag_item *last(nh_diag *d) {
    assert(d->count > 0);
    return &d->item[d->count - 1];
}

#define SET_FIELD(field)                                                                                               \
    do {                                                                                                               \
        va_list ap;                                                                                                    \
        va_start(ap, fmt);                                                                                             \
        last(d)->field = nh_arena_vprintf(d->arena, fmt, ap);                                                          \
        va_end(ap);                                                                                                    \
    } while (0)

void nh_diag_found(nh_diag *d, const char *fmt, ...) { SET_FIELD(found); }

void nh_diag_allowed(nh_diag *d, const char *fmt, ...) { SET_FIELD(allowed); }

void nh_diag_hint(nh_diag *d, const char *fmt, ...) { SET_FIELD(hint); }

void nh_diag_layer(nh_diag *d, const char *layer) { last(d)->layer = own(d->arena, layer); }

void nh_diag_append(nh_diag *d, const nh_diag *from) {
    for (size_t i = 0; i < from->count; i++) {
        const nh_diag_item *it = &from->item[i];
        nh_report(d, it->code, it->at, "%s", it->message);
        nh_diag_item *copy = last(d);
        copy->layer = own(d->arena, it->layer);
        copy->found = own(d->arena, it->found);
        copy->allowed = own(d->arena, it->allowed);
        copy->hint = own(d->arena, it->hint);
    }
}

static size_t count_of(const nh_diag *d, nh_severity s) {
    return s == NH_ERROR ? d->n_error : s == NH_WARNING ? d->n_warning : d->count - d->n_error - d->n_warning;
}

static size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

size_t nh_diag_room(const nh_diag *d, nh_severity least, size_t room[NH_ERROR + 1]) {
    size_t left = 0;
    room[NH_ERROR] = least_of(d->n_error, NH_DIAG_SHOWN);
    room[NH_WARNING] = least > NH_WARNING ? 0 : least_of(d->n_warning, NH_DIAG_SHOWN - room[NH_ERROR]);
    room[NH_NOTE] = least > NH_NOTE ? 0 : least_of(count_of(d, NH_NOTE), NH_DIAG_NOTES);
    for (nh_severity s = least; s <= NH_ERROR; s++) left += count_of(d, s) - room[s];
    return left;
}

bool nh_diag_is_shown(const nh_diag *d) { return d->n_error <= NH_DIAG_SHOWN; }

const char *nh_diag_left_text(nh_arena *a, const nh_diag *d, nh_severity least) {
    static const char *const word[] = {"note", "warning", "error"};
    size_t room[NH_ERROR + 1];
    const char *text = "";
    if (nh_diag_room(d, least, room) == 0) return text;
    for (int s = NH_ERROR; s >= (int)least; s--) {
        size_t left = count_of(d, (nh_severity)s) - room[s];
        if (left) text = nh_arena_printf(a, "%sand %zu more %s%s ", text, left, word[s], left > 1 ? "s" : "");
    }
    return nh_arena_printf(a, "%sthat are not shown", text);
}

nh_exit nh_diag_exit(const nh_diag *d) {
    nh_exit worst = NH_EXIT_OK;
    for (size_t i = 0; i < d->count; i++) {
        const nh_code_info *c = nh_code_get(d->item[i].code);
        if (c->severity == NH_ERROR && c->exit > worst) worst = c->exit;
    }
    return worst;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours cost 1 each. */
#define WORD_MAX 64
static size_t distance(const char *a, size_t na, const char *b, size_t nb) {
    size_t row[3][WORD_MAX + 1];
    size_t *before = row[0], *prev = row[1], *cur = row[2];
    for (size_t j = 0; j <= nb; j++) prev[j] = j;
    for (size_t i = 1; i <= na; i++) {
        cur[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = prev[j - 1] + (a[i - 1] != b[j - 1]);
            if (prev[j] + 1 < best) best = prev[j] + 1;
            if (cur[j - 1] + 1 < best) best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            cur[j] = best;
        }
        size_t *oldest = before;
        before = prev;
        prev = cur;
        cur = oldest;
    }
    return prev[nb];
}

const char *nh_did_you_mean(const char *word, const char *const *candidate, size_t n) {
    size_t len = strlen(word);
    if (len > WORD_MAX) return NULL;
    size_t limit = len / 3 > 2 ? len / 3 : 2;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t clen = strlen(candidate[i]);
        /* The lengths alone differ by more edits than a suggestion may have. */
        if (clen > WORD_MAX || clen > len + limit || len > clen + limit) continue;
        size_t dist = distance(word, len, candidate[i], clen);
        /* As many edits as letters share nothing: no suggestion at all is better. */
        if (dist > limit || dist >= len || dist >= clen) continue;
        if (dist == 0) return candidate[i];
        limit = dist - 1;
        nearest = candidate[i];
    }
    return nearest;
}
