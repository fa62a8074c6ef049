"""The map says where the states of neurons are (docs/mapper.md, symbols): read there through the host port of the simulated fabric, they are those of the
layers' C kernels. Networks whose layers are split over cores: dense on two lanes, and a convolution."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ["NH_PROGRAM"]).resolve()
COMMON = """project: net
target: hx8k
clock_mhz: 12
io: stream
input: { format: "ufixed<1,1>" }
defaults: { strategy: event, numerics: nir, reset: zero, weight_bits: 4, state_bits: 12, decay_bits: 6 }
"""
DENSE = COMMON + f"""model: {ROOT}/configs/examples/digits_snn/digits_snn.nir
fabric: {{ mesh: [3, 1], lanes: 2, neurons: 24, axons: 64, synapse_kib: 2, params: 12, routes: 8, groups: 1, queue: 4, weight_bits: 4, accum_bits: 12, baud: 3000000 }}
spiking: {{ time_steps: 7, dt: 1e-3 }}
calibrate: {{ data: {ROOT}/configs/examples/digits_snn/x_cal.npy, scale: 1/16 }}
"""
CONV = COMMON + """model: image.nir
fabric: { mesh: [2, 1], lanes: 1, neurons: 4, axons: 16, synapse_kib: 1, convs: 2, params: 4, routes: 4, groups: 1, queue: 4, weight_bits: 4, accum_bits: 12,
           conv_y_bits: 3, conv_x_bits: 3, conv_c_bits: 2, baud: 3000000 }
spiking: { time_steps: 4, dt: 1e-4 }
"""
KERNELS = """#include <stdio.h>
#include "model.h"
int main(void) {
    static net_state s;
    static net_in_t x[NET_N_IN];
    static net_out_t y[NET_N_OUT];
    net_reset(&s);
    for (int step = 0; step < %d; step++) {
        for (int i = 0, c; i < NET_N_IN; i++) x[i] = (c = getchar()) == '1';
        net_step(&s, x, y);
%s        puts("");
    }
}
"""


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=600, **more)
    if done.returncode:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class SymbolStates(unittest.TestCase):
    def build(self, folder, config):
        folder.with_suffix(".yaml").write_text(config)
        shutil.copy(ROOT / "tests/golden/models/image.nir", folder.parent)
        with h5py.File(folder.parent / "image.nir", "r+") as f:  # its weights are all the same
            weight = f["node/nodes/conv/weight"]
            weight[...] = np.random.default_rng(4).uniform(-0.4, 0.6, weight.shape)
        run(PROGRAM, "build", folder.with_suffix(".yaml"), "--until", "rtl", "-q", "-o", folder)
        run("verilator", "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", "net_board", "--prefix", "Vboard", "--Mdir",
            folder / "board", "-CFLAGS", "-O0 -std=gnu++17", "-y", folder / "rtl", folder / "rtl/net_board.v", ROOT / "host/examples/board_main.cpp")
        library = next(PROGRAM.parent.parent.glob("libneurohls_host.a"))
        run("cc", "-O1", "-I", ROOT / "host", "-o", folder / "reader", ROOT / "tests/system/symbol_states.c", library, "-lz", "-lcrypto", "-lm", "-lpthread")

    def kernels(self, folder, layers, spikes, steps):
        """{layer: [step][element] of its first state}, channels last; no spikes come after the last step."""
        header = (folder / "c/model.h").read_text()
        members = {layer: re.search(rf"(\w+_{layer}_s0)\[(\d+)\]", header) for layer in layers}
        prints = "".join(f'        for (int i = 0; i < {m[2]}; i++) printf("%lld ", (long long)s.{m[1]}[i]);\n' for m in members.values())
        (folder / "kernels.c").write_text(KERNELS % (steps, prints))
        run("cc", "-O1", "-I", folder / "c", "-o", folder / "kernels", folder / "kernels.c", folder / "c/model.c", "-lm")
        text = "".join(map(str, spikes.flatten())) + "0" * spikes.shape[1] * (steps - len(spikes))
        rows = np.array([list(map(int, line.split())) for line in run(folder / "kernels", input=text).splitlines()])
        ends = np.cumsum([int(m[2]) for m in members.values()])
        return {layer: rows[:, end - int(m[2]):end] for (layer, m), end in zip(members.items(), ends)}

    def check(self, config, shape, cores, inputs, steps):
        if not shutil.which("verilator"):
            self.skipTest("verilator is not installed")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "net"
            self.build(folder, config)
            made = json.loads((folder / "fabric/map.json").read_text())
            lanes, ticks = made["symbols"]["lanes"], int(re.search(r"context ticks (\d+)", (folder / "fabric/net.s").read_text())[1])
            spikes = np.random.default_rng(3).integers(0, 2, (steps, inputs))
            spikes.astype(np.int32).tofile(folder / "x.bin")
            want = self.kernels(folder, shape, spikes, ticks)
            places = []
            for core in made["cores"]:
                for piece in core["layers"]:
                    c0, c, y0, h, x0, w = piece["region"]
                    sweeps = len(range(core["start"], ticks, core["period"]))
                    for ch, y, x in ((ch, y, x) for ch in range(c0, c0 + c) for y in range(y0, y0 + h) for x in range(x0, x0 + w)):
                        word = piece["word"] + ((y - y0) * w + x - x0) * piece["features"] + (ch - c0) // lanes
                        channels, _, width = shape[piece["layer"]]
                        state = want[piece["layer"]][sweeps - 1][(y * width + x) * channels + ch]
                        places.append((core["x"], core["y"], word * lanes + (ch - c0) % lanes, state))
            self.assertEqual(len(made["cores"]), cores)
            self.assertEqual(len(places), sum(c * h * w for c, h, w in shape.values()))
            (folder / "places").write_text("".join(f"{x} {y} {neuron}\n" for x, y, neuron, _ in places))
            got = run(folder / "reader", folder / "fabric/net.img", folder / "x.bin", folder / "places", folder / "board/Vboard", 4)
            self.assertEqual([int(line.split()[0]) for line in got.splitlines()], [state for *_, state in places])
            self.assertGreater(len({state for *_, state in places}), len(places) // 3)

    def test_dense_layers_on_two_lanes(self):
        self.check(DENSE, {"lif1": (48, 1, 1), "lif2": (10, 1, 1)}, 3, 64, 7)

    def test_a_convolution(self):
        self.check(CONV, {"neurons": (2, 2, 2)}, 2, 16, 4)


if __name__ == "__main__":
    unittest.main()
