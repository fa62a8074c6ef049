#!/usr/bin/python3
"""Configurations of thousands of faults: answered at once, with at most a hundred diagnostics and the exit status of all of them. The limit of
2 s is of CPU time, so that a busy machine does not matter; what is quadratic takes ten times as much."""
import json
import os
import re
import resource
import shutil
import subprocess
import unittest

from neurohls_case import FIXTURES, MODELS, PROGRAM, Case

HEAD = "project: p\nmodel: two_layers.onnx\ntarget: icebreaker\n"
SHOWN = 100
FILES = {
    "anchors": (HEAD + "x:\n" + "".join(f"  - &a{i} v\n" for i in range(60000)), 60001),
    "unknown keys": (HEAD + "".join(f"unknown_key_{i}: 1\n" for i in range(30000)), 30000),
    "keys near to ours": (HEAD + "defaults:\n" + "".join(f"  multiplier_bitz_{i}: 1\n" for i in range(30000)), 30000),
    "the same key": (HEAD + "clock_mhz: 24\n" * 30000, 29999),
    "patterns": (HEAD + 'input: { format: "fixed<6,4>" }\nlayers:\n' + "".join(f"  no_layer_{i}: {{}}\n" for i in range(20000)), 20000),
    "aliases": (HEAD + "x:\n" + "".join(f"  - *a{i}\n" for i in range(60000)), 60001),
    "open formats": (HEAD + "defaults: { " + ", ".join(f"k{i}: a<b" for i in range(30000)) + " }\n", 30000),
}


class HostileText(Case):
    def run_check(self, text, *options):
        """(exit status, stderr, seconds of CPU)"""
        self.config.write_text(text)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([PROGRAM, "check", *options, self.config.name], cwd=self.dir, capture_output=True, text=True, env=self.env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return done.returncode, done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def test_a_hundred_are_printed_and_the_rest_is_counted(self):
        for name, (text, errors) in FILES.items():
            with self.subTest(name):
                status, err, seconds = self.run_check(text)
                self.assertEqual(status, 2)
                self.assertEqual(len(re.findall(r"^\S+: error\[", err, re.M)), SHOWN)
                self.assertEqual(err.splitlines()[-1], f"and {errors - SHOWN} more errors that are not shown")
                self.assertLess(seconds, 2)

    def test_json_too(self):
        text, errors = FILES["unknown keys"]
        status, err, seconds = self.run_check(text, "--json")
        rows = [json.loads(line) for line in err.splitlines()]
        self.assertEqual((status, len(rows)), (2, SHOWN + 1))
        self.assertEqual(rows[-1], {"code": None, "severity": "note", "message": f"and {errors - SHOWN} more errors that are not shown",
                                    "left_out": errors - SHOWN})
        self.assertLess(seconds, 2)

    def test_a_program_below_many_lines_takes_no_memory_for_them(self):
        """The program of a layer is moved to its line, for diagnostics: 300,000 lines above it once cost their square in bytes."""
        shutil.copy(MODELS / "lif.nir", self.dir)
        text = HEAD.replace("two_layers.onnx", "lif.nir") + "\n" * 200000 + "layers:\n  lif*:\n    neuron_model: |\n      param x\n      nonsense here\n"
        status, err, seconds = self.run_check(text)
        self.assertEqual(status, 2)
        self.assertIn(f"net.yaml:{HEAD.count(chr(10)) + 200005}:7: error[N3", err)
        self.assertLess(seconds, 2)

    def test_a_byte_order_mark_in_front_of_assembly_and_neuron_models(self):
        text = (FIXTURES / "image/two_layers.s").read_bytes()
        images = []
        for mark in (b"", b"\xef\xbb\xbf"):
            (self.dir / "a.s").write_bytes(mark + text)
            subprocess.run([PROGRAM, "asm", "a.s", "-o", "a.image"], cwd=self.dir, check=True, capture_output=True, env=self.env)
            images.append((self.dir / "a.image").read_bytes())
        self.assertEqual(*images)
        shutil.copy(MODELS / "lif.nir", self.dir)
        for mark, text in ((b"\xef\xbb\xbf", "model mine\n"), ("".encode("utf-16"), "model mine\n")):
            (self.dir / "m.neuron").write_bytes(mark + text.encode("utf-16-le" if mark[0] == 0xff else "utf-8"))
            status, err, _ = self.run_check(HEAD.replace("two_layers.onnx", "lif.nir") + "spiking: { time_steps: 8 }\ndefaults: { neuron_model: m.neuron }\n")
            self.assertEqual(status, 2)
            self.assertIn("error[C102]" if mark[0] == 0xff else "m.neuron:1:1: error[N311]", err)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    unittest.main()
