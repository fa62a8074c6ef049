#!/usr/bin/python3
"""Spiking networks 196-50-10 on MNIST (T = 25, 500 test samples): accuracy float / fixed / RTL, C = RTL in every layer with and without
stalls, cycles per inference, resources on xc7.
    snn.py [--synth]   with Yosys counts (minutes)"""
import os
import sys
import tempfile

from common import build, golden, need, table

np = need("numpy")

LANES = (2, 8, 64, 512)
NETWORKS = [(kind, numerics, 6, bits, lanes) for kind, numerics, state in (("lif", "snntorch", (8, 10, 12)), ("if", "nir", (10,)))
            for bits in state for lanes in (LANES if bits == state[0] else (64,))]


def main():
    rows = []
    for kind, numerics, weight_bits, state_bits, lanes in NETWORKS:
        model, data = golden("peers", f"mnist_{kind}_196_50_10.nir"), np.load(golden("peers", f"mnist_{kind}_196_50_10_test.npz"))
        steps, samples, inputs = data["shape"]
        x = np.unpackbits(data["spikes_packed"])[:steps * samples * inputs].reshape(steps, samples, inputs).transpose(1, 0, 2)
        with tempfile.TemporaryDirectory() as folder:
            np.save(os.path.join(folder, "x.npy"), x)
            np.save(os.path.join(folder, "y.npy"), data["labels"])
            report, seconds = build(folder, f"""
project: snn
model: {os.path.abspath(model)}
target: artix7-35t
clock_mhz: 100
io: stream
beat: {max(1, min(28, lanes // 8))}
defaults: {{ strategy: resource, reuse_factor: auto, numerics: {numerics}, weight_bits: {weight_bits}, state_bits: {state_bits} }}
budget: {{ multipliers: {lanes} }}
calibrate: {{ data: x.npy, samples: 64 }}
simulate: {{ inputs: x.npy, labels: y.npy, stalls: both, trace: true }}
""", "--until", "synth" if "--synth" in sys.argv else "sim")
            s, cells = report["sim"], report["resources"][-1]["yosys"] or {}
            rows.append([kind, weight_bits, state_bits, lanes, *(f"{s[f'acc_{k}'] * 100:.1f}" for k in ("float", "fixed", "rtl")),
                         f"{s['mismatches']} of {s['compared']}", f"{s['measured_ii']:.0f}", f"{s['measured_ii'] * steps:.0f}",
                         "/".join(str(cells.get(k, "-")) for k in ("luts", "ffs", "brams", "dsps")), f"{seconds:.0f}"])
    table(["neurons", "weight bits", "state bits", "lanes", "float %", "fixed-C %", "RTL %", "C and RTL differ", "cycles/step", "cycles/inference", "LUT/FF/BRAM/DSP", "build s"],
          rows)
    print("peers: Spiker+ (LIF, 6-bit weights, 8-bit neurons) 85.4 %, 6,069 cycles, 3,311/1,206/0/0; tinyODIN (IF) 90.5 %, 120,359 cycles, "
          "1,284/1,728/9/0")


main()
