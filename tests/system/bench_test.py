#!/usr/bin/python3
"""Benchmarks of a fresh clone: each says in one sentence what it lacks, whatever that is."""
import pathlib
import shutil
import subprocess
import sys
import unittest

from neurohls_case import Case

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
BENCHES = sorted(p.name for p in (SCRIPTS / "bench").glob("*.py") if p.name != "common.py")
FAILING = "#!/bin/sh\necho 'error[T101]: no tools here' >&2\nexit 3\n"


class Bench(Case):
    def setUp(self):
        super().setUp()
        self.clone = self.dir / "clone" / "neurohls"
        shutil.copytree(SCRIPTS, self.clone / "scripts")

    def run_bench(self, name, *python, **variables):
        """(exit status, what it says) in the clone."""
        done = subprocess.run([sys.executable, *python, str(self.clone / "scripts/bench" / name)], cwd=self.dir, capture_output=True, text=True,
                              env=self.env | {"PYTHONDONTWRITEBYTECODE": "1"} | variables, timeout=100)
        said = done.stdout + done.stderr
        self.assertNotIn("Traceback", said)
        return done.returncode, said.splitlines()

    def test_there_are_benchmarks(self):
        self.assertGreater(len(BENCHES), 7)

    def test_nothing_was_built(self):
        for name in BENCHES:
            with self.subTest(name):
                status, said = self.run_bench(name)
                self.assertEqual(len(said), 1, said)
                self.assertIn(status, (0, 3))
                self.assertRegex(said[0], "^skipped: .* is not there$" if status == 0 else f"^{name}: .* (missing|not a program): ")

    def test_python_has_no_modules(self):
        """-S leaves out the folders of installed modules."""
        program = self.dir / "neurohls"
        program.write_text(FAILING)
        program.chmod(0o755)
        for name in BENCHES:
            with self.subTest(name):
                status, said = self.run_bench(name, "-S", NEUROHLS=str(program))
                self.assertEqual(len(said), 1, said)
                self.assertIn(status, (0, 3))
        for name in ("growth.py", "reuse.py", "snn.py"):
            self.assertIn("python3-numpy", self.run_bench(name, "-S", NEUROHLS=str(program))[1][0])

    def test_the_tests_were_not_built(self):
        status, said = self.run_bench("mapper.py")
        self.assertEqual(status, 3)
        self.assertIn("build the tests first", said[0])

    def test_neurohls_fails(self):
        program = self.dir / "neurohls"
        program.write_text(FAILING)
        program.chmod(0o755)
        for name in BENCHES:
            with self.subTest(name):
                self.run_bench(name, NEUROHLS=str(program), NEUROHLS_MAP_TEST=str(program))


if __name__ == "__main__":
    unittest.main()
