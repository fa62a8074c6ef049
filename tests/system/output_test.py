#!/usr/bin/python3
"""What is written: the same bytes wherever and whenever, nothing on bad input, and never half of it."""
import json
import os
import pty
import re
import resource
import shutil
import signal

import neurohls_case
from neurohls_case import FIXTURES, MODELS, Case, hashes, main


class Bytes(Case):
    def test_two_builds_are_equal(self):
        self.build("--until", "rtl")
        other = self.dir / "other place"
        other.mkdir()
        for name in ("net.yaml", "two_layers.onnx", "x.npy"):
            shutil.copy(self.dir / name, other)
        self.env |= {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "HOME": str(other)}
        self.run_it("build", "net.yaml", "--until", "rtl", "-o", "o", cwd=other, umask=0o077)
        for folder in ("c", "rtl"):
            self.assertEqual(hashes(self.out / folder), hashes(other / "o" / folder))

    def test_no_path_and_no_date(self):
        self.build("--until", "rtl")
        date = re.compile(rb"20[2-9]\d-[01]\d-[0-3]\d|\d\d:\d\d:\d\d")
        for folder in ("c", "rtl"):
            for path in (self.out / folder).rglob("*"):
                text = path.read_bytes() if path.is_file() else b""
                self.assertNotIn(str(self.dir).encode(), text, path)
                self.assertNotIn(os.getcwd().encode() + b"/", text, path)
                self.assertIsNone(date.search(text), path)

    def test_config_elsewhere(self):
        elsewhere = self.dir / "a" / "b"
        elsewhere.mkdir(parents=True)
        self.run_it("build", "../../net.yaml", "--until", "rtl", cwd=elsewhere)
        self.build("--until", "rtl")
        self.assertEqual(hashes(elsewhere / "build/p/rtl"), hashes(self.out / "rtl"))

    def test_all_parts(self):
        self.build()
        names = {p.name for p in self.out.iterdir()}
        self.assertEqual(names, {".neurohls.json", "c", "rtl", "sim", "synth", "pnr", "report.json", "report.html", "report.txt"})
        self.assertFalse([p for p in self.out.rglob("*") if ".tmp-" in p.name])


class Refused(Case):
    def test_project_names(self):
        names = ["module", "wire", "always", "endmodule", "reg", "int", "while", "return", "static", "signed", "p-1", "_p", "1p",
                 "../p", "p q", "p\"", "a" * 49, ""]
        text = self.config.read_text()
        for name in names:
            self.config.write_text(text.replace("project: p\n", f"project: '{name}'\n"))
            _, err = self.build("--until", "c", expect=2)
            self.assertIn("error[C1", err, name)
            self.assertFalse(self.out.exists(), name)
        self.config.write_text(text.replace("project: p\n", "project: " + "a" * 48 + "\n"))
        self.build("--until", "rtl")

    def test_bad_models_write_nothing(self):
        text = self.config.read_text().replace("simulate", "# simulate")
        models = sorted((FIXTURES / "onnx/bad").glob("*.onnx"))
        self.assertGreater(len(models), 50)
        for model in models:
            self.config.write_text(text.replace("two_layers.onnx", str(model)))
            _, err = self.build(expect=2)
            self.assertRegex(err, r"error\[M1\d\d\]", model)
            self.assertFalse(self.out.exists(), model)

    def test_bad_data_write_nothing(self):
        arrays = sorted((FIXTURES / "npy/bad").iterdir())
        self.assertGreater(len(arrays), 30)
        for array in arrays:
            self.config.write_text(neurohls_case.CONFIG.replace("x.npy", str(array)).replace(", samples: 1", ""))
            _, err = self.build(expect=2)
            # Headers are judged before the data: where the shape is not the model's either, that comes first.
            self.assertRegex(err, rf"error\[({array.name[:4]}|D106)\]", array)
            self.assertFalse(self.out.exists(), array)

    def test_hostile_names(self):
        shutil.copy(MODELS / "hostile_names.onnx", self.dir / "two_layers.onnx")
        self.build()
        inside = [str(p.relative_to(self.out)) for p in self.out.rglob("*")]
        self.assertFalse([p for p in inside if re.search(r"[^a-zA-Z0-9_./-]", p)])
        self.assertFalse((self.dir / "owned").exists())
        self.assertEqual(json.loads((self.out / "report.json").read_text())["options"]["project"], "p")


