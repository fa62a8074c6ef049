#!/usr/bin/python3
"""Files of the user's in folders of the output: none is lost, whatever happens to the folder."""
import os
import shutil
import unittest

from neurohls_case import Case, hashes, main

FOLDERS = ("c", "rtl", "sim", "synth", "pnr")


class Kept(Case):
    def put(self, *names):
        """Files of the user's at these places: {path: text}."""
        mine = {self.out / name: f"mine: {name}\n" for name in names}
        for path, text in mine.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return mine

    def check(self, mine):
        for path, text in mine.items():
            self.assertEqual(path.read_text(), text, path)

    def test_in_every_folder(self):
        self.build()
        mine = self.put(*(f"{folder}/{name}" for folder in FOLDERS for name in ("tb.v", "notes/a b.txt", ".hidden", "main.c")))
        (self.out / "rtl/link").symlink_to("nowhere")
        (self.out / "rtl/dir link").symlink_to("../c")
        (self.out / "sim/empty/folder").mkdir(parents=True)
        self.assertEqual({state for state, _ in self.steps().values()}, {"cached"})
        for args in (["--force"], ["--force", "--until", "rtl"], ["--from", "sim"]):
            self.build(*args)
            self.check(mine)
            self.assertEqual(os.readlink(self.out / "rtl/link"), "nowhere")
            self.assertEqual(os.readlink(self.out / "rtl/dir link"), "../c")
            self.assertTrue((self.out / "sim/empty/folder").is_dir())
        self.assertEqual({state for state, _ in self.steps().values()}, {"cached"})

    def test_when_the_design_changes(self):
        self.build()
        mine = self.put("rtl/tb.v", "c/main.c")
        inodes = {p: p.stat().st_ino for p in mine}
        old = {p.name for p in (self.out / "rtl").glob("*.v")}
        self.config.write_text(self.config.read_text().replace("project: p", "project: q"))
        self.build("--until", "rtl")
        self.check(mine)
        self.assertEqual({p: p.stat().st_ino for p in mine}, inodes)
        self.assertEqual({p.stat().st_nlink for p in mine}, {1})
        new = {p.name for p in (self.out / "rtl").glob("*.v")}
        self.assertIn("q.v", new)
        self.assertNotIn("p.v", new, "files of ours that are not written any more go")
        self.assertTrue([n for n in old if n in new])

    @unittest.skipUnless(os.environ.get("NH_PRELOAD"), "sanitizers do not share a process with a preloaded library")
    def test_where_there_are_no_hard_links(self):
        """They are copied: whole, with their mode and time."""
        self.build()
        mine = self.put("rtl/tb.v", "c/notes/long.bin", "c/empty")
        mine[self.out / "c/notes/long.bin"] = "0123456789abcde\n" * 7000  # more than is read at once
        mine[self.out / "c/empty"] = ""
        for number, (path, text) in enumerate(mine.items()):
            path.write_text(text)
            path.chmod((0o640, 0o755, 0o400)[number])
            os.utime(path, ns=(10**18, 10**18 + 123456789 + number))
        inodes = {p: p.stat().st_ino for p in mine}
        before = {p: (p.stat().st_mode, p.stat().st_mtime_ns, p.stat().st_size) for p in mine}
        self.env |= {"LD_PRELOAD": os.environ["NH_PRELOAD"], "NH_NO_LINKS": "1"}
        self.config.write_text(self.config.read_text().replace("project: p", "project: q"))
        self.build("--until", "rtl")
        self.check(mine)
        self.assertTrue(all(p.stat().st_ino != i for p, i in inodes.items()))
        self.assertEqual({p: (p.stat().st_mode, p.stat().st_mtime_ns, p.stat().st_size) for p in mine}, before)

    def test_edited(self):
        self.build()
        path = self.out / "rtl/p.v"
        original = path.read_text()
        for number, name in enumerate(("p.v.edited", "p.v.edited-2")):
            text = original + f"// my change {number}\n"
            path.write_text(text)
            _, err = self.build("--until", "rtl")
            self.assertIn("warning[O104]: 'rtl/p.v' was changed since neurohls wrote it", err)
            self.assertIn(f"it is kept as 'rtl/{name}'", err)
            self.assertEqual(path.read_text(), original)
            self.assertEqual((self.out / "rtl" / name).read_text(), text)
        _, err = self.build("--force")
        self.assertNotIn("O104", err)
        self.assertTrue((self.out / "rtl/p.v.edited").exists())
        path.unlink()
        path.symlink_to("elsewhere.v")
        self.build("--until", "rtl")
        self.assertEqual(path.read_text(), original)
        self.assertEqual(os.readlink(self.out / "rtl/p.v.edited-3"), "elsewhere.v")

    def test_edited_reports(self):
        self.build("--until", "rtl")
        (self.out / "report.txt").write_text("my notes\n")
        _, err = self.build("--until", "rtl")
        self.assertIn("'report.txt' was changed", err)
        self.assertEqual((self.out / "report.txt.edited").read_text(), "my notes\n")
        self.assertNotIn("my notes", (self.out / "report.txt").read_text())
        _, err = self.build("--until", "rtl")
        self.assertNotIn("O104", err)

    def test_taken_names(self):
        """A name that becomes that of an output: a file for a file, a file for a folder, a folder for a file."""
        for name in ("rtl/q.v", "rtl/q.v/more", "c"):
            self.config.write_text(self.config.read_text().replace("project: q", "project: p"))
            self.build("--until", "rtl")
            place = self.out / name
            if name == "c":
                self.build_taken_folder()
                continue
            mine = self.put(name)
            before = hashes(self.out)
            self.config.write_text(self.config.read_text().replace("project: p", "project: q"))
            _, err = self.build("--until", "rtl", expect=2)
            self.assertIn("rtl/q.v", err)
            self.assertIn("error[O105]", err)
            self.check(mine)
            after = hashes(self.out)
            for tree in (before, after):
                for path in [p for p in tree if not p.startswith("rtl")]:
                    del tree[path]
            self.assertEqual(after, before)
            place.unlink()
            if place.parent.name == "q.v":
                place.parent.rmdir()

    def build_taken_folder(self):
        shutil.rmtree(self.out / "c")
        (self.out / "c").write_text("mine\n")
        _, err = self.build("--until", "rtl", expect=3)
        self.assertIn("error[O102]", err)
        self.assertEqual((self.out / "c").read_text(), "mine\n")

    def test_linked_folder(self):
        """A folder that the user moved elsewhere and linked is not replaced."""
        self.build("--until", "rtl")
        (self.out / "rtl").rename(self.dir / "elsewhere")
        (self.out / "rtl").symlink_to(self.dir / "elsewhere")
        before = hashes(self.dir / "elsewhere")
        _, err = self.build("--until", "rtl", "--force", expect=3)
        self.assertIn("it is a link", err)
        self.assertTrue((self.out / "rtl").is_symlink())
        self.assertEqual(hashes(self.dir / "elsewhere"), before)

    def test_failed_steps(self):
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/fails")
        self.build(expect=3)
        mine = self.put("synth.failed/notes.txt")
        (self.out / "synth.failed/p.log").write_text("my remarks\n")
        self.build(expect=3)
        self.check(mine)
        self.assertEqual((self.out / "synth.failed/p.log.edited").read_text(), "my remarks\n")
        self.assertIn("line 15", (self.out / "synth.failed/p.log").read_text())
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/yosys")
        self.build()
        self.check(mine)
        self.assertEqual({p.name for p in (self.out / "synth.failed").iterdir()}, {"notes.txt", "p.log.edited"})

    def test_a_lost_state(self):
        """Without a record nothing of ours can be told from what was edited: what differs stays."""
        self.build("--until", "rtl")
        mine = self.put("rtl/tb.v")
        (self.out / "rtl/p.v").write_text("edited\n")
        (self.out / ".neurohls.json").write_text("{")
        self.build("--until", "rtl")
        self.check(mine)
        self.assertEqual((self.out / "rtl/p.v.edited").read_text(), "edited\n")
        self.assertEqual([p.name for p in (self.out / "rtl").glob("*.edited*")], ["p.v.edited"])

    def test_names_like_ours(self):
        """Only what a killed run left is swept, and nothing that resembles it."""
        self.build("--until", "rtl")
        mine = self.put("rtl.tmp-backup/tb.v", "rtl.tmp-abc123/tb.v", "report.txt.tmp-backup", ".neurohls.json.tmp-abcdef")
        self.build("--force")
        self.check(mine)

    def test_killed_while_publishing(self):
        """SIGKILL at any moment: nothing of the user's is lost, nothing is locked, and the next build says nothing odd."""
        self.build()
        mine = self.put("rtl/tb.v", "c/notes/a.txt", "sim/my.vcd")
        for delay in range(12):
            names = "pq"[delay % 2], "qp"[delay % 2]
            self.config.write_text(self.config.read_text().replace(f"project: {names[0]}", f"project: {names[1]}"))
            process = self.start("build", self.config, "-o", self.out, "--until", "rtl", "--force")
            try:
                process.wait(0.004 + 0.004 * delay)
            except Exception:
                process.kill()
            process.communicate()
            self.check(mine)
        _, err = self.build("--force")
        self.assertNotIn("O10", err)
        self.check(mine)
        self.assertFalse([p for p in self.out.rglob("*") if ".tmp-" in p.name or ".edited" in p.name])


if __name__ == "__main__":
    main()
