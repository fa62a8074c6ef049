#!/usr/bin/python3
"""A network in several places as its user sees it: the table of parts, the picture, report.json, the folders, and what a second build finds."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "configs/examples/digits_snn"
CONFIG = f"""project: net
model: {EXAMPLE}/digits_snn.nir
target: generic
io: stream
input: {{format: "ufixed<1,1>"}}
defaults: {{numerics: nir, reset: zero}}
layers: {{"*1": {{strategy: event}}, fc2: {{strategy: resource}}, lif2: {{strategy: host}}}}
fabric: {{limits: hx8k}}
spiking: {{time_steps: 4, dt: 1e-3, encoding: rate}}
calibrate: {{data: {EXAMPLE}/x_cal.npy, scale: 1/16}}
simulate: {{inputs: {EXAMPLE}/x_test.npy, scale: 1/16, samples: 3}}
"""
# By hand: 64 inputs, 48 and 10 neurons.
EXPECTED = [("p0_fabric", "fabric", "fc1, lif1", 64, 48), ("p1_pipeline", "pipeline", "fc2", 48, 10), ("p2_host", "host", "lif2", 10, 10)]


class Places(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nh_places_"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / "net.yaml").write_text(CONFIG)

    def run_it(self, *args):
        none = {f"NEUROHLS_{tool}": "/nonexistent" for tool in ("VERILATOR", "YOSYS")}
        done = subprocess.run([os.environ["NH_PROGRAM"], *args], cwd=self.dir, env=os.environ | none | {"NO_COLOR": "1"}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def check_parts(self, parts):
        self.assertEqual([(p["id"], p["place"], p["layers"], p["in_values"], p["out_values"]) for p in parts], EXPECTED)
        for before, after in zip(parts, parts[1:]):
            self.assertEqual((before["out"], before["out_format"]), (after["in"], after["in_format"]))

    def test_check_shows_the_parts(self):
        text, _ = self.run_it("check", "net.yaml")
        for name, place, layers, _, _ in EXPECTED:
            self.assertRegex(text, rf"{name} .*{re.escape(layers)}")
            self.assertIn(f"-> [{place}] {layers} -> ", text)
        self.check_parts(json.loads(self.run_it("check", "net.yaml", "--json")[0])["parts"])
        self.assertIn("lif1", self.run_it("map", "net.yaml")[0])

    def test_build_writes_a_folder_per_part_and_shows_them(self):
        self.run_it("build", "net.yaml", "-o", "out")
        report = json.loads((self.dir / "out/report.json").read_text())
        self.check_parts(report["parts"])
        self.assertTrue(all(p["ran"] and p["mismatches"] == 0 and p["runs"] == 0 for p in report["parts"]))  # the C models, without Verilator
        self.assertGreater(report["sim"]["compared"], 3 * 4 * (48 + 10 + 10) - 1)
        for name in ("c/p0_fabric/net_p0_fabric.img", "c/p0_fabric/map.json", "c/p1_pipeline/model.c", "c/p2_host/model.c", "rtl/p0_fabric/files.f",
                     "rtl/p1_pipeline/files.f", "sim/outputs.npy"):
            self.assertTrue((self.dir / "out" / name).exists(), name)
        self.assertFalse((self.dir / "out/rtl/p2_host").exists())
        self.check_picture((self.dir / "out/report.html").read_text())
        _, err = self.run_it("build", "net.yaml", "-o", "out", "-v")
        for step in ("c", "rtl", "sim"):
            self.assertRegex(err, rf"(?m)^{step}: cached")
        self.assertEqual(json.loads((self.dir / "out/report.json").read_text())["parts"], report["parts"])

    def test_parts_on_a_fabric_share_its_rtl(self):
        """Both layers on the fabric, the weights between them on the host: one fabric, two images."""
        text = CONFIG.replace('"*1": {strategy: event}, fc2: {strategy: resource}, lif2: {strategy: host}', '"*": {strategy: event}, fc2: {strategy: host}')
        (self.dir / "net.yaml").write_text(text.replace("fabric: {limits: hx8k}", "fabric: {mesh: [2, 2], neurons: 32}"))
        parts = json.loads(self.run_it("check", "net.yaml", "--json")[0])["parts"]
        self.assertEqual([(p["place"], p["shares"]) for p in parts], [("fabric", None), ("host", None), ("fabric", "p0_fabric")])

    def check_picture(self, html):
        """The boxes of the network: two units on the fabric, one in the pipeline, one on the host; and the table's rows."""
        svg = xml.etree.ElementTree.fromstring(re.search(r'<svg role="img" aria-label="network".*?</svg>', html, re.S).group(0))
        boxes = [e.get("class") for e in svg.iter("rect") if (e.get("class") or "").startswith("box")]
        self.assertEqual(sorted(boxes), ["box in-fabric", "box in-fabric", "box in-host", "box in-pipeline"])
        for name, place, _, _, _ in EXPECTED:
            self.assertIn(f'<tr><td>{name}</td><td class="text in-{place}">{place}</td>', html)


if __name__ == "__main__":
    unittest.main()
