/* Rewriting of neuron programs by passes. */
#ifndef NH_NEURON_EDIT_H
#define NH_NEURON_EDIT_H

#include "graph.h"

/* A copy that may be edited; everything lives in a. */
nh_neuron_program *nh_program_copy(nh_arena *a, const nh_neuron_program *p);
/* A new register; INPUT, STATE and PARAM registers get the next index of their kind (the caller has checked the limit).
 */
int nh_program_add_reg(nh_arena *a, nh_neuron_program *p, const char *name, nh_neuron_reg_kind kind,
                       nh_neuron_measure measure);
int nh_program_add_const(nh_arena *a, nh_neuron_program *p, double value);
/* Insert d = op(x, y) before instruction `at`. */
void nh_program_insert(nh_arena *a, nh_neuron_program *p, int at, nh_neuron_op op, int dst, int x, int y);
/* Operands that are `from` become `to`, in instructions from index `at` on, and the output. */
void nh_program_replace(nh_neuron_program *p, int at, int from, int to);
/* How many operands (and the output) read the register. */
int nh_program_uses(const nh_neuron_program *p, int reg);
/* The only instruction that writes the register, or -1. */
int nh_program_definition(const nh_neuron_program *p, int reg);

/* Volts of every register: 1 = volt, 0 = none, -1 = unknown (numbers 0, and what only meets those), by the rules of
 * arithmetic from the measures that the program states. false: contradictory. exponent: [n_reg]. */
bool nh_program_volts(const nh_neuron_program *p, int *exponent);

/* Can the output have more fractional bits than what comes in? It has states or parameters, or products are in it. */
bool nh_program_is_finer(const nh_neuron_program *p);

/* For a neuron on a core: measures become "volt" for what scales with the accumulators, which are integers there: what
 * is linear in them, and what is added to that or compared with it; a factor has no unit where that is possible. As it
 * was where the rules contradict. */
void nh_program_accumulator_units(nh_arena *scratch, nh_neuron_program *p);

#endif
