#!/usr/bin/python3
"""The fabric of configs/examples/digits_snn/digits_fabric_2x1.yaml through `neurohls synth`: it fits the iCE40 HX8K that it was made for, behind its serial
line, and its modules add up.

    fabric_test.py NEUROHLS      skipped (exit status 77) without Yosys, nextpnr-ice40 and icepack
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = ROOT / "configs/examples/digits_snn/digits_fabric_2x1.yaml"
KINDS = ["2 routers", "2 cores", "2 neurons' datapaths", "host port", "total"]


def check(claim, holds):
    print(("ok    " if holds else "FAILED ") + claim, flush=True)
    return holds


def checks(report, folder):
    rows = {r["unit"]: r["yosys"] for r in report["resources"]}
    pnr, total = report["pnr"], rows["total"]
    parts = [rows[k] for k in KINDS[:-1]]
    yield "kinds of modules are " + ", ".join(KINDS), list(rows) == KINDS
    yield "every block RAM is in a core", total["brams"] == rows["2 cores"]["brams"] > 0
    yield "the whole has no more than its modules", all(total[k] <= sum(p[k] for p in parts) for k in ("luts", "ffs"))
    yield "a router has at most 850 LUTs and 400 flip-flops", rows["2 routers"]["luts"] <= 1700 and rows["2 routers"]["ffs"] <= 800
    yield f"it fits: {pnr['luts']} of {pnr['luts_total']} cells, {pnr['brams']} of {pnr['brams_total']} block RAMs", pnr["fits"]
    yield f"{pnr['fmax_mhz']:.1f} MHz are at least 40", pnr["fmax_mhz"] >= 40
    yield "its pins are a clock and a serial line", pnr["ios"] == 3
    yield "there is a bitstream", (folder / pnr["bitstream"]).stat().st_size > 100000


def main(neurohls):
    if not all(shutil.which(tool) for tool in ("yosys", "nextpnr-ice40", "icepack")):
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "out"
        done = subprocess.run([neurohls, "synth", CONFIG, "-o", folder, "-q"], capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            return 1
        report = json.loads((folder / "report.json").read_text())
        return 0 if all([check(*c) for c in checks(report, folder)]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
