"""Sizes of a fabric that a configuration leaves open: the least that the network needs, printed, and in map.json. Needs no Verilator."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "configs/examples/digits_snn"
PROGRAM = str(pathlib.Path(os.environ["NH_PROGRAM"]).resolve())
CONFIG = """project: net
model: {example}/digits_snn.nir
target: generic
io: stream
input: {{format: "ufixed<1,1>"}}
defaults: {{strategy: event, numerics: nir, reset: zero, weight_bits: 6, state_bits: 14}}
fabric: {{mesh: [2, 2]{fabric}}}
spiking: {{time_steps: 20, dt: 1e-3, encoding: rate, seed: 1, readout: count}}
calibrate: {{data: {example}/x_cal.npy, scale: 1/16}}
simulate: {{inputs: {example}/x_test.npy, labels: {example}/y_test.npy, scale: 1/16, samples: 6}}
"""


class OpenSizes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def map(self, fabric="", expect=0):
        (self.dir / "net.yaml").write_text(CONFIG.format(example=EXAMPLE, fabric=fabric))
        env = dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent"}
        r = subprocess.run([PROGRAM, "map", "net.yaml", "-o", "out"], cwd=self.dir, capture_output=True, text=True, env=env, timeout=280)
        self.assertEqual(r.returncode, expect, r.stdout + r.stderr)
        return r

    def fabric(self):
        return json.loads((self.dir / "out/fabric/map.json").read_text())["fabric"]

    def listing(self):
        return subprocess.run([PROGRAM, "disasm", "out/fabric/net.img"], cwd=self.dir, capture_output=True, text=True, check=True).stdout

    def cores(self):
        """The text of every core of the image."""
        return re.split(r"^ +core ", self.listing(), flags=re.M)[1:]

    def test_a_mesh_is_enough_and_the_image_computes_the_network(self):
        r = self.map()
        self.assertRegex(r.stdout, r"as the layers +0 of 1200 outputs differ")
        self.assertRegex(r.stdout, r"sizes that this network needs: .*\bweight_bits \d+.*\baccum_bits \d+")

    def build(self, config, until):
        (self.dir / "net.yaml").write_text(config)
        env = dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent"}
        r = subprocess.run([PROGRAM, "build", "net.yaml", "-o", "out", "--until", until], cwd=self.dir, capture_output=True, text=True, env=env, timeout=280)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)

    def test_inputs_of_a_scale_are_the_fabrics_integers(self):
        """Spikes of height 1/2: the fabric gets as many as the kernels do, which were compiled by cc."""
        x = np.load(EXAMPLE / "x_test.npy").reshape(-1, 64)[:6] / 16
        np.save(self.dir / "spikes.npy", (np.random.default_rng(1).random((6, 20, 64)) < x[:, None]).astype(np.uint8))
        config = CONFIG.format(example=EXAMPLE, fabric="").replace('"ufixed<1,1>"', '"ufixed<1,1>", scale: 1/2').replace("encoding: rate, seed: 1", "encoding: direct")
        config = re.sub(r"data: .*?, scale: 1/16", "data: spikes.npy, scale: 1/2", config)
        config = re.sub(r"inputs: .*?, labels: .*?, scale: 1/16, samples: 6", "inputs: spikes.npy, scale: 1/2", config)
        self.build(config, "sim")
        sim = json.loads((self.dir / "out/report.json").read_text())["fabric"]["sim"]
        self.assertEqual(sim["output_events"], np.load(self.dir / "out/sim/outputs_c.npy").sum())
        self.assertGreater(sim["output_events"], 20)
        self.assertEqual(sim["differing"], 0)

    def test_the_page_counts_contexts(self):
        """lif1 has 48 neurons and lif2 10: three cores of 24 neurons, on two tiles or on four."""
        for mesh, says in (("[1, 2]", "2 contexts;"), ("[2, 2]", "1 context;")):
            self.build(CONFIG.format(example=EXAMPLE, fabric=", neurons: 24").replace("[2, 2]", mesh), "map")
            self.assertEqual(re.findall(r"\d+ contexts?;", (self.dir / "out/report.html").read_text()), [says])

    def test_seconds_are_told_on_stderr_and_are_in_no_file(self):
        (self.dir / "net.yaml").write_text(CONFIG.format(example=EXAMPLE, fabric=""))
        r = subprocess.run([PROGRAM, "map", "-v", "net.yaml", "-o", "out"], cwd=self.dir, capture_output=True, text=True,
                           env=dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent"}, timeout=280)
        self.assertEqual(len(re.findall(r"^map: \w.* \d+\.\d{3} s$", r.stderr, re.M)), 6, r.stderr)
        self.assertNotRegex(r.stdout + (self.dir / "out/fabric/map.json").read_text() + (self.dir / "out/fabric/map.txt").read_text(), r"seconds|\d s\b")

    def test_tables_are_as_large_as_the_fullest_core_of_the_image(self):
        self.map()
        size, cores = self.fabric()["sizes"], self.cores()
        self.assertGreater(len(cores), 0)
        for key, line in (("routes", "SEND"), ("groups", "FIRE"), ("axons", "ACC")):
            self.assertEqual(size[key], max(len(re.findall(rf"^ +{line} ", core, re.M)) for core in cores), key)

    def test_weights_and_sums_are_as_wide_as_they_must_be(self):
        self.map()
        size = self.fabric()["sizes"]
        for key in ("weight_bits", "accum_bits"):
            with self.subTest(key):
                self.map(f", {key}: {size[key]}")
                self.assertNotIn(key, self.fabric()["chosen"])
                wrong = self.map(f", {key}: {size[key] - 1}", expect=2 if key == "weight_bits" else 1)
                self.assertIn(key, wrong.stderr)

    def test_what_is_given_is_kept(self):
        self.map(", weight_bits: 11, routes: 9, delays: 4, payload_bits: 5, sparse: false, convs: 2, conv_y_bits: 3, conv_x_bits: 3, conv_c_bits: 3")
        fabric = self.fabric()
        for key, value in dict(weight_bits=11, routes=9, delays=4, payload_bits=5, sparse=0, convs=2, conv_y_bits=3).items():
            self.assertEqual(fabric["sizes"][key], value, key)
            self.assertNotIn(key, fabric["chosen"])

    def test_open_sizes_and_the_same_sizes_given_are_the_same_fabric(self):
        self.map()
        image = (self.dir / "out/fabric/net.img").read_bytes()
        fabric = self.fabric()
        word = lambda key: ("false", "true")[fabric["sizes"][key]] if key == "sparse" else fabric["sizes"][key]
        self.map("".join(f", {key}: {word(key)}" for key in fabric["chosen"]))
        self.assertEqual(self.fabric()["chosen"], [])
        self.assertEqual((self.dir / "out/fabric/net.img").read_bytes(), image)


if __name__ == "__main__":
    unittest.main()
