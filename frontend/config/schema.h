/* The table of keys of config.yaml and of target files: reading, checking, did-you-mean, JSON Schema and the comments
 * of `neurohls init` all come from it. */
#ifndef NH_SCHEMA_H
#define NH_SCHEMA_H

#include "graph.h"
#include "options.h"
#include "yaml_tree.h"

typedef enum {
    NH_KEY_SECTION, /* a mapping with its own table of keys */
    NH_KEY_LAYERS,  /* pattern -> layer keys */
    NH_KEY_BOOL,
    NH_KEY_INT,     /* int */
    NH_KEY_INT64,   /* int64_t, uint64_t */
    NH_KEY_REAL,    /* double */
    NH_KEY_WORD,    /* one of `words`, an enum */
    NH_KEY_FORMAT,  /* nh_format_request */
    NH_KEY_NAME,    /* identifier */
    NH_KEY_TEXT,    /* any text */
    NH_KEY_PATH,    /* file, relative to the configuration */
    NH_KEY_PROGRAM, /* a file, the name of a built-in neuron model, or a text of several lines */
    NH_KEY_DATA,    /* nh_data_ref */
    NH_KEY_LIST,    /* int64_t[capacity]; an int gets how many there are */
    NH_KEY_TILES    /* const nh_tile *; an int gets how many there are */
} nh_key_type;

enum {
    NH_KEY_REQUIRED = 1,
    NH_KEY_EVENTS = 2,   /* DATA: also recordings: "x.bs2", "folder/", "list.txt" */
    NH_KEY_FRACTION = 4, /* "1/255" is allowed */
    NH_KEY_PERCENT = 8,  /* "0.5%" is allowed */
    NH_KEY_POWER_OF_TWO = 16,
    NH_KEY_LINES = 32 /* DATA: also the lines of a text: "labels.txt" */
};

typedef struct {
    const char *text;
    int64_t value;
} nh_word;
typedef struct nh_section nh_section;

typedef struct {
    const char *name;
    nh_key_type type;
    unsigned flags;
    size_t offset;       /* of the value in the section's struct */
    size_t at;           /* of its nh_loc; NH_NO_PLACE: not kept */
    double min, max;     /* numbers */
    const nh_word *word; /* ends with a NULL text; of a number: words that stand for one */
    size_t count;        /* LIST, TILES: offset of the int that gets the number of elements */
    int capacity;        /* LIST, TILES: most elements */
    const nh_section *section;
    const char *def; /* default as it would be written, or NULL: not given */
    const char *doc;
    const char *init;        /* what `neurohls init` writes instead of showing the default, or NULL */
    const char *init_shared; /* the same where layers are shared by default, or NULL: as init */
} nh_key;

#define NH_NO_PLACE ((size_t)-1)
#define NH_KEYS_MAX 64 /* bits of nh_key_set */

typedef uint64_t nh_key_set; /* bit k: key k of a section */

struct nh_section {
    const char *name; /* for messages and the JSON Schema */
    const nh_key *key;
    int n_key;
};

extern const nh_section nh_config_section; /* base: nh_options */
extern const nh_section
    nh_layer_section; /* base: nh_layer_options; the keys of spiking layers stand last, from numerics on */
extern const nh_section nh_spiking_section; /* base: nh_options */
extern const nh_section nh_fabric_section;  /* base: nh_fabric_request; also of limits files */
extern const nh_section nh_target_section;  /* base: nh_target */

/* A rule of `layers:`; given has bit k set when the rule has key k of nh_layer_section. */
struct nh_layer_rule {
    const char *glob;
    nh_loc at;
    int n_literal; /* characters that match only themselves: more is more specific */
    nh_key_set given;
    nh_loc key_at[NH_KEYS_MAX];
    nh_layer_options value;
};

/* What reading a file needs. */
typedef struct {
    nh_arena *arena;
    nh_diag *diag;
    const char *file;
    const char *dir; /* paths in the file are relative to it */
} nh_reading;

/* Does the key mean something for the layer's operator? */
bool nh_layer_has_key(const nh_layer *l, const nh_key *k);
/* Warn (C201) of given keys that decide nothing in the network, whose layers have their options. */
void nh_check_effect(const nh_options *o, const nh_graph *g, nh_diag *d);

bool nh_key_is_number(const nh_key *k);
/* "an integer from 1 to 32, or auto" */
const char *nh_key_allowed(nh_arena *a, const nh_key *k);
/* Bytes of the value of a key (not of sections), without the number of elements of lists. */
size_t nh_key_size(const nh_key *k);
bool nh_key_is_list(const nh_key *k);
/* Fill base + k->offset from a scalar; false with a diagnostic when it is not what the key takes. */
bool nh_value_read(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *base);
/* Put all defaults of a section and its subsections; their place is the file without a line. */
void nh_section_defaults(const nh_reading *r, const nh_section *s, char *base);
/* Read a MAP. given: NULL or gets a bit per key that was there; key_at: NULL or gets the places. false: diagnosed. */
bool nh_section_read(const nh_reading *r, const nh_section *s, const nh_yaml *node, char *base, nh_key_set *given,
                     nh_loc *key_at);

/* After `fabric:` was read: sizes of its limits file where it says nothing, tiles and words of the fabric. false:
 * diagnosed. */
bool nh_fabric_resolve(nh_arena *a, nh_diag *d, const nh_reading *config, const nh_yaml *section, nh_fabric_request *q);

/* A glob over the bytes of name: * any text, ? one UTF-8 character, \ takes the next character literally. */
bool nh_glob_match(const char *glob, const char *name);
int nh_glob_literals(const char *glob);

#endif
