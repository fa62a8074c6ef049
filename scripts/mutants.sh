#!/bin/sh
# Plant each bug of tests/rtl/mutants.txt in a copy of the templates and see that the proof or the bench it names catches it.
# Usage: scripts/mutants.sh [template ...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec python3 "$root/tests/rtl/mutants.py" "$@"
