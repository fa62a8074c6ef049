/* config.yaml -> nh_options: libyaml events -> nodes with line:col -> the schema table -> plain data. */
#ifndef NH_CONFIG_H
#define NH_CONFIG_H

#include <stdio.h>

#include "graph.h"
#include "options.h"

/* Read and check everything that needs no other file; all errors at once in d. NULL when there are errors. */
nh_options *nh_config_read(nh_arena *a, nh_diag *d, const char *path);
/* Resolve `defaults:` and `layers:` globs for every layer of g into layer[i].opt; a glob that matches no layer, a key
 * that the operator does not have, a strategy the operator cannot use, a reuse factor out of 1..n_in*n_out are errors.
 */
bool nh_config_resolve(const nh_options *o, nh_graph *g, nh_diag *d);
/* A target by name (searched in: the config's folder, $NEUROHLS_TARGETS, the built-in set) or by path. */
bool nh_target_read(nh_arena *a, nh_diag *d, nh_loc at, const char *name, const char *config_dir, nh_target *out);
/* JSON Schema (draft 2020-12) of config.yaml, from the same table of keys. */
void nh_config_schema(FILE *out);
/* A commented config.yaml for a model, every layer listed. */
void nh_config_init(const nh_graph *g, const char *model_path, const char *project, FILE *out);
#define NH_NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define NH_NAME_LONGEST 48
/* Why a project cannot be called so; NULL: it can. Names become C functions, Verilog modules and folders. */
const char *nh_config_name_problem(const char *name);

#endif
