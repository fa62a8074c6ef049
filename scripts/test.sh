#!/usr/bin/env bash
# Install what the tests need, build, run them.   scripts/test.sh [quick|long]
#   quick (default, what CI runs on every commit): unit, property, golden, RTL lint/benches/proofs, co-simulation, synthesis
#   long  (nightly): quick, then more random networks, all proofs, sanitizers, fuzzing
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

echo "== tests ($level)"
exclude=(-LE long)
[ "$level" = long ] && exclude=()
ctest --test-dir build-test --output-on-failure -j "$jobs" "${exclude[@]}" | tee build-test/ctest.log
if [ "$level" = long ]; then
    echo "== sanitizers"
    cmake -G Ninja -S . -B build-asan -DNH_TESTS=ON -DNH_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug >/dev/null
    cmake --build build-asan
    ctest --test-dir build-asan --output-on-failure -j "$jobs" -L 'unit|prop|golden'
    echo "== fuzz"
    scripts/fuzz.sh 60
fi
