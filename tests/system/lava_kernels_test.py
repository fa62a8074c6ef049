#!/usr/bin/python3
"""C kernels of the golden lava networks, from .net file to compiled C: every layer, every step, equal to what the lava runtime gave."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "shared/golden/lava"
# Steps through <project>_trace; every stream goes to a file as it lies in memory.
DRIVER = r"""
#include <stdio.h>
#include <stdlib.h>
#include "model.h"
int main(void) {
    static net_state state;
    static net_streams s;
    static net_in_t x[NET_N_IN];
    static long long wide[NET_N_IN];
    FILE *in = fopen("x.bin", "rb"), *out = fopen("streams.bin", "wb");
    if (!in || !out) return 1;
    net_reset(&state);
    for (int t = 0; t < NET_STEPS; t++) {
        if (fread(wide, 8, NET_N_IN, in) != NET_N_IN) return 2;
        for (size_t i = 0; i < NET_N_IN; i++) x[i] = (net_in_t)wide[i];
        net_trace(&state, x, &s);
        if (fwrite(&s, sizeof s, 1, out) != 1) return 3;
    }
    return fclose(out) != 0;
}
"""


def streams_type(header):
    """net_streams of model.h as a numpy type, and {unit: (field, shift)}: a value is raw << shift, of fixed<W,I> the shift is I - W."""
    text = re.search(r"typedef struct net_streams \{(.*?)\}", header, re.S)[1]
    rows = re.findall(r"(\w+)_t (\w+)\[(\d+)\]; /\* u?fixed<(\d+),(\d+)[^>]*>(?:, from (\w+))? \*/", text)
    fields = np.dtype([(name, kind, (int(n),)) for kind, name, n, *_ in rows], align=True)
    return fields, {unit: (name, int(whole) - int(bits)) for _, name, _, bits, whole, unit in rows if unit}


def pixels(x):
    """[T, C, H, W] as streams carry it."""
    return (x.transpose(0, 2, 3, 1) if x.ndim == 4 else x).reshape(len(x), -1)


class Lava(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nh_lava_"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def kernels(self, case, about):
        """Streams of every step: a record array."""
        steps, folder = about["T"], GOLDEN / case
        spiking = {"time_steps": steps} | {k: v for k, v in about["netx_args"].items() if k != "input_shape"}
        if about["input_bias"]:
            spiking |= {"encoding": "constant", "input_bias": "true"}
            x = np.load(folder / "input_bias.npy")[None]
        else:
            x = np.load(folder / "input.npy")
        (self.dir / "net.yaml").write_text(
            f"project: net\nmodel: {folder / 'network.net'}\ntarget: generic\nio: stream\n"
            "defaults: {strategy: resource, reuse_factor: auto, numerics: lava}\nbudget: {multipliers: 64}\n"
            "spiking: {" + ", ".join(f"{k}: {v}" for k, v in spiking.items()) + "}\n")
        self.run_it([os.environ["NH_PROGRAM"], "build", "net.yaml", "-o", "out", "--until", "c"])
        pixels(x[np.arange(steps) % len(x)]).astype("<i8").tofile(self.dir / "x.bin")
        (self.dir / "driver.c").write_text(DRIVER)
        self.run_it(["cc", "-std=c11", "-O2", "-Iout/c", "driver.c", "out/c/model.c", "-o", "driver"])
        self.run_it(["./driver"])
        fields, made = streams_type((self.dir / "out/c/model.h").read_text())
        return np.fromfile(self.dir / "streams.bin", fields), made

    def run_it(self, args):
        done = subprocess.run(args, cwd=self.dir, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])

    def check(self, case):
        about = json.loads((GOLDEN / "manifest.json").read_text())[case]
        got, made = self.kernels(case, about)
        self.assertEqual(len(got), about["T"])
        for layer in about["layers"]:
            field, shift = next(name for unit, name in made.items() if re.fullmatch(rf"n\d+_layer{layer['index']}_neuron", unit))
            want = pixels(np.load(GOLDEN / case / f"layer{layer['index']}_s_out.npy"))
            self.assertEqual(got[field].shape, want.shape)
            wrong = np.argwhere(got[field].astype(np.int64) << shift != want)
            self.assertEqual(len(wrong), 0, f"{case}, layer {layer['index']}: of {want.size}, the first at step, element {wrong[:1]}")
        print(f"{case}: {len(about['layers'])} layers, {about['T']} steps, {got.dtype.itemsize} bytes of streams a step: equal", file=sys.stderr)


def add_cases():
    if not (GOLDEN / "manifest.json").exists() or not shutil.which("cc"):
        print("skipped: ../shared/golden/lava or a C compiler is not there")
        return
    for name in json.loads((GOLDEN / "manifest.json").read_text()):
        if (GOLDEN / name / "network.net").exists():
            setattr(Lava, f"test_{name}", lambda self, name=name: self.check(name))


add_cases()
if __name__ == "__main__":
    unittest.main()
