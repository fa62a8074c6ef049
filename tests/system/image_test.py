"""Program images: assembly by hand, run by neurohls, outputs by plain loops over the networks here; round trips; damaged files."""
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import unittest
import zlib

import numpy as np

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures/image"
EXAMPLES = FIXTURES.parents[2] / "configs/examples"
PROGRAM = str(pathlib.Path(os.environ["NH_PROGRAM"]).resolve())

FABRIC = """fabric "conv"
    mesh_x 2
    mesh_y 2
    lanes 2
    neurons 32
    axons 2
    synapses 64
    convs 1
    routes 4
    groups 2
    params 4
    delays 4
    queue 4
    weight_bits 8
    accum_bits 16
    accumulators 1
    payload_bits 1
    guard_bits 0
    conv_y_bits 2
    conv_x_bits 2
    conv_c_bits 1
    sparse 0
end
"""
MODEL = """model if out ufixed<1,1> param fixed<12,12>
    input a
    state v fixed<16,16,TRN,SAT>
    param theta
    output s spike
    exact
        ADD v, v, a
        GE s, v, theta
        MUL t, s, theta
        SUB v, v, t
end
"""


def neurohls(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60)


def fire(v, total, theta):
    v = v + total
    s = v >= theta
    return v - s * theta, s.astype(np.int64)


def dense_steps(x, first, second, delay):
    """Hidden theta 5; outputs theta 6 and 4; hidden spikes arrive `delay` steps later."""
    return np.sum(dense_spikes(x, first, second, delay)[1], 0).tolist()


def dense_spikes(x, first, second, delay):
    """Per step: those of the hidden layer, those of the outputs."""
    v0, v1, hidden, out = np.zeros(4, int), np.zeros(2, int), [], []
    for step in x:
        v0, s0 = fire(v0, step @ first, 5)
        hidden.append(s0)
        late = hidden[-1 - delay] if len(hidden) > delay else np.zeros(4, int)
        v1, s1 = fire(v1, late @ second, np.array([6, 4]))
        out.append(s1)
    return np.array(hidden), np.array(out)


def conv_steps(x, k0, k1):
    """4x4 -> 3x3, 2 features, pad 1 -> 3x3 stride 2 pad 1, 2 features -> 2x2. Thresholds 4, 3."""
    def conv(image, kernel, stride, n):
        out = np.zeros((kernel.shape[0], n, n), int)
        padded = np.pad(image, ((0, 0), (1, 2), (1, 2)))
        for f in range(kernel.shape[0]):
            for y in range(n):
                for z in range(n):
                    out[f, y, z] = (kernel[f] * padded[:, y * stride:y * stride + 3, z * stride:z * stride + 3]).sum()
        return out
    v0, v1, sums = np.zeros((2, 4, 4), int), np.zeros((2, 2, 2), int), np.zeros((2, 2, 2), int)
    for step in x:
        v0, s0 = fire(v0, conv(step.reshape(1, 4, 4), k0, 1, 4), 4)
        v1, s1 = fire(v1, conv(s0, k1, 2, 2), 3)
        sums += s1
    return sums.transpose(1, 2, 0).ravel().tolist()  # as the core has it: pixels, then features


