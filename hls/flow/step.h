/* Steps of `build`, cached by content: a step runs again only when something it depends on changed, and says what.
 *
 *     nh_steps *s = nh_steps_open(a, d, out);
 *     nh_step *t = nh_step_new(s, "synth");
 *     nh_step_key(t, "neurohls", NH_VERSION);
 *     nh_step_key(t, "config", config_sha.hex);
 *     nh_step_key(t, "tool yosys", nh_tool_version(a, "yosys", yosys));
 *     nh_step_input(t, "rtl");
 *     if (nh_step_cached(t, force)) {
 *         ... NH_STEP_CACHED
 *     } else {
 *         const char *dir = nh_step_begin(t, d);                    a staged directory
 *         if (dir && run(dir)) nh_step_finish(t, d);    now it is <out>/synth
 *         else nh_step_abandon(t);                                  <out>/synth is as it was
 *     }
 *
 * The state of all steps of an output directory is <out>/.neurohls.json, replaced atomically after each step. Outputs
 * are compared with the hashes in it, so that an edited, torn or deleted file makes its step run again. Not for several
 * threads. */
#ifndef NH_STEP_H
#define NH_STEP_H

#include "arena.h"
#include "diag.h"

typedef struct nh_steps nh_steps;
typedef struct nh_step nh_step;

/* The state of output directory `out`, made when missing. NULL: it holds files but no .neurohls.json (NH_O_FOREIGN:
 * they are somebody else's), or it cannot be made (NH_O_WRITE). An unreadable state counts as none: every step runs. */
nh_steps *nh_steps_open(nh_arena *a, nh_diag *d, const char *out);

/* A step to be decided. name: [a-z0-9_]+, the name of its folder in out. */
nh_step *nh_step_new(nh_steps *s, const char *name);
/* One thing the step depends on: `part` names it in messages, value is a short text or a hash (64 hex digits). Every
 * part once. */
void nh_step_key(nh_step *t, const char *part, const char *value);
/* The step reads the output of an earlier step: part "output of <name>", value the hash of all files that it wrote as
 * they are now. */
void nh_step_input(nh_step *t, const char *name);

/* Is the result in place? False when it must run; nh_step_why then tells why, for the user: "forced", "first run",
 * "config changed", "clock_mhz: 24 -> 48", "tool yosys: Yosys 0.23 -> Yosys 0.24", "output of rtl changed",
 * "synth/unit.json is missing", "synth/unit.json was changed". Files that a user put beside the outputs change nothing.
 * When cached: "nothing changed". */
bool nh_step_cached(nh_step *t, bool force);
const char *nh_step_why(const nh_step *t);

/* A staged directory for the output, an absolute path; NULL on failure (NH_O_WRITE). */
const char *nh_step_begin(nh_step *t, nh_diag *d);
/* Publish the staged directory as <out>/<name>, with what a user put there (folder.h), and write the state. False:
 * NH_O_WRITE, NH_O_TAKEN; the step is abandoned. */
bool nh_step_finish(nh_step *t, nh_diag *d);
void nh_step_abandon(nh_step *t);

/* The staged directory of a step that failed becomes <out>/<name>.failed, for its logs: its path, or NULL (NH_O_WRITE,
 * NH_O_TAKEN). The next one takes its place, and the step's success removes it: its files, not those that somebody put
 * there. */
const char *nh_step_keep_failed(nh_step *t, nh_diag *d);
void nh_step_drop_failed(nh_step *t);

/* Put staged single files into the output directory; one that a user edited since is kept beside it. */
bool nh_steps_publish_files(nh_steps *s, nh_diag *d, const char *const *name, const char *const *staged, size_t n);

#endif
