#!/usr/bin/python3
"""Project names: what the generated files have already is refused, and names that only look dangerous build with every tool."""
import pathlib
import re
import shutil
import subprocess
import unittest

from neurohls_case import PROGRAM, Case

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ["digits/digits.yaml", "digits_snn/digits_snn.yaml", "digits_snn/digits_fabric_2x1.yaml", "digits_snn/digits_mixed.yaml"]
TRICKY = ["u", "s", "m", "V", "x", "n1", "a_", "a__b", "TOP", "top", "work", "std", "CLK", "yes", "M_", "NULL_", "int_", "E", "nhskid"]
DECLARED = re.compile(r"^ *(?:input|output)? *wire (?:signed )?(?:\[[^]]*\] )?(\w+)|^ *\w+ (?:#\(.*\) )?(u_\w+) \(|^    \) (u_\w+) \(", re.M)


class Names(Case):
    def check(self, name):
        text = re.sub("project: .*", f"project: {name}", self.config.read_text())
        self.config.write_text(text)
        done = subprocess.run([PROGRAM, "check", "-q", self.config.name], cwd=self.dir, capture_output=True, text=True, env=self.env)
        return done.returncode, done.stderr

    def rtl(self, config, out):
        subprocess.run([PROGRAM, "build", config, "-o", out, "--until", "rtl", "-q"], check=True, env=self.env)
        return sorted((out / "rtl").rglob("*.v"))

    def test_every_name_in_a_module_of_the_project_is_refused(self):
        """Module and port of one name stop Verilator; a signal of that name stops other tools."""
        names = set()
        for example in EXAMPLES:
            text = (ROOT / "configs/examples" / example).read_text()
            project = re.search(r"^project: (\w+)", text, re.M).group(1)
            for path in self.rtl(ROOT / "configs/examples" / example, self.dir / "rtl_of" / project):
                if re.fullmatch(rf"{project}(_p\d_\w+?)?(_board)?", path.stem) and not re.search(r"_n\d+_|_neurons|_m\d", path.stem):
                    found = {"".join(m) for m in DECLARED.findall(path.read_text())}
                    self.assertIn("clk", found)
                    names |= found
        self.assertTrue({"s_axis_tvalid", "s1_valid", "u_axis_in", "tick", "rx", "last", "core_idle_1_0", "tuser_error"} <= names, names)
        once = {re.sub(r"\d+", "0", n): n for n in sorted(names)}
        for name in once.values():
            status, err = self.check(name)
            self.assertEqual(status, 2, name)
            self.assertIn("error[C111]", err, name)

    def test_templates_are_refused(self):
        templates = sorted(p.stem for p in (ROOT / "rtl_templates").rglob("nh_*.v"))
        self.assertGreater(len(templates), 30)
        for name in templates:
            self.assertEqual(self.check(name)[0], 2, name)

    def test_init_gives_a_free_name(self):
        for model, project in (("clk", "net_clk"), ("nh_skid", "net_nh_skid"), ("null", "net_null"), ("1st", "net_1st"), ("printf", "net_printf"), ("yes", "yes")):
            shutil.copy(self.dir / "two_layers.onnx", self.dir / f"{model}.onnx")
            text = subprocess.run([PROGRAM, "init", f"{model}.onnx", "-o", "-"], cwd=self.dir, check=True, capture_output=True, text=True, env=self.env).stdout
            self.assertIn(f"\nproject: {project} ", text)
            (self.dir / "i.yaml").write_text(re.sub("^#   format: auto.*", '  format: "fixed<6,4>"', text, flags=re.M))
            subprocess.run([PROGRAM, "check", "-q", "i.yaml"], cwd=self.dir, check=True, env=self.env)

    def test_tricky_names_go_through_the_tools(self):
        tools = [t for t in ("verilator", "iverilog", "yosys", "cc", "c++") if shutil.which(t)]
        print("tools:", *tools)
        for name in TRICKY:
            self.assertEqual(self.check(name), (0, ""), name)
            out = self.dir / "o" / name
            files = [str(p) for p in self.rtl(self.config, out)]
            command = {"verilator": ["--lint-only", "-Wno-fatal", "--top-module", name, *files], "iverilog": ["-g2012", "-s", name, "-o", "/dev/null", *files],
                       "yosys": ["-q", "-p", f"read_verilog -sv {' '.join(files)}; hierarchy -check -top {name}; proc"],
                       "cc": ["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", str(out / "c/model.c"), str(out / "c/example.c")],
                       "c++": ["-x", "c++", "-std=c++20", "-fsyntax-only", str(out / "c/model.h")]}
            for tool in tools:
                done = subprocess.run([tool, *command[tool]], cwd=out / "rtl", capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{name}, {tool}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    unittest.main()
