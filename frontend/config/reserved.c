/* What a project cannot be called, and why. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config.h"

typedef enum { SIGNAL, C, VERILOG, VHDL, MACRO, LIBRARY } kind;

static const struct {
    kind kind;
    const char *words;
} reserved[] = {
#define NH_RESERVED(kind, words) {kind, words},
#include "reserved.def"
#undef NH_RESERVED
};

static const char *const why[] = {
    [SIGNAL] = "is a port or signal of the emitted top module", [C] = "is a keyword of C or C++",
    [VERILOG] = "is a keyword of Verilog or SystemVerilog",     [VHDL] = "is a keyword of VHDL",
    [MACRO] = "is a macro of C's headers or compilers",         [LIBRARY] = "is a function or type of C's library",
};

/* Does the word of n characters match the name? # stands for digits, * for the rest. */
static bool matches(const char *word, size_t n, const char *name, bool any_case) {
    for (size_t i = 0; i < n; i++) {
        if (word[i] == '*') return true;
        if (word[i] == '#') {
            if (!isdigit((unsigned char)*name)) return false;
            while (isdigit((unsigned char)*name)) name++;
            continue;
        }
        int c = any_case ? tolower((unsigned char)*name) : *name;
        if (c != word[i]) return false;
        name++;
    }
    return !*name;
}

static bool has(const char *words, const char *name, bool any_case) {
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, " ");
        if (matches(w, n, name, any_case)) return true;
        w += n + (w[n] == ' ');
    }
    return false;
}

const char *nh_config_name_problem(const char *s) {
    bool begins = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
    if (!begins || s[strspn(s, NH_NAME_LETTERS)] || strlen(s) > NH_NAME_LONGEST)
        return "is not a name that C and Verilog can use";
    /* Files of the templates are beside those of the project, and some file systems do not tell case. */
    if (strncasecmp(s, "nh_", 3) == 0) return "begins as the names of neurohls' templates and functions do (nh_)";
    if (strncmp(s, "u_", 2) == 0) return "begins as the instances in the emitted top module do (u_)";
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (has(reserved[i].words, s, reserved[i].kind == VHDL)) return why[reserved[i].kind];
    return NULL;
}
