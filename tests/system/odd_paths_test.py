#!/usr/bin/python3
"""Folders whose names mean something to a shell, to Verilator or to Yosys: the real tools find their files there and nowhere else."""
import shutil
import unittest

from neurohls_case import Case, main

NAMES = ["a$HOME ${NHT}$(NHT) q\"'`;&|\\", "*?[x]{a,b}~#% \u00e4\u20ac\nline"]


@unittest.skipUnless(shutil.which("verilator") and shutil.which("c++"), "Verilator is not there")
class Paths(Case):
    def setUp(self):
        super().setUp()
        for name in [v for v in self.env if v.startswith("NEUROHLS_")]:
            del self.env[name]
        self.env |= {"NHT": "EVIL"}
        self.config.write_text(self.config.read_text().replace("fixed<6,4>\" }", "fixed<6,4>\" }\nio: stream"))

    def test_every_tool(self):
        until = "pnr" if shutil.which("nextpnr-ice40") and shutil.which("yosys") else "synth" if shutil.which("yosys") else "sim"
        for other in ("x", "xx", "aEVIL", "a"):  # what a pattern or a variable could lead to
            (self.dir / other).mkdir()
        for name in NAMES:
            place = self.dir / name
            place.mkdir()
            for file in ("net.yaml", "two_layers.onnx", "x.npy"):
                shutil.copy(self.dir / file, place)
            process = self.start("build", "./net.yaml", "-o", "./o " + name, "--until", until, "-q", cwd=place)
            _, err = process.communicate(timeout=400)
            self.assertEqual(process.returncode, 0, err)
            self.assertTrue((place / ("o " + name) / "report.json").exists())


if __name__ == "__main__":
    main()
