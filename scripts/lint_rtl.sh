#!/bin/sh
# Lint every template with every row of its .params file: verilator -Wall, iverilog -g2005 -Wall, yosys hierarchy -check.
# A row is PARAMETER=value ...; words $MEM stand for a memory file. Rows that begin with "!" must be refused by all three.
# Usage: scripts/lint_rtl.sh [template ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec python3 "$root/tests/rtl/lint_rtl.py" "$@"
