#!/usr/bin/python3
"""Train the spiking network of configs/examples/digits_snn and write its files there.

Data and split: as scripts/train/digits.py (every fifth of scikit-learn's 1,797 digits is held out for the test).
Network: 64 - 48 - 10 leaky integrate-and-fire neurons, 20 time steps of 1 ms; a pixel / 16 is the chance of a spike in
each step, drawn by the generator of `encoding: rate` (frontend/data/sample_data.h); the class is the output with most spikes.
Neuron, as `numerics: nir` reads the file: v <- v + dt/tau (v_leak - v + r x), a spike when v > v_threshold, v <- v_reset;
with tau = 16 ms, r = tau/dt, v_leak = 0, v_threshold = 1, v_reset = 0 that is v <- 15/16 v + W s + b.
Training: back-propagation through time in plain numpy with a surrogate gradient, Adam, images shifted by up to a third of
a pixel, new random spikes for every image in every epoch. Fixed seed, float64, one thread: the same numpy gives the same
bytes.

    OMP_NUM_THREADS=1 scripts/train/digits_snn.py [--out configs/examples/digits_snn]
"""
import argparse
import os
import pathlib

os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py
import numpy as np
from sklearn.datasets import load_digits

SEED, HIDDEN, EPOCHS, BATCH, N_CALIBRATION = 1, 48, 120, 64, 128
STEPS, DT, TAU, SLOPE = 20, 1e-3, 16e-3, 4.0
DECAY = 1 - DT / TAU
ENCODING_SEED = 1  # of `spiking: seed`, for the figures that are printed


def load():
    digits = load_digits()
    x = digits.data.astype(np.uint8)
    y = digits.target.astype(np.uint8)
    test = np.arange(len(x)) % 5 == 0
    return x[~test], y[~test], x[test], y[test]


