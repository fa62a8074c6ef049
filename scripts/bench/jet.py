#!/usr/bin/python3
"""Jet tagger 16-64-32-32-5: `build --until sim` of 512 inputs from nothing, `check`, and the throughput of the C kernels
(8-bit weights, 16-bit activations, exact accumulators, batched, one thread) against hls4ml's C simulation figure."""
import os
import subprocess
import tempfile

from common import build, golden, need_tool, run, table

model = golden("hls4ml", "models", "three_layer_keras.onnx")
inputs = golden("hls4ml", "jet3_m16_6_lat_par", "input.npy")
CONFIG = """
project: jet
model: {model}
target: artix7-100t
clock_mhz: 200
io: parallel
input: {{ format: "fixed<16,6>" }}
defaults: {{ strategy: {strategy}, reuse_factor: {reuse}, weight_bits: 8, result_bits: 16 }}
calibrate: {{ data: {inputs} }}
simulate: {{ inputs: {inputs}, stalls: random }}
"""
TIMER = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "model.h"
int main(void)
{
    enum { N = 4096 };
    jet_in_t *x = malloc(N * 16 * sizeof *x);
    jet_out_t *y = malloc(N * 5 * sizeof *y);
    unsigned seed = 1;
    for (int i = 0; i < N * 16; i++) x[i] = (jet_in_t)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048);
    double best = 0;
    for (int k = 0; k < 20; k++) {
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        jet_batch(x, y, N);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double rate = N / ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec));
        best = rate > best ? rate : best;
    }
    printf("%.0f\\n", best);
    return 0;
}
"""
rows = []
for strategy, reuse in (("latency", 1), ("resource", 32)):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache  # from nothing: no prebuilt simulator runtime either
        report, seconds = build(folder, CONFIG.format(model=os.path.abspath(model), inputs=os.path.abspath(inputs), strategy=strategy, reuse=reuse),
                                "--until", "sim")
        _, check, _, _ = run(["check", "config.yaml"], folder)
        c = os.path.join(folder, "out", "c")
        with open(os.path.join(c, "timer.c"), "w") as f:
            f.write(TIMER)
        rates = []
        for flags in (["-O3"], ["-O3", "-march=native"]):
            subprocess.run([need_tool("cc"), "-std=c11", *flags, "-D_POSIX_C_SOURCE=200809L", "-o", "timer", "timer.c", "model.c", "-lm"], cwd=c, check=True)
            rates.append(float(subprocess.run(["./timer"], cwd=c, check=True, capture_output=True, text=True).stdout))
        s = report["sim"]
        rows.append([strategy, f"{seconds:.1f}", f"{check:.3f}", s["mismatches"], s["measured_ii"], s["measured_latency"],
                     *(f"{r:,.0f}" for r in rates), f"{rates[0] / 10050.5:.0f}x"])
table(["strategy", "build --until sim s", "check s", "mismatches", "II", "latency", "C inf/s -O3", "C inf/s native", "vs hls4ml 10,050/s"], rows)
