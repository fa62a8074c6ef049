#!/usr/bin/python3
"""Single files that commands write: whole or as they were; and names of the user's in all that is printed."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import xml.dom.minidom

import numpy
import onnx
from onnx import helper

from neurohls_case import FIXTURES, Case, main

HOSTILE = ["\u009b31mred\u009b0m", "a\u202eb\u2066c", "=1+cmd|' /C calc'!A0", "\u20ac" * 40, "\x1b[2J", "<b>&\"'", "\ufeff\u061cx"]
LIMIT = 700
INPUTS = 3  # of fixtures/image/two_layers.s
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def limited():
    """A limit on the size of a file stands for a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


class Files(Case):
    def setUp(self):
        super().setUp()
        shutil.copy(FIXTURES / "image/two_layers.s", self.dir / "i.s")
        self.run_it("asm", "i.s", "-o", "i.img")
        numpy.save(self.dir / "in.npy", numpy.ones((400, INPUTS), dtype=numpy.int8))

    def test_torn_on_a_full_disk(self):
        for option in ("--output", "--spikes", "--raster"):
            path = self.dir / "f"
            path.write_text("good")
            path.chmod(0o640)
            _, err = self.run_it("run", "i.img", "--inputs", "in.npy", option, path, expect=3, preexec_fn=limited)
            self.assertIn("error[O102]", err)
            self.assertEqual(path.read_text(), "good", option)
            self.run_it("run", "i.img", "--inputs", "in.npy", option, path)
            self.assertGreater(path.stat().st_size, LIMIT, option)
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        path.write_text("good")
        _, err = self.run_it("init", "two_layers.onnx", "--force", "-o", path, expect=3, preexec_fn=limited)
        self.assertEqual(path.read_text(), "good")
        self.assertEqual([p.name for p in self.dir.iterdir() if ".tmp-" in p.name], [])

    def test_special_files(self):
        target, link, null = self.dir / "target", self.dir / "link", self.dir / "null"
        link.symlink_to("target")
        null.symlink_to("/dev/null")
        target.write_text("old")
        for words in (["asm", "i.s", "-o"], ["run", "i.img", "--inputs", "in.npy", "-o"], ["run", "i.img", "--inputs", "in.npy", "--spikes"],
                      ["run", "i.img", "--inputs", "in.npy", "--raster"], ["init", "two_layers.onnx", "-f", "-o"]):
            before = target.read_bytes()
            self.run_it(*words, link)
            self.assertTrue(link.is_symlink())
            self.assertNotEqual(target.read_bytes(), before, words)
            self.run_it(*words, null)
            self.assertTrue(null.is_symlink())
            self.run_it(*words, self.dir, expect=3)
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())
        if os.geteuid() == 0:
            node = self.dir / "node"
            try:
                os.mknod(node, 0o666 | 0o020000, os.makedev(1, 3))
            except PermissionError:
                return
            self.run_it("asm", "i.s", "-o", node)
            self.assertTrue(node.is_char_device())

    def test_to_standard_output(self):
        with open(self.dir / "out", "wb") as out:
            self.start("asm", "i.s", "-o", "/dev/stdout", stdout=out).communicate()
        self.assertEqual((self.dir / "out").read_bytes(), (self.dir / "i.img").read_bytes())

    def test_full_standard_output_is_told(self):
        for words in (["check", self.config], ["init", "two_layers.onnx", "-o", "-"], ["run", "i.img"], ["disasm", "i.img"], ["doctor"], ["help"],
                      ["--version"], ["explain", "O102"], ["check", "--json", self.config]):
            with open("/dev/full", "w") as full:
                process = self.start(*words, stdout=full)
                _, err = process.communicate()
            self.assertEqual(process.returncode, 3, words)
            self.assertRegex(err, r"O102.*cannot write the standard output: No space left on device", words)


