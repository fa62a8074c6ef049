#include <string.h>

#include "cli.h"
#include "file.h"
#include "image.h"

enum { TEXT_BYTES = 256 << 20 };

static const char *output_path(nh_cli *c) {
    const char *in = c->arg[0];
    size_t n = strlen(in);
    if (c->flag.out) return c->flag.out;
    if (n > 2 && strcmp(in + n - 2, ".s") == 0) n -= 2;
    return nh_arena_printf(c->arena, "%.*s.image", (int)n, in);
}

static bool write_image(nh_cli *c, const char *path, const nh_image *m) {
    size_t size;
    const uint8_t *bytes = nh_image_encode(c->arena, m, &size);
    if (!nh_mkdirs(c->diag, nh_path_dir(c->arena, path))) return false;
    nh_writer *w = nh_writer_output(c->arena, c->diag, path);
    if (!w) return false;
    nh_write(w, bytes, size);
    return nh_writer_close(w, c->diag);
}

nh_exit nh_cmd_asm(nh_cli *c) {
    nh_bytes b;
    const char *path = output_path(c);
    if (!nh_text_read(c->arena, c->diag, NH_NOWHERE, c->arg[0], TEXT_BYTES, &b)) return nh_cli_finish(c);
    nh_image *m = nh_image_assemble(c->arena, c->diag, c->arg[0], (const char *)b.data, b.size);
    if (m && write_image(c, path, m) && !c->flag.quiet) {
        int64_t cores = 0;
        for (int i = 0; i < m->n_context; i++) cores += m->context[i].n_core;
        fprintf(stderr, "%s: %lld core program%s in %d context%s\n", path, (long long)cores, cores == 1 ? "" : "s",
                m->n_context, m->n_context == 1 ? "" : "s");
    }
    return nh_cli_finish(c);
}
