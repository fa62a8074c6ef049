#!/usr/bin/python3
"""Every reuse factor of a 16x64 layer: the measured initiation interval is the reuse factor.
    reuse.py [--all]     50 values incl. non-divisors; --all: all 1,024"""
import os
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from common import build, need, neurohls_path, save_dense, table

np = need("numpy")

random.seed(1)
chosen = sorted({1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1000, 1023,
                 1024, *random.sample(range(1, 1025), 24)})
if "--all" in sys.argv:
    chosen = range(1, 1025)


def one(r):
    with tempfile.TemporaryDirectory() as folder:
        save_dense(os.path.join(folder, "net.onnx"), [16, 64])
        np.save(os.path.join(folder, "x.npy"), np.random.default_rng(r).uniform(-1, 1, (16, 16)))
        report, _ = build(folder, f"""
project: layer
model: net.onnx
target: generic
io: parallel
input: {{ format: "fixed<8,1>" }}
defaults: {{ strategy: resource, reuse_factor: {r}, result_bits: 8 }}
simulate: {{ inputs: x.npy, stalls: random }}
""", "--until", "sim", "--jobs", "1")
        sim = report["sim"]
        unit = report["units"][0]
        return r, unit["in_lanes"] * unit["out_lanes"], -(-1024 // r), sim["measured_ii"], sim["mismatches"]


neurohls_path()  # says once, not in every thread, that it is not there
with ThreadPoolExecutor(2) as pool:
    rows = list(pool.map(one, chosen))
table(["R", "multipliers", "bound", "measured II", "mismatches"], rows)
bad = [r for r in rows if r[3] != r[0] or r[4] != 0]
print(f"{len(rows)} reuse factors, {len(bad)} with a measured II other than R or with mismatches: {bad}")
sys.exit(bool(bad))