def conv_text(k0, k1, steps, lanes=2):
    """Two features are one word of two lanes, or two words of one."""
    words = 2 // lanes
    rows0 = [k0[:, 0, y, x] for y in range(3) for x in range(3)]
    rows1 = [k1[:, c, y, x] for c in range(2) for y in range(3) for x in range(3)]
    weights = [["        weights %d : %s\n" % (i, " ".join(map(str, r))) for i, r in enumerate(np.reshape(rows, (-1, lanes)))] for rows in (rows0, rows1)]
    common = f"features {words} channel_words {9 * words} kh 3 kw 3"
    theta = [" | ".join([str(v)] * lanes) for v in (4, 3)]
    return f"""image "conv" steps {steps} input_size 16 output_size 8
{FABRIC.replace("lanes 2", f"lanes {lanes}")}{MODEL}
context ticks {steps + 1}
    input "x" first 0 count 16 base 64 delay 0 x0 1 x1 1 y0 1 y1 1 conv c 1 h 4 w 4 y_from 0 y_to 4
    output "y" first 0 count 8 element 0 start 1 period 1 network
    symbol "first" x 1 y 1 word 0 words {16 * words} c0 0 c 2 y0 0 h 4 x0 0 w 4
    symbol "second" x 0 y 0 word 0 words {4 * words} c0 0 c 2 y0 3 h 2 x0 1 w 2
    core x 1 y 1 start 0 period 1 words {16 * words} axons 0 convs 1
        ACC 0 conv synapse 0 acc 0 {common} stride_y 1 stride_x 1 dilation_y 1 dilation_x 1 pad_y 1 pad_x 1 y0 0 x0 0 h 4 w 4
{''.join(weights[0])}        FIRE if words {16 * words} param 0
        param 0 : {theta[0]}
        SEND first 0 words {16 * words} delay 0 x0 0 x1 0 y0 0 y1 0 base 64 limit 2 conv pixel_words {words} width 4
    core x 0 y 0 start 1 period 1 words {4 * words} axons 0 convs 1
        ACC 0 conv synapse 0 acc 0 {common} stride_y 2 stride_x 2 dilation_y 1 dilation_x 1 pad_y 1 pad_x 1 y0 0 x0 0 h 2 w 2
{''.join(weights[1])}        FIRE if words {4 * words} param 0
        param 0 : {theta[1]}
        SEND first 0 words {4 * words} delay 0 host base 0 limit 8
"""


def edges(pictures):
    """configs/examples/assembly/edges.s, as its comment says it: [steps][2]."""
    vertical = np.array([[-1, 2, -1]] * 3)
    v, last, count, out = np.zeros((2, 4, 4), int), np.zeros((2, 4, 4), int), np.zeros(2, int), []
    for picture in pictures:
        wide = np.pad(picture, 1)
        a = np.array([[[(k * wide[y:y + 3, x:x + 3]).sum() for x in range(4)] for y in range(4)] for k in (vertical, vertical.T)])
        v = np.maximum(v + a - 4 * last, 0)
        fires = (v >= 3).astype(int)
        v[v >= 3] = 0
        count = np.maximum(count + fires.sum((1, 2)) + 2 * last.sum((1, 2)), 0)
        out.append((count >= 4).astype(int))
        count[count >= 4] = 0
        last = fires
    return out


