#!/bin/bash
# Checks of STYLE that a compiler does not make. Prints every violation as file:line: what; exit 1 when there is one.
# Usage: scripts/check_style.sh            (anywhere; needs bash, grep, awk and git only)
set -u
cd "$(dirname "$0")/.." || exit 2

found=$(mktemp)
text=$(mktemp)
trap 'rm -f "$found" "$text"' EXIT

# report WHAT: every line of stdin is a violation.
report() { sed "s|\$|    <- $1|" >>"$found"; }

sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
# The compiler's own code; sim/harness and sim/runtime are programs and headers that are shipped.
c_files=$(sources 'frontend/*.c' 'hls/*.c' 'sim/*.c' | grep -Ev '^sim/(harness|runtime)/')
h_files=$(sources 'frontend/*.h' 'hls/*.h' 'sim/*.h' | grep -Ev '^sim/(harness|runtime)/')

# Comments and strings are cut out of C before words are looked for; line numbers stay.
code() {
    awk '{
        line = $0; out = ""
        while (line != "") {
            if (block) { i = index(line, "*/"); if (!i) { line = ""; break } line = substr(line, i + 2); block = 0; continue }
            if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|\x27([^\x27\\]|\\.)\x27/)) {
                out = out substr(line, 1, RSTART - 1); token = substr(line, RSTART, RLENGTH); rest = substr(line, RSTART + RLENGTH)
                if (token == "//") { line = ""; break }
                if (token == "/*") { block = 1; line = rest; continue }
                out = out (substr(token, 1, 1) == "\"" ? "\"\"" : "0"); line = rest
            } else { out = out line; line = "" }
        }
        print FILENAME ":" FNR ": " out
    }' "$@"
}
code $c_files >"$text"
# search PATTERN [EXCEPT]: code lines that match, in files whose path does not.
search() { grep -E "^[^:]*:[0-9]*: .*($1)" "$text" | grep -Ev "^(${2:-none})"; }
# c_in FOLDER, c_not FOLDER: files by path.
c_in() { echo "$c_files" "$h_files" | tr ' ' '\n' | grep -E "^$1"; }
c_not() { echo "$c_files" "$h_files" | tr ' ' '\n' | grep -Ev "^$1"; }

# --- C: sizes ------------------------------------------------------------------------------------------------------
for f in $c_files; do
    n=$(wc -l <"$f")
    [ "$n" -le 900 ] || echo "$f:$n: $n lines" | report "files have at most 900 lines"
