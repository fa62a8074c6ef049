#!/usr/bin/env bash
# The example of the driver from a network to its predictions: neurohls makes the fabric and the image, Verilator simulates the fabric behind its
# serial line, and digits.c talks to it.
#   host/examples/run.sh [FOLDER [OPTION OF digits ...]]     (FOLDER: build/host_example; BUILD: where neurohls was built, build)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${BUILD:-$here/../../build}/bin" && pwd)
out=${1:-$here/../../build/host_example}
shift || true
data=$here/../../configs/examples/digits_snn
command -v verilator >/dev/null || { echo "verilator is not installed: scripts/install.sh" >&2; exit 3; }

"$bin/neurohls" build "$here/digits.yaml" --until rtl --quiet -o "$out"
verilator --cc --exe --build -O3 -Wno-fatal -Wno-lint -Wno-style --x-assign unique --top-module digits_board --prefix Vboard \
    --Mdir "$out/board" -CFLAGS "-O2 -std=gnu++17" -y "$out/rtl" "$out/rtl/digits_board.v" "$here/board_main.cpp" >"$out/verilator.log" 2>&1 ||
    { cat "$out/verilator.log" >&2; exit 3; }
"$bin/digits_host" -n 20 "$@" "$out/fabric/digits.img" "$data/x_test.npy" "$data/y_test.npy" "$out/board/Vboard" 4
