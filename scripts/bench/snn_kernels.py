#!/usr/bin/python3
"""C kernels of the LIF network 784-128-10 (T = 25, 500 samples of MNIST spikes) against an event-driven loop in numpy: inferences per
second of one thread, both measured by turns in one run, and the classes that both give.
    snn_kernels.py [--model-c FOLDER]   take the c/ folder of an earlier build"""
import os
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np

from common import build, golden, table

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "model.h"
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
/* program SAMPLES X Y: X has a byte per element; Y takes output bytes; prints the seconds of one pass over the samples. */
int main(int argc, char **argv) {
    size_t n = argc == 4 ? strtoul(argv[1], 0, 10) : 0, n_x = n * SNN_STEPS * SNN_N_IN, n_y = n * SNN_STEPS * SNN_N_OUT;
    unsigned char *bytes = malloc(n_x + 1);
    snn_in_t *x = malloc((n_x + 1) * sizeof *x);
    snn_out_t *y = malloc((n_y + 1) * sizeof *y);
    FILE *f = n ? fopen(argv[2], "rb") : 0;
    if (!bytes || !x || !y || !f || fread(bytes, 1, n_x, f) != n_x) return 1;
    fclose(f);
    for (size_t i = 0; i < n_x; i++) x[i] = (snn_in_t)bytes[i];
    snn_batch(x, y, n);
    double begin = now();
    snn_batch(x, y, n);
    printf("%.9f\n", now() - begin);
    for (size_t i = 0; i < n_y && i < n_x; i++) bytes[i] = (unsigned char)y[i];
    f = fopen(argv[3], "wb");
    return !f || fwrite(bytes, 1, n_y, f) != n_y || fclose(f) != 0;
}
"""


def network(path):
    """Weights as [n_in, n_out] float32, rows contiguous: an event reads one."""
    import h5py
    with h5py.File(path) as f:
        return [np.ascontiguousarray(f[f"node/nodes/{name}/weight"][()].T) for name in ("fc1", "fc2")]


def numpy_counts(w1, w2, sample):
    """v <- 0.9375 v + sum of the rows of the inputs that spike - (1 if it spiked in the step before); a spike is v > 1."""
    v1, v2 = np.zeros(w1.shape[1], np.float32), np.zeros(w2.shape[1], np.float32)
    s1, s2 = v1 > 1, v2 > 1
    counts = np.zeros(w2.shape[1], np.int64)
    for step in sample:
        v1 = np.float32(0.9375) * v1 + w1[np.flatnonzero(step)].sum(0) - s1
        s1 = v1 > 1
        v2 = np.float32(0.9375) * v2 + w2[np.flatnonzero(s1)].sum(0) - s2
        s2 = v2 > 1
        counts += s2
    return counts


def kernels(folder, model, x):
    """The c/ folder of a build."""
    np.save(os.path.join(folder, "x.npy"), x)
    build(folder, f"""
project: snn
model: {os.path.abspath(model)}
target: artix7-35t
io: stream
input: {{ format: "ufixed<1,1>" }}
defaults: {{ strategy: resource, reuse_factor: auto, numerics: snntorch, weight_bits: 8, state_bits: 12 }}
budget: {{ multipliers: 64 }}
spiking: {{ time_steps: {x.shape[1]}, encoding: direct, readout: count }}
calibrate: {{ data: x.npy, samples: 100 }}
""", "--until", "c")
    return os.path.join(folder, "out", "c")


def main():
    model = golden("peers", "mnist_lif_784_128_10.nir")
    data = np.load(golden("peers", "mnist_lif_784_128_10_test.npz"))
    steps, samples, inputs = data["shape"]
    x = np.unpackbits(data["spikes_packed"])[:steps * samples * inputs].reshape(steps, samples, inputs)
    x = np.ascontiguousarray(x.transpose(1, 0, 2))
    w1, w2 = network(model)
    with tempfile.TemporaryDirectory() as folder:
        given = "--model-c" in sys.argv
        c = sys.argv[sys.argv.index("--model-c") + 1] if given else kernels(folder, model, x)
        paths = [os.path.join(folder, name) for name in ("bench.c", "bench", "x.bin", "y.bin")]
        with open(paths[0], "w") as f:
            f.write(PROGRAM)
        x.tofile(paths[2])
        subprocess.run(["cc", "-std=gnu11", "-O3", "-I", c, "-o", paths[1], paths[0], os.path.join(c, "model.c")], check=True)
        best = {"numpy": 1e9, "C": 1e9}
        for _ in range(5):
            begin = time.perf_counter()
            counts = np.array([numpy_counts(w1, w2, s) for s in x])
            best["numpy"] = min(best["numpy"], time.perf_counter() - begin)
            for _ in range(5):
                out = subprocess.run([paths[1], str(samples), paths[2], paths[3]], check=True, capture_output=True, text=True).stdout
                best["C"] = min(best["C"], float(out))
        y = np.fromfile(paths[3], np.uint8).reshape(samples, steps, -1).sum(1, dtype=np.int64)
    rates = {name: samples / seconds for name, seconds in best.items()}
    classes = {"numpy": counts.argmax(1), "C": y.argmax(1)}
    table(["", "inferences/s", "times numpy", "accuracy", "spike counts as the golden set's"],
          [[name, f"{rates[name]:.0f}", f"{rates[name] / rates['numpy']:.1f}", f"{(classes[name] == data['labels']).mean():.4f}",
            f"{(given_counts == data['out_counts']).mean():.4f}"] for name, given_counts in (("numpy", counts), ("C", y))])
    print(f"{samples} samples, {x.mean() * 100:.1f} % of the inputs spike; best of 5 passes of numpy, 25 of C; a reference figure elsewhere: 2,089/s of numpy")


main()