done
for f in $c_files; do
    awk -v f="$f" '
        /^[a-zA-Z_].*\)( \{)?$|^[ \t]+.*\) \{$/ && !depth { begin = FNR }
        /^\{/ && !depth { depth = 1; if (!begin) begin = FNR; next }
        /^[a-zA-Z_].*\{$/ && !depth && /\)/ { begin = FNR; depth = 1; next }
        /^}/ { if (depth && begin && FNR - begin + 1 > 60) print f ":" begin ": " FNR - begin + 1 " lines"; depth = 0; begin = 0 }
    ' "$f"
done | report "functions have at most 60 lines"

# --- C: who may do what ----------------------------------------------------------------------------------------------
search '\b(malloc|calloc|realloc|strdup|strndup|asprintf)\(' 'hls/base/arena\.c|hls/cli/out_of_memory\.c' | report "memory comes from arenas"
search '\b(printf|puts|putchar|perror)\(|\b(stdout|stderr)\b' 'hls/cli/|hls/base/arena\.c' | report "nothing prints below cli/"
search '\b(exit|_exit|_Exit|abort)\(' 'hls/cli/|hls/base/' | report "nothing exits below cli/"
search '\b(system|popen)\(' | report "tools are started without a shell"
search '\b(sprintf|strcat|gets|strtok|rand)\(' | report "unbounded or stateful function"
grep -E '^[^:]*:[0-9]*:  +static [^(]*[;=]' "$text" | grep -v 'static const' | report "no function-local static"
# last_will.c holds what a signal handler must find, memory.c and out_of_memory.c what a failing allocation must.
grep -E '^[^:]*:[0-9]*: static [^(]*( =|;)' "$text" | grep -Ev 'static const|\* ?const |^hls/(base/(last_will|memory)|cli/out_of_memory)\.c' | report "no mutable global"
grep -nE '\b(TODO|FIXME|XXX)\b' $c_files $h_files | report "unfinished"
grep -nE '(/work|/root|/home)/' $(sources '*.c' '*.h' '*.sh' '*.py' '*.v' '*.txt' '*.cmake' '*.yaml' '*.md') |
    grep -v '^scripts/check_style.sh' | report "machine path"

# --- includes: dependencies point one way --------------------------------------------------------------------------
grep -nE '#include <(hdf5|yaml|google/protobuf|protobuf-c)' $(c_not 'frontend/') | report "only frontend/ reads model files"
grep -nE '#include "\.\./' $c_files $h_files | report "an include out of its folder"
# forbid FOLDER HEADERS: files of the folder include none of the headers (an alternation)
forbid() { grep -nE "#include \"($2)\.h\"" $(c_in "$1/") /dev/null | report "an include against the link order"; }
forbid hls/base 'fx|graph|options|facts|passes|datapath|design|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/fx 'graph|options|facts|passes|datapath|design|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/ir 'passes|datapath|design|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/passes 'datapath|design|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/datapath 'graph|options|facts|passes|design|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/strategy 'passes|emit|vlog|synth|tool|sim|report|config|reader'
forbid hls/emit 'passes|synth|tool|sim|report|config|reader'
forbid frontend 'datapath|design|emit|vlog|synth|tool|sim|report'

# --- emission: Verilog text is written by vlog.c alone ----------------------------------------------------------------
netlist_writers=$(c_in 'hls/(emit|flow)/' | grep -Ev 'emit/(vlog|c|c_[a-z_0-9]*|dp_c)\.c$')
grep -nE '"([^"]*[^-a-z])?(module|endmodule|always|initial|assign|generate|wire|reg) [^"]*"' $netlist_writers |
    grep -vE 'nh_report|nh_diag|comment' | report "Verilog text outside vlog.c"
grep -nE '"[^"]*;(\\n)?"' hls/emit/rtl*.c hls/emit/dp_rtl.c hls/emit/mem.c hls/emit/manifest.c | grep -v comment |
    report "a statement outside vlog.c"

# --- RTL ---------------------------------------------------------------------------------------------------------------
for f in $(sources 'rtl_templates/*.v'); do
    name=$(basename "$f" .v)
    [ "$(grep -cE '^module ' "$f")" = 1 ] && grep -qE "^module $name\b" "$f" || echo "$f:1: module" | report "one module per file, same name"
    [ "$(grep -vE '^//|^$' "$f" | head -1)" = '`default_nettype none' ] || echo "$f:1: begin" | report '`default_nettype none comes first'
    [ "$(tail -1 "$f")" = '`default_nettype wire' ] || echo "$f:1: end" | report '`default_nettype wire comes last'
    grep -nE '^.{121,}' "$f" | sed "s|^|$f:|" | report "line too long"
    grep -nE '\bparameter +(\[|[A-Z_]+ *= *[0-9])' "$f" | sed "s|^|$f:|" | report "parameters are typed integer"
    grep -nP '\t' "$f" | sed "s|^|$f:|" | report "tab"
done

# --- one formatter -----------------------------------------------------------------------------------------------------
# Debian 12's clang-format 14 decides; another version may break lines in other places, so it is not asked.
all_c=$(sources '*.c' '*.h' '*.cpp')
grep -nE '^.{121,}' $all_c | report "line too long"
formatter=$(command -v clang-format-14 || command -v clang-format || true)
if [ -n "$formatter" ] && "$formatter" --version | grep -q 'version 14\.'; then
    echo "$all_c" | xargs -P 2 -n 50 "$formatter" --dry-run -Werror 2>&1 | grep -E ': (error|warning):' |
        sed 's/: error: .*/:/' | sort -u -t: -k1,1 | report "not as clang-format -i leaves it"
else
    echo "style: clang-format 14 is not installed: the format of C files is not checked (Debian: apt-get install clang-format-14)" >&2
fi

if [ -s "$found" ]; then
    cat "$found"
    echo "$(wc -l <"$found") style violations" >&2
    exit 1
fi
echo "style: $(echo "$c_files" | wc -l) C files, $(sources 'rtl_templates/*.v' | wc -l) templates: clean"
