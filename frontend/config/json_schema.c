/* The table of keys as a JSON Schema, for editors. */
#include <string.h>

#include "config.h"
#include "schema.h"

static void put_string(const char *s, FILE *out) {
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

static void put_words(const nh_word *w, FILE *out) {
    fputs("\"enum\": [", out);
    for (const nh_word *first = w; w->text; w++) {
        if (w != first) fputs(", ", out);
        put_string(w->text, out);
    }
    fputs("]", out);
}

static void put_powers(const nh_key *k, FILE *out) {
    fputs("\"enum\": [", out);
    for (double v = k->min; v <= k->max; v *= 2) fprintf(out, "%s%.0f", v > k->min ? ", " : "", v);
    fputs("]", out);
}

static void put_number(const nh_key *k, FILE *out) {
    const char *pattern = k->flags & NH_KEY_PERCENT ? "^[0-9.eE+-]+%$" : "^[0-9.eE+-]+/[0-9.eE+-]+$";
    bool several = k->word || k->flags & (NH_KEY_FRACTION | NH_KEY_PERCENT);
    if (several) fputs("\"anyOf\": [{", out);
    fprintf(out, "\"type\": \"%s\", \"minimum\": %.17g, \"maximum\": %.17g",
            k->type == NH_KEY_REAL ? "number" : "integer", k->min, k->max);
    for (const nh_word *w = k->word; w && w->text; w++)
        fprintf(out, "}, {\"const\": \"%s\"%s", w->text, w[1].text ? "" : "}]");
    if (several && !k->word) fprintf(out, "}, {\"type\": \"string\", \"pattern\": \"%s\"}]", pattern);
}

static void put_type(const nh_key *k, FILE *out) {
    if (k->flags & NH_KEY_POWER_OF_TWO)
        put_powers(k, out);
    else if (k->type == NH_KEY_BOOL)
        fputs("\"type\": \"boolean\"", out);
    else if (nh_key_is_number(k))
        put_number(k, out);
    else if (k->word)
        put_words(k->word, out);
    else if (k->type == NH_KEY_LIST)
        fprintf(out,
                "\"type\": \"array\", \"minItems\": 1, \"maxItems\": %d, \"items\": {\"type\": \"integer\", "
                "\"minimum\": %.17g, \"maximum\": %.17g}",
                k->capacity, k->min, k->max);
    else if (k->type == NH_KEY_TILES)
        fprintf(
            out,
            "\"type\": \"array\", \"minItems\": 1, \"maxItems\": %d, \"items\": {\"type\": \"array\", \"minItems\": 2, "
            "\"maxItems\": 2, \"items\": {\"type\": \"integer\", \"minimum\": %.17g, \"maximum\": %.17g}}",
            k->capacity, k->min, k->max);
    else if (k->type == NH_KEY_FORMAT)
        fputs("\"type\": \"string\", \"pattern\": \"^ *(auto|(ap_|AP_)?u?fixed *<[^>]*>|(ap_|AP_)?u?int *<[^>]*>) *$\"",
              out);
    else if (k->type == NH_KEY_NAME)
        fputs("\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_]{0,47}$\"", out);
    else if (k->type == NH_KEY_DATA)
        fprintf(out, "\"type\": \"string\", \"pattern\": \"\\\\.(npy|npz|npz:.+%s)$%s\"",
                k->flags & NH_KEY_EVENTS  ? "|bs2|txt"
                : k->flags & NH_KEY_LINES ? "|txt"
                                          : "",
                k->flags & NH_KEY_EVENTS ? "|/$" : "");
    else
        fputs("\"type\": \"string\"", out);
}

static void put_default(const nh_key *k, FILE *out) {
    if (!k->def || !*k->def) return;
    bool bare = k->type == NH_KEY_BOOL || nh_key_is_number(k);
    for (const nh_word *w = k->word; w && w->text; w++) bare &= strcmp(k->def, w->text) != 0;
    fputs(", \"default\": ", out);
    if (bare)
        fputs(k->def, out);
    else
        put_string(k->def, out);
}

static void put_indent(int depth, FILE *out) {
    fputc('\n', out);
    for (int i = 0; i < depth; i++) fputs("  ", out);
}

static void put_key(const nh_key *k, FILE *out) {
    put_string(k->name, out);
    fputs(": {\"description\": ", out);
    put_string(k->doc, out);
    fputs(", ", out);
    if (k->type == NH_KEY_LAYERS)
        fprintf(out,
                "\"type\": \"object\", \"additionalProperties\": {\"anyOf\": [{\"$ref\": \"#/$defs/%s\"}, {\"type\": "
                "\"null\"}]}",
                k->section->name);
    else if (k->type == NH_KEY_SECTION)
        fprintf(out, "\"$ref\": \"#/$defs/%s\"", k->section->name);
    else
        put_type(k, out);
    put_default(k, out);
    fputc('}', out);
}

static void put_section(const nh_section *s, int depth, FILE *out) {
    fputs("\"type\": \"object\", \"additionalProperties\": false,", out);
    const char *comma = "";
    put_indent(depth, out);
    fputs("\"required\": [", out);
    for (int i = 0; i < s->n_key; i++) {
        if (!(s->key[i].flags & NH_KEY_REQUIRED)) continue;
        fputs(comma, out);
        put_string(s->key[i].name, out);
        comma = ", ";
    }
    fputs("],", out);
    put_indent(depth, out);
    fputs("\"properties\": {", out);
    for (int i = 0; i < s->n_key; i++) {
        put_indent(depth + 1, out);
        put_key(&s->key[i], out);
        if (i + 1 < s->n_key) fputc(',', out);
    }
    put_indent(depth, out);
    fputc('}', out);
}

static bool is_first_use(const nh_section *s, int i) {
    for (int j = 0; j < i; j++)
        if (s->key[j].section == s->key[i].section) return false;
    return s->key[i].section != NULL;
}

void nh_config_schema(FILE *out) {
    const nh_section *s = &nh_config_section;
    const char *comma = "";
    fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"neurohls "
          "configuration\",\n  ",
          out);
    put_section(s, 1, out);
    fputs(",\n  \"$defs\": {", out);
    for (int i = 0; i < s->n_key; i++) {
        if (!is_first_use(s, i)) continue;
        fprintf(out, "%s\n    \"%s\": {", comma, s->key[i].section->name);
        put_section(s->key[i].section, 3, out);
        fputs("\n    }", out);
        comma = ",";
    }
    fputs("\n  }\n}\n", out);
}
