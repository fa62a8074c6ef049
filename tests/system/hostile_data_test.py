#!/usr/bin/python3
"""Small files that say they are large: refused, or read in part, within 512 MB and 10 s. Made here, because only their claims are large."""
import os
import shutil
import struct
import subprocess
import unittest
import zlib

import numpy

from neurohls_case import Case, PROGRAM, TESTS

MOST_BYTES, MOST_SECONDS = 512 << 20, 10
CONFIG = """project: p
model: two_layers.onnx
target: icebreaker
input: { format: "fixed<6,4>" }
"""
EXAMPLE = TESTS.parent / "configs/examples/digits_snn"
IN_TIME = """project: p
model: {example}/digits_snn.nir
target: generic
io: stream
input: {{ format: "ufixed<1,1>" }}
defaults: {{ numerics: nir, reset: zero, weight_bits: 8, state_bits: 12 }}
spiking: {{ time_steps: {steps}, dt: 1e-3, encoding: {encoding}, readout: count }}
"""


def header(rows, dtype="|i1", fortran=False):
    text = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': ({rows}, 4), }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def archive(name, packed, size, crc):
    """A zip file of one deflated member (PKWARE APPNOTE 4.3)."""
    fixed = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0, crc, len(packed), size)
    local = b"PK\3\4" + fixed + struct.pack("<HH", len(name), 0) + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + fixed + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def bomb(megabytes, **kind):
    """So many MiB of zeros of one byte, four in a row: every MiB is the same packed block."""
    head, zeros = header(megabytes << 18, **kind), bytes(1 << 20)
    z, crc = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.crc32(head)
    packed = z.compress(head) + z.flush(zlib.Z_FULL_FLUSH)
    block = z.compress(zeros) + z.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        crc = zlib.crc32(zeros, crc)
    packed += block * megabytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return archive(b"a.npy", packed, len(head) + (megabytes << 20), crc)


class HostileData(Case):
    def check(self, more, config=CONFIG):
        """(exit status, stderr) of check, which must stay within the limits."""
        self.config.write_text(config + more)
        child = subprocess.Popen([PROGRAM, "check", self.config.name], cwd=self.dir, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with child.stderr:
            err = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertLess(usage.ru_maxrss * 1024, MOST_BYTES)
        self.assertLess(usage.ru_utime + usage.ru_stime, MOST_SECONDS)
        return child.returncode, err

    def test_archives_that_unpack_to_gigabytes(self):
        for size, kind in ((128, {}), (1023, {}), (128, {"fortran": True})):
            (self.dir / "x.npz").write_bytes(bomb(size, **kind))
            for more in ("calibrate: { data: x.npz }\n", "simulate: { inputs: x.npz }\n", "simulate: { inputs: x.npy, labels: x.npz }\n"):
                with self.subTest(size=size, more=more):
                    status, err = self.check(more)
                    self.assertEqual(status, 2, err)
                    self.assertRegex(err, r"error\[D10[26]\]")

    def test_the_largest_that_is_taken_stays_within_the_limits(self):
        (self.dir / "x.npz").write_bytes(bomb(8))
        self.assertEqual(self.check("calibrate: { data: x.npz }\nsimulate: { inputs: x.npz }\n"), (0, ""))

    def test_the_first_samples_of_a_bomb_are_read(self):
        (self.dir / "x.npz").write_bytes(bomb(128))
        self.assertEqual(self.check("calibrate: { data: x.npz, samples: 8 }\n"), (0, ""))

    def test_files_of_holes(self):
        for name, more in (("x.npy", "calibrate: { data: x.npy }\n"), ("x.npy", "calibrate: { data: x.npy, samples: 4 }\n")):
            with open(self.dir / name, "wb") as f:
                f.write(header(225 << 20))
                f.truncate(len(header(225 << 20)) + (900 << 20))
            status, err = self.check(more)
            self.assertEqual(status, 2)
            self.assertIn("sparse", err)

    def test_many_steps_of_few_data(self):
        """64 values of one step; 2^19 x 64 elements are as many as few data may have."""
        numpy.save(self.dir / "events.npy", numpy.array([[0, 0, 0], [0, 5, 63]]))
        shutil.copy(EXAMPLE / "x_test.npy", self.dir / "x.npy")
        for encoding, file in (("rate", "x.npy"), ("latency", "x.npy"), ("constant", "x.npy"), ("events", "events.npy")):
            for steps, status in ((1 << 18, 0), ((1 << 19) + 1, 2), (1 << 21, 2)):
                with self.subTest(encoding=encoding, steps=steps):
                    config = IN_TIME.format(example=EXAMPLE, encoding=encoding, steps=steps)
                    got, err = self.check(f"calibrate: {{ data: {file}, scale: 1/16, samples: 1 }}\n", config)
                    self.assertEqual(got, status, err)
                    if status:
                        self.assertIn("error[D102]", err)

    def test_a_model_of_holes(self):
        os.truncate(self.dir / "two_layers.onnx", 900 << 20)
        status, err = self.check("")
        self.assertEqual(status, 2)
        self.assertIn("sparse", err)


if __name__ == "__main__":
    unittest.main()
