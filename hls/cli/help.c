/* Help, manual page and shell completions, all from the tables. */
#include <string.h>

#include "cli.h"

static void put_option(const nh_option *o, FILE *out) {
    char left[64];
    if (o->letter)
        snprintf(left, sizeof left, "-%c, --%s%s%s", o->letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    else
        snprintf(left, sizeof left, "    --%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    fprintf(out, "  %-24s %s\n", left, o->doc);
}

static void put_options(const nh_command *c, FILE *out) {
    for (int i = 0; i < nh_n_options; i++)
        if (nh_command_takes(c, &nh_options_table[i])) put_option(&nh_options_table[i], out);
}

void nh_help_all(FILE *out) {
    fputs("neurohls: a trained neural network in, bit-true C kernels and verified Verilog out.\n\nusage: neurohls "
          "COMMAND ...\n\n",
          out);
    for (int i = 0; i < nh_n_commands; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", nh_commands[i].name, nh_commands[i].args);
        fprintf(out, "  %-24s %s\n", left, nh_commands[i].doc);
    }
    fputs("\noptions of every command:\n", out);
    put_options(NULL, out);
    fputs("\nexit status: 0 done, 1 a requirement of the configuration is missed, 2 bad input, 3 an external tool is "
          "missing or failed,\n"
          "4 an error of neurohls\n",
          out);
}

/* Text in lines of at most 100 columns. */
static void put_wrapped(const char *text, FILE *out) {
    size_t col = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (col && col + 1 + n > 100) {
            fputc('\n', out);
            col = 0;
        }
        col += (size_t)fprintf(out, "%s%.*s", col ? " " : "", (int)n, text);
        text += n + (text[n] == ' ');
    }
    fputc('\n', out);
}

void nh_help_command(const nh_command *c, FILE *out) {
    fprintf(out, "usage: neurohls %s [options] %s\n\n", c->name, c->args);
    put_wrapped(c->more, out);
    fputs("\noptions:\n", out);
    put_options(c, out);
}

/* roff takes a leading . or ' as a request and - as a hyphen. */
static void put_roff(const char *s, FILE *out) {
    if (*s == '.' || *s == '\'') fputs("\\&", out);
    for (; *s; s++) {
        if (*s == '-' || *s == '\\') fputc('\\', out);
        fputc(*s, out);
    }
    fputc('\n', out);
}

void nh_help_man(FILE *out) {
    fputs(".TH NEUROHLS 1 \"\" \"neurohls " NH_VERSION
          "\" \"User Commands\"\n.SH NAME\nneurohls \\- trained neural networks to verified hardware\n.SH SYNOPSIS\n.B "
          "neurohls\n.I COMMAND\n[options] ...\n.SH COMMANDS\n",
          out);
    for (int i = 0; i < nh_n_commands; i++) {
        fprintf(out, ".TP\n.BR %s \" %s\"\n", nh_commands[i].name, nh_commands[i].args);
        put_roff(nh_commands[i].more, out);
    }
    fputs(".SH OPTIONS\n", out);
    for (int i = 0; i < nh_n_options; i++) {
        const nh_option *o = &nh_options_table[i];
        fputs(".TP\n.B ", out);
        if (o->letter) fprintf(out, "\\-%c, ", o->letter);
        fputs("\\-\\-", out);
        put_roff(o->name, out);
        if (o->arg) fprintf(out, ".I %s\n.br\n", o->arg);
        put_roff(o->doc, out);
    }
    fputs(".SH EXIT STATUS\n0 done; 1 a requirement of the configuration is missed; 2 bad input; 3 an external tool is "
          "missing or failed; 4 an error of neurohls.\n.SH ENVIRONMENT\n.B NO_COLOR\nturns colours off. "
          "NEUROHLS_TARGETS names a folder of target files. NEUROHLS_YOSYS, NEUROHLS_VERILATOR ... name programs that "
          "are not on the PATH (neurohls doctor lists them).\n",
          out);
}

static void put_words(const nh_command *c, const char *prefix, FILE *out) {
    for (int i = 0; i < nh_n_options; i++)
        if (nh_command_takes(c, &nh_options_table[i])) fprintf(out, " %s%s", prefix, nh_options_table[i].name);
}

static void completions_bash(FILE *out) {
    fputs("_neurohls() {\n    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
          "    case ${COMP_WORDS[COMP_CWORD-1]} in\n"
          "    --until|--from) COMPREPLY=($(compgen -W \"c map rtl sim synth pnr report\" -- \"$word\")); return;;\n   "
          " esac\n"
          "    if ((COMP_CWORD == 1)); then words=\"",
          out);
    for (int i = 0; i < nh_n_commands; i++) fprintf(out, "%s%s", i ? " " : "", nh_commands[i].name);
    fputs("\"; else case $command in\n", out);
    for (int i = 0; i < nh_n_commands; i++) {
        fprintf(out, "    %s) words=\"", nh_commands[i].name);
        put_words(&nh_commands[i], "--", out);
        fputs("\";;\n", out);
    }
    fputs("    esac; fi\n    if [[ $word == -* ]] || ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W \"$words\" -- "
          "\"$word\"))\n"
          "    else COMPREPLY=($(compgen -f -- \"$word\")); fi\n}\ncomplete -o filenames -F _neurohls neurohls\n",
          out);
}

/* Within single quotes. */
static void put_shell(const char *s, const char *also, FILE *out) {
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", out);
        else {
            if (strchr(also, *s)) fputc('\\', out);
            fputc(*s, out);
        }
    }
}

