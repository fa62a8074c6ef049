"""host/examples: run.sh from the network to the predictions, the fabric simulated behind its serial line. What the program says is compared with
`neurohls run` of the same image, on spikes that numpy makes."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import tty
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "configs/examples/digits_snn"
PROGRAM = pathlib.Path(os.environ["NH_PROGRAM"]).resolve()
DIGITS = PROGRAM.parent / "digits_host"
SAMPLES, STEPS, WHITE, CYCLES_PER_BIT = 6, 20, 16, "4"


def splitmix64(n):
    """The first n numbers for seed 1, as fractions."""
    z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((z ^ z >> np.uint64(31)) >> np.uint64(11)).astype(float) / 2.0**53


class HostExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("verilator"):
            raise unittest.SkipTest("verilator is not installed")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.dir = pathlib.Path(folder.name)
        cls.image, cls.board = cls.dir / "out/fabric/digits.img", cls.dir / "out/board/Vboard"
        cls.first = cls.call(ROOT / "host/examples/run.sh", cls.dir / "out", "-n", SAMPLES, "-e", cls.dir / "events.txt",
                             env={**os.environ, "BUILD": str(PROGRAM.parent.parent)})
        x = np.load(DATA / "x_test.npy")[:SAMPLES]
        cls.label = np.load(DATA / "y_test.npy")[:SAMPLES]
        u = splitmix64(SAMPLES * STEPS * x.shape[1]).reshape(SAMPLES, STEPS, -1)
        np.save(cls.dir / "spikes.npy", (u < x[:, None, :] / WHITE).astype(np.uint8))
        cls.call(PROGRAM, "run", cls.image, "--inputs", cls.dir / "spikes.npy", "-o", cls.dir / "y.npy")
        cls.model = np.load(cls.dir / "y.npy")

    @classmethod
    def call(cls, *words, expect=0, **more):
        r = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=200, **more)
        if r.returncode != expect:
            raise AssertionError(f"{words}: exit {r.returncode}\n{r.stdout}{r.stderr}")
        return r

    @classmethod
    def digits(cls, *words, line=(), labels=DATA / "y_test.npy", **more):
        return cls.call(DIGITS, *words, cls.image, DATA / "x_test.npy", labels, *line, **more)

    def outputs(self, path):
        y = np.zeros_like(self.model)
        for sample, step, output, value in np.loadtxt(path, dtype=int, ndmin=2):
            y[sample, step, output] += value
        return y

    def test_every_output_of_every_step_is_that_of_the_model(self):
        self.assertGreater(self.model.sum(), SAMPLES)
        self.assertTrue((self.outputs(self.dir / "events.txt") == self.model).all())

    def test_it_says_classes_counts_and_accuracy(self):
        counts = self.model.sum(1)
        for s, n in enumerate(counts):
            words = [s, self.label[s], n.argmax(), *n]
            self.assertRegex(self.first.stdout, r"(?m)^ *" + r" +".join(map(str, words)) + r"(  wrong)?$")
        right = int((counts.argmax(1) == self.label).sum())
        self.assertIn(f"{right} of {SAMPLES} right, {100 * right / SAMPLES:.2f} %", self.first.stdout)

    def test_counters_of_the_cores_are_those_of_the_spikes(self):
        """The core of the first layer takes every spike of the pixels; the other one, what that one sent, and spikes as its outputs do."""
        cores = [list(map(int, m[1:])) for m in re.findall(r"(?m)^\((\d), 0\)" + r" +(\d+)" * 5 + "$", self.first.stdout)]
        last, first = sorted(cores)
        self.assertEqual(first[0], int(np.load(self.dir / "spikes.npy").sum()))
        self.assertEqual(last[0], first[4])
        self.assertEqual((first[1], last[1]), (0, 0))
        self.assertEqual(last[4], int(self.model.sum()))

    def test_a_serial_device_gives_the_same(self):
        """A pseudo-terminal, the board at its other end."""
        end, device = os.openpty()
        tty.setraw(device)
        board = subprocess.Popen([self.board, CYCLES_PER_BIT], stdin=end, stdout=end)
        try:
            r = self.digits("-n", 2, "-e", self.dir / "serial.txt", "-d", os.ttyname(device), "-b", 3000000)
        finally:
            board.kill()
            board.wait()
            os.close(end)
            os.close(device)
        self.assertIn("of 2 right", r.stdout)
        self.assertTrue((self.outputs(self.dir / "serial.txt")[:2] == self.model[:2]).all())

    def test_what_is_wrong_is_said(self):
        line = (self.board, CYCLES_PER_BIT)
        self.assertRegex(self.digits(line=("true",), expect=1).stderr, "H104: (reading|writing)")
        self.assertIn("no_such_program: No such file", self.digits(line=("no_such_program",), expect=1).stderr)
        self.assertIn("no_such_device: No such file", self.digits("-d", "no_such_device", expect=1).stderr)
        self.assertIn("not an array of uint8", self.digits(line=line, labels=self.image, expect=2).stderr)
        self.assertIn("takes 64 inputs, the pixels are 1", self.call(DIGITS, self.image, *[DATA / "y_test.npy"] * 2, *line, expect=2).stderr)
        self.assertIn("usage:", self.digits(expect=2).stderr)
        damaged = self.dir / "damaged.img"
        content = bytearray(self.image.read_bytes())
        content[-9] ^= 1
        damaged.write_bytes(content)
        self.assertRegex(self.call(DIGITS, damaged, DATA / "x_test.npy", DATA / "y_test.npy", *line, expect=1).stderr, r"I\d+: ")


if __name__ == "__main__":
    unittest.main()
