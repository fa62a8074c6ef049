#!/usr/bin/python3
"""Files that change while they are read, and memory that ends at any moment."""
import hashlib
import json
import os
import shutil
import unittest

import numpy

from neurohls_case import CONFIG, FIXTURES, TESTS, Case, hashes, main

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
        numpy.save(self.dir / "old.npy", numpy.array([0] * 24))
        numpy.save(self.dir / "new.npy", numpy.array([1] + [0] * 23))
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


@unittest.skipUnless(PRELOAD, "sanitizers do not share a process with a preloaded library")
class Memory(Case):
    """Memory that ends at any moment: exit status 4 and one sentence, or no difference at all."""

    def run_with(self, at, *args, for_good=False):
        self.env |= {"LD_PRELOAD": PRELOAD, "NH_FAIL_AT": str(at)} | ({"NH_FAIL_ALL": "1"} if for_good else {})
        process = self.start(*args)
        out, err = process.communicate(timeout=60)
        for name in ("LD_PRELOAD", "NH_FAIL_AT", "NH_FAIL_ALL"):
            self.env.pop(name, None)
        return process.returncode, out, err

    def sweep(self, *args, step=1, most=2000):
        """The n-th allocation fails, for n = 1, 1 + step, ... until a run comes to its end without it."""
        good = self.run_it(*args)
        failed = 0
        for at in range(1, most, step):
            for for_good in (False, True):
                status, out, err = self.run_with(at, *args, for_good=for_good)
                what = f"{args}: allocation {at}{' and all later ones' if for_good else ''}: exit {status}: {err}"
                if status == 0:
                    self.assertEqual((out, err), good, what)
                    continue
                self.assertEqual(status, 4, what)
                self.assertRegex(err, r"(?s)^(.*\n)?(neurohls: out of memory|.*error\[O106\]: out of memory)[^\n]*\n$", what)
                self.assertEqual(err.count("out of memory"), 1, what)
                failed += 1
            if not for_good or status == 0:
                break
        self.assertGreater(failed, 10, args)

    def test_check(self):
        self.sweep("check", self.config, step=5)

    def test_nir_in_its_child(self):
        example = TESTS.parent / "configs/examples/digits_snn"
        shutil.copy(example / "digits_snn.nir", self.dir)
        self.sweep("init", "digits_snn.nir", "-o", "-", step=61, most=6000)

    def test_image(self):
        shutil.copy(FIXTURES / "image/two_layers.s", self.dir / "i.s")
        self.run_it("asm", "i.s", "-o", "i.img")
        self.sweep("asm", "-q", "i.s", "-o", "j.img", step=3)
        self.sweep("run", "i.img", step=5)
        self.sweep("run", "i.img", "--json", step=31)

    def test_build(self):
        self.build("--until", "rtl")
        before = hashes(self.out / "rtl")
        for at in (1, 50, 150, 250, 300, 350, 400, 500, 700, 900):
            status, _, err = self.run_with(at, "build", self.config, "-o", self.out, "--until", "rtl", "--force", "-q")
            self.assertIn(status, (0, 4), err)
            if status == 4:
                self.assertRegex(err, "^neurohls: out of memory.*\n$")
            self.assertEqual(hashes(self.out / "rtl"), before)


class Sparse(Case):
    """Files that say to be large and are not: judged before they are read."""

    LARGE = 900 << 20

    def sparse(self, name, head=b""):
        path = self.dir / name
        path.write_bytes(head)
        os.truncate(path, self.LARGE)
        if path.stat().st_blocks * 512 > self.LARGE // 8:
            self.skipTest("this file system has no holes")

    def check_refused(self, *args, code="O101"):
        process = self.start(*args)
        with process.stdout, process.stderr:
            _, err = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 2, err)
        self.assertIn(f"error[{code}]", err)
        self.assertLess(used.ru_maxrss, 128 << 10, "KiB")
        self.assertLess(used.ru_utime + used.ru_stime, 2)

    def test_every_input(self):
        model = (self.dir / "two_layers.onnx").read_bytes()
        for name, head in (("two_layers.onnx", b""), ("two_layers.onnx", model), ("m.nir", b"\x89HDF\r\n\x1a\n"), ("m.net", b"")):
            self.sparse(name, head)
            self.config.write_text(CONFIG.replace("two_layers.onnx", name))
            self.check_refused("check", self.config)
            self.check_refused("init", name, "-o", "-")
        (self.dir / "two_layers.onnx").write_bytes(model)
        numpy.save(self.dir / "x.npy", numpy.zeros((1, 1), dtype=numpy.int8))
        header = (self.dir / "x.npy").read_bytes()[:128].replace(b"(1, 1), }          ", b"(117964768, 8), }  ")
        for head in (b"", header, b"PK\3\4"):
            self.config.write_text(CONFIG)
            self.sparse("x.npy", head)
            self.check_refused("check", self.config)
        self.sparse("net.yaml", CONFIG.encode())
        self.check_refused("check", self.config)
        for command in (["run", "i.img"], ["asm", "i.img"], ["disasm", "i.img"]):
            self.sparse("i.img")
            self.check_refused(*command)

    def test_what_is_there_is_read(self):
        """Holes of less than seven eighths are somebody's zeros."""
        large = 24 << 20
        array = numpy.zeros((large // 2, 2), dtype=numpy.int8)
        numpy.save(self.dir / "x.npy", array)
        with open(self.dir / "x.npy", "rb") as file:
            head = file.read(128)
        with open(self.dir / "x.npy", "wb") as file:
            file.write(head + bytes(large // 4))
            file.truncate(large + 128)
        _, err = self.run_it("check", self.config, expect=2)
        self.assertNotIn("holes", err)


if __name__ == "__main__":
    main()
