#!/bin/sh
# Prove the properties beside each stream template (nh_x_fv.vh): base case, induction, cover; then see that one mutant of
# each template fails. Needs yosys, z3, cvc5. Usage: scripts/formal.sh [template ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec python3 "$root/tests/rtl/formal.py" --mutants "$@"
