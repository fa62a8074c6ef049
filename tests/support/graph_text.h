/* The text form of a graph read back, for tests: nothing that a graph holds is missing in what nh_graph_print writes.
 */
#ifndef NH_TEST_GRAPH_TEXT_H
#define NH_TEST_GRAPH_TEXT_H

#include "graph.h"

/* Reads what nh_graph_print(values = true) wrote. NULL with one NH_O_BUG at the place of the first word that is wrong.
 */
nh_graph *nh_graph_parse(nh_arena *a, nh_diag *d, const char *file, const char *text);

#endif
