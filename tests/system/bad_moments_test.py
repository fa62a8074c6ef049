#!/usr/bin/python3
"""Files that change while they are read, and memory that ends at any moment."""
import hashlib
import json
import os
import shutil
import unittest

import numpy

from neurohls_case import Case, hashes, main

PRELOAD = os.environ.get("NH_PRELOAD", "")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@unittest.skipUnless(PRELOAD, "sanitizers do not share a process with a preloaded library")
class Swapped(Case):
    """A file is replaced at the moment when it was read: what is built, its headers and the key of the cache are of the old one."""

    def build_and_swap(self, path, by, until="sim"):
        self.env |= {"LD_PRELOAD": PRELOAD, "NH_SWAP_FILE": str(path.resolve()), "NH_SWAP_BY": str(by.resolve())}
        told = self.steps("--until", until)
        for name in ("LD_PRELOAD", "NH_SWAP_FILE", "NH_SWAP_BY"):
            del self.env[name]
        self.assertFalse(by.exists(), "nothing was swapped")
        return told

    def check(self, name, old, new, why, ran=("c", "rtl", "sim"), until="sim"):
        """old, new: bytes of the file; why: what the next build says of the steps that it runs again."""
        path, by = self.dir / name, self.dir / "by"
        path.write_bytes(old)
        by.write_bytes(new)
        self.build_and_swap(path, by, until)
        told = self.steps("--until", until)
        self.assertEqual({s: told[s] for s in ran}, {s: ("done", why) for s in ran})
        path.write_bytes(old)
        self.assertEqual(self.steps("--until", until)[ran[0]], ("done", why))

    def test_model(self):
        model = self.dir / "two_layers.onnx"
        old = model.read_bytes()
        self.check("two_layers.onnx", old, old.replace(b"golden", b"molten"), "model changed")
        self.assertEqual(json.loads((self.out / "rtl/manifest.json").read_text())["model_sha256"], sha256(model))

    def test_headers_are_of_what_was_read(self):
        model, by = self.dir / "two_layers.onnx", self.dir / "by"
        by.write_bytes(model.read_bytes().replace(b"golden", b"molten"))
        old = sha256(model)
        self.build_and_swap(model, by)
        self.assertNotEqual(sha256(model), old)
        self.assertIn(f"model sha256 {old}", (self.out / "rtl/p.v").read_text())
        self.assertIn(old, (self.out / "c/model.h").read_text())
        self.assertEqual(json.loads((self.out / "report.json").read_text())["provenance"]["model_sha256"], old)

    def test_config(self):
        old = self.config.read_bytes()
        self.check("net.yaml", old, old + b"# a comment\n", "config changed")

    def test_inputs(self):
        old = (self.dir / "x.npy").read_bytes()
        self.check("x.npy", old, old[:-1] + b"\3", "inputs changed", ["sim"])

    def test_labels(self):
        self.config.write_text(self.config.read_text().replace("samples: 1", "samples: 1, labels: l.npy"))
        numpy.save(self.dir / "old.npy", numpy.array([0, 0, 0, 0, 0, 0, 0, 0]))
        numpy.save(self.dir / "new.npy", numpy.array([1, 0, 0, 0, 0, 0, 0, 0]))
        self.check("l.npy", (self.dir / "old.npy").read_bytes(), (self.dir / "new.npy").read_bytes(), "labels changed", ["sim"])

    def test_calibration(self):
        old = (self.dir / "x.npy").read_bytes()
        self.config.write_text(self.config.read_text() + "calibrate: { data: cal.npy, scale: 1/4 }\n")
        self.check("cal.npy", old, old[:-1] + b"\3", "calibration data changed", ["c", "rtl"], "rtl")

    def test_a_file_that_two_parts_read_must_stay_the_same(self):
        self.config.write_text(self.config.read_text() + "calibrate: { data: x.npy, scale: 1/4 }\n")
        data, by = self.dir / "x.npy", self.dir / "by"
        by.write_bytes(data.read_bytes()[:-1] + b"\3")
        self.env |= {"LD_PRELOAD": PRELOAD, "NH_SWAP_FILE": str(data.resolve()), "NH_SWAP_BY": str(by.resolve())}
        _, err = self.build(expect=2)
        self.assertIn("x.npy' was changed while neurohls was reading it", err)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    main()
