"""What the counters of the RTL's cores say, read through the host port, against counts made here from the spikes alone: two dense layers of neurons
without leak, whose every row fills whole words. A case of fabric.py."""
import json
import random
import subprocess

import numpy as np

import spiking_nets

LANES, SIZES, STEPS, SAMPLES, DT = 8, (96, 64, 32), 20, 4, 1.0
CONFIG = """project: net
model: net.nir
target: generic
io: stream
defaults: {{ strategy: event, numerics: norse, weight_bits: 8, state_bits: 24 }}
fabric: {{ mesh: [2, 1], lanes: {lanes}, neurons: 64, axons: 128, synapse_kib: 16, params: 8, accum_bits: 16 }}
spiking: {{ dt: 1 }}
calibrate: {{ data: x.npy }}
simulate: {{ inputs: x.npy }}
"""


def network(rng):
    """Layer by layer its weights, integers that fill 8 bits, and thresholds: a power of two, which is 1 to neurohls, so that no weight is rounded."""
    layers = []
    net = spiking_nets.Net(random.Random(1), STEPS, DT)
    last = net.add("Input", (SIZES[0],), [])
    for n_in, n_out in zip(SIZES, SIZES[1:]):
        w = rng.integers(-110, 121, (n_out, n_in))
        w[w == 0], w[0, 0] = 1, 127
        threshold = np.full(n_out, 256.0)
        last = net.add("Linear", (n_out,), [last], weight=w.astype(np.float32))
        zero = np.zeros(n_out, np.float32)
        last = net.add("IF", (n_out,), [last], r=zero + 1, v_threshold=threshold.astype(np.float32), v_reset=zero)
        layers.append((w, threshold))
    net.output = last
    return net, layers


def spikes_of(layer, x):
    """Spikes of every step: above the threshold a spike, and the potential is 0 (norse)."""
    w, threshold = layer
    v, out = np.zeros(len(w), np.int64), []
    for step in x:
        v = v + w @ step
        out.append(v > threshold)
        v = np.where(out[-1], 0, v)
    return np.array(out).astype(np.int64)


def expected(layers, x):
    """Counters of all samples. The first layer is a tick ahead of the second and sweeps once more while the second is at its last step; what it then
    sends is accumulated and never swept."""
    words = neuron_words = spikes = events = 0
    for sample in x:
        first = spikes_of(layers[0], np.concatenate([sample, np.zeros((1, SIZES[0]), np.int64)]))
        second = spikes_of(layers[1], first[:STEPS])
        events += sample.sum() + first.sum()
        words += sample.sum() * SIZES[1] // LANES + first.sum() * SIZES[2] // LANES
        neuron_words += len(first) * SIZES[1] // LANES + len(second) * SIZES[2] // LANES
        spikes += first.sum() + second.sum()
    return {"events": events, "invalid_events": 0, "synapse_words": words, "neuron_words": neuron_words, "spikes": spikes, "flits": spikes}


def dense_rows(neurohls, folder, quick):
    rng = np.random.default_rng(5)
    net, layers = network(rng)
    x = (rng.random((SAMPLES, STEPS, SIZES[0])) < 0.4).astype(np.int64)
    spiking_nets.write_nir(net, folder / "net.nir")
    np.save(folder / "x.npy", x.astype(np.int32))
    (folder / "net.yaml").write_text(CONFIG.format(lanes=LANES))
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out", "--json"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[-1500:]}"
    rtl = json.loads(done.stdout)["rtl"]
    want, got = expected(layers, x), rtl["counters"]
    wrong = [f"{key} {got[key]}, expected {value}" for key, value in want.items() if got[key] != value]
    busy = want["synapse_words"] / got["busy_cycles"]
    print(f"     {want['synapse_words']} rows' words of {LANES} weights in {got['busy_cycles']} cycles: {100 * busy:.1f} % of the lanes busy", flush=True)
    if busy < 0.9:
        wrong.append(f"only {100 * busy:.1f} % of the lanes are busy")
    return "; ".join(wrong) or None


CASES = [("dense_rows", True, dense_rows)]
