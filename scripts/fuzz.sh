#!/bin/sh
# Fuzz the readers: scripts/fuzz.sh [SECONDS each] [onnx npy sample_data yaml h5 nir lava neuron image ...]. Needs clang with libFuzzer (Debian: clang-14
# libclang-rt-14-dev). Seeds are the fixtures of the tests; what is found stays in $NH_FUZZ_DIR (default build-fuzz).
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- onnx npy sample_data yaml h5 nir lava neuron image
dir=${NH_FUZZ_DIR:-build-fuzz}
command -v clang-14 >/dev/null || { echo "fuzz.sh: clang-14 is missing (apt-get install clang-14 libclang-rt-14-dev)" >&2; exit 3; }

cmake -G Ninja -S . -B "$dir" -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 -DNH_FUZZ=ON -DNH_WERROR=ON >"$dir.log" 2>&1 ||
    { tail -20 "$dir.log"; exit 3; }
for target in "$@"; do
    ninja -C "$dir" "${target}_fuzz" >>"$dir.log" 2>&1 || { tail -20 "$dir.log"; exit 3; }
done

status=0
for target in "$@"; do
    seeds=$dir/seeds/$target corpus=$dir/corpus/$target found=$dir/found/$target
    mkdir -p "$seeds" "$corpus" "$found"
    # Without those that take the time or memory of a whole run.
    find tests configs -name "*.$target" -not -name 'M14[0-3]_*' -size -64k -exec cp {} "$seeds" \;
    [ "$target" = neuron ] && cp hls/neuron/models/*.neuron "$seeds"
    [ "$target" = image ] && for f in tests/fixtures/image/*.s tests/fuzz/seeds/*.s; do # as text, and as bytes where there is an assembler
        cp "$f" "$seeds"
        [ ! -x build/bin/neurohls ] || build/bin/neurohls asm "$f" -q -o "$seeds/$(basename "$f" .s).img"
    done
    [ "$target" = npy ] && find tests -name '*.npz' -size -64k -exec cp {} "$seeds" \;
    # Two bytes that choose stand before the file: see sample_data_fuzz.c.
    [ "$target" = sample_data ] && for f in tests/fixtures/spikes/*.* tests/fixtures/spikes/rec/*; do
        [ -f "$f" ] || continue
        case $f in *.bs2) kind='\001\002' ;; *.txt) kind='\001\004' ;; *) kind='\001\000' ;; esac
        { printf "$kind"; cat "$f"; } >"$seeds/$(basename "$f")"
    done
    # Words of the configuration, from its tables of keys.
    grep -ohE '"[A-Za-z_]+"' frontend/config/schema*.c | sort -u >"$dir/yaml.dict"
    [ "$target" = yaml ] && dict=-dict=$dir/yaml.dict || dict=
    # What the HDF5 library leaks on damaged files, and the memory it asks for, are its own.
    leaks=1
    [ "$target" = h5 ] && leaks=0
    echo "fuzz.sh: $target for $seconds s"
    # shellcheck disable=SC2086 # no dictionary is no argument
    ASAN_OPTIONS=detect_leaks=$leaks:allocator_may_return_null=$((1 - leaks)) "$dir/bin/${target}_fuzz" \
        -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 -max_len=16384 -print_final_stats=1 -detect_leaks=$leaks \
        -verbosity=1 -artifact_prefix="$found/" $dict "$corpus" "$seeds" >"$dir/$target.log" 2>&1 || status=1
    grep -E 'number_of_executed_units|ERROR|SUMMARY|runtime error' "$dir/$target.log" || true
    [ $status -eq 0 ] || { echo "fuzz.sh: see $dir/$target.log and $found"; break; }
done
exit $status
