#!/bin/sh
# One golden case: run its cmd in its folder, compare what it prints on stderr and stdout and its exit status with
# expect.diag and (when there is one) expect.out.
#   run_case.sh NEUROHLS CASE_DIR        NH_UPDATE_GOLDEN=1 rewrites the expectations; review the diff.
# cmd is a line of shell; it has $NEUROHLS and an empty folder $TMP, which stands as TMP in the expectations.
set -u
NEUROHLS=$1
cd "$2" || exit 1
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
export NEUROHLS TMP
unset NEUROHLS_TARGETS
NO_COLOR=1 sh ./cmd >"$TMP.out" 2>"$TMP.err" </dev/null
status=$?
trap 'rm -rf "$TMP" "$TMP.out" "$TMP.err" "$TMP.diag"' EXIT
{ cat "$TMP.err"; echo "exit $status"; } | sed "s|$TMP|TMP|g" >"$TMP.diag"
sed -i "s|$TMP|TMP|g" "$TMP.out"
if [ "${NH_UPDATE_GOLDEN:-}" ]; then
    cp "$TMP.diag" expect.diag
    if [ -e expect.out ]; then cp "$TMP.out" expect.out; fi
    exit 0
fi
diff -u expect.diag "$TMP.diag" || exit 1
if [ -e expect.out ]; then diff -u expect.out "$TMP.out"; fi
