"""What the report says of weights and scores, against numpy on the network of the digits example."""
import html.parser
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import onnx
from onnx import numpy_helper

PROGRAM = str(pathlib.Path(os.environ["NH_PROGRAM"]).resolve())
DIGITS = pathlib.Path(__file__).resolve().parents[2] / "configs/examples/digits"


class Elements(html.parser.HTMLParser):
    """Every element that was opened is closed, in order; void ones are not opened."""
    VOID = {"meta", "br", "hr", "img", "input", "link", "col"}

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


class Weights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.out = pathlib.Path(cls.folder.name) / "out"
        env = dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent", "NEUROHLS_YOSYS": "/nonexistent", "XDG_CACHE_HOME": cls.folder.name}
        subprocess.run([PROGRAM, "build", DIGITS / "digits.yaml", "-o", cls.out, "-q"], env=env, capture_output=True, timeout=200)
        cls.report = json.loads((cls.out / "report.json").read_text())
        cls.layer = {entry["name"]: entry for entry in cls.report["layers"]}
        cls.weight = {i.name: numpy_helper.to_array(i).astype(float) for i in onnx.load(DIGITS / "digits.onnx").graph.initializer}

    def test_errors_range_and_histogram_are_those_of_the_float_weights(self):
        for name in ("fc1", "fc2"):
            said, w = self.layer[name]["weight"], self.weight[name + ".weight"]
            lsb = said["lsb_min"]
            integers = np.clip(np.round(w / lsb), -128, 127)  # numpy rounds halves to even, as RND_CONV
            reach = np.abs(w).max()
            self.assertEqual(said["lsb_max"], lsb)
            self.assertAlmostEqual(said["mean_abs_error"], np.abs(integers * lsb - w).mean(), 12)
            self.assertAlmostEqual(said["max_abs_error"], np.abs(integers * lsb - w).max(), 12)
            self.assertEqual(said["zeros"], int((integers == 0).sum()))
            np.testing.assert_allclose((said["min"], said["max"]), (w.min(), w.max()), rtol=1e-12)
            self.assertEqual(said["histogram"]["counts"], np.histogram(w, 32, (-reach, reach))[0].tolist())

    def test_scores_of_the_first_sample_are_those_of_numpy_and_of_the_kernels(self):
        said = self.report["sim"]["scores"]
        x = np.load(DIGITS / "x_test.npy")[0].reshape(-1) / 16
        hidden = np.maximum(self.weight["fc1.weight"] @ x + self.weight["fc1.bias"], 0)
        np.testing.assert_allclose(said["float"], self.weight["fc2.weight"] @ hidden + self.weight["fc2.bias"], rtol=1e-6)
        with np.errstate(divide="ignore", invalid="ignore"):
            lsb = np.array(said["fixed"]) / np.load(self.out / "sim/outputs_c.npy")[0].reshape(-1)
        self.assertEqual(len(set(lsb[np.isfinite(lsb)].tolist())), 1)
        self.assertEqual(said["label"], int(np.load(DIGITS / "y_test.npy")[0]))

    def test_the_page_has_a_histogram_per_layer_and_two_bars_per_output(self):
        page = (self.out / "report.html").read_text()
        self.assertEqual(page.count("histogram of the weights"), 2)
        scores = page.split("Scores of the first sample")[1].split("</svg>")[0]
        self.assertEqual((scores.count('class="a"'), scores.count('class="b"')), (11, 11))  # ten outputs, and the legend

    def test_every_element_of_the_page_is_closed(self):
        page = Elements((self.out / "report.html").read_text())
        self.assertEqual((page.wrong, page.open), ([], []))

    def test_planned_cycles_are_those_that_were_measured_in_rtl(self):
        # The README shows them beside the measured ones: a layer with seven lanes and an adder tree, one with a single lane.
        units = {u["id"]: u for u in self.report["units"]}
        self.assertEqual([(units[n]["planned_ii"], units[n]["planned_latency"]) for n in ("n1_fc1", "n3_fc2")], [(320, 393), (320, 635)])
        self.assertEqual(self.report["planned_latency"], 719)


if __name__ == "__main__":
    unittest.main()
