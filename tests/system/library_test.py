"""cmake --install into an empty prefix, and docs/examples/library.c built with pkg-config against what is there, shared and static."""
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ["NH_PROGRAM"]).resolve()
BUILD = PROGRAM.parent.parent
DIGITS = ROOT / "configs/examples/digits/digits.yaml"


def output(*argv, **options):
    done = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        cls.prefix = cls.work / "a prefix"
        output("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.pc = next(cls.prefix.rglob("neurohls.pc"))
        cls.lib = cls.pc.parent.parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def flags(self, *what):
        text = output("pkg-config", *what, "neurohls", env={**os.environ, "PKG_CONFIG_PATH": str(self.pc.parent)})
        return shlex.split(text)

    def compile(self, name, libs):
        program = self.work / name
        output("cc", "-Wall", "-Wextra", "-Werror", "-o", program, ROOT / "docs/examples/library.c", *self.flags("--cflags"), *libs, "-pthread",
               *os.environ.get("NH_CC_FLAGS", "").split())
        return program

    @staticmethod
    def running(folder):
        """Processes that name the folder in their command line."""
        found = []
        for p in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(folder) in p.read_text(errors="replace"):
                    found.append(p.read_text(errors="replace"))
            except OSError:
                pass  # it has just ended
        return found

    def check(self, program):
        out = self.work / (program.name + ".out")
        broken = self.work / "broken.yaml"
        broken.write_text(f"project: b\nmodel: {DIGITS.parent / 'digits.onnx'}\ntarget: icebreaker\nclock_mhz: 24\nnonsense: 1\n")
        # A Verilator that never ends: only a cancellation that kills it lets the program go on.
        tools = self.work / "tools"
        tools.mkdir(exist_ok=True)
        fake = tools / "verilator"
        fake.write_text('#!/bin/sh\ncase "$1" in --version) echo "Verilator 5.006 2023-01-22 rev x"; exit 0;; esac\nsleep 500\n')
        fake.chmod(0o755)
        env = {**os.environ, "LD_LIBRARY_PATH": str(self.lib), "PATH": f"{tools}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.work / "cache")}
        said = output(program, DIGITS, broken, out, env=env, cwd=self.work, timeout=120)
        lines = said.splitlines()
        self.assertEqual(lines[0], "broken: status 2", said)
        self.assertTrue(lines[1].startswith("5:1: C") and "nonsense" in lines[1], said)
        for line in ("thread 0: status 0, report written", "thread 1: status 0, report written", "cancelled before: status 5, not loaded", "cancelled: status 5"):
            self.assertIn(line, lines, said)
        for i in "01":
            self.assertTrue((out / i / "report.json").is_file())
            self.assertFalse((out / i / "rtl").exists())
        self.assertEqual(sorted(p.name for p in (out / "0/c").iterdir()), sorted(p.name for p in (out / "1/c").iterdir()))
        self.assertTrue((out / "2/rtl").is_dir())  # complete before the cancellation
        self.assertEqual(self.running(out), [])
        left = [p.name for p in (out / "2").iterdir()]
        self.assertFalse([n for n in left if n.startswith(("sim", "report")) or "failed" in n or "tmp" in n], left)

    def test_shared(self):
        program = self.compile("shared", self.flags("--libs"))
        self.check(program)
        self.check_partitions(program)

    def check_partitions(self, program):
        """A network in several partitions and one on a fabric at the same time; the facts are those of the report."""
        out, snn = self.work / "partitions.out", ROOT / "configs/examples/digits_snn"
        env = {**os.environ, "LD_LIBRARY_PATH": str(self.lib), "PATH": f"{self.work / 'tools'}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.work / "cache")}
        lines = output(program, snn / "digits_mixed.yaml", self.work / "broken.yaml", out, snn / "digits_fabric.yaml", env=env, cwd=self.work, timeout=300).splitlines()
        for i in (0, 1):
            self.assertIn(f"thread {i}: status 0, report written", lines)
            report = json.loads((out / str(i) / "report.json").read_text())
            accuracy = report["sim"]["acc_fixed"]
            facts = [line for line in lines if line.startswith(f"thread {i}: accuracy {accuracy:.4f}, II ")]
            self.assertEqual(len(facts), 1, lines)
            self.assertEqual(facts[0].endswith("II -1"), i == 1, lines)  # a fabric has no plan of cycles
        self.assertIn("cancelled: status 5", lines)
        self.assertEqual(sorted(p.name for p in (out / "0/c").iterdir() if p.is_dir()), ["p0_pipeline", "p1_fabric"])

    def test_static(self):
        libs = [str(self.lib / "libneurohls.a") if f == "-lneurohls" else f for f in self.flags("--static", "--libs")]
        program = self.compile("static", libs)
        self.assertNotIn("libneurohls", output("ldd", program))
        self.check(program)

    def test_only_the_interface_is_visible(self):
        names = {line.split()[-1] for line in output("nm", "-D", "--defined-only", self.lib / "libneurohls.so").splitlines()}
        header = (self.prefix / "include/neurohls.h").read_text()
        self.assertTrue(names)
        for name in names:
            self.assertIn(name + "(", header)

    def test_installed_program(self):
        """It finds targets and templates without the source tree."""
        program = self.prefix / "bin/neurohls"
        config = self.prefix / "share/neurohls/examples/digits/digits.yaml"
        output(program, "build", config, "--until", "rtl", "--out", self.work / "built", "--quiet")
        self.assertTrue((self.work / "built/rtl/files.f").is_file())
        self.assertIn("neurohls", (self.prefix / "share/man/man1/neurohls.1").read_text())
        for shell, file in (("bash", "bash-completion/completions/neurohls"), ("zsh", "zsh/site-functions/_neurohls"), ("fish", "fish/vendor_completions.d/neurohls.fish")):
            self.assertEqual((self.prefix / "share" / file).read_text(), output(program, "completions", shell))
        self.assertTrue((self.prefix / "share/neurohls/targets/icebreaker.yaml").is_file())


if __name__ == "__main__":
    unittest.main()