class Names(Case):
    """Names that a model or an image brings never control a terminal, and never make a file that cannot be read."""

    def hostile_model(self):
        names = HOSTILE
        nodes, values = [], []
        last = "x"
        for i, name in enumerate(names):
            values.append(helper.make_tensor(f"w{i}", onnx.TensorProto.FLOAT, [4, 4], numpy.eye(4).flatten()))
            nodes.append(helper.make_node("Gemm", [last, f"w{i}"], [f"y{i}"], name=name))
            last = f"y{i}"
        vector = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4])
        graph = helper.make_graph(nodes, "g", [vector("x")], [vector(last)], values)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), self.dir / "h.onnx")
        numpy.save(self.dir / "h.npy", numpy.ones((3, 4), dtype=numpy.float32))
        self.config.write_text("""project: p
model: h.onnx
target: generic
clock_mhz: 12
input: {format: "fixed<8,4>"}
calibrate: {data: h.npy}
""")

    def check_text(self, text, what):
        found = FORBIDDEN.search(text.replace("\t", " "))
        self.assertIsNone(found, f"{what}: {found and text[max(0, found.start() - 40):found.end() + 40]!r}")

    def test_models(self):
        self.hostile_model()
        for words in (["check", self.config], ["check", "-v", self.config], ["check", "--json", self.config], ["init", "h.onnx", "-o", "-"],
                      ["build", self.config, "-o", self.out, "--until", "rtl", "-v"], ["report", self.config, "-o", self.out],
                      ["report", "--json", self.config, "-o", self.out]):
            out, err = self.run_it(*words, encoding="utf-8")
            self.check_text(out + err, words)
        for path in self.out.rglob("*"):
            if path.is_file():
                self.check_text(path.read_text(encoding="utf-8"), path)
        report = json.loads((self.out / "report.json").read_text())
        self.assertTrue(set(HOSTILE) <= {layer["name"] for layer in report["layers"]}, "programs get the names as they are")
        self.run_it("init", "h.onnx", "-o", "again.yaml")
        _, err = self.run_it("check", "again.yaml")

    def test_images(self):
        text = (FIXTURES / "image/two_layers.s").read_text()
        names = iter([r"\xff\xfe\xfd\xc2\x9b", "=1+cmd"])
        text = re.sub(r'(symbol .*?)"[^"]*"', lambda m: m.group(1) + '"' + next(names, "other") + '"', text)
        (self.dir / "i.s").write_text(text)
        self.run_it("asm", "i.s", "-o", "i.img")
        numpy.save(self.dir / "in.npy", numpy.ones((2, INPUTS), dtype=numpy.int8))
        for words in (["run", "i.img", "--inputs", "in.npy", "--raster", "r.svg", "--spikes", "s.csv"], ["run", "i.img", "--inputs", "in.npy", "--json"],
                      ["disasm", "i.img"]):
            out, err = self.run_it(*words, encoding="utf-8")
            self.check_text(out + err, words)
        xml.dom.minidom.parse(str(self.dir / "r.svg"))
        csv = (self.dir / "s.csv").read_text(encoding="utf-8")
        self.check_text(csv, "s.csv")
        self.assertIn("\"'=1+cmd\"", csv)
        self.assertNotIn('"=', csv)

    def test_the_end_of_a_log(self):
        """A log may be of any bytes, and its last lines may begin within a character: --json has all else."""
        self.env["NEUROHLS_YOSYS"] = self.tool("evil", "#!/bin/sh\ncase $1 in -V) echo y; exit;; esac\nprintf '\\377 the reason'; exit 1\n")
        process = self.start("build", self.config, "-o", self.out, "--json", encoding="utf-8")
        _, err = process.communicate()
        failed = [d for d in map(json.loads, err.splitlines()) if d["code"] == "T103"]
        self.assertEqual(failed[0]["found"], "? the reason")

    def test_tools(self):
        self.env["NEUROHLS_YOSYS"] = self.tool("evil", "#!/bin/sh\nprintf '\\033[31mYosys \\302\\233 \\342\\200\\256 \\377\\n'\n")
        for words in (["doctor"], ["doctor", "--json"], ["build", self.config, "-o", self.out, "-v"]):
            process = self.start(*words, encoding="utf-8")
            out, err = process.communicate()
            self.check_text(out + err, words)
        out, _ = self.run_it("doctor", "--json")
        self.assertEqual(len([t for t in json.loads(out) if t["name"] == "yosys"]), 1)


if __name__ == "__main__":
    main()
