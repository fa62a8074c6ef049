#!/usr/bin/python3
"""An interrupted build leaves the previous output whole, and none of the programs that it started."""
import pathlib
import signal

from neurohls_case import STEPS, Case, hashes, main, wait_for

HANGS = """#!/bin/sh
case $1 in -V) echo "Yosys 0.0 fake"; exit ;; esac
sleep 100 &
echo "$$ $!" >"{0}.new"
mv "{0}.new" "{0}"
wait
"""


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


class Signals(Case):
    def hanging_build(self, *args):
        """A build that waits for Yosys: the process, and those that it started."""
        pids = self.dir / "pids"
        self.env["NEUROHLS_YOSYS"] = self.tool("hangs", HANGS.format(pids))
        process = self.start("build", self.config, "-o", self.out, "-j", "1", *args)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_for(pids.exists, "yosys")
        return process, [int(p) for p in pids.read_text().split()]

    def wait_for_end(self, children):
        for pid in children:
            wait_for(lambda: not is_running(pid), "the end of what was started", 5)

    def test_sigkill_leaves_no_process(self):
        """Every tool, and what it has started: nobody of ours is there any more to stop them."""
        self.build()
        for variable, step in (("CC", "sim"), ("VERILATOR", "sim"), ("YOSYS", "synth"), ("NEXTPNR_ICE40", "pnr"), ("ICEPACK", "pnr")):
            good, pids = self.env["NEUROHLS_" + variable], self.dir / f"pids.{variable}"
            asks = f'case $1 in --version|-V) exec "{good}" "$@" ;; esac\n'
            hangs = HANGS.format(pids).split("\n", 2)
            self.env["NEUROHLS_" + variable] = self.tool("hangs" + variable, "\n".join([hangs[0], asks, hangs[2]]))
            process = self.start("build", self.config, "-o", self.out, "--from", step)
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            wait_for(pids.exists, variable)
            process.kill()
            process.wait(20)
            self.wait_for_end([int(p) for p in pids.read_text().split()])
            self.env["NEUROHLS_" + variable] = good
        self.build("--force")
        self.assertEqual(self.temporary(), [])

    def test_time_limit(self):
        for variable in ("CC", "VERILATOR", "YOSYS", "NEXTPNR_ICE40", "ICEPACK"):
            good, pids = self.env["NEUROHLS_" + variable], self.dir / f"pids.{variable}"
            asks = f'case $1 in --version|-V) exec "{good}" "$@" ;; esac\n'
            hangs = HANGS.format(pids).split("\n", 2)
            name = "hangs" + variable
            self.env |= {"NEUROHLS_" + variable: self.tool(name, "\n".join([hangs[0], asks, hangs[2]])), "NEUROHLS_TIME_LIMIT_S": "1"}
            _, err = self.build("--force", expect=3)
            self.assertIn(f"error[T104]: {name} was stopped after 1 s", err)
            self.wait_for_end([int(p) for p in pids.read_text().split()])
            self.env["NEUROHLS_" + variable] = good
            del self.env["NEUROHLS_TIME_LIMIT_S"]

    def temporary(self):
        return [p for p in self.dir.rglob("*") if ".tmp-" in p.name]

    def interrupted_by(self, number):
        before = self.built()
        process, children = self.hanging_build("--force")
        self.assertTrue(self.temporary())
        process.send_signal(number)
        self.assertEqual(process.wait(20), -number)
        self.assertEqual(hashes(self.out), before)
        self.wait_for_end(children)

    def test_sigint(self):
        self.interrupted_by(signal.SIGINT)

    def test_sigterm(self):
        self.interrupted_by(signal.SIGTERM)

    def test_sighup(self):
        self.interrupted_by(signal.SIGHUP)

    def test_first_build_leaves_finished_steps_only(self):
        process, _ = self.hanging_build()
        process.send_signal(signal.SIGINT)
        process.wait(20)
        self.assertEqual({p.name for p in self.out.iterdir()}, {".neurohls.json", "c", "rtl", "sim"})
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/yosys")
        told = self.steps()
        self.assertEqual({s: told[s][0] for s in STEPS},
                         {"c": "cached", "rtl": "cached", "sim": "cached", "synth": "done", "pnr": "done"})

    def test_sigkill_leaves_what_the_next_run_removes(self):
        before = self.built()
        process, children = self.hanging_build("--force")
        process.kill()
        process.wait(20)
        self.wait_for_end(children)
        left = hashes(self.out)
        self.assertEqual({path: h for path, h in left.items() if ".tmp-" not in path}, before)
        self.assertTrue(self.temporary())
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/yosys")
        self.build("--force")
        self.assertEqual(self.temporary(), [])

    def test_sigkill_in_a_first_build_does_not_lock_the_folder(self):
        process, children = self.hanging_build()
        process.kill()
        process.wait(20)
        self.wait_for_end(children)
        self.env["NEUROHLS_YOSYS"] = str(self.dir / "tools/yosys")
        self.build()
        self.assertEqual(self.temporary(), [])


if __name__ == "__main__":
    main()
