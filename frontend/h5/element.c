#include "element.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    size_t size, exp_at, exp_size, man_size, bias;
} float_format;

static const float_format formats[] = {{2, 10, 5, 10, 15}, {4, 23, 8, 23, 127}, {8, 52, 11, 52, 1023}};

static const char *byte_order(hid_t type, nh_h5_element *e) {
    H5T_order_t order = H5Tget_order(type);
    if (order != H5T_ORDER_LE && order != H5T_ORDER_BE) return "numbers of an unknown byte order";
    e->is_big = order == H5T_ORDER_BE;
    if (H5Tget_offset(type) != 0 || H5Tget_precision(type) != 8 * e->size)
        return "numbers that do not fill their bytes";
    return NULL;
}

static const char *integer(hid_t type, nh_h5_element *e) {
    e->kind = NH_H5_INT;
    e->size = H5Tget_size(type);
    if (e->size != 1 && e->size != 2 && e->size != 4 && e->size != 8) return "integers of an unusual width";
    H5T_sign_t sign = H5Tget_sign(type);
    if (sign != H5T_SGN_NONE && sign != H5T_SGN_2) return "integers that are not two's complement";
    e->is_signed = sign == H5T_SGN_2;
    return byte_order(type, e);
}

static const char *ieee(hid_t type, nh_h5_element *e) {
    e->kind = NH_H5_FLOAT;
    e->size = H5Tget_size(type);
    size_t sign_at, exp_at, exp_size, man_at, man_size;
    if (H5Tget_fields(type, &sign_at, &exp_at, &exp_size, &man_at, &man_size) < 0) return "unreadable floats";
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const float_format *f = &formats[i];
        if (e->size == f->size && sign_at == 8 * f->size - 1 && exp_at == f->exp_at && exp_size == f->exp_size &&
            man_at == 0 && man_size == f->man_size && H5Tget_ebias(type) == f->bias &&
            H5Tget_norm(type) == H5T_NORM_IMPLIED)
            return byte_order(type, e);
    }
    return "floats that are not IEEE of 16, 32 or 64 bits";
}

static const char *string(hid_t type, nh_h5_element *e) {
    htri_t variable = H5Tis_variable_str(type);
    if (variable < 0) return "unreadable strings";
    e->kind = variable ? NH_H5_VARIABLE : NH_H5_FIXED;
    e->size = variable ? 16 : H5Tget_size(type); /* length, address and index */
    H5T_cset_t set = H5Tget_cset(type);
    if (set != H5T_CSET_ASCII && set != H5T_CSET_UTF8) return "strings of an unknown character set";
    e->pad = H5Tget_strpad(type);
    if (!variable && e->pad != H5T_STR_NULLTERM && e->pad != H5T_STR_NULLPAD && e->pad != H5T_STR_SPACEPAD)
        return "strings of an unknown padding";
    return e->size ? NULL : "strings without bytes";
}

static const char *enumeration(hid_t type, nh_h5_element *e) {
    hid_t base = H5Tget_super(type);
    if (base < 0) return "unreadable enumerations";
    const char *other = H5Tget_class(base) == H5T_INTEGER ? integer(base, e) : "enumerations of no integers";
    H5Tclose(base);
    return other;
}

const char *nh_h5_element_of(hid_t type, nh_h5_element *e) {
    *e = (nh_h5_element){0};
    if (H5Tcommitted(type) != 0) return "elements of a named type";
    switch (H5Tget_class(type)) {
    case H5T_INTEGER: return integer(type, e);
    case H5T_FLOAT: return ieee(type, e);
    case H5T_STRING: return string(type, e);
    case H5T_ENUM: return enumeration(type, e);
    case H5T_TIME: return "times";
    case H5T_BITFIELD: return "bit fields";
    case H5T_OPAQUE: return "opaque bytes";
    case H5T_COMPOUND: return "compound elements";
    case H5T_REFERENCE: return "references";
    case H5T_VLEN: return "sequences of variable length";
    case H5T_ARRAY: return "arrays in elements";
    default: return "elements of an unknown type";
    }
}

static double float_value(uint64_t bits, size_t size) {
    if (size == 8) {
        double v;
        memcpy(&v, &bits, sizeof v);
        return v;
    }
    if (size == 4) {
        uint32_t low = (uint32_t)bits;
        float v;
        memcpy(&v, &low, sizeof v);
        return (double)v;
    }
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 1023), v;
    if (exponent == 31)
        v = mantissa != 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        v = ldexp(mantissa, -24);
    else
        v = ldexp(mantissa + 1024, exponent - 25);
    return bits >> 15 & 1 ? -v : v;
}

static uint64_t stored_bits(const nh_h5_element *e, const uint8_t *p) {
    uint64_t bits = 0;
    for (size_t i = 0; i < e->size; i++) bits = bits << 8 | p[e->is_big ? i : e->size - 1 - i];
    return bits;
}

/* An integer's magnitude (at most 2^63 when signed) and sign. */
static uint64_t magnitude(const nh_h5_element *e, uint64_t bits, bool *negative) {
    uint64_t top = (uint64_t)1 << (8 * e->size - 1);
    *negative = e->is_signed && (bits & top) != 0;
    return *negative ? top - (bits ^ top) : bits;
}

bool nh_h5_element_value(const nh_h5_element *e, const uint8_t *p, double *value) {
    uint64_t bits = stored_bits(e, p);
    if (e->kind == NH_H5_FLOAT) {
        *value = float_value(bits, e->size);
        return true;
    }
    bool negative;
    uint64_t size = magnitude(e, bits, &negative);
    *value = negative ? -(double)size : (double)size;
    return size <= (uint64_t)1 << 53;
}

void nh_h5_element_text(const nh_h5_element *e, const uint8_t *p, char *text, size_t size) {
    bool negative;
    uint64_t m = magnitude(e, stored_bits(e, p), &negative);
    snprintf(text, size, "%s%" PRIu64, negative ? "-" : "", m);
}
