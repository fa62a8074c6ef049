/* Words, numbers, formats and guards of a line of a neuron model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assembler.h"

nh_loc nh_asm_here(nh_assembler *as) {
    int col = 1; /* counts characters: continuation bytes of UTF-8 are none */
    for (const char *p = as->line; p < as->s; p++) col += (*p & 0xc0) != 0x80;
    return (nh_loc){.file = as->file, .line = as->number, .col = col};
}

void nh_asm_blanks(nh_assembler *as) {
    while (*as->s == ' ' || *as->s == '\t') as->s++;
}

bool nh_asm_take(nh_assembler *as, char c) {
    nh_asm_blanks(as);
    if (*as->s != c) return false;
    as->s++;
    return true;
}

bool nh_asm_expect(nh_assembler *as, char c, const char *where) {
    if (nh_asm_take(as, c)) return true;
    return nh_report(as->d, NH_N_NEURON_SYNTAX, nh_asm_here(as), "'%c' is expected %s", c, where);
}

bool nh_asm_at_end(nh_assembler *as) {
    nh_asm_blanks(as);
    return *as->s == 0;
}

static bool is_first(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

const char *nh_asm_word(nh_assembler *as, nh_loc *at) {
    nh_asm_blanks(as);
    *at = nh_asm_here(as);
    const char *begin = as->s;
    if (!is_first(*begin)) return NULL;
    while (is_first(*as->s) || is_digit(*as->s)) as->s++;
    return nh_arena_strn(as->a, begin, (size_t)(as->s - begin));
}

const char *nh_asm_name(nh_assembler *as, nh_loc *at, const char *what) {
    const char *word = nh_asm_word(as, at);
    if (!word) {
        nh_report(as->d, NH_N_NEURON_SYNTAX, *at, "the name of %s is expected", what);
        return NULL;
    }
    if (strlen(word) <= NH_ASM_NAME) return word;
    nh_report(as->d, NH_N_NEURON_LIMIT, *at, "the name of %s is longer than %d characters", what, NH_ASM_NAME);
    return NULL;
}

bool nh_asm_number(nh_assembler *as, double *v, nh_loc *at) {
    nh_asm_blanks(as);
    *at = nh_asm_here(as);
    const char *p = as->s + (*as->s == '-' || *as->s == '+');
    if (!is_digit(*p) && !(*p == '.' && is_digit(p[1]))) return false;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) return false;
    char *end;
    double base = strtod(p, &end);
    if (*end == '^' && is_digit(end[1])) {
        long power = strtol(end + 1, &end, 10);
        base = pow(base, (double)power);
    }
    *v = *as->s == '-' ? -base : base;
    if (!isfinite(base) || is_first(*end)) return false;
    as->s = end;
    return true;
}

bool nh_asm_format(nh_assembler *as, nh_format *f) {
    nh_asm_blanks(as);
    const char *end = strchr(as->s, '>');
    if (!end)
        return nh_report(as->d, NH_N_NEURON_FORMAT, nh_asm_here(as),
                         "a format is expected, fixed<W,I[,round[,overflow]]>");
    const char *why;
    size_t offset;
    const char *text = nh_arena_strn(as->a, as->s, (size_t)(end - as->s) + 1);
    if (!nh_format_parse(text, f, &why, &offset)) {
        as->s += offset;
        nh_report(as->d, NH_N_NEURON_FORMAT, nh_asm_here(as), "%s", why);
        nh_diag_found(as->d, "%s", text);
        return false;
    }
    as->s = end + 1;
    return true;
}

static const char *guard_value(const nh_assembler *as, const char *key) {
    for (int i = 0; i < as->n_guard; i++)
        if (strcmp(as->guard[i].key, key) == 0) return as->guard[i].value;
    return NULL;
}

static bool unknown_key(nh_assembler *as, const char *key, nh_loc at) {
    const char *known = "";
    for (int i = 0; i < as->n_guard; i++)
        known = nh_arena_printf(as->a, "%s%s%s", known, i ? ", " : "", as->guard[i].key);
    nh_report(as->d, NH_N_NEURON_GUARD, at, "the guard names '%s', which is no option of this model", key);
    if (as->n_guard == 0)
        nh_diag_hint(as->d, "only built-in models have guards: remove it");
    else
        nh_diag_allowed(as->d, "%s", known);
    return false;
}

/* A value of a guard: letters, digits and '_', in any order. */
static const char *guard_word(nh_assembler *as) {
    nh_asm_blanks(as);
    const char *begin = as->s;
    while (is_first(*as->s) || is_digit(*as->s)) as->s++;
    if (as->s > begin) return nh_arena_strn(as->a, begin, (size_t)(as->s - begin));
    nh_report(as->d, NH_N_NEURON_SYNTAX, nh_asm_here(as), "the value of a guard is expected");
    return NULL;
}

/* One condition: key=a|b or key!=a|b. */
static bool condition(nh_assembler *as, bool *holds) {
    nh_loc at;
    const char *key = nh_asm_name(as, &at, "an option");
    if (!key) return false;
    bool is_not = nh_asm_take(as, '!'), is_one = false;
    if (!nh_asm_expect(as, '=', "in a guard, [key=value]")) return false;
    const char *value = guard_value(as, key);
    if (!value) return unknown_key(as, key, at);
    do {
        const char *word = guard_word(as);
        if (!word) return false;
        if (strcmp(word, value) == 0) is_one = true;
    } while (nh_asm_take(as, '|'));
    if (is_one == is_not) *holds = false;
    return true;
}

bool nh_asm_guard(nh_assembler *as, bool *is_in) {
    *is_in = true;
    if (!nh_asm_take(as, '[')) return true;
    do {
        if (!condition(as, is_in)) return false;
    } while (nh_asm_take(as, ','));
    return nh_asm_expect(as, ']', "at the end of a guard");
}
