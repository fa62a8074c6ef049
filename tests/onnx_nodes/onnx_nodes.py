#!/usr/bin/python3
"""The node tests of the ONNX standard, every one that has an operator we name: it passes, or it is refused by a code.

Each case (cases.py says how a test becomes one) is built with formats of 26 bits (results 32) chosen from its own data. The C kernels must
give the standard's output within the bound that the formats imply (bounds.py), and the float path within 1e-5 of it. status.txt has every case:
`NAME passed` or `NAME refused CODE`. It only improves: this fails when a case that passed does not, when a result is wrong, when a refusal has
no code, or when a case is missing in the list.

    onnx_nodes.py --neurohls build/bin/neurohls [--update] [--jobs 2] [--keep DIR] [NAME...]
Exit status 77: there is no python3-onnx, or another version than the one of the list.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
STATUS = os.path.join(HERE, "status.txt")

try:
    import numpy as np
    import onnx
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)
import bounds  # noqa: E402
import cases  # noqa: E402

CONFIG = """
project: node
model: node.onnx
target: generic
input: { format: auto, bits: 26 }
defaults: { weight_bits: 26, result_bits: 32, table_size: 65536 }
calibrate: { data: x.npy }
simulate: { inputs: x.npy }
"""


def named_operators(neurohls):
    """The operators that the reader has, from what it says of one that nobody has."""
    with tempfile.TemporaryDirectory() as d:
        x, y = (onnx.helper.make_tensor_value_info(n, 1, ["n", 2]) for n in "xy")
        graph = onnx.helper.make_graph([onnx.helper.make_node("NoSuchOperator", ["x"], ["y"])], "g", [x], [y])
        onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]), f"{d}/node.onnx")
        open(f"{d}/node.yaml", "w").write("project: node\nmodel: node.onnx\ntarget: generic\n")
        out = subprocess.run([neurohls, "check", "node.yaml"], cwd=d, capture_output=True, text=True).stderr
    found = re.search(r"allowed: (\w.*)", out)
    if not found:
        sys.exit(f"the reader does not say which operators it has:\n{out}")
    return set(re.findall(r"\w+", found.group(1)))


def kernel_outputs(folder, report):
    """Outputs of the C kernels as real numbers: raw integers, and the format and scale of the last layer's result."""
    last = report["layers"][-1]
    m = re.match(r"u?fixed<(\d+),(-?\d+)", last["result"])
    raw = np.load(os.path.join(folder, "out/sim/outputs_c.npy"))
    return raw * 2.0 ** (int(m.group(2)) - int(m.group(1))) * last["scale"]


def worst(got, wanted):
    """The largest difference; infinite when there are other numbers of elements."""
    wanted = np.asarray(wanted, float).reshape(-1)
    if got.size != wanted.size:
        return float("inf")
    return float(np.max(np.abs(got.reshape(-1) - wanted), initial=0))


def judge(case, folder, neurohls):
    """`passed`, `refused CODE` or `wrong: why`."""
    os.makedirs(folder, exist_ok=True)
    onnx.save(case.model, os.path.join(folder, "node.onnx"))
    x = case.x.astype(np.float64)
    np.save(os.path.join(folder, "x.npy"), x[None] if x.ndim == 1 else x)  # an input of rank 1 is one sample
    with open(os.path.join(folder, "node.yaml"), "w") as f:
        f.write(CONFIG)
    command = [neurohls, "build", "node.yaml", "-o", "out", "--until", "c", "--quiet"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return "wrong: it takes more than ten minutes"
    code = re.search(r"error\[(\w+)\]", done.stderr)
    if done.returncode == 2 and code:
        return f"refused {code.group(1)}"
    if done.returncode not in (0, 1):
        return f"wrong: exit status {done.returncode}: {done.stderr.strip()[-200:]}"
    report = json.load(open(os.path.join(folder, "out/report.json")))
    allowed, error = bounds.bound(case, report), worst(kernel_outputs(folder, report), case.y)
    if not error <= allowed:
        return f"wrong: the kernels are off by {error:.3g}, the formats allow {allowed:.3g}"
    allowed = 1e-5 * max(1.0, float(np.max(np.abs(case.y.astype(float)), initial=0))) + bounds.lost_by_standard(case)
    error = worst(np.load(os.path.join(folder, "out/sim/outputs_float.npy")), case.y)
    if not error <= allowed:
        return f"wrong: the float path is off by {error:.3g}"
    return "passed"


def read_status():
    """(version of onnx, name -> state)."""
    found, version = collections.OrderedDict(), None
    for line in open(STATUS) if os.path.exists(STATUS) else []:
        if m := re.match(r"# onnx (\S+)", line):
            version = m.group(1)
        elif line.strip() and not line.startswith("#"):
            name, state = line.rstrip("\n").split(" ", 1)
            found[name] = state
    return version, found


def write_status(results):
    with open(STATUS, "w") as f:
        f.write(f"# onnx {onnx.__version__}\n# Node tests of the ONNX standard: passed, or refused with the code. Written by onnx_nodes.py --update; it only improves.\n")
        for name in sorted(results):
            f.write(f"{name} {results[name]}\n")


def compare(results, known, whole):
    """Complaints: what is wrong, what got worse, what is not in the list."""
    bad = []
    for name, state in results.items():
        if state.startswith("wrong"):
            bad.append(f"{name}: {state}")
        elif known.get(name) == "passed" and state != "passed":
            bad.append(f"{name}: passed before, now {state}")
    new = [n for n in results if n not in known]
    gone = [n for n in known if n not in results] if whole else []
    better = [n for n, s in results.items() if n in known and s != known[n] and not s.startswith("wrong") and known[n] != "passed"]
    return bad, new, gone, better


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--update", action="store_true", help="write what is new or better into status.txt")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", help="folder in which the cases stay")
    parser.add_argument("names", nargs="*", help="cases whose name contains one of these")
    args = parser.parse_args()
    version, known = read_status()
    if version and version != onnx.__version__ and not args.update:
        print(f"skipped: status.txt is of onnx {version}, this is {onnx.__version__}")
        return 77
    neurohls = os.path.abspath(args.neurohls)
    chosen = [c for c in cases.all_cases(named_operators(neurohls)) if not args.names or any(n in c.name for n in args.names)]
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        where = os.path.abspath(args.keep or scratch)
        states = pool.map(lambda c: judge(c, os.path.join(where, c.name.replace("/", ".")), neurohls), chosen)
        results = dict(zip((c.name for c in chosen), states))
    bad, new, gone, better = compare(results, known, not args.names)
    for line in bad:
        print(line)
    count = collections.Counter(s.split()[0].rstrip(":") for s in results.values())
    print(f"{len(results)} cases: {count['passed']} passed, {count['refused']} refused by a code, {count['wrong']} wrong")
    if args.update and not bad:
        write_status(results if not args.names else {**known, **results})
        return 0
    for n in new:
        print(f"not in status.txt (run with --update): {n} {results[n]}")
    for n in gone:
        print(f"in status.txt, but not a test any more: {n}")
    if better:
        print(f"{len(better)} are better or refused otherwise than status.txt says (run with --update): {' '.join(better[:5])}")
    return 1 if bad or new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
