#!/bin/sh
# Which diagnostic codes have no golden case? Those of the configuration and the command line must have one; others are listed.
#   codes_without_case.sh NEUROHLS GOLDEN_DIR
NEUROHLS=$1
failed=0
for id in $("$NEUROHLS" explain none 2>/dev/null | cut -d ' ' -f 1); do
    if grep -rqs "\[$id\]" "$2" --include=expect.diag; then continue; fi
    case $id in
    C* | O2*) echo "$id has no case"; failed=1 ;;
    *) echo "$id has no case here" ;;
    esac
done
exit $failed
