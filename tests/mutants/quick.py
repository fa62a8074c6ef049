"""The quick tests one by one: what each costs, which functions it runs, and running one with limits of time and memory.

Criterion programs are taken apart into their tests. Which functions a test runs is read from the counters of a build with --coverage
(gcc 12 writes them; of another compiler every test is taken to run every function)."""
import collections
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time

LABELS = "unit|prop|golden|docs|system"
# Co-simulated random networks in small numbers: (name, script, arguments). Those that need a tool which is absent fail at the start.
SMALL_SETS = [
    ("set/event_networks", "event_networks.py", ["--count", "6"]),
    ("set/places", "places.py", ["fabric_host", "tampered_fabric"]),
    ("set/random_fabric", "random_fabric.py", ["--count", "10"]),
    ("set/random_networks", "random_networks.py", ["--count", "3"]),
    ("set/random_spiking", "random_spiking.py", ["--count", "3"]),
]
# Whole builds with the real Verilator that take seconds.
QUICK_COSIM = ("system/tampered_rtl", "system/fabric_build")
# What runs in a sandbox, or between fork and exec, cannot write its counters: its files are run by whoever runs the file that asks it.
SANDBOXED = {**{f"frontend/h5/{name}.c": "frontend/h5/h5.c" for name in ("child", "element", "sandbox")}, "hls/base/launch.c": "hls/flow/tool.c"}

SANITIZED = False
CC_FLAGS = ""  # with which programs are linked that have the library in them: those of the build
Test = collections.namedtuple("Test", "name command cwd env limit targets")


def criterion_tests(program):
    """suite/name of every test of a Criterion program."""
    found, suite = [], None
    for line in subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.splitlines():
        if m := re.match(r"(\w+): \d+ tests?$", line):
            suite = m.group(1)
        elif (m := re.match(r"\W+(\w+)", line)) and suite:
            found.append(f"{suite}/{m.group(1)}")
    return found


