/* The binary form's numbers. Private to hls/map. */
#ifndef NH_IMAGE_BINARY_H
#define NH_IMAGE_BINARY_H

#include "image_parts.h"

#define NH_IMAGE_MAGIC "NHIMAGE"
#define NH_IMAGE_VERSION 3
#define NH_IMAGE_HEAD 40                   /* magic, version, hash */
#define NH_IMAGE_SECTION 16                /* tag, size, checksum */
#define NH_IMAGE_NUMBER ((int64_t)1 << 60) /* no number of an image is larger */

#endif
