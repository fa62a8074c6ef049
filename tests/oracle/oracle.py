#!/usr/bin/python3
"""Any build of a network without time against the oracle: the C kernels of its folder must give the oracle's integers.

    oracle.py build/digits configs/examples/digits/digits.onnx configs/examples/digits/x_test.npy [--scale 1/16] [--samples 50]"""
import argparse
import json
import pathlib
import sys
import tempfile
from fractions import Fraction

import numpy as np

import frame
import kernel


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("inputs")
    parser.add_argument("--scale", type=Fraction, default=Fraction(1), help="real value = element of inputs x scale")
    parser.add_argument("--samples", type=int)
    args = parser.parse_args()
    report = json.loads((args.build / "report.json").read_text())
    x = np.load(args.inputs)[:args.samples].astype(np.float64) * float(args.scale)
    network = frame.Network(args.model, report)
    x = x.reshape(len(x), *network.chain.shape)
    want, _ = network.run(x)
    with tempfile.TemporaryDirectory() as work:
        got = kernel.outputs(args.build, report["options"]["project"], x, work=work)
    wrong = int((got != want).sum())
    print(f"{wrong} of {want.size} outputs differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
