#!/usr/bin/python3
"""Layers that act along an axis, over tensors of every rank up to 4 and every axis: constants that broadcast, BatchNormalization,
Softmax, ArgMax. NumPy says what each gives; formats are wide enough that C must be within `LSBS` units in the last place of it and
the index of the largest must be the same. The RTL is compared with C in the first networks.

    axes.py --neurohls build/bin/neurohls [--rtl N]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LSBS = 4
# Shapes without the batch: ranks 1 to 4, with dimensions of 1 in every place.
SHAPES = [(3,), (2, 3), (3, 1), (1, 4), (2, 1, 3), (2, 3, 2), (2, 2, 1, 3), (2, 3, 2, 2)]


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def layers(shape, rng):
    """(name, nodes, constants, what NumPy says) of every layer over every axis of the shape."""
    rank = len(shape)
    for first in range(rank):
        for last in range(first, rank):
            dims = [shape[k] if k in (first, last) else 1 for k in range(first, rank)]
            c = (rng.integers(1, 9, dims) / 8).astype(np.float32)
            yield f"mul_{first}_{last}", [("Mul", ["x", "c"], {})], {"c": c}, lambda x, c=c: x * c
            yield f"sub_{first}_{last}", [("Sub", ["c", "x"], {})], {"c": c}, lambda x, c=c: c - x
    c = {k: (rng.integers(1, 9, shape[0]) / 8).astype(np.float32) for k in "sbmv"}
    along = (-1,) + (1,) * (rank - 1)

    def normalise(x):
        s, b, m, v = (c[k].reshape(along).astype(float) for k in "sbmv")
        return s * (x - m) / np.sqrt(v + 1e-5) + b

    yield "batchnorm", [("BatchNormalization", ["x", "s", "b", "m", "v"], {})], c, normalise
    for axis in range(rank):
        yield f"softmax_{axis}", [("Softmax", ["x"], {"axis": axis + 1})], {}, lambda x, axis=axis: softmax(x, axis + 1)
        for keep in (0, 1):
            yield (f"argmax_{axis}_{keep}", [("ArgMax", ["x"], {"axis": axis - rank, "keepdims": keep})], {},
                   lambda x, axis=axis, keep=keep: np.argmax(x, axis + 1, keepdims=bool(keep)))


def write(folder, shape, nodes, constants, x, rtl):
    proto = [helper.make_node(op, ins, ["y"], name="layer", **attributes) for op, ins, attributes in nodes]
    graph = helper.make_graph(proto, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n",) + shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(v, k) for k, v in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), os.path.join(folder, "m.onnx"))
    np.save(os.path.join(folder, "x.npy"), x)
    with open(os.path.join(folder, "c.yaml"), "w") as f:
        f.write("project: p\nmodel: m.onnx\ntarget: generic\nio: parallel\ninput: { format: \"fixed<12,4>\" }\n"
                "defaults: { strategy: latency, weight_bits: 16, result_bits: 24 }\n"
                f"simulate: {{ inputs: x.npy, {'stalls: random' if rtl else 'rtl: false'} }}\n")


def check(neurohls, shape, nodes, constants, expected, rtl, rng):
    x = (rng.integers(-2048, 2048, (9,) + shape) / 256).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        write(folder, shape, nodes, constants, x, rtl)
        command = [neurohls, "build", "c.yaml", "-o", "out", "--until", "sim", "--quiet"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            return f"exit {done.returncode}: {done.stderr.strip()[-800:]}"
        with open(os.path.join(folder, "out/report.json")) as f:
            report = json.load(f)
        want = expected(x.astype(np.float64)).reshape(9, -1)
        got = np.load(os.path.join(folder, "out/sim/outputs_float.npy")).reshape(9, -1)
        if np.abs(got - want).max() > 1e-6 * max(1, np.abs(want).max()):
            return f"the float path is wrong by {np.abs(got - want).max()}"
        form = report["layers"][-1]["result"]
        width, integer = map(int, form[form.index("<") + 1:].rstrip(">").split(",")[:2])
        lsb = 2.0 ** (integer - width)
        raw = np.load(os.path.join(folder, "out/sim/outputs_c.npy")).reshape(9, -1)
        worst = np.abs(raw * lsb - want).max()
        # Factors have 16 bits: half an LSB of a factor up to 2 times inputs below 8.
        if worst > (0 if nodes[0][0] == "ArgMax" else LSBS * lsb + 8 * 2.0 ** -15):
            return f"C is wrong by {worst}, an LSB is {lsb}"
        if rtl and (report["sim"]["mismatches"] or not report["sim"]["compared"]):
            return "RTL is not C"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--rtl", type=int, default=4, help="networks whose RTL is simulated too")
    args = parser.parse_args()
    rng = np.random.default_rng(9)
    cases = [(shape, *case) for shape in SHAPES for case in layers(shape, rng)]
    # The RTL of an issue's examples: a factor along the last axis, normalisation along the first, softmax and argmax of a matrix.
    with_rtl = [k for k, c in enumerate(cases) if c[0] == (2, 3) and c[1] in ("mul_1_1", "batchnorm", "softmax_0", "argmax_1_1")]
    passed = failed = 0
    for k, (shape, name, nodes, constants, expected) in enumerate(cases):
        problem = check(os.path.abspath(args.neurohls), shape, nodes, constants, expected, k in with_rtl[:args.rtl], rng)
        failed += problem is not None
        passed += problem is None
        if problem:
            print(f"FAIL {'x'.join(map(str, shape))} {name}: {problem}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
