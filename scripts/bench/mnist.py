#!/usr/bin/python3
"""MNIST MLP 784-64-10 (8-bit weights), all 2,000 test images: accuracy, C = RTL with stalls, cycles, resources on xc7.
    mnist.py [--synth]   with Yosys counts (minutes)"""
import os
import sys
import tempfile

from common import build, golden, table

model = golden("peers", "mnist_mlp_784_64_10.onnx")
data = golden("peers", "mnist_mlp_784_64_10_test.npz")
rows = []
for lanes, r1, r2 in ((4, 12544, 640), (64, 784, 320)):
    with tempfile.TemporaryDirectory() as folder:
        report, seconds = build(folder, f"""
project: mnist
model: {os.path.abspath(model)}
target: artix7-35t
clock_mhz: 100
io: stream
beat: 1
input: {{ bits: 8, scale: 1/255 }}
defaults: {{ strategy: resource, weight_bits: 8, result_bits: 8 }}
layers:
  "*0*Gemm": {{ reuse_factor: {r1} }}
  "*2*Gemm": {{ reuse_factor: {r2}, result_bits: 16 }}
calibrate: {{ data: "{os.path.abspath(data)}:x_uint8", scale: 1/255, samples: 500 }}
simulate: {{ inputs: "{os.path.abspath(data)}:x_uint8", labels: "{os.path.abspath(data)}:labels", scale: 1/255, stalls: both }}
require: {{ max_accuracy_drop: 0.5% }}
""", "--until", "synth" if "--synth" in sys.argv else "sim")
        s = report["sim"]
        cells = report["resources"][-1]["yosys"] or {}
        rows.append([lanes, r1, f"{s['acc_float']:.4f}", f"{s['acc_fixed']:.4f}", f"{s['acc_rtl']:.4f}",
                     s["samples"], s["mismatches"], s["measured_ii"], s["measured_latency"],
                     "/".join(str(cells.get(k, "-")) for k in ("luts", "ffs", "brams", "dsps")), f"{seconds:.1f}"])
table(["multipliers", "R", "float", "fixed-C", "RTL", "images", "mismatches", "cycles/inference", "latency", "LUT/FF/BRAM/DSP", "build s"], rows)
print("a peer (nngen int8, 4 lanes): 18,169 cycles; (1 lane): 52,953 cycles, 5,803 LUT / 6,377 FF / 17 BRAM / 3 DSP, 95.5 %")
