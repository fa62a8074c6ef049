/* argv -> nh_flags by the table of options. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MAX_OPTIONS 32

static bool unknown_option(nh_cli *c, const nh_command *command, const char *word) {
    const char *name[MAX_OPTIONS];
    size_t n = 0;
    for (int i = 0; i < nh_n_options; i++)
        if (nh_command_takes(command, &nh_options_table[i])) name[n++] = nh_options_table[i].name;
    nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "%s%sthere is no option '%s'", command ? command->name : "",
              command ? ": " : "", word);
    const char *near = strncmp(word, "--", 2) == 0 ? nh_did_you_mean(word + 2, name, n) : NULL;
    if (near)
        nh_diag_hint(c->diag, "did you mean '--%s'?", near);
    else
        nh_diag_hint(c->diag, "neurohls %s%s--help lists them", command ? command->name : "", command ? " " : "");
    return false;
}

static bool store(nh_cli *c, const nh_option *o, const char *value) {
    char *field = (char *)&c->flag + o->offset;
    if (o->kind == NH_ARG_NONE) {
        bool yes = true;
        memcpy(field, &yes, sizeof yes);
    } else if (o->kind == NH_ARG_COUNT) {
        char *end;
        errno = 0;
        long v = strtol(value, &end, 10);
        if (errno || *end || end == value || v < 1 || v > 1024)
            return nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "--%s takes a number from 1 to 1024, not '%s'", o->name,
                             value);
        int count = (int)v;
        memcpy(field, &count, sizeof count);
    } else {
        if (!*value) return nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "--%s takes a value that is not empty", o->name);
        memcpy(field, &value, sizeof value);
    }
    return true;
}

bool nh_flag_number(nh_cli *c, const char *option, const char *value, int64_t least, int64_t *n) {
    char *end;
    if (!value) return true;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end || v < least || v > INT32_MAX)
        return nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "--%s takes a number from %lld, not '%s'", option,
                         (long long)least, value);
    *n = v;
    return true;
}

/* getopt's two forms of the options that a command takes; `row` finds the table row again. */
typedef struct {
    struct option longs[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 2];
    int row[MAX_OPTIONS];
    int n;
} getopt_table;

static getopt_table make_table(const nh_command *command) {
    getopt_table t = {.letters = ":"};
    char *letter = t.letters + 1;
    for (int i = 0; i < nh_n_options && t.n < MAX_OPTIONS; i++) {
        const nh_option *o = &nh_options_table[i];
        if (!nh_command_takes(command, o)) continue;
        t.row[t.n] = i;
        t.longs[t.n++] =
            (struct option){.name = o->name, .has_arg = o->kind == NH_ARG_NONE ? no_argument : required_argument};
        if (!o->letter) continue;
        *letter++ = o->letter;
        if (o->kind != NH_ARG_NONE) *letter++ = ':';
    }
    return t;
}

static const nh_option *by_letter(const nh_command *command, int letter) {
    for (int i = 0; i < nh_n_options; i++)
        if (nh_options_table[i].letter == letter && nh_command_takes(command, &nh_options_table[i]))
            return &nh_options_table[i];
    return NULL;
}

static bool take_word(nh_cli *c, const nh_command *command, const char *word) {
    int most = command ? command->max_args : 0;
    if (c->n_arg == most)
        return nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "%s takes %s, so '%s' is too much",
                         command ? command->name : "neurohls", command && *command->args ? command->args : "no words",
                         word);
    c->arg[c->n_arg++] = word;
    return true;
}

bool nh_flags_parse(nh_cli *c, const nh_command *command, int argc, char **argv) {
    getopt_table t = make_table(command);
    bool ok = true;
    opterr = 0;
    optind = 1;
    for (;;) {
        int index = -1, letter = getopt_long(argc, argv, t.letters, t.longs, &index);
        if (letter == -1) break;
        const nh_option *o = letter == 0 && index >= 0 ? &nh_options_table[t.row[index]] : by_letter(command, letter);
        if (letter == ':') {
            ok = nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "the option %s needs a value", argv[optind - 1]);
        } else if (letter == '?' || !o) {
            const char *word = optopt ? nh_arena_printf(c->arena, "-%c", optopt) : argv[optind - 1];
            ok = unknown_option(c, command, word);
        } else {
            ok &= store(c, o, optarg);
        }
    }
    /* Behind an unknown option a word may be its value: not an error of its own. */
    for (int i = optind; i < argc && ok; i++) ok &= take_word(c, command, argv[i]);
    if (ok && command && c->n_arg < command->min_args && !c->flag.help && !c->flag.man && !c->flag.version) {
        nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "%s needs %s", command->name, command->args);
        nh_diag_hint(c->diag, "neurohls %s --help", command->name);
        ok = false;
    }
    return ok;
}
