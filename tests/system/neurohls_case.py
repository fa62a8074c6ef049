"""What the system tests share: a folder with a network of two layers, fake external tools, and neurohls run in it."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
MODELS, TOOLS, FIXTURES = TESTS / "golden/models", TESTS / "golden/tools", TESTS / "fixtures"
PROGRAM = pathlib.Path(os.environ["NH_PROGRAM"]).resolve()
STEPS = ["c", "rtl", "sim", "synth", "pnr"]
CONFIG = """project: p
model: two_layers.onnx
target: icebreaker
input: { format: "fixed<6,4>" }
simulate: { inputs: x.npy, scale: 1/4, samples: 1 }
"""


def octal(value):
    return "".join(f"\\{byte:03o}" for byte in value.to_bytes(8, "little", signed=True))


def hashes(folder):
    """{path: hash} of every file below a folder; folders count too."""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "folder"
            for p in sorted(folder.rglob("*"))}


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nh_system_"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.dir.chmod(0o755)
        for name in ("two_layers.onnx", "x.npy", "y.npy"):
            shutil.copy(MODELS / name, self.dir)
        shutil.copytree(TOOLS, self.dir / "tools")
        self.config = self.dir / "net.yaml"
        self.config.write_text(CONFIG)
        self.out = self.dir / "out"
        # 656 and -624 are what the integer model gives for the first sample (golden/sim/kernels_differ_bad says so too).
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("NEUROHLS_")} | {
            "XDG_CACHE_HOME": str(self.dir / "cache"), "FAKE_OUT": octal(656) + octal(-624), "FAKE_RUN": '"mismatches": 0',
            "FAKE_FMAX": "30"}
        for variable, tool in (("CC", "cc"), ("CXX", "cc"), ("VERILATOR", "verilator"), ("YOSYS", "yosys"),
                               ("NEXTPNR_ICE40", "nextpnr-ice40"), ("ICEPACK", "icepack")):
            self.env["NEUROHLS_" + variable] = str(self.dir / "tools" / tool)

    def start(self, *args, **options):
        options = {"cwd": self.dir, "env": self.env, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, "text": True} | options
        return subprocess.Popen([PROGRAM, *map(str, args)], **options)

    def run_it(self, *args, expect=0, **options):
        process = self.start(*args, **options)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, expect, f"{args}: {err}")
        return out, err

    def build(self, *args, expect=0, **options):
        return self.run_it("build", self.config, "-o", self.out, *args, expect=expect, **options)

    def built(self):
        """Hashes of a whole output; the second build finds its runtime compiled, as all later ones do."""
        self.build()
        self.build("--force")
        return hashes(self.out)

    def steps(self, *args):
        """{step: (state, reason)} of a build, as --verbose tells them."""
        _, err = self.build("-v", *args)
        lines = [line.split(": ", 2) for line in err.splitlines() if line.split(": ")[0] in STEPS]
        return {name: (state.split(",")[0], why[0] if why else "") for name, state, *why in lines}

    def tool(self, name, text):
        path = self.dir / "tools" / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)


def main():
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
