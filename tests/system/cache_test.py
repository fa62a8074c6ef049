#!/usr/bin/python3
"""Steps run when, and only when, something that they depend on changed, and say what."""
import hashlib
import shutil
import time

import numpy
import onnx

from neurohls_case import STEPS, TESTS, Case, main


class Cache(Case):
    def expect(self, ran, *args):
        """ran: {step: reason} of those that run; the others are cached."""
        told = self.steps(*args)
        self.assertEqual({s: why for s, (state, why) in told.items() if state == "done"}, ran)
        self.assertEqual({s for s, (state, _) in told.items() if state == "cached"}, set(STEPS) - set(ran))

    def test_second_build_runs_nothing(self):
        self.expect({s: "first run" for s in STEPS})
        before = time.monotonic()
        self.expect({})
        self.assertLess(time.monotonic() - before, 2)
        self.assertEqual(self.steps()["pnr"], ("cached", "nothing changed"))

    def test_config(self):
        self.build()
        self.config.write_text(self.config.read_text() + "# a comment\n")
        told = self.steps()
        for step in ("c", "rtl", "sim"):
            self.assertEqual(told[step], ("done", "config changed"))

    def test_model(self):
        self.build()
        model = self.dir / "two_layers.onnx"
        model.write_bytes(model.read_bytes().replace(b"golden", b"molten"))
        told = self.steps()
        for step in ("c", "rtl", "sim"):
            self.assertEqual(told[step], ("done", "model changed"))

    def test_values_beside_the_model(self):
        """ONNX keeps large weights in a file of their own: it is a part of the model, in the key and in the headers."""
        model = onnx.load(self.dir / "two_layers.onnx")
        onnx.save(model, str(self.dir / "two_layers.onnx"), save_as_external_data=True, location="w.data", size_threshold=0)
        self.build("--until", "rtl")
        values = self.dir / "w.data"
        digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest() + "\n"
        want = hashlib.sha256((digest(self.dir / "two_layers.onnx") + digest(values)).encode()).hexdigest()
        self.assertIn(f"model sha256 {want}", (self.out / "rtl/p.v").read_text())
        weights = bytearray(values.read_bytes())
        weights[3] ^= 0x80  # the sign of the first weight
        values.write_bytes(weights)
        self.assertEqual(self.steps("--until", "rtl"), {s: ("done", "model changed") for s in ("c", "rtl")})

    def test_inputs(self):
        self.build()
        data = self.dir / "x.npy"
        data.write_bytes(data.read_bytes()[:-1] + b"\3")  # the last sample; the first one is simulated
        self.expect({"sim": "inputs changed"})

    def test_calibration_data(self):
        shutil.copy(self.dir / "x.npy", self.dir / "cal.npy")
        self.config.write_text(self.config.read_text() + "calibrate: { data: cal.npy, scale: 1/4 }\n")
        self.build("--until", "rtl")
        data = self.dir / "cal.npy"
        data.write_bytes(data.read_bytes()[:-1] + b"\3")
        self.assertEqual(self.steps("--until", "rtl"), {s: ("done", "calibration data changed") for s in ("c", "rtl")})

    def test_time_steps_of_the_data(self):
        """The design has a counter of steps: data with more of them make another one, also where they do not calibrate."""
        example = TESTS.parent / "configs/examples/digits_snn"
        shutil.copy(example / "digits_snn.nir", self.dir)
        self.config.write_text("""project: p
model: digits_snn.nir
target: icebreaker
io: stream
input: {format: "ufixed<1,1>"}
defaults: {strategy: resource, reuse_factor: 480}
spiking: {encoding: direct}
simulate: {inputs: spikes.npy}
""")
        numpy.save(self.dir / "spikes.npy", numpy.zeros((1, 3, 64), dtype=numpy.uint8))
        self.build("--until", "rtl")
        self.assertEqual(self.steps("--until", "rtl"), {s: ("cached", "nothing changed") for s in ("c", "rtl")})
        numpy.save(self.dir / "spikes.npy", numpy.zeros((1, 4, 64), dtype=numpy.uint8))
        self.assertEqual(self.steps("--until", "rtl"), {s: ("done", "calibration data changed") for s in ("c", "rtl")})
        self.config.write_text(self.config.read_text() + "calibrate: {data: cal.npy}\n")
        numpy.save(self.dir / "cal.npy", numpy.zeros((1, 8, 64), dtype=numpy.uint8))
        self.build("--until", "rtl")
        numpy.save(self.dir / "spikes.npy", numpy.zeros((1, 5, 64), dtype=numpy.uint8))
        self.assertEqual(self.steps("--until", "rtl"), {s: ("done", "time steps: 4 -> 5") for s in ("c", "rtl")})

    def test_tool(self):
        self.build()
        yosys = self.dir / "tools/yosys"
        yosys.write_text(yosys.read_text().replace("Yosys 0.0", "Yosys 0.1"))
        why = "tool yosys: Yosys 0.0 fake -> Yosys 0.1 fake"
        self.expect({"synth": why, "pnr": why})

    def test_target(self):
        self.build()
        self.config.write_text(self.config.read_text().replace("icebreaker", "up5k"))
        self.assertEqual({state for state, _ in self.steps().values()}, {"done"})

    def test_outputs_that_others_changed(self):
        self.build()
        (self.out / "rtl/p.v").write_text("module p; endmodule\n")
        told = self.steps()
        self.assertEqual(told["rtl"], ("done", "rtl/p.v was changed"))
        self.assertEqual(told["synth"][0], "cached")  # the same Verilog as before
        (self.out / "c/model.c").unlink()
        self.assertEqual(self.steps()["c"], ("done", "c/model.c is missing"))
        (self.out / "rtl/more.v").write_text("")
        self.assertEqual(self.steps()["rtl"], ("cached", "nothing changed"))
        shutil.rmtree(self.out / "pnr")
        self.assertEqual(self.steps()["pnr"][0], "done")
        (self.out / ".neurohls.json").write_text("{")
        self.expect({s: "first run" for s in STEPS})
        self.expect({})

    def test_force_from_until(self):
        self.build()
        self.expect({s: "forced" for s in STEPS}, "--force")
        self.expect({"synth": "forced", "pnr": "forced"}, "--from", "synth")
        shutil.rmtree(self.out)
        self.assertEqual(list(self.steps("--until", "rtl")), ["c", "rtl"])
        self.assertEqual({p.name for p in self.out.iterdir() if p.is_dir()}, {"c", "rtl"})
        self.assertEqual({s: state for s, (state, _) in self.steps("--until", "sim").items()},
                         {"c": "cached", "rtl": "cached", "sim": "done"})


if __name__ == "__main__":
    main()
