#!/usr/bin/python3
"""What the report says of numbers, against NumPy: errors of regressions, classes, and builds without any external tool."""
import json

import numpy

from neurohls_case import Case, main

CONFIG = """project: p
model: two_layers.onnx
target: generic
input: {{ format: "fixed<8,4>" }}
defaults: {{ result: "{result}" }}
simulate: {{ inputs: x.npy, scale: 1/4{simulate} }}
{more}
"""
W1, B1 = numpy.array([[0.5, -0.25, 1, 0], [0.75, 0.5, -1, 0.25], [-0.5, 1.75, 0.125, -1]]), numpy.array([0.5, -0.25, 0])
W2, B2 = numpy.array([[1, -0.5, 0.25], [-0.75, 0.5, 1]]), numpy.array([0.125, -0.5])


def errors(want, got):
    error, away = got - want, want - want.mean(axis=0)
    return {"n": want.size, "rmse": numpy.sqrt((error ** 2).mean()), "max_abs": abs(error).max(),
            "relative": numpy.sqrt((error ** 2).sum() / (want ** 2).sum()), "sqnr_db": 10 * numpy.log10((want ** 2).sum() / (error ** 2).sum()),
            "r2": 1 - (error ** 2).sum() / (away ** 2).sum()}


class Drift(Case):
    def setUp(self):
        super().setUp()
        for tool in ("CC", "CXX", "VERILATOR", "YOSYS", "NEXTPNR_ICE40"):
            self.env["NEUROHLS_" + tool] = "/nonexistent"
        x = numpy.load(self.dir / "x.npy") / 4
        self.float = numpy.maximum(x @ W1.T + B1, 0) @ W2.T + B2

    def report(self, result="fixed<8,5,RND,SAT>", simulate="", more="", expect=0):
        self.config.write_text(CONFIG.format(result=result, simulate=simulate, more=more))
        self.text, self.err = self.build(expect=expect)
        return json.loads((self.out / "report.json").read_text())

    def same(self, told, want):
        for key, value in want.items():
            self.assertAlmostEqual(told[key], value, delta=1e-9 * max(1, abs(value)), msg=key)

    def fixed(self, frac):
        return numpy.load(self.out / "sim/outputs_c.npy") / 2.0 ** frac

    def test_regression(self):
        output = self.report()["sim"]["output"]
        self.assertFalse(output["is_class"])
        numpy.testing.assert_array_equal(numpy.load(self.out / "sim/outputs_float.npy"), self.float)
        self.same(output["fixed"], errors(self.float, self.fixed(3)))
        self.assertIsNone(output["target_float"])
        self.assertIn("fixed, float  RMSE", self.text)
        self.assertNotIn("same class", self.text)
        self.assertIn("RMSE, fixed point against float", (self.out / "report.html").read_text())

    def test_targets(self):
        target = self.float + numpy.random.default_rng(1).normal(0, 0.5, self.float.shape)
        numpy.save(self.dir / "t.npy", target)
        output = self.report(simulate=", labels: t.npy")["sim"]["output"]
        self.assertFalse(output["is_class"])
        self.same(output["target_float"], errors(target, self.float))
        self.same(output["target_fixed"], errors(target, self.fixed(3)))

    def test_classes(self):
        sim = self.report(simulate=", labels: y.npy")["sim"]
        label, got = numpy.load(self.dir / "y.npy"), self.fixed(3).argmax(axis=1)
        self.assertTrue(sim["output"]["is_class"])
        self.assertEqual(sim["output"]["by"], "labels")
        self.assertAlmostEqual(sim["acc_float"], (self.float.argmax(axis=1) == label).mean())
        self.assertAlmostEqual(sim["acc_fixed"], (got == label).mean())
        self.assertAlmostEqual(sim["agree_float_fixed"], (got == self.float.argmax(axis=1)).mean())

    def test_near_says_nothing(self):
        report = self.report(result="fixed<16,6,RND,SAT>")
        self.assertLess(abs(self.fixed(10) - self.float).max(), 0.01)
        self.assertFalse(report["verdict"]["far_from_float"])
        self.assertNotIn("far from float", self.text + self.err)

    def test_far_is_said_first(self):
        report = self.report(result="fixed<4,6,RND,SAT>")
        self.assertLess(errors(self.float, self.fixed(-2))["sqnr_db"], 20)
        self.assertTrue(report["verdict"]["far_from_float"])
        self.assertIn(report["verdict"]["layer"], ("fc1", "relu1"))
        self.assertTrue(self.text.splitlines()[2].startswith("Fixed point is far from float: "), self.text)
        self.assertIn("S201", [w["code"] for w in report["warnings"]])
        self.assertIn("Fixed point is far from float", (self.out / "report.html").read_text())
        self.assertNotIn("\033", self.text)

    def test_the_remedy_mends_it(self):
        remedy = self.report(result="fixed<4,6,RND,SAT>")["verdict"]["remedy"]
        key = remedy.split("result: ")[1].split('"')[1]
        better = self.report(result=key)
        self.assertFalse(better["verdict"]["far_from_float"], better["verdict"])

    def test_requirements_have_the_last_word(self):
        more = "require: {{ min_sqnr_db: {} }}"
        sqnr = self.report()["sim"]["output"]["fixed"]["sqnr_db"]
        self.report(more=more.format(f"{sqnr - 0.01:.4f}"))
        self.report(more=more.format(f"{sqnr + 0.01:.4f}"), expect=1)
        self.assertIn("R106", self.err)

    def test_rtl_false_is_cached_as_such(self):
        self.report(simulate=", rtl: false")
        _, err = self.build("-v")
        self.assertIn("sim: cached", err)
        _, err = self.build("-v", "--until", "c")
        self.assertIn("sim: cached", err)


if __name__ == "__main__":
    main()
