/* The command line: one table of options, one table of commands; help, man page and completions are printed from them.
 * The only folder that prints to the user and decides the exit status. */
#ifndef NH_CLI_H
#define NH_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "diag.h"

typedef struct {
    const char *until, *from, *out, *dump_after, *inputs, *labels, *samples, *reference, *raster, *spikes, *limit,
        *fabric;
    int jobs;
    bool force, trace, waves, schema;
    bool json, quiet, verbose;
    bool help, version, man;
} nh_flags;

typedef struct {
    nh_arena *arena;
    nh_diag *diag;
    nh_flags flag;
    const char *arg[2]; /* words that are not options */
    int n_arg;
    bool color_out, color_err; /* terminals that want colours */
    int output_error;          /* errno of the first failure to write stdout, or 0 */
    bool terminal_err;         /* progress may be shown */
} nh_cli;

/* How a value is written on the command line. */
typedef enum { NH_ARG_NONE, NH_ARG_STEP, NH_ARG_COUNT, NH_ARG_DIR, NH_ARG_WORD, NH_ARG_FILE } nh_arg_kind;

typedef struct {
    const char *name; /* --name */
    char letter;      /* -l, or 0 */
    nh_arg_kind kind;
    const char *arg; /* its value in help, NULL for switches */
    size_t offset;   /* in nh_flags */
    const char *doc;
} nh_option;

extern const nh_option nh_options_table[];
extern const int nh_n_options;

typedef struct {
    const char *name, *args; /* args: "CONFIG", "[CONFIG]", "" */
    int min_args, max_args;
    const char *options; /* long names, blank separated; general ones are always allowed */
    const char *doc;     /* one line */
    const char *more;    /* a paragraph for help COMMAND and the man page */
    nh_exit (*run)(nh_cli *c);
} nh_command;

extern const nh_command nh_commands[];
extern const int nh_n_commands;

const nh_command *nh_command_find(const char *name);
/* Is the option one of the command's, or a general one? */
bool nh_command_takes(const nh_command *c, const nh_option *o);

/* Parse argv[first...] for a command (NULL: general options only); false after a diagnostic (NH_O_USAGE). */
/* The number after an option, from least; *n stays where value is NULL. False after a diagnostic. */
bool nh_flag_number(nh_cli *c, const char *option, const char *value, int64_t least, int64_t *n);

bool nh_flags_parse(nh_cli *c, const nh_command *command, int argc, char **argv);

void nh_help_all(FILE *out);
void nh_help_command(const nh_command *c, FILE *out);
void nh_help_man(FILE *out);
bool nh_help_completions(const char *shell, FILE *out);

/* Diagnostics to stderr (one JSON object per line with --json) and the exit status they mean. */
nh_exit nh_cli_finish(nh_cli *c);

/* Commands, one file each. */
nh_exit nh_cmd_init(nh_cli *c);
nh_exit nh_cmd_check(nh_cli *c);
nh_exit nh_cmd_map(nh_cli *c);
nh_exit nh_cmd_build(nh_cli *c);
nh_exit nh_cmd_sim(nh_cli *c);
nh_exit nh_cmd_synth(nh_cli *c);
nh_exit nh_cmd_report(nh_cli *c);
nh_exit nh_cmd_doctor(nh_cli *c);
nh_exit nh_cmd_explain(nh_cli *c);
nh_exit nh_cmd_completions(nh_cli *c);
nh_exit nh_cmd_asm(nh_cli *c);
nh_exit nh_cmd_disasm(nh_cli *c);
nh_exit nh_cmd_run(nh_cli *c);

#endif
