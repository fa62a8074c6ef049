#include <assert.h>
#include <strings.h>

#include "diag.h"

static const nh_code_info codes[] = {
#define NH_CODE(symbol, id, severity, exit, title, explanation, example)                                               \
    [NH_##symbol] = {#symbol, id, severity, exit, title, explanation, example},
#include "codes.def"
#undef NH_CODE
};

const nh_code_info *nh_code_get(nh_code code) {
    assert((unsigned)code < NH_CODE_COUNT);
    return &codes[code];
}

const nh_code_info *nh_code_find(const char *id) {
    for (size_t i = 0; i < NH_CODE_COUNT; i++)
        if (strcasecmp(codes[i].id, id) == 0) return &codes[i];
    return NULL;
}
