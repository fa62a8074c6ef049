#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static nh_exit no_command(nh_cli *c, const char *word) {
    const char *name[16];
    for (int i = 0; i < nh_n_commands; i++) name[i] = nh_commands[i].name;
    nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "there is no command '%s'", word);
    const char *near = nh_did_you_mean(word, name, (size_t)nh_n_commands);
    if (near)
        nh_diag_hint(c->diag, "did you mean '%s'?", near);
    else
        nh_diag_hint(c->diag, "neurohls --help lists them");
    return nh_cli_finish(c);
}

static nh_exit run(nh_cli *c, int argc, char **argv) {
    if (argc < 2) {
        nh_help_all(stderr);
        return NH_EXIT_INPUT;
    }
    const nh_command *command = NULL;
    if (strcmp(argv[1], "help") == 0 && argc == 3 && (command = nh_command_find(argv[2]))) {
        nh_help_command(command, stdout);
        return NH_EXIT_OK;
    }
    if (strcmp(argv[1], "help") == 0) {
        nh_help_all(stdout);
        return NH_EXIT_OK;
    }
    if (*argv[1] != '-') {
        command = nh_command_find(argv[1]);
        if (!command) return no_command(c, argv[1]);
        argc--;
        argv++;
    }
    bool ok = nh_flags_parse(c, command, argc, argv);
    if (!ok) return nh_cli_finish(c);
    if (c->flag.version)
        puts("neurohls " NH_VERSION);
    else if (c->flag.man)
        nh_help_man(stdout);
    else if (command && c->flag.help)
        nh_help_command(command, stdout);
    else if (command)
        return command->run(c);
    else
        nh_help_all(stdout);
    return NH_EXIT_OK;
}

/* A full disk or a closed pipe behind stdout must not look like success. */
static bool flush_output(nh_cli *c) {
    bool ok = fflush(stdout) == 0;
    int error = c->output_error ? c->output_error : ok ? 0 : errno;
    if (ok && !ferror(stdout)) return true;
    /* An earlier failure left its mark, but not its reason: one more byte of what is torn anyway meets it again. */
    if (error == 0 && (putchar('\n') == EOF || fflush(stdout) != 0)) error = errno;
    c->diag = nh_diag_new(c->arena); /* the others were told */
    nh_report(c->diag, NH_O_WRITE, NH_NOWHERE, "cannot write the standard output%s%s", error ? ": " : "",
              error ? strerror(error) : "");
    nh_cli_finish(c);
    return false;
}

int main(int argc, char **argv) {
    nh_arena *a = nh_arena_new();
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool color = (!no_color || !*no_color) && !(term && strcmp(term, "dumb") == 0);
    nh_cli c = {.arena = a, .diag = nh_diag_new(a)};
    c.terminal_err = isatty(STDERR_FILENO);
    c.color_err = color && c.terminal_err;
    c.color_out = color && isatty(STDOUT_FILENO);
    nh_exit status = run(&c, argc, argv);
    if (!flush_output(&c) && status == NH_EXIT_OK) status = NH_EXIT_TOOL;
    nh_arena_free(a);
    return (int)status;
}
