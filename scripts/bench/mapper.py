#!/usr/bin/python3
"""Time and memory of the mapper: generated networks of 100 k, 1 M and 10 M neurons, one of 10 M in convolutions, and lava's seed6 in shape, as the
unit tests make them. $NEUROHLS_MAP_TEST names another program than unit_map_test of build or build-test."""
import os
import re
import subprocess
import sys

from common import program

TEST = program("NEUROHLS_MAP_TEST", ["build/bin/unit_map_test", "build-test/bin/unit_map_test"],
               "build the tests first (cmake -S . -B build-test -DNH_TESTS=ON && cmake --build build-test --target unit_map_test)")

for name in ("memory_grows_linearly_with_neurons", "a_convolutional_network_of_ten_million_neurons_maps", "seed6_fits_120_cores_of_a_loihi2_like_fabric"):
    done = subprocess.run([TEST, "--filter", f"map/{name}"], capture_output=True, text=True, env={**os.environ, "NEUROHLS_BENCH": "1"})
    lines = re.findall(r"^.*\d s,.*$", done.stderr, re.M)
    if done.returncode or not lines:
        sys.exit(f"{TEST} failed ({done.returncode}):\n{done.stderr}")
    print(f"{name.replace('_', ' ')}:")
    print("\n".join(f"  {line.strip()}" for line in lines))
