#include <string.h>

#include "vlog.h"

#define P(name) {#name, 'p'},
#define S(name) {#name, 's'},
#define I(name) {#name, 'i'},
#define O(name) {#name, 'o'},
#define NH_TEMPLATE(name, ports) static const nh_template_port name##_port[] = {ports};
#include "templates.def"
#undef NH_TEMPLATE

static const nh_template templates[] = {
#define NH_TEMPLATE(name, ports) {#name, name##_port, (int)(sizeof name##_port / sizeof *name##_port)},
#include "templates.def"
#undef NH_TEMPLATE
};

const nh_template *nh_template_find(const char *name) {
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (!strcmp(templates[i].name, name)) return &templates[i];
    return NULL;
}
