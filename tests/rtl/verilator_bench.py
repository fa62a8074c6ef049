"""The same words through nh_dense_mac and nh_gear in Verilator, which the co-simulation uses: one parameter set each."""
import os
import random
import sys

import bench
import dense_mac_bench
import gear_bench
import templates


def verilator(unit):
    """Build stream_tb around the unit with Verilator and run it under stalls."""
    with unit as b:
        folder = b.dir.name
        code, text = templates.run(["verilator", "--binary", "-Wno-fatal", "-Wno-WIDTH", "-Wno-INITIALDLY", "-Wno-BLKSEQ", "--top-module",
                                    "top", *templates.library(), "-CFLAGS", "-O0", "top.v", os.path.join(bench.HERE, "stream_tb.v")],
                                   cwd=folder)
        if code:
            sys.exit(f"FAIL verilator: {text}")
        for source, sink in ((0, 0), (1, 1), (2, 2)):
            code, text = templates.run(["obj_dir/Vtop", f"+source={source}", f"+sink={sink}", "+seed=5"], cwd=folder)
            if code or "PASS" not in text:
                sys.exit(f"FAIL {unit.body}: {text[-400:]}")


def main():
    rng = random.Random(13)
    two_groups = list(dense_mac_bench.corners())[9]
    verilator(dense_mac_bench.case(two_groups, rng)[0])
    verilator(gear_bench.case(31, 4, 6, rng))
    print("verilator: nh_dense_mac and nh_gear agree with the references under stalls")


main()
