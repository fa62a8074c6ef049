/* The end of a command: its diagnostics, and the exit status that they mean. */
#include <errno.h>
#include <jansson.h>

#include "cli.h"
#include "text.h"

static json_t *text(nh_arena *a, const char *s) { return s ? json_string(nh_text_valid(a, s)) : json_null(); }

static json_t *item_json(nh_arena *a, const nh_diag_item *item) {
    static const char *const severity[] = {"note", "warning", "error"};
    const nh_code_info *code = nh_code_get(item->code);
    json_t *j = json_object();
    json_object_set_new(j, "code", text(a, code->id));
    json_object_set_new(j, "severity", text(a, severity[code->severity]));
    json_object_set_new(j, "file", text(a, item->at.file));
    json_object_set_new(j, "line", json_integer(item->at.line));
    json_object_set_new(j, "col", json_integer(item->at.col));
    json_object_set_new(j, "path", text(a, item->at.path));
    json_object_set_new(j, "layer", text(a, item->layer));
    json_object_set_new(j, "message", text(a, item->message));
    json_object_set_new(j, "found", text(a, item->found));
    json_object_set_new(j, "allowed", text(a, item->allowed));
    json_object_set_new(j, "hint", text(a, item->hint));
    return j;
}

static void put_line(json_t *j) {
    json_dumpf(j, stderr, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', stderr);
    json_decref(j);
}

/* One JSON object per line: stdout stays the result. */
static void put_json(const nh_diag *d, nh_severity least) {
    size_t room[NH_ERROR + 1], left = nh_diag_room(d, least, room);
    for (size_t i = 0; i < d->count; i++) {
        nh_severity severity = nh_code_get(d->item[i].code)->severity;
        if (severity < least || room[severity] == 0) continue;
        room[severity]--;
        put_line(item_json(d->arena, &d->item[i]));
    }
    if (left)
        put_line(json_pack("{sn ss ss sI}", "code", "severity", "note", "message",
                           nh_diag_left_text(d->arena, d, least), "left_out", (json_int_t)left));
}

nh_exit nh_cli_finish(nh_cli *c) {
    nh_severity least = c->flag.quiet ? NH_ERROR : c->flag.verbose ? NH_NOTE : NH_WARNING;
    if (fflush(stdout) != 0 && c->output_error == 0) c->output_error = errno;
    if (c->flag.json)
        put_json(c->diag, least);
    else
        nh_diag_print(c->diag, least, c->color_err, stderr);
    return nh_diag_exit(c->diag);
}
