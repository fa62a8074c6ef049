"""Shared by the tests of whole time-stepped networks: where the golden sets lie, neurohls run on a config, what it wrote."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "golden"
SKIPPED = 77


EXAMPLE, EXAMPLE_FRAMES = ROOT / "configs/examples/digits_snn", ROOT / "configs/examples/digits"


def digits(defaults, simulate, extra="", input="", project="digits"):
    """The shipped spiking network of digits, in time, with other strategies."""
    return "\n".join([f"project: {project}", f"model: {EXAMPLE}/digits_snn.nir", "target: generic", "clock_mhz: 100", "io: stream", *([f"input: {{ {input} }}"] if input else []),
                      f"defaults: {{ numerics: nir, reset: zero, weight_bits: 8, state_bits: 16, {defaults} }}", extra,
                      "spiking: { time_steps: 20, dt: 1e-3, encoding: rate, seed: 1 }", f"calibrate: {{ data: {EXAMPLE}/x_cal.npy, scale: 1/16 }}",
                      f"simulate: {{ inputs: {EXAMPLE}/x_test.npy, labels: {EXAMPLE}/y_test.npy, scale: 1/16, {simulate} }}", ""])


def golden(*parts):
    """A file of the golden sets; the test counts as skipped where they are not."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        print(f"skipped: ../shared/golden/{'/'.join(parts)} is not there")
        sys.exit(SKIPPED)
    return path


def unpack(packed, shape):
    shape = tuple(int(v) for v in shape)
    return np.unpackbits(packed)[:int(np.prod(shape))].reshape(shape)


class Built:
    """What a build left: report (report.json), seconds, and the arrays of its sim folder."""

    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.report = json.loads((self.folder / "report.json").read_text())
        self.sim = self.report["sim"]

    def array(self, name):
        return np.load(self.folder / "sim" / f"{name}.npy")

    def layer(self, name):
        """(raw integers of a layer, all samples and steps; their LSB), or (None, 0) where the layer has no array."""
        for entry in json.loads((self.folder / "sim/layers/index.json").read_text()):
            if entry["layer"] == name:
                return np.load(self.folder / "sim/layers" / entry["file"]), entry["lsb"]
        return None, 0

    def rtl(self):
        """What was compared, in words; None where the RTL differs or nothing was compared."""
        if self.sim["mismatches"] or not self.sim["compared"]:
            return None
        return f"RTL = C in {self.sim['compared']} values of {self.sim['runs']} runs"


class Failure(Exception):
    pass


def build(neurohls, folder, config, rtl=True):
    """Write config as folder/net.yaml, build it up to its simulation. rtl=False: the C kernels alone."""
    (folder / "net.yaml").write_text(config)
    env = dict(os.environ)
    if not rtl:
        env |= {"NEUROHLS_VERILATOR": "/nonexistent", "NEUROHLS_YOSYS": "/nonexistent"}
    begin = time.monotonic()
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", *(["--until", "sim"] if rtl else []), "--quiet", "--force"], cwd=folder, env=env,
                          capture_output=True, text=True)
    if done.returncode not in (0, 1) or not (folder / "out/report.json").exists():
        raise Failure(f"exit {done.returncode}: {done.stderr.strip()[-1500:]}")
    return Built(folder / "out", time.monotonic() - begin)


def main(cases, doc):
    """cases: [(name, whether --quick runs it, function(neurohls, folder, quick))]; a function prints its figures and returns None,
    or what is wrong. NAME... picks cases by name."""
    import argparse
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", help="folder that keeps the outputs")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    unknown = set(args.names) - {name for name, *_ in cases}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    failed = []
    for name, in_quick, function in cases:
        if args.names and name not in args.names or args.quick and not in_quick:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep).resolve() / name if args.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                problem = function(os.path.abspath(args.neurohls), folder, args.quick)
            except Failure as failure:
                problem = str(failure)
        print(f"{'FAIL' if problem else 'ok  '} {name}{': ' + problem if problem else ''}", flush=True)
        failed += [name] if problem else []
    print(f"{len(failed)} failed {failed}" if failed else "all passed")
    return 1 if failed else 0