class Torn(Case):
    def unprivileged(self, **options):
        """The superuser may write everywhere: be somebody else."""
        if os.geteuid() == 0:
            shutil.copy(neurohls_case.PROGRAM, self.dir / "neurohls")
            neurohls_case.PROGRAM, program = self.dir / "neurohls", neurohls_case.PROGRAM
            self.addCleanup(setattr, neurohls_case, "PROGRAM", program)
            options |= {"user": 65534, "group": 65534, "extra_groups": []}
        return options

    def test_read_only_folder(self):
        before = self.built()
        self.out.chmod(0o555)
        self.addCleanup(self.out.chmod, 0o755)
        _, err = self.build("--force", expect=3, **self.unprivileged())
        self.assertIn("error[O102]", err)
        self.assertEqual(hashes(self.out), before)

    def test_read_only_place(self):
        place = self.dir / "place"
        place.mkdir(mode=0o555)
        _, err = self.run_it("build", self.config, "-o", place / "o", expect=3, **self.unprivileged())
        self.assertIn("error[O102]", err)
        self.assertEqual(list(place.iterdir()), [])

    def test_no_space(self):
        """A limit on the size of a file stands for a full disk."""
        self.build("--until", "rtl")
        before = hashes(self.out)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

        _, err = self.build("--force", "--until", "rtl", expect=3, preexec_fn=limit)
        self.assertIn("error[O102]", err)
        self.assertEqual(hashes(self.out), before)

    def test_two_at_once(self):
        runs = [self.start("build", self.config, "-o", self.out, "--force", "--until", "rtl") for _ in range(4)]
        for process in runs:
            _, err = process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, 3), err)
        self.build("--until", "rtl")
        self.assertFalse([p for p in self.out.rglob("*") if ".tmp-" in p.name])


class Printed(Case):
    def test_json(self):
        for args in (("check", self.config), ("build", self.config, "-o", self.out), ("report", self.config, "-o", self.out),
                     ("sim", self.config, "-o", self.out), ("synth", self.config, "-o", self.out), ("doctor",)):
            out, err = self.run_it(*args, "--json")
            self.assertIsInstance(json.loads(out), (dict, list), args)
            for line in err.splitlines():
                self.assertIn("code", json.loads(line), args)
        self.config.write_text("project: p\nmodel: '\\'\ntargte: x\n")
        out, err = self.run_it("build", self.config, "--json", expect=2)
        self.assertEqual(out, "")
        codes = [json.loads(line)["code"] for line in err.splitlines()]
        self.assertIn("C106", codes)

    def test_quiet(self):
        self.assertEqual(self.build("--quiet"), ("", ""))

    def on_terminal(self, **more):
        master, slave = pty.openpty()
        process = self.start("check", self.config, stdout=slave, stderr=slave, env=self.env | {"TERM": "xterm"} | more)
        os.close(slave)
        text = b""
        try:
            while chunk := os.read(master, 65536):
                text += chunk
        except OSError:  # the other side is closed
            pass
        os.close(master)
        process.wait()
        return text

    def test_no_color(self):
        self.config.write_text("project: p\n")
        self.env.pop("NO_COLOR", None)
        self.assertIn(b"\x1b[", self.on_terminal())
        self.assertNotIn(b"\x1b[", self.on_terminal(NO_COLOR="1"))
        _, err = self.run_it("check", self.config, expect=2)
        self.assertNotIn("\x1b[", err)

    def test_full_output_is_told(self):
        with open("/dev/full", "w") as full:
            process = self.start("check", self.config, stdout=full)
            process.communicate()
        self.assertEqual(process.returncode, 3)


class Tools(Case):
    def test_missing_ones_are_skipped(self):
        for variable in [v for v in self.env if v.startswith("NEUROHLS_")]:
            self.env[variable] = "/nonexistent"
        _, err = self.build()
        for tool in ("cc", "yosys", "nextpnr-ice40"):
            self.assertIn(f"{tool} was not found", err)
        states = {s["name"]: s["state"] for s in json.loads((self.out / "report.json").read_text())["steps"]}
        self.assertEqual(states["sim"], "done")  # the integer model stands for the kernels
        self.assertEqual(states["rtl"], "done")
        self.assertEqual(states["synth"], "skipped")
        self.build("--until", "synth", expect=3)

    def test_a_failed_step_keeps_the_previous_one(self):
        before = self.built()
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/fails")
        _, err = self.build("--force", expect=3)
        self.assertIn("error[T103]", err)
        after = hashes(self.out)
        self.assertEqual({k: v for k, v in after.items() if not k.startswith("synth.failed")}, before)
        self.assertIn("synth.failed/p.log", after)
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/yosys")
        self.build("--force")
        self.assertFalse((self.out / "synth.failed").exists())


if __name__ == "__main__":
    main()
