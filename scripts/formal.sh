#!/bin/sh
# Prove the properties beside each stream template (nh_x_fv.vh): all cycles by ABC's property-directed reachability, the cover after the reset;
# then see that one mutant of each template fails. --smt: also k-induction from the written invariants alone (z3, cvc5).
# Needs yosys with yosys-abc, z3, cvc5. Usage: scripts/formal.sh [--smt] [template ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec python3 "$root/tests/rtl/formal.py" --mutants "$@"
