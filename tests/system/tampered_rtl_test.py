#!/usr/bin/python3
"""RTL that was changed after it was emitted: co-simulation with the real tools names the first difference, exit status 1."""
import json
import os
import re
import shutil
import unittest

from neurohls_case import TESTS, Case, main

CONFIG = """project: p
model: two_layers.onnx
target: generic
io: stream
input: { format: "fixed<6,4>" }
defaults: { strategy: resource, reuse_factor: 3 }
simulate: { inputs: x.npy, scale: 1/4, stalls: random }
"""
# Calls the real Verilator; before it reads the design, one hex digit of the first layer's weights changes.
WRAPPER = """#!/usr/bin/env python3
import os, pathlib, sys
if "-y" in sys.argv:
    rtl = pathlib.Path(sys.argv[sys.argv.index("-y") + 1])
    memory = sorted(rtl.glob("*fc1*w*.mem"))[0]
    text = memory.read_text()
    at = len(text.rstrip()) - 1
    memory.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
os.execv({verilator!r}, [{verilator!r}] + sys.argv[1:])
"""

ON_A_FABRIC = """project: p
model: digits_snn.nir
target: generic
io: stream
input: { format: "ufixed<1,1>" }
defaults: { strategy: event, numerics: nir, reset: zero, weight_bits: 6, state_bits: 14 }
fabric: { mesh: [2, 1] }
spiking: { time_steps: 10, dt: 1e-3, encoding: rate, seed: 1, readout: count }
calibrate: { data: x_cal.npy, scale: 1/16 }
simulate: { inputs: x_test.npy, scale: 1/16, samples: 2 }
"""
# The same for a fabric: a line of a file is another.
FABRIC_WRAPPER = """#!/usr/bin/env python3
import os, pathlib, sys
if "-y" in sys.argv:
    file = pathlib.Path(sys.argv[sys.argv.index("-y") + 1]) / {file!r}
    text = file.read_text()
    assert text.count({old!r}) == 1
    file.write_text(text.replace({old!r}, {new!r}))
os.execv({verilator!r}, [{verilator!r}] + sys.argv[1:])
"""


@unittest.skipUnless(shutil.which("verilator") and shutil.which("c++"), "verilator or c++ is not installed")
class Tampered(Case):
    def setUp(self):
        super().setUp()
        self.env = {k: v for k, v in self.env.items() if not k.startswith("NEUROHLS_")}
        self.env.pop("XDG_CACHE_HOME")  # the real tools' cache is the user's
        if "XDG_CACHE_HOME" in os.environ:
            self.env["XDG_CACHE_HOME"] = os.environ["XDG_CACHE_HOME"]

    def test_first_difference_is_named(self):
        self.config.write_text(CONFIG)
        self.env["NEUROHLS_VERILATOR"] = self.tool("verilator", WRAPPER.format(verilator=shutil.which("verilator")))
        _, err = self.run_it("sim", self.config, "-o", self.out, "--json", expect=1)
        items = [json.loads(line) for line in err.splitlines()]
        self.assertEqual([i["code"] for i in items], ["R101"])
        place = re.fullmatch(r"(\d+) of (\d+) elements differ; the first: sample (\d+), element (\d+), cycle (\d+)",
                             items[0]["message"])
        self.assertTrue(place, items[0]["message"])
        differ, compared, sample, element, cycle = map(int, place.groups())
        self.assertTrue(0 < differ < compared and sample < 24 and element < 3 and cycle > 0, items[0]["message"])
        self.assertIn(items[0]["layer"], ("fc1", "relu1"))  # not the output: the layer whose weight changed
        self.assertNotEqual(int(items[0]["allowed"]), int(items[0]["found"]))
        self.assertEqual(json.loads((self.out / "report.json").read_text())["exit"], 1)
        c, rtl = ((self.out / f"sim/outputs_{side}.npy").read_bytes()[-24 * 2 * 8:] for side in ("c", "rtl"))
        self.assertNotEqual(c, rtl)
        # The changed file is noticed, and honest RTL agrees. (From sim: the step ran on other files than it began with.)
        del self.env["NEUROHLS_VERILATOR"]
        _, err = self.build("-v", "--until", "sim", "--from", "sim")
        self.assertRegex(err, r"rtl: done, .* s: rtl/\S+\.mem was changed")
        c, rtl = ((self.out / f"sim/outputs_{side}.npy").read_bytes() for side in ("c", "rtl"))
        self.assertEqual(c, rtl)

    def tampered_fabric(self, file, old, new):
        """The report's fabric.sim and the first difference, of a fabric in which `old` is `new`."""
        example = TESTS.parent / "configs/examples/digits_snn"
        for name in ("digits_snn.nir", "x_cal.npy", "x_test.npy"):
            shutil.copy(example / name, self.dir)
        self.config.write_text(ON_A_FABRIC)
        wrapper = FABRIC_WRAPPER.format(verilator=shutil.which("verilator"), file=file, old=old, new=new)
        self.env["NEUROHLS_VERILATOR"] = self.tool("verilator", wrapper)
        _, err = self.run_it("sim", self.config, "-o", self.out, expect=4)
        self.assertIn("error[P113]: the RTL is not as the C model", err)
        report = json.loads((self.out / "report.json").read_text())
        differing = report["fabric"]["sim"]["rtl_differing"]
        self.assertGreater(differing, 0)
        self.assertEqual(report["sim"]["mismatches"], differing)
        equal = next(r for r in report["requirements"] if r["name"] == "C = RTL")
        self.assertFalse(equal["met"])
        self.assertTrue(equal["measured"].startswith(f"{differing} of "), equal)
        return report["fabric"]["sim"], err

    def test_a_fabric_whose_neurons_differ_does_not_pass(self):
        """Those with an odd state do not spike."""
        self.tampered_fabric("p_neurons.v", "assign out = m0_out0;", "assign out = m0_out0 & ~state[0];")

    def test_counters_that_count_one_too_many_are_all_noticed(self):
        """Of nine, six count what the C model counts too: of both cores and in every run each is a difference."""
        sim, err = self.tampered_fabric("nh_core_count.v", "clear_q ? 32'd0 : word", "clear_q ? 32'd1 : word")
        self.assertEqual(sim["rtl_differing"], 6 * 2 * sim["rtl_runs"], err)


if __name__ == "__main__":
    main()
