#include "internal.h"

#include <assert.h>

/* First maximum of [0, n): its value and index. Ties go left, where the smaller index is. */
static void first_max(nh_dp *p, const nh_val *x, int64_t from, int64_t n, nh_val *value, nh_val *index) {
    if (n == 1) {
        *value = x[from];
        *index = nh_dp_const(p, from, 0);
        return;
    }
    nh_val lv, li, rv, ri;
    first_max(p, x, from, n / 2, &lv, &li);
    first_max(p, x, from + n / 2, n - n / 2, &rv, &ri);
    nh_val right = nh_dp_lt(p, lv, rv);
    *value = nh_dp_select(p, right, rv, lv);
    *index = nh_dp_select(p, right, ri, li);
}

nh_val nh_dp_argmax(nh_dp *p, const nh_val *x, int64_t n) {
    assert(n >= 1);
    nh_val value, index;
    first_max(p, x, 0, n, &value, &index);
    return index;
}
