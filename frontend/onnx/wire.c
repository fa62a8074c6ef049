#include "wire.h"

#include <assert.h>
#include <string.h>

#include "onnx.pb-c.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { LENGTH_SIZE = 5 }; /* lengths of messages are written later, padded to five varint bytes */

typedef struct {
    const ProtobufCMessageDescriptor *desc;
    size_t end;       /* in the file */
    size_t length_at; /* in the skeleton */
    uint64_t seen;    /* singular messages met, by index in desc */
} frame;

typedef struct {
    nh_arena *arena;
    nh_diag *d;
    nh_loc at;
    nh_bytes file;
    size_t pos, n_fields;
    uint8_t *out;
    size_t size, cap;
    frame stack[NH_WIRE_MAX_DEPTH];
    int depth;
} scan;

/* A field as found: its tag, and its payload at [pos, pos + size). */
typedef struct {
    uint32_t number;
    int type;
    size_t start, size;
    const ProtobufCFieldDescriptor *desc; /* NULL: unknown */
} field;

static bool damaged(scan *s, const char *what) {
    return nh_report(s->d, NH_M_FORMAT, s->at, "not a valid ONNX file: %s at byte %zu", what, s->pos);
}

static bool get_varint(scan *s, size_t end, uint64_t *out) {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (s->pos == end) return damaged(s, "a number is cut off");
        uint8_t byte = s->file.data[s->pos++];
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return true;
        }
    }
    return damaged(s, "a number has more than ten bytes");
}

static bool emit(scan *s, const void *data, size_t size) {
    if (size > NH_WIRE_MAX_SIZE - s->size)
        return nh_report(s->d, NH_M_LIMIT, s->at, "the model without its weights is larger than %zu MiB",
                         NH_WIRE_MAX_SIZE >> 20);
    if (s->size + size > s->cap) s->out = nh_arena_grow(s->arena, s->out, &s->cap, s->size + size, 1);
    memcpy(s->out + s->size, data, size);
    s->size += size;
    return true;
}

static bool emit_varint(scan *s, uint64_t v) {
    uint8_t buf[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) buf[n++] = (uint8_t)(v | 0x80);
    buf[n++] = (uint8_t)v;
    return emit(s, buf, n);
}

static bool emit_tag(scan *s, const field *f) { return emit_varint(s, (uint64_t)f->number << 3 | (unsigned)f->type); }

/* The wire type of single values of a field. */
static int natural_type(const ProtobufCFieldDescriptor *desc) {
    switch (desc->type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return WIRE_BYTES;
    default: return WIRE_VARINT;
    }
}

static bool get_field(scan *s, frame *top, field *f) {
    uint64_t tag, size = 0;
    if (!get_varint(s, top->end, &tag)) return false;
    f->type = (int)(tag & 7);
    if (tag >> 3 == 0 || tag >> 32 != 0) return damaged(s, "a field has an impossible number");
    f->number = (uint32_t)(tag >> 3);
    f->desc = protobuf_c_message_descriptor_get_field(top->desc, f->number);
    f->start = s->pos;
    switch (f->type) {
    case WIRE_VARINT:
        if (!get_varint(s, top->end, &size)) return false;
        f->size = s->pos - f->start;
        s->pos = f->start;
        break;
    case WIRE_BYTES:
        if (!get_varint(s, top->end, &size)) return false;
        f->start = s->pos;
        if (size > top->end - s->pos) return damaged(s, "a length points beyond the end");
        f->size = (size_t)size;
        break;
    case WIRE_32:
    case WIRE_64:
        f->size = f->type == WIRE_32 ? 4 : 8;
        if (f->size > top->end - s->pos) return damaged(s, "a number is cut off");
        break;
    default: return damaged(s, "a field has an unknown wire type");
    }
    if (!f->desc || f->type == natural_type(f->desc)) return true;
    if (f->type == WIRE_BYTES && f->desc->label == PROTOBUF_C_LABEL_REPEATED) return true; /* packed */
    return damaged(s, "a field has the wrong wire type");
}

