#!/usr/bin/env bash
# From a fresh Debian 12 machine to a verified circuit: install what is needed, build neurohls, and take the handwritten-digits
# network from ONNX to C kernels, Verilog, co-simulation, resource counts and a bitstream. Can be run again at once.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== 1/3 install"
scripts/install.sh

echo "== 2/3 build neurohls (build/bin/neurohls)"
cmake -G Ninja -S . -B build -DNH_TESTS=OFF >build.log 2>&1 || { cat build.log >&2; exit 4; }
cmake --build build >>build.log 2>&1 || { tail -n 40 build.log >&2; exit 4; }
rm -f build.log

echo "== 3/3 neurohls build configs/examples/digits/digits.yaml"
build/bin/neurohls build configs/examples/digits/digits.yaml -o build/digits "$@"
echo "== open build/digits/report.html, or look into build/digits/c and build/digits/rtl"
