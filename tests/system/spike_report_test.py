#!/usr/bin/python3
"""report.json of a spiking network (the digits example): spikes, operations, read-outs, reference, raster and drift by cause, counted anew
with numpy from the arrays that the simulation leaves; a cached simulation reports the same."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import numpy as np

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "configs/examples/digits_snn"
SAMPLES, STEPS, INPUTS, HIDDEN, CLASSES = 12, 16, 64, 48, 10
CONFIG = f"""project: net
model: digits_snn.nir
target: generic
io: stream
input: {{format: "ufixed<1,1>"}}
defaults: {{strategy: resource, reuse_factor: auto, numerics: nir, reset: zero, weight_bits: 5, state_bits: 8}}
budget: {{multipliers: 8}}
spiking: {{time_steps: {STEPS}, dt: 1e-3, encoding: direct, readout: first_spike, reference: ref.npy}}
calibrate: {{data: x.npy}}
simulate: {{inputs: x.npy, labels: y.npy, trace: true}}
"""


def by_readout(y, readout):
    """Classes of outputs [sample, step, output]."""
    count = y.sum(1)
    if readout == "count":
        return count.argmax(1)
    if readout == "membrane":
        return y[:, -1].argmax(1)
    result = np.zeros(len(y), int)
    for s, one in enumerate(y):
        active = np.flatnonzero(one.any(1))
        if len(active):
            candidates = np.flatnonzero(one[active[0]])
            result[s] = candidates[count[s][candidates].argmax()]
    return result


class SpikeReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="nh_spikes_"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        shutil.copy(EXAMPLE / "digits_snn.nir", cls.dir)
        random = np.random.default_rng(3)
        image = np.load(EXAMPLE / "x_test.npy").reshape(-1, INPUTS)[:SAMPLES] / 16
        cls.x = (random.random((SAMPLES, STEPS, INPUTS)) < image[:, None]).astype(np.uint8)
        cls.y = np.load(EXAMPLE / "y_test.npy")[:SAMPLES]
        cls.ref = (random.random((SAMPLES, STEPS, CLASSES)) < 0.1).astype(np.uint8)
        for name, value in (("x", cls.x), ("y", cls.y), ("ref", cls.ref)):
            np.save(cls.dir / f"{name}.npy", value)
        (cls.dir / "net.yaml").write_text(CONFIG)
        cls.report = cls.build()
        cls.time = cls.report["sim"]["time"]
        sim = cls.dir / "out/sim"
        cls.fixed, cls.real = np.load(sim / "outputs_c.npy"), np.load(sim / "outputs_float.npy")
        index = json.loads((sim / "layers/index.json").read_text())
        cls.layers = {row["layer"]: np.load(sim / "layers" / row["file"]) for row in index}

    @classmethod
    def build(cls):
        env = dict(os.environ, XDG_CACHE_HOME=str(cls.dir / "cache"), NEUROHLS_VERILATOR="/nonexistent", NEUROHLS_YOSYS="/nonexistent")
        done = subprocess.run([os.environ["NH_PROGRAM"], "build", "net.yaml", "-o", "out", "--json"], cwd=cls.dir, env=env, capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_the_report_lists_the_steps_that_there_are_without_a_fabric(self):
        self.assertEqual([s["name"] for s in self.report["steps"]], ["c", "rtl", "sim", "synth", "pnr", "report"])

    def test_spikes_per_layer(self):
        self.assertEqual([s["layer"] for s in self.time["spikes"]], list(self.layers))
        for fact in self.time["spikes"]:
            values = self.layers[fact["layer"]]
            self.assertEqual(fact["spikes_fixed"], values.sum())
            self.assertEqual(fact["n"], values.size)
            self.assertAlmostEqual(fact["rate"], values.mean())
        last = self.time["spikes"][-1]
        self.assertEqual(last["spikes_float"], self.real.sum())
        self.assertEqual(last["differing"], (self.real != self.fixed).sum())
        self.assertEqual(last["coinciding"], np.minimum(self.real, self.fixed).sum())

    def test_synaptic_operations(self):
        hidden = next(iter(self.layers.values()))
        want = [(self.x, HIDDEN), (hidden, CLASSES)]
        for fact, (events, fan_out) in zip(self.time["synaptic_operations"], want, strict=True):
            self.assertEqual(fact["events"], events.sum())
            self.assertEqual(fact["operations"], events.sum() * fan_out)
            self.assertEqual(fact["products"], events.size * fan_out)

    def test_readouts(self):
        for name, fact in self.time["readouts"].items():
            self.assertAlmostEqual(fact["acc_float"], (by_readout(self.real, name) == self.y).mean())
            self.assertAlmostEqual(fact["acc_fixed"], (by_readout(self.fixed, name) == self.y).mean())
        self.assertEqual(self.report["sim"]["acc_fixed"], self.time["readouts"]["first_spike"]["acc_fixed"])

    def test_reference(self):
        fact = self.time["reference"]
        self.assertEqual(fact["spikes"], self.ref.sum())
        for name, got in (("float", self.real), ("fixed", self.fixed)):
            wrong = np.argwhere(got != self.ref)
            self.assertEqual(fact[f"{name}_differing"], len(wrong))
            self.assertEqual(fact[f"{name}_samples"], len(set(wrong[:, 0])))
            self.assertEqual(fact[f"{name}_spikes"], got.sum())
            first = fact[f"{name}_first"]
            self.assertEqual([first["sample"], first["step"], first["output"]], list(wrong[0]))
            self.assertEqual([first["expected"], first["got"]], [self.ref[tuple(wrong[0])], got[tuple(wrong[0])]])

    def test_drift_by_cause(self):
        fact = self.time["drift_by_cause"]
        self.assertFalse(fact["exact"])
        self.assertEqual(fact["samples"], SAMPLES)
        causes = {c["cause"]: c for c in fact["cumulative"]}
        self.assertEqual(list(causes), ["float", "weights", "decay", "state"])
        self.assertEqual(causes["float"]["differing"], 0)
        for name, y in (("float", self.real), ("state", self.fixed)):
            self.assertAlmostEqual(causes[name]["accuracy"], (by_readout(y, "first_spike") == self.y).mean())
        wrong = self.real != self.fixed
        self.assertEqual(causes["state"]["differing"], wrong.sum())
        self.assertEqual(causes["state"]["differing_samples"], wrong.any((1, 2)).sum())
        self.assertAlmostEqual(causes["state"]["mean_abs"], wrong.mean())
        self.assertGreater(causes["weights"]["differing"], 0)  # 5 bits are few

    def test_raster(self):
        raster = self.time["raster"]
        self.assertEqual([b["layer"] for b in raster["bands"]], list(self.layers))
        for band in raster["bands"]:
            rows = np.array([list(row) for row in band["rows"]])
            self.assertTrue(((rows == "#") | (rows == "x") == (self.layers[band["layer"]][0].reshape(STEPS, -1).T > 0)).all())
        self.assertTrue(((rows == "#") | (rows == "f") == (self.real[0].T > 0)).all())
        svg = xml.etree.ElementTree.parse(self.dir / "out/sim/raster.svg").getroot()
        dots = {path.get("class"): path.get("d").count("M") for path in svg.iter("{http://www.w3.org/2000/svg}path") if "dot" in path.get("class")}
        self.assertGreater(dots["dot both"], 1)

    def test_a_cached_simulation_reports_the_same(self):
        again = self.build()
        self.assertEqual([s["state"] for s in again["steps"] if s["name"] == "sim"], ["cached"])
        self.assertEqual(again["sim"], self.report["sim"])


if __name__ == "__main__":
    unittest.main()
