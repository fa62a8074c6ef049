#include "image_file.h"

#include "file.h"

enum { IMAGE_BYTES = 256 << 20 };

nh_image *nh_image_open(nh_cli *c, const char *path) {
    nh_bytes b;
    if (!nh_file_read(c->arena, c->diag, NH_NOWHERE, path, IMAGE_BYTES, &b)) return NULL;
    return nh_image_decode(c->arena, c->diag, path, b.data, b.size);
}