class Image(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)

    def assemble(self, text):
        source, image = self.dir / "a.s", self.dir / "a.image"
        source.write_text(text)
        r = neurohls("asm", source, "-o", image)
        self.assertEqual(r.returncode, 0, r.stderr)
        return image

    def run_image(self, image, x, *words):
        np.save(self.dir / "x.npy", x)
        r = neurohls("run", image, "--inputs", self.dir / "x.npy", "--json", *words)
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def test_two_dense_layers_spike_as_loops_say_with_and_without_delay(self):
        text = (FIXTURES / "two_layers.s").read_text()
        first = np.array([[3, 1, -2, 5], [2, 2, 4, -1], [0, 6, 1, 1]])
        second = np.array([[4, -1], [3, 3], [-2, 4], [1, 2]])
        x = np.random.default_rng(1).integers(0, 2, (20, 5, 3))
        for delay in (0, 1, 2):
            image = self.assemble(text.replace("delay 0 x0 1", f"delay {delay} x0 1"))
            r = self.run_image(image, x)
            expected = [dense_steps(s, first, second, delay) for s in x]
            self.assertEqual(r["sums"], expected)
            self.assertGreater(np.sum(expected), 10)
            self.assertEqual(r["cores"][0]["events"], int(x.sum()))
            self.assertEqual(r["cores"][0]["synaptic_operations"], int(x.sum()) * 4)
            for core, links in ((0, 1), (1, 2)):  # to the core beside it; through that to the host
                self.assertEqual(r["cores"][core]["hops"], r["cores"][core]["flits"] * links)

    def test_convolution_axons_spike_as_loops_say(self):
        rng = np.random.default_rng(2)
        k0, k1 = rng.integers(-2, 5, (2, 1, 3, 3)), rng.integers(-2, 4, (2, 2, 3, 3))
        x = rng.integers(0, 2, (10, 6, 16))
        expected = [conv_steps(s, k0, k1) for s in x]
        self.assertGreater(np.sum(expected), 20)
        for lanes in (2, 1):
            r = self.run_image(self.assemble(conv_text(k0, k1, 6, lanes)), x)
            self.assertEqual(r["sums"], expected)

    def test_inputs_without_time_are_the_same_in_every_step(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        x = np.array([[1, 0, 1], [0, 1, 1]])
        self.assertEqual(self.run_image(image, x)["sums"], self.run_image(image, np.repeat(x[:, None], 5, 1))["sums"])

    def test_labels_give_an_accuracy_by_sums(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        x = np.random.default_rng(3).integers(0, 2, (9, 5, 3))
        np.save(self.dir / "y.npy", np.array([0, 1, 0] * 3))
        r = self.run_image(image, x, "--labels", self.dir / "y.npy", "--samples", 8)
        best = [0 if a >= b else 1 for a, b in r["sums"]]
        self.assertEqual(len(best), 8)
        self.assertEqual(r["accuracy"], sum(b == y for b, y in zip(best, [0, 1, 0] * 3)) / 8)

    def test_the_log_has_every_spike_of_every_layer(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        first = np.array([[3, 1, -2, 5], [2, 2, 4, -1], [0, 6, 1, 1]])
        second = np.array([[4, -1], [3, 3], [-2, 4], [1, 2]])
        x = np.random.default_rng(6).integers(0, 2, (7, 5, 3))
        r = self.run_image(image, x, "--spikes", self.dir / "log.csv", "--raster", self.dir / "r.svg")
        expected, counts = set(), {"hidden": 0, "out": 0}
        for sample, steps in enumerate(x):
            for layer, fired in zip(counts, dense_spikes(steps, first, second, 0)):
                counts[layer] += int(fired.sum())
                expected |= {f'{sample},{step},0,{layer == "out":d},0,{n},"{layer}",{n},0,0,1' for step, n in zip(*np.nonzero(fired))}
        lines = (self.dir / "log.csv").read_text().split()
        self.assertEqual(lines[0], "sample,step,context,core_x,core_y,neuron,layer,channel,row,column,value")
        self.assertEqual((set(lines[1:]), len(lines) - 1), (expected, len(expected)))
        self.assertEqual({l["layer"]: l["spikes"] for l in r["layers"]}, counts)
        drawn = (self.dir / "r.svg").read_text().count("h0") - 1  # less the one before an empty legend
        self.assertLessEqual(abs(drawn - sum(int(f.sum()) for f in dense_spikes(x[0], first, second, 0))), 1)
        # A row of 9 per neuron and a rim of 8: 4 * 9 + 8; the 2 * 9 + 8 of the outputs are less than a band has at least.
        bands = re.findall(r'class="band" x="200" y="\d+" width="800" height="(\d+)"', (self.dir / "r.svg").read_text())
        self.assertEqual(bands, ["44", "40"])

    def test_agreement_with_a_reference_names_the_first_other_sample(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        x = np.random.default_rng(7).integers(0, 2, (9, 5, 3))
        plain = self.run_image(image, x)
        self.assertIsNone(plain["reference"])
        scores = np.array(plain["sums"], float) - 0.25
        best = np.argmax(scores, 1)
        scores[5] = scores[5].max() + [1.0, 0.0] if best[5] else [0.0, 1.0]
        for reference in (scores, scores[:, None] * np.full((5, 1), 0.2), np.argmax(scores, 1)):
            np.save(self.dir / "ref.npy", reference)
            r = self.run_image(image, x, "--reference", self.dir / "ref.npy")
            self.assertEqual(r["classes"], best.tolist())
            self.assertEqual(r["reference"], {"same_class": 8, "first_other": {"sample": 5, "reference": 1 - best[5], "class": best[5]}})

    def test_scores_stand_beside_those_of_the_reference(self):
        """The least of a column has no bar and the largest a whole one, each column by itself."""
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        np.save(self.dir / "x.npy", np.random.default_rng(7).integers(0, 2, (3, 5, 3)))
        np.save(self.dir / "ref.npy", [[0.25, -1.5], [0, 1], [0, 1]])
        sums = json.loads(neurohls("run", image, "--inputs", self.dir / "x.npy", "--json").stdout)["sums"][0]
        text = neurohls("run", image, "--inputs", self.dir / "x.npy", "--reference", self.dir / "ref.npy").stdout
        rows = re.findall(r"^ +(\d+) +(-?\d+)  ([# ]*)  +(-?[\d.]+)  ([# ]*?)((?:  image)?(?:  reference)?)$", text.split("scores of sample 0")[1], re.M)
        self.assertNotEqual(sums[0], sums[1])
        self.assertEqual([(int(o), int(v)) for o, v, *_ in rows], list(enumerate(sums)))
        self.assertEqual([float(r[3]) for r in rows], [0.25, -1.5])
        best = int(np.argmax(sums))
        for o, _, own, _, other, marks in rows:
            self.assertEqual(own.strip() != "", int(o) == best)
            self.assertEqual(other.strip() != "", o == "0")
            self.assertEqual(marks.split(), ["image"] * (int(o) == best) + ["reference"] * (o == "0"))

    def test_regions_of_layers_are_named_by_their_first_and_last(self):
        image = self.assemble(conv_text(np.ones((2, 1, 3, 3), int), np.ones((2, 2, 3, 3), int), 3))
        text = neurohls("disasm", image).stdout
        self.assertIn("; \"first\": neurons 0 to 1 of rows 0 to 3, columns 0 to 3, words 0 to 15\n", text)
        self.assertIn("; \"second\": neurons 0 to 1 of rows 3 to 4, columns 1 to 2, words 0 to 3\n", text)

    def test_the_shipped_program_finds_edges(self):
        image = self.assemble((EXAMPLES / "assembly/edges.s").read_text())
        x = (np.random.default_rng(3).random((20, 6, 16)) < 0.4).astype(np.int32)
        want = [edges(steps.reshape(-1, 4, 4)) for steps in x]
        self.assertEqual(self.run_image(image, x)["sums"], np.sum(want, 1).tolist())
        np.save(self.dir / "x.npy", x)
        self.assertEqual(neurohls("run", image, "--inputs", self.dir / "x.npy", "-o", self.dir / "y.npy", "-q").returncode, 0)
        self.assertTrue(np.array_equal(np.load(self.dir / "y.npy").reshape(20, 6, 2), want))

    def test_a_limit_shortens_the_listing_and_counts_what_is_left(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        text = neurohls("disasm", image, "--limit", 1).stdout
        self.assertEqual(text.count("        ACC "), 2)
        self.assertEqual(text.count("more lines: ACC"), 2)
        self.assertIn("; 2 cores: ACC dense 7, FIRE 2, SEND 2\n", text)
        self.assertIn(': neurons 0 to 3, words 0 to 1\n', text)

    def test_round_trips_are_identical(self):
        for text in ((FIXTURES / "two_layers.s").read_text(), conv_text(np.ones((2, 1, 3, 3), int), np.ones((2, 2, 3, 3), int), 3)):
            image = self.assemble(text)
            printed = neurohls("disasm", image).stdout
            bytes_before = image.read_bytes()
            again = self.assemble(printed)
            self.assertEqual(again.read_bytes(), bytes_before)
            self.assertEqual(neurohls("disasm", again).stdout, printed)

    def test_no_damaged_byte_goes_unnoticed(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        whole, rng = image.read_bytes(), random.Random(4)
        for _ in range(60):
            damaged = bytearray(whole)
            at = rng.randrange(len(whole))
            damaged[at] ^= 1 << rng.randrange(8)
            image.write_bytes(damaged if rng.randrange(4) else whole[:at])
            r = neurohls("run", image)
            self.assertEqual(r.returncode, 2, r.stderr)
            self.assertIn("error[I1", r.stderr)

    def test_wrong_numbers_behind_right_checksums_are_refused_or_harmless(self):
        image = self.assemble((FIXTURES / "two_layers.s").read_text())
        whole, rng = image.read_bytes(), random.Random(5)
        for _ in range(200):
            damaged, at = bytearray(whole), 40
            damaged[rng.randrange(56, len(whole))] = rng.randrange(256)
            while at + 16 <= len(damaged):
                n = int.from_bytes(damaged[at + 4:at + 12], "little")
                damaged[at + 12:at + 16] = zlib.crc32(damaged[at + 16:at + 16 + n]).to_bytes(4, "little")
                at += 16 + n
            image.write_bytes(damaged)
            r = neurohls("run", image)
            self.assertIn(r.returncode, (0, 2), r.stderr)


if __name__ == "__main__":
    unittest.main()
