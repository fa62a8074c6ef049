#!/usr/bin/python3
"""Every function of one variable, and the softmaxes, through the whole program: the float path is the function, the generated C is within one
LSB of it, in steps of its input over all of its range, and the RTL is the C kernels, with and without stalls.

    activations.py --neurohls build/bin/neurohls [NAME ...] [--keep DIR]

The functions here are Python's own (math), with the formulas of the ONNX standard."""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "oracle"))
import kernel  # noqa: E402


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def gelu(x):
    return 0.5 * x * math.erfc(-x / math.sqrt(2))


def gelu_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def elu(alpha):
    return lambda x: x if x > 0 else alpha * math.expm1(x)


SELU = [float(np.float32(v)) for v in (1.67326319217681884765625, 1.05070102214813232421875)]
SLOPES = [0.25, -0.5, 1.5, 0]
HARD = float(np.float32(0.2))


class Case:
    """op: node of the model; f: the function; fmt: of the input; more: layer options; lsb: what the result may be wrong by."""

    def __init__(self, name, op, f, attributes=None, constants=(), fmt="fixed<12,4>", result=None, lsb=1.0, opset=17, width=3, low=None):
        self.name, self.op, self.f, self.attributes, self.constants = name, op, f, attributes or {}, constants
        self.fmt, self.result, self.lsb, self.opset, self.width, self.low = fmt, result, lsb, opset, width, low

    def inputs(self):
        total, whole = (int(v) for v in self.fmt.split("<")[1].rstrip(">").split(","))
        signed = not self.fmt.startswith("u")
        low, high = (-(1 << total - 1), (1 << total - 1) - 1) if signed else (0, (1 << total) - 1)
        raw = np.unique(np.concatenate([np.linspace(low, high, 600).astype(np.int64), np.arange(max(low, -60), 60)]))
        raw = raw[: len(raw) // self.width * self.width].reshape(-1, self.width)
        x = raw * 2.0 ** (whole - total)
        return x if self.low is None else np.where(np.abs(x) < self.low, self.low, x)  # where the function has a value that fits

    def write(self, folder, bits, strategy):
        x = self.inputs()
        names = [f"c{i}" for i in range(len(self.constants))]
        node = helper.make_node(self.op, ["x", *names], ["y"], name="f", **self.attributes)
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", self.width]) for n in "xy"]
        graph = helper.make_graph([node], "net", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(v, np.float32), n)
                                                                     for v, n in zip(self.constants, names)])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8), str(folder / "net.onnx"))
        np.save(folder / "x.npy", x)
        layer = f'result: "{self.result}"' if self.result else f"result_bits: {bits}"
        (folder / "net.yaml").write_text(f"""project: net
model: net.onnx
target: generic
io: stream
beat: {self.width}
input: {{ format: "{self.fmt}" }}
defaults: {{ strategy: {strategy}, {layer}, weight_bits: 16 }}
calibrate: {{ data: x.npy }}
simulate: {{ inputs: x.npy, rtl_limit: 40, stalls: random }}
""")
        return x

    def want(self, x):
        if self.width > 3:
            return np.array([self.f(row) for row in x])
        return np.vectorize(self.f, otypes=[float])(x)


def softmax(row):
    e = [math.exp(v - max(row)) for v in row]
    return [v / math.fsum(e) for v in e]


def log_softmax(row):
    top = max(row)
    return [v - top - math.log(math.fsum(math.exp(u - top) for u in row)) for v in row]


