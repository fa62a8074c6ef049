#!/usr/bin/python3
"""Networks on a fabric of neuron cores: MNIST 196-50-10 (T = 25, 500 samples) with 1, 4, 8 and 32 lanes, RTL against the C model and that against
the layers; lava's seed6 on 4x4 cores by contexts (C model).
    fabric.py [seed6]"""
import os
import re
import subprocess
import sys
import tempfile

from common import golden, need, neurohls_path, table

np = need("numpy")

PEER = """project: peer
model: {model}
target: generic
io: stream
defaults: {{ strategy: event, numerics: {numerics}, weight_bits: 6, state_bits: 16 }}
fabric: {{ mesh: [2, 1], lanes: {lanes}, neurons: 64, axons: 256, synapse_kib: 16, params: 64, routes: 16, weight_bits: 6, accum_bits: 14 }}
calibrate: {{ data: x.npy, samples: 64 }}
simulate: {{ inputs: x.npy, labels: y.npy, stalls: none }}
"""
SEED6 = """project: seed6
model: {model}
target: generic
io: stream
defaults: {{ strategy: event }}
fabric: {{ limits: loihi2-like, mesh: [4, 4], accum_bits: 40, payload_bits: 32, routes: 4096, params: 16384, delays: 64 }}
spiking: {{ time_steps: 7, encoding: direct, repeat_input: true }}
simulate: {{ inputs: {inputs} }}
"""


def mapped(config, folder):
    with open(os.path.join(folder, "net.yaml"), "w") as f:
        f.write(config)
    done = subprocess.run([neurohls_path(), "map", "net.yaml", "-o", "out"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"neurohls map failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def found(text, pattern):
    match = re.search(pattern, text)
    return match.group(1) if match else "-"


def peers():
    rows = []
    for kind, numerics in (("lif", "snntorch"), ("if", "nir")):
        data = np.load(golden("peers", f"mnist_{kind}_196_50_10_test.npz"))
        steps, samples, inputs = data["shape"]
        x = np.unpackbits(data["spikes_packed"])[:steps * samples * inputs].reshape(steps, samples, inputs).transpose(1, 0, 2)
        for lanes in (1, 4, 8, 32):
            with tempfile.TemporaryDirectory() as folder:
                np.save(os.path.join(folder, "x.npy"), x)
                np.save(os.path.join(folder, "y.npy"), data["labels"])
                model = os.path.abspath(golden("peers", f"mnist_{kind}_196_50_10.nir"))
                text = mapped(PEER.format(model=model, numerics=numerics, lanes=lanes), folder)
            rows.append([kind, lanes, found(text, r"accuracy +(\S+)"), found(text, r"as the layers +(\d+ of \d+)"), found(text, r"as the C model +(\d+ of \d+)"),
                         found(text, r"cycles +(\d+) per inference \(mean"), found(text, r"(\d+) \(most"), *re.findall(r"cycles +(\d+) per inference \(mean\), (\d+) \(most\), measured", text)[0]])
    table(["neurons", "lanes", "accuracy %", "C model differs", "RTL differs", "cycles, C model", "most", "cycles, RTL", "most"], rows)
    print("peers: tinyODIN 120,359 cycles; Spiker+ 6,069")


def seed6():
    with tempfile.TemporaryDirectory() as folder:
        model, inputs = golden("lava", "seed6", "network.net"), golden("lava", "seed6", "input.npy")
        print(mapped(SEED6.format(model=os.path.abspath(model), inputs=os.path.abspath(inputs)), folder))


seed6() if "seed6" in sys.argv else peers()
