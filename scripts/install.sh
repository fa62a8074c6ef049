#!/usr/bin/env bash
# Install what neurohls needs on Debian 12. `scripts/install.sh` is enough to build and run; `scripts/install.sh test` adds what the
# tests use. Packages that are already there are not touched; nothing but Debian's packages is installed.
set -euo pipefail

run=(build-essential cmake ninja-build pkg-config
     libyaml-dev libjansson-dev libprotobuf-c-dev protobuf-c-compiler libonnx-dev libhdf5-dev uthash-dev libssl-dev zlib1g-dev
     verilator yosys nextpnr-ice40 fpga-icestorm)
tests=(libcriterion-dev iverilog z3 cvc5 clang libclang-rt-14-dev clang-format-14 cppcheck
       python3 python3-numpy python3-h5py python3-sklearn python3-onnx python3-yaml python3-jsonschema)

want=("${run[@]}")
[ "${1:-}" = test ] && want+=("${tests[@]}")

missing=()
for package in "${want[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "install: all ${#want[@]} packages are there"
    exit 0
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install: need root or sudo to install: ${missing[*]}" >&2; exit 3; }
    sudo=(sudo)
fi
echo "install: ${missing[*]}"
"${sudo[@]}" apt-get update -q
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