def encode(p, seed):
    """[steps, samples, pixels] of 0 and 1: splitmix64, number (sample * steps + step) * pixels + pixel."""
    n, pixels = p.shape
    k = np.arange(1, n * STEPS * pixels + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + k * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z = z ^ z >> np.uint64(31)
    u = (z >> np.uint64(11)).astype(np.float64) * 2.0 ** -53
    return (u.reshape(n, STEPS, pixels) < p[:, None, :]).astype(np.float64).transpose(1, 0, 2)


def shift(rng, x):
    """Each image moved by a random part of a pixel (bilinear)."""
    n = len(x)
    img = np.pad(x.reshape(n, 8, 8), ((0, 0), (1, 1), (1, 1)))
    dy, dx = rng.uniform(-0.35, 0.35, (2, n, 1, 1))
    out = 0
    for sy in (-1, 0, 1):
        for sx in (-1, 0, 1):
            weight = np.maximum(0, 1 - abs(dy - sy)) * np.maximum(0, 1 - abs(dx - sx))
            out = out + weight * img[:, 1 + sy:9 + sy, 1 + sx:9 + sx]
    return np.clip(out, 0, 1).reshape(n, 64)


def layer(s, w, b):
    """Spikes [steps, n, n_in] -> membrane before the reset and spikes, [steps, n, n_out]."""
    current = s @ w.T + b
    v, u, z = np.zeros_like(current[0]), np.empty_like(current), np.empty_like(current)
    for t in range(STEPS):
        u[t] = DECAY * v + current[t]
        z[t] = u[t] > 1
        v = u[t] * (1 - z[t])
    return u, z


def layer_back(dz, u, z):
    """Gradient of the spikes -> gradient of the input currents. The spike's derivative is replaced by that of a fast sigmoid; the reset
    is taken as it was, a constant."""
    dc = np.empty_like(u)
    dv = np.zeros_like(u[0])
    for t in reversed(range(STEPS)):
        du = dv * (1 - z[t]) + dz[t] / (1 + SLOPE * np.abs(u[t] - 1)) ** 2
        dc[t] = du
        dv = du * DECAY
    return dc


def forward(p, s):
    u1, z1 = layer(s, p["fc1.weight"], p["fc1.bias"])
    u2, z2 = layer(z1, p["fc2.weight"], p["fc2.bias"])
    return u1, z1, u2, z2


def gradients(p, s, y):
    u1, z1, u2, z2 = forward(p, s)
    logit = z2.sum(0)
    e = np.exp(logit - logit.max(1, keepdims=True))
    g = e / e.sum(1, keepdims=True)
    g[np.arange(len(y)), y] -= 1
    d2 = layer_back(np.broadcast_to(g / len(y), u2.shape), u2, z2)
    d1 = layer_back(d2 @ p["fc2.weight"], u1, z1)
    return {"fc1.weight": np.einsum("tno,tni->oi", d1, s, optimize=True), "fc1.bias": d1.sum((0, 1)),
            "fc2.weight": np.einsum("tno,tni->oi", d2, z1, optimize=True), "fc2.bias": d2.sum((0, 1))}


def train(x, y):
    rng = np.random.default_rng(SEED)
    p = {"fc1.weight": rng.normal(0, 0.15, (HIDDEN, 64)), "fc1.bias": np.zeros(HIDDEN),
         "fc2.weight": rng.normal(0, 0.2, (10, HIDDEN)), "fc2.bias": np.zeros(10)}
    m = {k: np.zeros_like(v) for k, v in p.items()}
    v = {k: np.zeros_like(w) for k, w in p.items()}
    step = 0
    n_steps = EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for i in range(len(x) // BATCH):
            pick = order[i * BATCH:(i + 1) * BATCH]
            image = shift(rng, x[pick])
            spikes = (rng.random((STEPS, *image.shape)) < image).astype(np.float64)
            grad = gradients(p, spikes, y[pick])
            step += 1
            rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * step / n_steps))
            for k, g in grad.items():
                m[k] += 0.1 * (g - m[k])
                v[k] += 0.001 * (g * g - v[k])
                move = (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
                p[k] -= rate * (move + (1e-2 * p[k] if k.endswith("weight") else 0))
    return {k: w.astype(np.float32) for k, w in p.items()}


def export(p, path):
    """NIR: Input -> Affine -> LIF -> Affine -> LIF -> Output, as nir.write lays it out."""
    edges = ["input", "fc1", "lif1", "fc2", "lif2", "output"]
    with h5py.File(path, "w") as f:
        text = h5py.string_dtype()
        f.create_dataset("version", data="1.0", dtype=text)
        root = f.create_group("node")
        root.create_dataset("type", data="NIRGraph", dtype=text)
        root.create_dataset("edges", data=np.array(list(zip(edges, edges[1:])), dtype=object), dtype=text)
        nodes = root.create_group("nodes")

        def node(name, kind, **fields):
            g = nodes.create_group(name)
            g.create_dataset("type", data=kind, dtype=text)
            for key, value in fields.items():
                g.create_dataset(key, data=value, compression="gzip", compression_opts=9)

        def lif(name, n):
            full = {k: np.full(n, x, np.float32) for k, x in
                    (("tau", TAU), ("r", TAU / DT), ("v_leak", 0), ("v_threshold", 1), ("v_reset", 0))}
            node(name, "LIF", **full)

        node("input", "Input", shape=np.array([64]))
        node("fc1", "Affine", weight=p["fc1.weight"], bias=p["fc1.bias"])
        lif("lif1", HIDDEN)
        node("fc2", "Affine", weight=p["fc2.weight"], bias=p["fc2.bias"])
        lif("lif2", 10)
        node("output", "Output", shape=np.array([10]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).parents[2] / "configs" / "examples" / "digits_snn")
    out = parser.parse_args().out
    x_train, y_train, x_test, y_test = load()
    p = train(x_train / 16, y_train)
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        _, z1, _, z2 = forward({k: w.astype(np.float64) for k, w in p.items()}, encode(x / 16, ENCODING_SEED))
        right = (z2.sum(0).argmax(1) == y).sum()
        print(f"{name}: {right} of {len(y)} right, {100 * right / len(y):.2f} %; spikes per image: "
              f"{z1.sum() / len(y):.1f} hidden, {z2.sum() / len(y):.1f} output")
    out.mkdir(parents=True, exist_ok=True)
    export(p, out / "digits_snn.nir")
    np.save(out / "x_cal.npy", x_train[:N_CALIBRATION])
    np.save(out / "x_test.npy", x_test)
    np.save(out / "y_test.npy", y_test)


if __name__ == "__main__":
    main()
