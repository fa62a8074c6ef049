#!/bin/sh
# Every diagnostic code has a golden case, or a line here that says why not. A line for a code that has a case is an error too.
#   codes_without_case.sh NEUROHLS GOLDEN_DIR
NEUROHLS=$1
reasons() {
    cat <<'END'
M140 what crashes the HDF5 library is another thing under a sanitizer (unit tests of h5 have it)
M141 what hangs the HDF5 library depends on its version (unit tests of h5 have it)
M143 a sanitizer takes the limit of memory away (unit tests of h5 have it)
M144 a kernel without seccomp filters
M145 a system without room for a process
N007 calibration that takes seconds: 4e9 multiplications
N107 D106 comes first: the command line checks the shape of the array (unit tests of the passes have it)
N108 C109 comes first: the configuration checks the scale (unit tests of the passes have it)
N324 M155 comes first: the NIR reader checks these values (unit tests of neuron have it)
O106 memory that ends at a moment (system tests of bad_moments have it)
O901 a bug of ours
P113 a bug of ours
P212 more than a fabric's table of routes needs a large network (unit tests of map)
P213 unit tests of map
P214 unit tests of map
P215 unit tests of map
P216 unit tests of map
P101 M111 comes first: no operator that is read joins two branches
S111 a bug of ours
P217 a network on the fabric: partial sums (unit tests of map)
H101 the driver is a library: no command uses a line (tests/unit/host has it)
H102 as H101
H103 as H101
H104 as H101
H105 as H101
S101 D106 comes first: an array without samples (unit tests of sim have it)
S102 D107 comes first: a label that is no class (unit tests of sim have it)
S108 layers with more than 1 GiB of values
T104 a time limit ends a process in the middle of what it prints (system tests of signals have it)
END
}
ids=$("$NEUROHLS" explain none 2>/dev/null | cut -d ' ' -f 1)
if [ -z "$ids" ]; then echo "no codes"; exit 1; fi
failed=0
for id in $ids; do
    reason=$(reasons | grep "^$id ")
    if grep -rqs --include=expect.diag "\[$id\]" "$2"; then
        if [ "$reason" ]; then echo "$id has a case; take it off this list"; failed=1; fi
    elif [ "$reason" ]; then
        echo "no case: $reason"
    else
        echo "$id has no case"
        failed=1
    fi
done
exit $failed
