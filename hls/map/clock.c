/* Seconds of the mapper's steps: told to who asks, and decide nothing. */
#include <time.h>

#include "map_parts.h"

static const char *const name[NH_MAP_STEP_COUNT] = {
    "weights that are 0, fan-in", "partition", "contexts and cores", "levers", "placement", "image"};

double nh_map_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double nh_map_clock(nh_map_plan *p, nh_map_step step, double since) {
    double now = nh_map_now();
    p->seconds[step] += now - since;
    return now;
}

void nh_map_print_seconds(const nh_map_plan *p, FILE *out) {
    for (int i = 0; i < NH_MAP_STEP_COUNT; i++) fprintf(out, "map: %-28s %8.3f s\n", name[i], p->seconds[i]);
}
