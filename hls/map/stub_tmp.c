#include "image.h"
void nh_image_print(const nh_image *m, FILE *out) { (void)m; (void)out; }
const uint8_t *nh_image_encode(nh_arena *a, const nh_image *m, size_t *size) { (void)m; *size = 0; return nh_arena_alloc(a, 1); }
