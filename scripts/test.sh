#!/usr/bin/env bash
# Install what the tests need, build, run them.   scripts/test.sh [quick|long]
#   quick (default, what CI runs on every commit): unit, property and golden tests, also under ASan and UBSan; RTL lint, benches and
#         proofs; co-simulation; synthesis; faults planted in the emitters
#   long  (nightly): quick, then more random networks, all template mutants, large benches, fuzzing
set -euo pipefail
cd "$(dirname "$0")/.."
level=${1:-quick}
jobs=$(nproc)

echo "== install"
scripts/install.sh test

echo "== build"
cmake -G Ninja -S . -B build-test -DNH_TESTS=ON -DNH_WERROR=ON >/dev/null
cmake --build build-test

echo "== style"
scripts/check_style.sh

exclude=(-LE long)
[ "$level" = long ] && exclude=()
echo "== unit, property and golden tests under AddressSanitizer and UndefinedBehaviorSanitizer"
cmake -G Ninja -S . -B build-asan -DNH_TESTS=ON -DNH_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build build-asan
LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0" \
    ctest --test-dir build-asan --output-on-failure -j "$jobs" -L 'unit|prop|golden'

if [ "$level" = long ]; then
    echo "== fuzz"
    scripts/fuzz.sh 60
fi

echo "== tests ($level)"
ctest --test-dir build-test --output-on-failure -j "$jobs" "${exclude[@]}"