def list_tests(tree, build, slow=False):
    """Tests of the build in the tree, Criterion programs taken apart; slow: those that co-simulate too."""
    chosen = ["-LE", "long"] if slow else ["-L", LABELS, "-LE", "long"]
    out = subprocess.run(["ctest", "--test-dir", build, *chosen, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
    tests = []
    for t in json.loads(out)["tests"]:
        props = {p["name"]: p["value"] for p in t["properties"]}
        labels = set(props.get("LABELS", []))
        if not slow and "cosim" in labels and t["name"] not in QUICK_COSIM:
            continue
        env = dict(e.split("=", 1) for e in props.get("ENVIRONMENT", []))
        command, limit = t["command"], float(props.get("TIMEOUT", 120))
        targets = sorted({"neurohls"} if not command[0].startswith(os.path.join(build, "bin")) else {os.path.basename(command[0])})
        if labels & {"unit", "prop"} and len(command) == 1:
            for name in criterion_tests(command[0]):
                tests.append(Test(f"{t['name']}:{name}", [command[0], "-j1", "--filter", name], props["WORKING_DIRECTORY"], env, limit, targets))
        else:
            tests.append(Test(t["name"], command, props["WORKING_DIRECTORY"], env, limit, targets))
    for name, script, args in SMALL_SETS:
        command = ["/usr/bin/python3", os.path.join(tree, "tests/cosim", script), "--neurohls", os.path.join(build, "bin/neurohls"), *args]
        tests.append(Test(name, command, os.path.join(build, "tests"), {}, 600, ["neurohls"]))
    return tests


def limits():
    if not SANITIZED:  # AddressSanitizer reserves terabytes
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(test, limit):
    """(passed, why not, seconds). Its temporary files and caches are its own and go with it."""
    begin = time.monotonic()
    scratch = tempfile.mkdtemp(prefix="nh-test-")
    os.chmod(scratch, 0o755)  # some tests run as another user
    env = {**os.environ, **test.env, "TMPDIR": scratch, "XDG_CACHE_HOME": os.path.join(scratch, "cache"), "PYTHONDONTWRITEBYTECODE": "1", "NH_CC_FLAGS": CC_FLAGS}
    log = open(os.path.join(scratch, "log"), "w+b")
    try:
        p = subprocess.Popen(test.command, cwd=test.cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             start_new_session=True, preexec_fn=limits)
        try:
            status = p.wait(limit)
            why = None if status in (0, 77) else f"exit {status}" if status > 0 else f"signal {-status}"
        except subprocess.TimeoutExpired:
            why = "hangs"
        try:
            os.killpg(p.pid, signal.SIGKILL)  # the group that was started here, and children that it left
        except ProcessLookupError:
            pass
        p.wait()
    finally:
        log.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return why is None, why, time.monotonic() - begin


def gcc12_records(path):
    """(tag, payload, length) of a gcno or gcda file of gcc 12."""
    data = open(path, "rb").read()
    if data[4:8][::-1][:2] != b"B2":
        raise ValueError(f"{path} is not of gcc 12")
    at = 16
    if path.endswith("gcno"):
        at += 4 + struct.unpack_from("<I", data, 16)[0]
        at += 4
    while at + 8 <= len(data):
        tag, size = struct.unpack_from("<Ii", data, at)
        yield tag, data[at + 8:at + 8 + max(size, 0)], size
        at += 8 + max(size, 0)
        if tag == 0:
            return


def function_names(gcno):
    """ident -> (name, file)."""
    names = {}
    for tag, body, _ in gcc12_records(gcno):
        if tag != 0x01000000:
            continue
        ident = struct.unpack_from("<I", body, 0)[0]
        at, size = 16, struct.unpack_from("<I", body, 12)[0]
        name = body[at:at + size].rstrip(b"\0").decode()
        at += size + 4
        size = struct.unpack_from("<I", body, at)[0]
        source = body[at + 4:at + 4 + size].rstrip(b"\0").decode()
        names[ident] = (name, source)
    return names


class Coverage:
    """Counters of a --coverage build: which functions ran since the last look."""

    def __init__(self, tree, build):
        self.tree, self.build, self.names, self.before = tree, build, {}, {}
        for folder, _, files in os.walk(build):
            for f in files:
                if f.endswith(".gcda"):
                    os.unlink(os.path.join(folder, f))
                elif f.endswith(".c.gcno") and "/tests/" not in folder[len(build):]:
                    path = os.path.join(folder, f)
                    self.names[path[:-5]] = function_names(path)

    def ran(self):
        found = set()
        for base, names in self.names.items():
            try:
                stamp = os.stat(base + ".gcda").st_mtime_ns
            except FileNotFoundError:
                continue
            if self.before.get(base) == stamp:
                continue
            self.before[base] = stamp
            ident = None
            for tag, body, size in gcc12_records(base + ".gcda"):
                if tag == 0x01000000 and len(body) >= 4:
                    ident = struct.unpack_from("<I", body, 0)[0]
                elif tag == 0x01A10000 and ident in names:
                    key = (base, ident)
                    if size > 0 and self.before.get(key) != body:
                        self.before[key] = body
                        name, source = names[ident]
                        found.add(f"{os.path.relpath(source, self.tree)}:{name}")
        return found

    def lines(self):
        """file -> lines that no test ran, of all that ran so far."""
        never = {}
        for base in self.names:
            if not os.path.exists(base + ".gcda"):
                continue
            out = subprocess.run(["gcov", "--json-format", "--stdout", base + ".gcda"], capture_output=True, cwd=self.build).stdout
            for part in out.splitlines():
                for f in json.loads(part)["files"]:
                    path = os.path.relpath(os.path.join(self.build, f["file"]), self.tree)
                    if path.endswith(".c") and not path.startswith(".."):
                        never[path] = sorted({x["line_number"] for x in f["lines"] if x["count"] == 0}
                                             - {x["line_number"] for x in f["lines"] if x["count"]})
        return never


def measure(tree, build, say):
    """Run every test of the --coverage build once: {tests, functions, never}. A test that fails twice is left out, with a word."""
    coverage = Coverage(tree, build)
    tests = list_tests(tree, build)
    kept = []
    for k, t in enumerate(tests):
        ok, why, seconds = run(t, 20 * t.limit)
        flaky = not ok
        if flaky:
            ok, why, seconds = run(t, 20 * t.limit)
        ran = coverage.ran()
        if not ok:
            say(f"{t.name} fails without a fault in the sources ({why}): left out")
            continue
        kept.append({"name": t.name, "seconds": round(seconds, 3), "flaky": flaky, "ran": sorted(ran)})
        if k % 50 == 49:
            say(f"{k + 1} of {len(tests)} tests measured")
    return {"tests": kept, "never": coverage.lines()}
