/* A mapping of the YAML file -> a struct, by its table of keys; the rules under `layers:`. */
#include <string.h>

#include "schema.h"

void nh_section_defaults(const nh_reading *r, const nh_section *s, char *base) {
    nh_loc at = {.file = r->file};
    for (int i = 0; i < s->n_key; i++) {
        const nh_key *k = &s->key[i];
        if (k->at != NH_NO_PLACE) memcpy(base + k->at, &at, sizeof at);
        if (k->type == NH_KEY_SECTION) nh_section_defaults(r, k->section, base + k->offset);
        if (k->type == NH_KEY_SECTION || !k->def) continue;
        nh_yaml node = {.kind = NH_YAML_SCALAR, .text = k->def, .at = at};
        node.plain = *k->def != '\0'; /* "" is a value of its own, not a missing one */
        nh_value_read(r, k, &node, base);
    }
}

/* The rest of an unquoted format within { }, which is diagnosed already: fixed<8,1> is read as fixed<8 and the keys
 * after it. open: did one begin before this key, and does it go on? */
static bool leaves_format_open(bool open, const nh_yaml *key) {
    const nh_yaml *value = key->next;
    bool begins =
        value->kind == NH_YAML_SCALAR && value->plain && strchr(value->text, '<') && !strchr(value->text, '>');
    return begins || (open && !strchr(key->text, '>'));
}

static void unknown_key(const nh_reading *r, const nh_section *s, const nh_yaml *key) {
    const char *name[NH_KEYS_MAX], *all = "";
    nh_report(r->diag, NH_C_UNKNOWN, key->at, "unknown key '%.80s'%s%s", key->text,
              s == &nh_config_section ? "" : " in ", s == &nh_config_section ? "" : s->name);
    if (!nh_diag_is_shown(r->diag)) return;
    for (int i = 0; i < s->n_key; i++) {
        name[i] = s->key[i].name;
        all = nh_arena_printf(r->arena, "%s%s%s", all, i ? ", " : "", name[i]);
    }
    nh_diag_allowed(r->diag, "%s", all);
    const char *near = nh_did_you_mean(key->text, name, (size_t)s->n_key);
    if (near) nh_diag_hint(r->diag, "did you mean '%s'?", near);
}

static bool not_a_map(const nh_reading *r, const char *name, const nh_yaml *node) {
    if (node->kind == NH_YAML_MAP) return false;
    if (node->kind == NH_YAML_REFUSED) return true;
    nh_report(r->diag, NH_C_TYPE, node->at, "%s must be a mapping { key: value }", name);
    nh_diag_found(r->diag, "%s", nh_yaml_show(r->arena, node));
    return true;
}

static bool read_layers(const nh_reading *r, const nh_yaml *node, nh_options *o) {
    bool ok = true;
    if (not_a_map(r, "layers", node)) return false;
    size_t n = 0;
    for (const nh_yaml *key = node->first; key; key = key->next->next) n++;
    o->n_rule = 0; /* `layers:` may stand twice; the second is an error and replaces the first */
    o->rule = nh_arena_array(r->arena, n, sizeof *o->rule);
    for (const nh_yaml *key = node->first; key; key = key->next->next) {
        struct nh_layer_rule *rule = &o->rule[o->n_rule++];
        rule->glob = key->text;
        rule->at = key->at;
        rule->n_literal = nh_glob_literals(key->text);
        if (nh_yaml_is_null(key->next)) continue; /* a layer that is only listed */
        ok &= nh_section_read(r, &nh_layer_section, key->next, (char *)&rule->value, &rule->given, rule->key_at);
    }
    return ok;
}

static bool read_key(const nh_reading *r, const nh_key *k, const nh_yaml *key, char *base) {
    if (k->at != NH_NO_PLACE) memcpy(base + k->at, &key->next->at, sizeof(nh_loc));
    if (k->type == NH_KEY_LAYERS) return read_layers(r, key->next, (nh_options *)(void *)base);
    if (k->type == NH_KEY_SECTION)
        return !not_a_map(r, k->name, key->next) &&
               nh_section_read(r, k->section, key->next, base + k->offset, NULL, NULL);
    return nh_value_read(r, k, key->next, base);
}

bool nh_section_read(const nh_reading *r, const nh_section *s, const nh_yaml *node, char *base, nh_key_set *given,
                     nh_loc *key_at) {
    nh_key_set seen = 0;
    bool ok = true, format_open = false;
    if (not_a_map(r, s->name, node)) return false;
    for (const nh_yaml *key = node->first; key; key = key->next->next) {
        int i = 0;
        while (i < s->n_key && strcmp(s->key[i].name, key->text) != 0) i++;
        bool is_rest = format_open && nh_yaml_is_null(key->next);
        format_open = leaves_format_open(format_open, key);
        if (i == s->n_key) {
            if (!is_rest) unknown_key(r, s, key);
            ok = false;
            continue;
        }
        seen |= (nh_key_set)1 << i;
        if (key_at) key_at[i] = key->next->at;
        ok &= read_key(r, &s->key[i], key, base);
    }
    for (int i = 0; i < s->n_key; i++) {
        if (!(s->key[i].flags & NH_KEY_REQUIRED) || seen >> i & 1) continue;
        nh_report(r->diag, NH_C_MISSING, node->at, "the key '%s' is missing", s->key[i].name);
        nh_diag_allowed(r->diag, "%s: %s", s->key[i].name, s->key[i].doc);
        ok = false;
    }
    if (given) *given = seen;
    return ok;
}
