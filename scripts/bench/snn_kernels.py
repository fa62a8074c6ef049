#!/usr/bin/python3
"""C kernels of the LIF network 784-128-10 (T = 25, 500 samples of MNIST spikes) against numpy: an event-driven loop, and the first
layer of all steps as one matrix product. Inferences per second of CPU time of one thread, measured by turns in one run, and the classes.
    snn_kernels.py [--model-c FOLDER]   take the c/ folder of an earlier build"""
import os
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
from common import build, golden, need, need_tool, table

np, h5py = need("numpy", "h5py")  # after the variables: numpy reads them when it is loaded

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "model.h"
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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
    with h5py.File(path) as f:
        return [np.ascontiguousarray(f[f"node/nodes/{name}/weight"][()].T) for name in ("fc1", "fc2")]


def numpy_counts(w1, w2, sample, product):
    """v <- 0.9375 v + sum of the rows of the inputs that spike - (1 if it spiked in the step before); a spike is v > 1."""
    v1, v2, keep = np.zeros(w1.shape[1], np.float32), np.zeros(w2.shape[1], np.float32), np.float32(0.9375)
    s1, s2 = v1 > 1, v2 > 1
    counts = np.zeros(w2.shape[1], np.int64)
    for step in (sample.astype(np.float32) @ w1 if product else sample):
        v1 *= keep
        v1 += step if product else np.add.reduce(w1[step.nonzero()[0]], 0)
        v1 -= s1
        s1 = v1 > 1
        v2 *= keep
        v2 += np.add.reduce(w2[s1.nonzero()[0]], 0)
        v2 -= s2
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
        subprocess.run([need_tool("cc"), "-std=gnu11", "-O3", "-I", c, "-o", paths[1], paths[0], os.path.join(c, "model.c")], check=True)
        best, counts = {}, {}
        for _ in range(5):
            for name, product in (("numpy, events", False), ("numpy, matrix product", True)):
                begin = time.process_time()
                counts[name] = np.array([numpy_counts(w1, w2, s, product) for s in x])
                best[name] = min(best.get(name, 1e9), time.process_time() - begin)
            for _ in range(5):
                out = subprocess.run([paths[1], str(samples), paths[2], paths[3]], check=True, capture_output=True, text=True).stdout
                best["C"] = min(best.get("C", 1e9), float(out))
        counts["C"] = np.fromfile(paths[3], np.uint8).reshape(samples, steps, -1).sum(1, dtype=np.int64)
    table(["", "inferences/s", "C is faster by", "accuracy", "spike counts as the golden set's"],
          [[name, f"{samples / best[name]:.0f}", f"{best[name] / best['C']:.1f}", f"{(got.argmax(1) == data['labels']).mean():.4f}",
            f"{(got == data['out_counts']).mean():.4f}"] for name, got in counts.items()])
    print(f"{samples} samples, {x.mean() * 100:.1f} % of the inputs spike; best of 5 passes of numpy, 25 of C; a reference figure elsewhere: 2,089/s of numpy by events")


main()
