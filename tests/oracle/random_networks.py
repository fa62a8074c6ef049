#!/usr/bin/python3
"""Random networks through the program against the oracle: ranks 1 to 4, all axes, all operators, formats, modes, strategies and streams.

The generated C kernels must give the oracle's integers exactly, in every element; what the oracle knows it has from the model file and
from report.json. With --rtl K every K-th network is also simulated: RTL = C in every stream without and with stalls. The float
outputs of the build are those of NumPy, and of onnxruntime or onnx.reference where one is installed.

    random_networks.py --neurohls build/bin/neurohls --count 50 [--seed 1] [--rtl 5] [--keep DIR]

A network that fails is cut to its shortest beginning that still fails, and left with its configuration in DIR (default: a new folder)."""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import draw
import frame
import kernel
import reference

# What neurohls may refuse in a network drawn at random: numbers that do not fit 64 bits (sums, results, casts).
REFUSED = {"N102": "an accumulator or a bias wider than 64 bits", "N103": "a result wider than 64 bits", "P107": "an image that a reshape makes one of other channels", "N106": "the logarithm of a 0 that the calibration has"}


def build(neurohls, folder, until):
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", until, "--quiet", "--force"], cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        for code in REFUSED:
            if f"error[{code}]" in done.stderr:
                return None, code
        return None, f"exit {done.returncode}: {done.stderr.strip()[:1200]}"
    return json.loads((folder / "out/report.json").read_text()), None


def difference(got, want):
    wrong = np.argwhere(got != want)
    if not len(wrong):
        return None
    s, k = wrong[0]
    return f"{len(wrong)} of {want.size} outputs differ: sample {s}, element {k}: C gives {got[s, k]}, the oracle {want[s, k]}"


def check_floats(report, folder, net, oracle):
    """The float outputs of the build against NumPy in double precision, and against single precision where a runtime is installed."""
    path, want = folder / "out/sim/outputs_float.npy", oracle.chain.floats(net.x).reshape(len(net.x), -1)
    if report["options"]["output"] == "argmax" and oracle.chain.steps[-1].kind != "argmax":
        want = np.argmax(oracle.chain.floats(net.x), axis=-1).reshape(len(net.x), -1)
    if not path.exists():
        return "float outputs: sim/outputs_float.npy is missing"
    got = np.load(path).reshape(want.shape)
    size = np.abs(want).max() + 1e-30
    if np.abs(got - want).max() > 1e-9 * size:
        return f"float outputs: the largest difference to NumPy is {np.abs(got - want).max()} of {size}"
    y, who = reference.floats(str(folder / "net.onnx"), net.x)
    if who != "NumPy" and y.shape == got.shape and np.issubdtype(y.dtype, np.floating) and oracle.chain.steps[-1].kind != "argmax":
        if np.abs(got - y).max() > 1e-4 * size:
            return f"float outputs: the largest difference to {who} is {np.abs(got - y).max()} of {size}"
    return None


def check_rtl(report, folder, want):
    sim = report["sim"]
    if sim["mismatches"] or not sim["compared"]:
        return f"RTL: {sim['mismatches']} of {sim['compared']} values differ: {sim['first_mismatch']}"
    got = np.load(folder / "out/sim/outputs_c.npy").reshape(want.shape)
    return difference(got, want)


def judge(neurohls, net, folder, count, rtl):
    """(what is wrong or None, what was refused or left undecided or None)"""
    net.write(folder, count)
    report, problem = build(neurohls, folder, "sim" if rtl else "c")
    if problem:
        return (None, problem) if problem in REFUSED else (problem, None)
    try:
        oracle = frame.Network(str(folder / "net.onnx"), report)
        want, _ = oracle.run(net.x)
    except frame.Ambiguous as why:
        return None, f"undecided: {why}"
    except frame.Disagreement as why:
        return f"report.json: {why}", None
    except (AssertionError, KeyError, TypeError) as why:  # facts that are missing or are not as the documents say
        return f"report.json: {type(why).__name__} {why}", None
    problem = difference(kernel.outputs(folder / "out", "net", net.x), want)
    problem = problem or check_floats(report, folder, net, oracle)
    return problem or rtl and check_rtl(report, folder, want) or None, None


def shortest(neurohls, net, folder, rtl):
    """The fewest nodes that still fail."""
    for count in range(1, len(net.nodes)):
        problem = judge(neurohls, net, folder, count, rtl)[0]
        if problem and "error[P106]" not in problem:  # nothing to build yet
            return count
    judge(neurohls, net, folder, None, rtl)
    return len(net.nodes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rtl", type=int, default=0)
    parser.add_argument("--keep")
    parser.add_argument("--first-failure", action="store_true", help="stop at the first network that fails")
    args = parser.parse_args()
    neurohls, failed, left_out = str(pathlib.Path(args.neurohls).resolve()), [], collections.Counter()
    for seed in range(args.seed, args.seed + args.count):
        net, rtl = draw.Net(seed), args.rtl > 0 and seed % args.rtl == 0
        with tempfile.TemporaryDirectory() as temporary:
            problem, other = judge(neurohls, net, pathlib.Path(temporary), None, rtl)
        if problem:
            place = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="oracle_")) / str(seed)
            place.mkdir(parents=True, exist_ok=True)
            count = shortest(neurohls, net, place, rtl)
            problem += f"\n     {place.resolve()}: its first {count} of {len(net.nodes)} nodes"
            failed.append(seed)
        left_out[other] += other is not None
        print(f"{'FAIL' if problem else 'ok  '} seed {seed}: {net}{' + RTL' if rtl else ''}{f' ({other})' if other else ''}{': ' + problem if problem else ''}", flush=True)
        if problem and args.first_failure:
            break
    refused = sum(left_out.values())
    print(f"{args.count - len(failed) - refused} equal, {len(failed)} failed {failed or ''}, {refused} refused or undecided {dict(+left_out) or ''}")
    return 1 if failed or refused > 0.2 * args.count else 0


if __name__ == "__main__":
    sys.exit(main())
