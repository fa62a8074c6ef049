#!/bin/sh
# One golden case: run its cmd in its folder, compare what it prints on stderr and stdout and its exit status with
# expect.diag and (when there is one) expect.out. Bad input (exit status 2) must leave no output folder o, unless the case has a file output_is_left that says why.
#   run_case.sh NEUROHLS CASE_DIR        NH_UPDATE_GOLDEN=1 rewrites the expectations; review the diff.
# cmd is a line of shell. It has $NEUROHLS, an empty folder $TMP, which stands as TMP in the expectations, and $TOOLS, the
# folder of fake external tools. What is compiled is cached in $TMP, so fakes never reach the user's cache.
set -u
NEUROHLS=$1
cd "$2" || exit 1
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
TOOLS=$(cd ../../tools && pwd)
XDG_CACHE_HOME=$TMP/cache
export NEUROHLS TMP TOOLS XDG_CACHE_HOME
for variable in $(env | sed -n 's/^\(NEUROHLS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
NO_COLOR=1 sh ./cmd >"$TMP.out" 2>"$TMP.err" </dev/null
status=$?
trap 'rm -rf "$TMP" "$TMP.out" "$TMP.err" "$TMP.diag"' EXIT
{ cat "$TMP.err"; echo "exit $status"; } | sed "s|$TMP|TMP|g; s|$TOOLS|TOOLS|g; s|[.]tmp-[A-Za-z0-9]*|.tmp-XXXXXX|g; s/: done, [0-9.]* s:/: done, 0.0 s:/" >"$TMP.diag"
sed -i "s|$TMP|TMP|g" "$TMP.out"
if [ $status = 2 ] && [ -e "$TMP/o/.neurohls.json" ] && [ ! -e output_is_left ]; then
    echo "exit status 2, but there is an output folder: $(ls "$TMP/o")"
    exit 1
fi
if [ "${NH_UPDATE_GOLDEN:-}" ]; then
    cp "$TMP.diag" expect.diag
    if [ -e expect.out ]; then cp "$TMP.out" expect.out; fi
    exit 0
fi
diff -u expect.diag "$TMP.diag" || exit 1
if [ -e expect.out ]; then diff -u expect.out "$TMP.out"; fi
