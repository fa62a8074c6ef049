#!/usr/bin/env bash
# The fabric of two neuron cores of configs/examples/digits_snn/digits_fabric_2x1.yaml: mapped, simulated, placed and routed on an iCE40 HX8K.
#   scripts/bench/fabric_pnr.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$(mktemp -d)}
"${NEUROHLS:-$root/build/bin/neurohls}" map "$root/configs/examples/digits_snn/digits_fabric_2x1.yaml" -o "$out"
cd "$out/fabric/rtl"
yosys -q -p "read_verilog -defer $(tr '\n' ' ' <files.f); synth_ice40 -top digits_fabric_2x1 -json ../fabric.json"
cd ..
nextpnr-ice40 --hx8k --package ct256 --json fabric.json --asc fabric.asc --freq 40 --timing-allow-fail --seed 1 >pnr.log 2>&1
icepack fabric.asc fabric.bin
grep -E 'ICESTORM_LC|ICESTORM_RAM' pnr.log | tail -2
grep 'Max frequency' pnr.log | tail -1