static bool is_bulk(const frame *top, const field *f) {
    return top->desc == &onnx__tensor_proto__descriptor &&
           (strcmp(f->desc->name, "raw_data") == 0 || strcmp(f->desc->name, "float_data") == 0 ||
            strcmp(f->desc->name, "double_data") == 0);
}

static bool emit_reference(scan *s, field *f) {
    if (f->type != WIRE_BYTES) return damaged(s, "tensor data are not packed");
    uint64_t ref[2] = {f->start, f->size};
    static_assert(sizeof ref == NH_WIRE_REF, "a reference is two 64-bit numbers");
    return emit_tag(s, f) && emit_varint(s, NH_WIRE_REF) && emit(s, ref, sizeof ref);
}

static bool push(scan *s, frame *top, const field *f) {
    if (f->desc->label != PROTOBUF_C_LABEL_REPEATED) {
        uint64_t bit = (uint64_t)1 << (f->desc - top->desc->fields) % 64;
        if (top->seen & bit) return damaged(s, "a field that may stand once stands twice");
        top->seen |= bit;
    }
    if (s->depth == NH_WIRE_MAX_DEPTH)
        return nh_report(s->d, NH_M_LIMIT, s->at, "the model nests messages more than %d deep (byte %zu)",
                         NH_WIRE_MAX_DEPTH, s->pos);
    static const uint8_t later[LENGTH_SIZE];
    if (!emit_tag(s, f) || !emit(s, later, LENGTH_SIZE)) return false;
    s->stack[s->depth++] =
        (frame){.desc = f->desc->descriptor, .end = f->start + f->size, .length_at = s->size - LENGTH_SIZE};
    return true;
}

/* Five bytes hold 35 bits: any length below NH_WIRE_MAX_SIZE. */
static void pop(scan *s) {
    frame *top = &s->stack[--s->depth];
    if (s->depth == 0) return;
    size_t length = s->size - top->length_at - LENGTH_SIZE;
    for (int i = 0; i < LENGTH_SIZE; i++)
        s->out[top->length_at + (size_t)i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i < LENGTH_SIZE - 1 ? 0x80 : 0));
}

static bool step(scan *s) {
    frame *top = &s->stack[s->depth - 1];
    if (s->pos == top->end) {
        pop(s);
        return true;
    }
    field f = {0};
    if (!get_field(s, top, &f)) return false;
    if (++s->n_fields > NH_WIRE_MAX_FIELDS)
        return nh_report(s->d, NH_M_LIMIT, s->at, "the model has more than %zu fields", NH_WIRE_MAX_FIELDS);
    if (f.desc && f.desc->type == PROTOBUF_C_TYPE_MESSAGE) return push(s, top, &f);
    if (f.desc && f.desc->type == PROTOBUF_C_TYPE_STRING && memchr(s->file.data + f.start, 0, f.size))
        return damaged(s, "a text holds a NUL character"); /* what stands behind it would be lost without a word */
    s->pos = f.start + f.size;
    if (!f.desc) return true;
    if (is_bulk(top, &f)) return emit_reference(s, &f);
    return emit_tag(s, &f) && (f.type != WIRE_BYTES || emit_varint(s, f.size)) &&
           emit(s, s->file.data + f.start, f.size);
}

bool nh_wire_scan(nh_arena *a, nh_diag *d, nh_loc at, nh_bytes file, nh_bytes *skeleton) {
    scan *s = NH_NEW(a, scan);
    *s = (scan){.arena = a, .d = d, .at = at, .file = file};
    s->stack[s->depth++] = (frame){.desc = &onnx__model_proto__descriptor, .end = file.size};
    while (s->depth > 0)
        if (!step(s)) return false;
    *skeleton = (nh_bytes){s->out, s->size};
    return true;
}

nh_bytes nh_wire_deref(nh_bytes file, const void *ref) {
    uint64_t v[2];
    memcpy(v, ref, sizeof v);
    assert(v[0] <= file.size && v[1] <= file.size - v[0]);
    return (nh_bytes){file.data + v[0], (size_t)v[1]};
}
