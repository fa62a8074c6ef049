#!/usr/bin/env bash
# Is docs/walkthrough.md true?   scripts/check_walkthrough.sh [NEUROHLS]
#   1. Every `path/file: name` in it names a file of this project that defines that name.
#   2. With the path of the program: every quoted line of generated output is really generated. A block is quoted from the file
#      that stands after the language of its fence; "..." is what was left out. `check -v` and the output folder are made anew.
# Exit status 1 when something is not true.
set -euo pipefail
cd "$(dirname "$0")/.."
doc=${WALKTHROUGH:-docs/walkthrough.md}
lies=0
lie() {
    echo "$doc: $*" >&2
    lies=$((lies + 1))
}

# A definition starts in the first column in C and Python; Verilog is indented.
defines() {
    case $1 in
    *.v | *.def | *.yaml) grep -qE "^[^/#]*\b$2\b" "$1" ;;
    *.py) grep -qE "^(def|class) $2\b|^$2 *=" "$1" ;;
    *) grep -qE "^[^[:space:]/*#].*\b$2\b|^#define $2\b" "$1" ;;
    esac
}

n=0
while IFS=' ' read -r file name; do
    n=$((n + 1))
    if [ ! -f "$file" ]; then lie "there is no file $file"
    elif ! defines "$file" "$name"; then lie "$file does not define $name"; fi
done < <(grep -oE '`[A-Za-z0-9_./-]+\.[a-z]+: [A-Za-z_][A-Za-z0-9_]*`' "$doc" | tr -d '`:' | sort -u)
[ "$n" -ge 40 ] || lie "only $n names were found: has the way they are written changed?"

quoted=0
if [ $# -ge 1 ]; then
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
    "$1" build configs/examples/digits/digits.yaml --until rtl -o "$out/digits" >/dev/null
    "$1" check -v configs/examples/digits/digits.yaml >"$out/digits/check.txt" 2>&1
    file=
    while IFS= read -r line; do
        case $line in
        '```') file= ;;
        '```'*' '*) file=${line#* } && [ -f "$out/digits/$file" ] || lie "$file is not generated" ;;
        *)
            [ -n "$file" ] && [ -f "$out/digits/$file" ] && [ "${line//[[:space:]]/}" != ... ] || continue
            quoted=$((quoted + 1))
            grep -qF -- "$line" "$out/digits/$file" || lie "$file does not say: $line"
            ;;
        esac
    done <"$doc"
    [ "$quoted" -ge 20 ] || lie "only $quoted quoted lines were found"
fi

[ "$lies" -eq 0 ] || exit 1
echo "$doc: $n names are defined where it says, $quoted quoted lines are generated"
