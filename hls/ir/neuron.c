#include "neuron.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *text;
    int operands;
} op_table[NH_NOP_KINDS] = {
#define NH_NEURON_ROW(symbol, text, operands) [NH_NOP_##symbol] = {text, operands},
    NH_NEURON_OPS(NH_NEURON_ROW)
#undef NH_NEURON_ROW
};

const char *nh_neuron_op_text(nh_neuron_op op) { return op_table[op].text; }

int nh_neuron_operands(nh_neuron_op op) { return op_table[op].operands; }

int nh_neuron_op_find(const char *text) {
    for (int i = 0; i < NH_NOP_KINDS; i++)
        if (strcasecmp(op_table[i].text, text) == 0) return i;
    return -1;
}

const char *nh_neuron_kind_text(nh_neuron_kind kind) {
    static const char *const text[NH_KIND_COUNT] = {"program", "IF", "LIF", "LI", "I", "CubaLIF", "CubaLI"};
    return text[kind];
}

bool nh_neuron_model_is_text(const char *model) { return strchr(model, '\n') != NULL; }

bool nh_neuron_model_is_file(const char *model) {
    return !nh_neuron_model_is_text(model) && strpbrk(model, "./") != NULL;
}
