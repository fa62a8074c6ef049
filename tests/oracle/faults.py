#!/usr/bin/python3
"""Faults planted in what decides numbers and builds datapaths (faults.txt), one at a time: the random networks must catch every one.

The sources are copied and built once; then each fault is planted, built, and networks are drawn with seeds 1, 2, ... until one is wrong.

    faults.py [--quick] [--seeds 400] [--work DIR] [--list] [PART OF A NAME...]"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import draw
import random_networks

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/mutants"))
import plant  # noqa: E402
Fault = collections.namedtuple("Fault", "quick path what old new")


def read():
    found = []
    for line in (pathlib.Path(__file__).parent / "faults.txt").read_text().splitlines():
        if line.startswith("@"):
            head, what = line.split(" ", 1)[1].split(": ", 1)
            found.append(Fault(line.startswith("@!"), head, what, [], []))
        elif line.startswith(("-", "+")):
            (found[-1].old if line[0] == "-" else found[-1].new).append(line[1:])
    return found


def copy_tree(tree):
    def left_out(folder, names):
        return {n for n in names if n == ".git" or pathlib.Path(folder) == ROOT and n.startswith("build")}
    shutil.copytree(ROOT, tree, ignore=left_out, dirs_exist_ok=True)


def build(tree):
    launcher = [f"-DCMAKE_{lang}_COMPILER_LAUNCHER=ccache" for lang in ("C", "CXX")] if shutil.which("ccache") else []
    subprocess.run(["cmake", "-G", "Ninja", "-S", ".", "-B", "build", "-DNH_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Debug", *launcher], cwd=tree, check=True,
                   capture_output=True)
    return subprocess.run(["cmake", "--build", "build"], cwd=tree, capture_output=True, text=True)


def first_wrong(tree, seeds):
    """(the seed whose network is wrong, how), or None."""
    neurohls = str(tree / "build/bin/neurohls")
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as temporary:
            try:
                problem, _ = random_networks.judge(neurohls, draw.Net(seed), pathlib.Path(temporary), None, False)
            except subprocess.CalledProcessError as crash:  # the kernels do not compile, or crash
                problem = str(crash)
        if problem:
            return seed, problem.splitlines()[0][:150]
    return None


def caught(tree, fault, seeds):
    """(whether it was caught, what was seen)"""
    path, (old, new) = tree / fault.path, ("\n".join(fault.old), "\n".join(fault.new))
    text = (ROOT / fault.path).read_text()
    faulty, why_not = plant.replace_once(text, old, new)
    if why_not:
        return False, f"{fault.path}: {why_not}"
    path.write_text(faulty)
    try:
        done = build(tree)
        if done.returncode:
            return False, f"does not compile: {done.stdout[-300:]}"
        wrong = first_wrong(tree, seeds)
    finally:
        path.write_text(text)
    return wrong is not None, f"seed {wrong[0]}: {wrong[1]}" if wrong else f"{seeds} networks are as without it"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--work")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    faults = [f for f in read() if (f.quick or not args.quick) and (not args.names or any(n in f.path + f.what for n in args.names))]
    if args.list:
        print("\n".join(f"{f.path}: {f.what}" for f in faults))
        return 0
    os.environ["PATH"] = "/usr/bin" + os.pathsep + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as temporary:
        tree = pathlib.Path(args.work or temporary) / "tree"
        copy_tree(tree)
        made = build(tree)
        if made.returncode:
            print(f"the tree does not build: {made.stdout[-2000:]}")
            return 1
        alive = 0
        for fault in faults:
            dead, seen = caught(tree, fault, args.seeds)
            alive += not dead
            print(f"{'caught' if dead else 'FAIL  '} {fault.path}: {fault.what} ({seen})", flush=True)
    print(f"{len(faults) - alive} of {len(faults)} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
