#include "cli.h"

static void put_block(const char *title, const char *text, FILE *out) {
    if (!*text) return;
    fprintf(out, "\n%s\n    ", title);
    for (; *text; text++) {
        fputc(*text, out);
        if (*text == '\n') fputs("    ", out);
    }
    fputc('\n', out);
}

nh_exit nh_cmd_explain(nh_cli *c) {
    static const char *const severity[] = {"note", "warning", "error"};
    const nh_code_info *code = nh_code_find(c->arg[0]);
    if (code) {
        printf("%s (%s): %s\n\n%s\n", code->id, severity[code->severity], code->title, code->explanation);
        put_block("example:", code->example, stdout);
        if (code->severity == NH_ERROR) printf("\nexit status %d\n", (int)code->exit);
        return NH_EXIT_OK;
    }
    const char *id[NH_CODE_COUNT];
    for (int i = 0; i < NH_CODE_COUNT; i++) {
        const nh_code_info *info = nh_code_get((nh_code)i);
        id[i] = info->id;
        printf("%s  %s\n", info->id, info->title);
    }
    nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "there is no code '%s'", c->arg[0]);
    const char *near = nh_did_you_mean(c->arg[0], id, NH_CODE_COUNT);
    if (near) nh_diag_hint(c->diag, "did you mean '%s'?", near);
    return nh_cli_finish(c);
}