static void completions_zsh(FILE *out) {
    fputs("#compdef neurohls\n_neurohls() {\n    local -a commands=(\n", out);
    for (int i = 0; i < nh_n_commands; i++) {
        fprintf(out, "        '%s:", nh_commands[i].name);
        put_shell(nh_commands[i].doc, ":", out);
        fputs("'\n", out);
    }
    fputs("    )\n    if ((CURRENT == 2)); then _describe command commands; return; fi\n    case $words[2] in\n", out);
    for (int i = 0; i < nh_n_commands; i++) {
        fprintf(out, "    %s) _arguments", nh_commands[i].name);
        for (int j = 0; j < nh_n_options; j++) {
            const nh_option *o = &nh_options_table[j];
            if (!nh_command_takes(&nh_commands[i], o)) continue;
            fprintf(out, " '--%s[", o->name);
            put_shell(o->doc, "[]:", out);
            fprintf(out, "]%s'",
                    o->kind == NH_ARG_STEP  ? ":step:(c map rtl sim synth pnr report)"
                    : o->kind == NH_ARG_DIR ? ":folder:_files"
                    : o->arg                ? ":value:"
                                            : "");
        }
        fputs(" '*:file:_files';;\n", out);
    }
    fputs("    esac\n}\n_neurohls \"$@\"\n", out);
}

static void completions_fish(FILE *out) {
    for (int i = 0; i < nh_n_commands; i++) {
        fprintf(out, "complete -c neurohls -n __fish_use_subcommand -a %s -d '", nh_commands[i].name);
        put_shell(nh_commands[i].doc, "", out);
        fputs("'\n", out);
        for (int j = 0; j < nh_n_options; j++) {
            const nh_option *o = &nh_options_table[j];
            if (!nh_command_takes(&nh_commands[i], o)) continue;
            fprintf(out, "complete -c neurohls -n '__fish_seen_subcommand_from %s' -l %s", nh_commands[i].name,
                    o->name);
            if (o->letter) fprintf(out, " -s %c", o->letter);
            if (o->kind == NH_ARG_STEP)
                fputs(" -x -a 'c map rtl sim synth pnr report'", out);
            else if (o->arg)
                fputs(" -r", out);
            fputs(" -d '", out);
            put_shell(o->doc, "", out);
            fputs("'\n", out);
        }
    }
}

bool nh_help_completions(const char *shell, FILE *out) {
    if (strcmp(shell, "bash") == 0)
        completions_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        completions_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        completions_fish(out);
    else
        return false;
    return true;
}
