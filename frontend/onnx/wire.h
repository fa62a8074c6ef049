/* The protobuf wire format of an ONNX file, checked before anything is unpacked.
 *
 * protobuf-c unpacks by recursion and copies every byte; a hostile file can exhaust the stack or the memory.
 * The scan walks the file iteratively, against the message descriptors, and writes a skeleton of it: the same
 * messages without unknown fields, in which the bulk of every tensor (raw_data, float_data, double_data) is a
 * 16-byte reference into the file. The skeleton is bounded, so unpacking it is; and weights are decoded
 * straight from the file. */
#ifndef NH_ONNX_WIRE_H
#define NH_ONNX_WIRE_H

#include "file.h"

#define NH_WIRE_MAX_DEPTH 32                 /* messages within messages */
#define NH_WIRE_MAX_FIELDS ((size_t)1 << 20) /* fields of all messages; packed arrays count as one */
#define NH_WIRE_MAX_SIZE ((size_t)64 << 20)  /* bytes of the skeleton */
#define NH_WIRE_REF 16                       /* bytes of a reference */

/* The skeleton of the ModelProto in `file`, in a. M_FORMAT (with the offset) or M_LIMIT at `at`. */
bool nh_wire_scan(nh_arena *a, nh_diag *d, nh_loc at, nh_bytes file, nh_bytes *skeleton);

/* The bytes of the file that a reference stands for; ref has NH_WIRE_REF bytes and comes from the skeleton of
 * `file`. */
nh_bytes nh_wire_deref(nh_bytes file, const void *ref);

#endif
