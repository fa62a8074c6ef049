#!/usr/bin/env bash
# The C program and the testbench shown in docs/output.md, extracted, built and run: they print what the document says.
#   output_programs.sh NEUROHLS
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
doc=$PWD/docs/output.md
example=$PWD/configs/examples/digits
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The first block of a language.
block() { awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } on && $0 == "```" { exit } on' "$doc"; }

says() {
    while IFS= read -r line; do
        grep -qxF -- "    $line" "$doc" || { echo "docs/output.md does not say: $line" >&2; exit 1; }
    done
}

"$program" build "$example/digits.yaml" --until rtl -o "$work/digits" >/dev/null
cp "$example/x_test.npy" "$work"
cd "$work"

block c >classify.c
cc -std=c11 -O3 -Wall -Wextra -Werror -I digits/c -o classify classify.c digits/c/model.c
./classify | says

cd digits/rtl
block verilog >tb.v
head -c $((128 + 64)) "$work/x_test.npy" | tail -c 64 | od -An -v -tx1 -w1 | tr -d ' ' >image.hex
iverilog -g2005 -o tb -c files.f tb.v
./tb | says
