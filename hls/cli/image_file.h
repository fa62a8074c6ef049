/* Program images as files. */
#ifndef NH_IMAGE_FILE_H
#define NH_IMAGE_FILE_H

#include "cli.h"
#include "image.h"

/* NULL: diagnosed. Lives in the command's arena. */
nh_image *nh_image_open(nh_cli *c, const char *path);

#endif
