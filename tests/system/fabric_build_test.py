"""neurohls build of a network on a fabric, with the real Verilator: steps, their files, what the report says, what makes a step run again."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "configs/examples/digits_snn"
PROGRAM = str(pathlib.Path(os.environ["NH_PROGRAM"]).resolve())
SAMPLES, STEPS, OUTPUTS = 6, 20, 10
CONFIG = """project: net
model: {example}/digits_snn.nir
target: hx8k
io: stream
input: {{format: "ufixed<1,1>"}}
defaults: {{strategy: event, numerics: nir, reset: zero, weight_bits: 4, state_bits: 12, decay_bits: 6}}
fabric: {{mesh: [2, 1], neurons: 48, axons: 64, synapse_kib: 2, params: 48, routes: 1, groups: 1, queue: 2, weight_bits: 4, accum_bits: 12}}
spiking: {{time_steps: 20, dt: 1e-3, encoding: rate, seed: 1, readout: count}}
calibrate: {{data: {example}/x_cal.npy, scale: 1/16}}
simulate: {{inputs: {example}/x_test.npy, labels: {example}/y_test.npy, scale: 1/16, samples: {samples}}}
require: {{max_accuracy_drop: 60%}}
"""


class FabricBuild(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("verilator"):
            raise unittest.SkipTest("verilator is not installed")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.dir = pathlib.Path(cls.folder.name)
        cls.out = cls.dir / "out"
        (cls.dir / "net.yaml").write_text(CONFIG.format(example=EXAMPLE, samples=SAMPLES))
        cls.first = cls.build("--until", "sim")

    @classmethod
    def call(cls, *words, expect=0):
        r = subprocess.run([PROGRAM, *map(str, words)], cwd=cls.dir, capture_output=True, text=True, timeout=280)
        if r.returncode != expect:
            raise AssertionError(f"{words}: exit {r.returncode}\n{r.stdout}{r.stderr}")
        return r

    @classmethod
    def build(cls, *words):
        return cls.call("build", "net.yaml", "-o", "out", "-v", *words)

    def states(self, *words):
        lines = [line.split(": ", 2) for line in self.build("--until", "sim", *words).stderr.splitlines()]
        return {name: (state.split(",")[0], why[0] if why else "") for name, state, *why in (x for x in lines if len(x) > 1)
                if name in ("c", "map", "rtl", "sim")}

    def report(self):
        return json.loads((self.out / "report.json").read_text())

    def test_every_step_leaves_its_files(self):
        for name in ("c/model.c", "fabric/net.img", "fabric/net.s", "fabric/map.json", "fabric/mesh_0.svg", "rtl/net.v", "rtl/nh_router.v",
                     "sim/outputs_c.npy", "sim/outputs_rtl.npy", "sim/raster.svg", "report.html", "report.txt"):
            self.assertTrue((self.out / name).is_file(), name)
        self.assertFalse((self.out / "sim/fabric").exists())
        self.assertEqual([s["name"] for s in self.report()["steps"]], ["c", "map", "rtl", "sim", "synth", "pnr", "report"])

    def test_image_kernels_and_rtl_give_the_same_spikes(self):
        """The kernels are the layers, compiled by cc; neurohls run executes the image; the RTL ran under Verilator."""
        kernels, rtl = (np.load(self.out / f"sim/outputs_{k}.npy") for k in ("c", "rtl"))
        self.assertEqual(kernels.shape, (SAMPLES, STEPS, OUTPUTS))
        self.assertTrue((kernels == rtl).all())
        self.assertGreater(rtl.sum(), SAMPLES)
        sim, fabric = self.report()["sim"], self.report()["fabric"]["sim"]
        self.assertEqual((fabric["compared"], fabric["differing"]), (SAMPLES * STEPS * OUTPUTS, 0))
        self.assertEqual((fabric["rtl_events"], fabric["rtl_differing"], fabric["rtl_runs"]), (int(rtl.sum()), 0, 3))
        self.assertEqual((sim["compared"], sim["mismatches"]), (3 * int(rtl.sum()), 0))

    def test_accuracy_of_the_rtl_is_that_of_its_outputs(self):
        rtl, label = np.load(self.out / "sim/outputs_rtl.npy"), np.load(EXAMPLE / "y_test.npy")[:SAMPLES]
        right = (rtl.sum(1).argmax(1) == label).mean()
        sim = self.report()["sim"]
        self.assertAlmostEqual(sim["acc_rtl"], right)
        self.assertAlmostEqual(sim["acc_fixed"], right)
        self.assertGreaterEqual(sim["acc_float"], 0.8)
        self.assertEqual([r["met"] for r in self.report()["requirements"]], [True, True])

    def test_cores_spike_as_the_layers_do(self):
        """Spikes per layer: of the kernels in sim.time, of the C model's cores in fabric.sim. lif2 is one tick behind, and lif1 is swept in that
        tick too, for a step that nobody sees."""
        report = self.report()
        cores = {c["layer"]: c for c in report["fabric"]["sim"]["cores"]}
        spikes = {s["layer"]: s["spikes_fixed"] for s in report["sim"]["time"]["spikes"]}
        self.assertEqual(cores["lif2"]["flits"], spikes["lif2"])
        self.assertIn(cores["lif1"]["flits"] - spikes["lif1"], range(SAMPLES * 48 // STEPS))
        self.assertEqual(cores["lif2"]["events"], cores["lif1"]["flits"])
        self.assertGreater(report["fabric"]["sim"]["rtl_cycles"], 0)

    def test_text_and_page_show_the_fabric(self):
        text, page = self.first.stdout, (self.out / "report.html").read_text()
        for words in ("Fabric of 2 x 1 cores", "0 of 1200 outputs are not those of the layers", "events differ", "Cores: what is in use"):
            self.assertIn(words, text)
        for words in ("<h2>Fabric</h2>", "lif1", "RTL against the C model", "<h2>Cores</h2>", "<h2>Spikes</h2>"):
            self.assertIn(words, page)
        self.assertEqual(page.count("<svg"), page.count("</svg>"))

    def test_the_counters_of_the_rtl_are_in_the_prints(self):
        """Synapse words and busy cycles: those of the C model's cores, which count them one by one, over the same samples."""
        sim = self.report()["fabric"]["sim"]
        words, busy = (sum(c[key] for c in sim["cores"]) for key in ("synapse_words", "busy_cycles"))
        self.assertEqual(sim["rtl_synapse_words"], words)
        self.assertGreaterEqual(sim["rtl_busy_cycles"], words)
        self.assertLess(abs(sim["rtl_busy_cycles"] - busy), 0.2 * busy)
        self.assertGreaterEqual(sim["rtl_most_cycles"], sim["rtl_cycles"])
        text = self.first.stdout
        self.assertIn(f"lanes busy {100 * words / sim['rtl_busy_cycles']:.1f} %", text)
        self.assertIn(f"{sim['rtl_most_cycles']:.0f} (most) by the RTL", text)

    def test_steps_run_again_when_the_fabric_changes_and_only_then(self):
        self.assertEqual({k: v[0] for k, v in self.states().items()}, dict.fromkeys(("c", "map", "rtl", "sim"), "cached"))
        self.call("map", "net.yaml", "-o", "out")
        self.assertEqual({v[0] for v in self.states().values()}, {"cached"})
        (self.out / "fabric/net.s").write_text("edited")
        states = self.states()
        self.assertEqual(states["map"], ("done", "fabric/net.s was changed"))
        self.assertEqual(states["sim"][0], "cached")

    def test_check_prints_the_plan_without_any_file(self):
        r = self.call("check", "net.yaml")
        self.assertIn("lif1", r.stdout)
        self.assertFalse((self.dir / "build").exists())


if __name__ == "__main__":
    unittest.main()