CASES = [
    Case("sigmoid", "Sigmoid", sigmoid),
    Case("tanh", "Tanh", math.tanh),
    Case("elu", "Elu", elu(1)),
    Case("elu 2.5", "Elu", elu(2.5), {"alpha": 2.5}),
    Case("selu", "Selu", lambda x: SELU[1] * (x if x > 0 else SELU[0] * math.expm1(x))),
    Case("celu", "Celu", lambda x: max(0, x) + min(0, 2 * math.expm1(x / 2)), {"alpha": 2.0}),
    Case("softplus", "Softplus", softplus),
    Case("softsign", "Softsign", lambda x: x / (1 + abs(x))),
    Case("gelu", "Gelu", gelu, opset=20),
    Case("gelu tanh", "Gelu", gelu_tanh, {"approximate": "tanh"}, opset=20),
    Case("swish", "Swish", lambda x: x * sigmoid(1.5 * x), {"alpha": 1.5}, opset=24),
    Case("mish", "Mish", lambda x: x * math.tanh(softplus(x)), opset=18),
    Case("erf", "Erf", math.erf),
    Case("exp", "Exp", math.exp, fmt="fixed<12,3>"),
    Case("log", "Log", math.log, fmt="ufixed<12,4>", low=2.0**-8),
    Case("sqrt", "Sqrt", math.sqrt, fmt="ufixed<12,4>"),
    Case("reciprocal", "Reciprocal", lambda x: 1 / x, fmt="ufixed<12,4>", low=0.25),
    Case("reciprocal signed", "Reciprocal", lambda x: 1 / x, fmt="fixed<9,4>", result="fixed<16,4,TRN,SAT>", low=2.0**-5),
    Case("hard sigmoid", "HardSigmoid", lambda x: max(0, min(1, HARD * x + 0.5))),
    Case("hard swish", "HardSwish", lambda x: x * max(0, min(1, x / 6 + 0.5))),
    Case("thresholded relu", "ThresholdedRelu", lambda x: x if x > 1.25 else 0, {"alpha": 1.25}),
    Case("prelu", "PRelu", lambda x: x if x >= 0 else 0.25 * x, constants=[[0.25]]),
    Case("prelu per channel", "PRelu", lambda row: [x if x >= 0 else w * x for x, w in zip(row, SLOPES)], constants=[SLOPES], width=4),
    Case("leaky relu", "LeakyRelu", lambda x: x if x >= 0 else 0.125 * x, {"alpha": 0.125}),
    Case("abs", "Abs", abs),
    Case("neg", "Neg", lambda x: -x),
    Case("square", "Pow", lambda x: x * x, constants=[2.0]),
    Case("softmax", "Softmax", softmax, {"axis": 1}, width=10),
    Case("log softmax", "LogSoftmax", log_softmax, {"axis": 1}, width=10),
]


def judge(neurohls, case, folder, bits, strategy, until):
    """What is wrong, or None."""
    x = case.write(folder, bits, strategy)
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", until, "--quiet", "--force"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[:1500]}"
    report = json.loads((folder / "out/report.json").read_text())
    want = case.want(x)
    fmt = report["layers"][-1]["result"]
    frac = fmt["width_bits"] - fmt["int_bits"] if isinstance(fmt, dict) else frac_of(fmt)
    got = kernel.outputs(folder / "out", "net", x) * 2.0**-frac
    top, bottom = limits(fmt)
    error = np.abs(got - np.clip(want, bottom, top)) * 2.0**frac
    if error.max() > case.lsb:
        at = np.unravel_index(error.argmax(), error.shape)
        return f"{error.max():.2f} LSB at x = {x[at]}: C {got[at]}, the function {want[at]} ({fmt})"
    told = [t["max_error_lsb"] for u in report["units"] for t in u.get("tables", [])]
    if told and max(told) > case.lsb:
        return f"the report says {max(told)} LSB"
    floats = folder / "out/sim/outputs_float.npy"
    if floats.exists() and case.lsb <= 1 and np.abs(np.load(floats).reshape(want.shape) - want).max() > 1e-12 * (1 + np.abs(want).max()):
        return "the float path is not the function"
    if until == "sim":
        sim = report["sim"]
        if not sim or sim["mismatches"] or not sim["compared"]:
            return f"RTL: {sim and sim['mismatches']} of {sim and sim['compared']} differ"
    return None


def frac_of(text):
    width, whole = (int(v) for v in text[text.index("<") + 1:].rstrip(">").split(",")[:2])
    return width - whole


def limits(fmt):
    text = fmt if isinstance(fmt, str) else fmt["text"]
    width, frac = int(text[text.index("<") + 1:].split(",")[0]), frac_of(text)
    return ((1 << width - 1) - 1) * 2.0**-frac if not text.startswith("u") else ((1 << width) - 1) * 2.0**-frac, \
        -(1 << width - 1) * 2.0**-frac if not text.startswith("u") else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--until", default="sim", choices=["c", "sim"])
    args = parser.parse_args()
    failed = 0
    for case in CASES:
        if args.names and case.name not in args.names:
            continue
        for bits, until in ((12, "c"), (16, args.until), (24, "c"), (28, "c")):
            with tempfile.TemporaryDirectory() as temporary:
                problem = judge(str(pathlib.Path(args.neurohls).resolve()), case, pathlib.Path(temporary), bits, "latency", until)
            failed += problem is not None
            print(f"{'FAIL' if problem else 'ok  '} {case.name}, {bits} bits, {until}{': ' + problem if problem else ''}", flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
