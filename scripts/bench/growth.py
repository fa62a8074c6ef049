#!/usr/bin/python3
"""Time and peak memory of `check` and `build --until rtl` for dense layers of n x n weights, n = 256, 1024, 4096 (resource, R = n)."""
import os
import tempfile

from common import run, save_dense, table

rows = []
for n in (256, 1024, 4096):
    with tempfile.TemporaryDirectory() as folder:
        save_dense(os.path.join(folder, "net.onnx"), [n, n])
        with open(os.path.join(folder, "config.yaml"), "w") as f:
            f.write(f"""
project: layer
model: net.onnx
target: generic
io: stream
beat: 1
input: {{ format: "fixed<8,1>" }}
defaults: {{ strategy: resource, reuse_factor: {n}, result_bits: 8 }}
""")
        row = [f"{n} x {n}", f"{n * n:,}"]
        for args in (["check", "config.yaml"], ["build", "config.yaml", "-o", "out", "--until", "rtl"]):
            status, seconds, peak, err = run(args, folder)
            row += [f"{seconds:.2f}", f"{peak:.0f}", f"{seconds * 1e6 / (n * n):.2f}"] if status == 0 else [f"exit {status}", err[-200:], ""]
        rows.append(row)
table(["layer", "weights", "check s", "check MB", "us/weight", "build s", "build MB", "us/weight"], rows)
