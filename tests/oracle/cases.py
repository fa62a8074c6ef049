#!/usr/bin/python3
"""Networks in which the oracle once found a fault, each with outputs worked out by hand beside those of the oracle.

    cases.py --neurohls build/bin/neurohls"""
import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import kernel
import random_networks


class Case:
    """nodes: [(operator, constants, attributes)]; x: reals [samples, inputs]; want: raw integers [samples, outputs]."""

    def __init__(self, name, nodes, config, x, want):
        self.name, self.nodes, self.text, self.x, self.want = name, nodes, config, np.array(x, np.float64), np.array(want)

    def write(self, folder, count=None):
        nodes, constants, at = [], [], "x"
        for k, (op, values, attributes) in enumerate(self.nodes):
            names = [f"c{k}_{i}" for i in range(len(values))]
            constants += [numpy_helper.from_array(np.asarray(v, np.float32), n) for v, n in zip(values, names)]
            nodes.append(helper.make_node(op, [at, *names], [f"y{k}"], name=f"n{k}", **attributes))
            at = f"y{k}"
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", s]) for n, s in (("x", self.x.shape[1]), (at, self.want.shape[1]))]
        onnx.save(helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], constants), opset_imports=[helper.make_opsetid("", 13)],
                                    ir_version=7), str(folder / "net.onnx"))
        np.save(folder / "x.npy", self.x)
        (folder / "net.yaml").write_text("project: net\nmodel: net.onnx\ntarget: generic\n" + self.text + "\nsimulate: { inputs: x.npy }\n")


CASES = [
    # The C kernels took 2^15 from signed inputs of 17 bits, as they may from unsigned ones of 16, so that they fit int16_t.
    Case("signed inputs of 17 bits, shared multipliers", [("MatMul", [[[1], [-2]]], {})],
         'input: { format: "fixed<17,17>" }\nlayers: { n0: { strategy: resource, reuse_factor: 2, weight: "fixed<3,3>", result: "fixed<24,24>" } }',
         [[-65536, 3], [65535, -65536], [-32769, 32768]], [[-65542], [196607], [-98305]]),
    # 5 * 2 saturates at 7 before -3 is added, as every product of a given accumulator does.
    Case("a batch norm with a given accumulator casts its product, then its sum", [("BatchNormalization", [[2.0], [-3.0], [0.0], [1.0]], {"epsilon": 0.0})],
         'input: { format: "fixed<8,8>" }\nlayers: { n0: { weight: "fixed<3,3>", bias: "fixed<4,4>", accum: "fixed<4,4,TRN,SAT>", result: "fixed<8,8>" } }',
         [[1.0], [3.0], [5.0], [-1.0], [-5.0]], [[-1], [3], [4], [-5], [-8]]),
    # The datapath behind shared multipliers knows the format of the accumulator only; the table is made for what sums can be: an assertion failed.
    Case("a table behind shared multipliers", [("MatMul", [[[1], [1]]], {}), ("Sigmoid", [], {})],
         'input: { format: "fixed<3,3>" }\nlayers: { n0: { strategy: resource, reuse_factor: 2, weight: "fixed<2,2>", result: "fixed<12,8>" },'
         ' n1: { result: "ufixed<8,0>" } }', [[0, 0], [1, 1], [-1, -1], [3, 3]], [[128], [225], [31], [255]]),
    # 1 / 4 of a value that is always the same: shifts of constants are wires, which left the table's index with fractional bits below 0.
    Case("the reciprocal of a constant", [("Softmax", [], {"axis": -1}), ("Neg", [], {}), ("Relu", [], {}), ("Softmax", [], {"axis": -1}), ("Reciprocal", [], {})],
         'input: { format: "fixed<8,4>" }\nlayers: { n4: { result: "fixed<12,6>" } }', [[1, 2, 3, 4], [0, 0, 0, 0]], [[256] * 4] * 2),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    args = parser.parse_args()
    failed = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            problem, other = random_networks.judge(str(pathlib.Path(args.neurohls).resolve()), case, folder, None, False)
            problem = problem or other
            if not problem:
                got = kernel.outputs(folder / "out", "net", case.x)
                problem = None if (got == case.want).all() else f"C gives {got.tolist()}, by hand {case.want.tolist()}"
        failed += problem is not None
        print(f"{'FAIL' if problem else 'ok  '} {case.name}{': ' + problem if problem else ''}", flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
