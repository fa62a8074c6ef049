#!/usr/bin/python3
"""Faults of one token, planted at random in the compiler: which does no quick test notice?

A copy of the checkout (with changes that are not committed) is built once with --coverage, and every quick test is run on it, to learn what
it costs and which functions it runs. Then, one fault at a time, the file is compiled; what compiles to the same object is equivalent; else
the tests that run the function are run, the cheapest first, until one fails, crashes or hangs. Survivors are printed as a diff.

    scripts/mutate.py --count 50 --seed 1 [--folder hls/strategy] [--log FILE] [--resume]
    scripts/mutate.py --again LOG [--tests REGEX]    survivors of a log again, with all tests or those named
    scripts/mutate.py --sum LOG...                   what logs say, with tests/mutants/equivalent.txt of today

tests/mutants/equivalent.txt has the survivors that change nothing that can be seen, each with the reason. Needs gcc, cmake, ninja, python3-numpy
and python3-onnx; the first run takes some minutes. `nice -n 15` lets others work.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "mutants"))
import quick  # noqa: E402
import tokens  # noqa: E402

FOLDERS = ["frontend", "hls", "sim"]
# Programs that are shipped and run only in co-simulation; texts of messages.
LEFT_OUT = re.compile(r"^sim/(harness|runtime)/|/codes[a-z_0-9]*\.def$")
EQUIVALENT = os.path.join(ROOT, "tests", "mutants", "equivalent.txt")
# How often a kind is drawn: constants are everywhere, and would hide the others.
WEIGHT = {"constant": 3, "compare": 4, "condition": 3, "logical": 3, "arithmetic": 3, "statement": 3, "return": 2, "word": 2, "index": 1,
          "min/max": 1, "bitwise": 1, "assign": 1, "step": 1}
lock = threading.Lock()


def say(text):
    with lock:
        print(text, flush=True)


def sources(folders):
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *folders],
                           capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted({n for n in names if re.search(r"\.(c|def)$", n) and not LEFT_OUT.search(n) and os.path.exists(os.path.join(ROOT, n))})


def copy_tree(to):
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           capture_output=True, text=True, check=True).stdout.split("\0")
    for n in names:
        if n and os.path.isfile(os.path.join(ROOT, n)):
            os.makedirs(os.path.dirname(os.path.join(to, n)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, n), os.path.join(to, n))


def digest(files):
    h = hashlib.sha256()
    for f in files:
        h.update(f.encode() + b"\0" + open(os.path.join(ROOT, f), "rb").read())
    return h.hexdigest()


def configure(tree, build, flags, sanitize=""):
    os.environ["CCACHE_BASEDIR"] = tree
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    subprocess.run(["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DNH_TESTS=ON", "-DCMAKE_BUILD_TYPE=None",
                    f"-DCMAKE_C_FLAGS={flags}", f"-DNH_SANITIZE={sanitize}", "-DCMAKE_CXX_FLAGS=-O1 -w", *launcher], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["ninja", "-C", build, "--quiet"], stdout=subprocess.DEVNULL, check=True)


def measured(work):
    """What the quick tests run; kept in the work folder while sources and tests are the same."""
    tests = subprocess.run(["git", "-C", ROOT, "ls-files", "tests", "CMakeLists.txt"], capture_output=True, text=True).stdout.split()
    key = digest(sources(FOLDERS) + [t for t in tests if os.path.isfile(os.path.join(ROOT, t)) and not t.startswith("tests/mutants/")])
    kept = os.path.join(work, "measured.json")
    if os.path.exists(kept):
        data = json.load(open(kept))
        if data["key"] == key:
            return data
    tree = os.path.join(work, "coverage")
    shutil.rmtree(tree, ignore_errors=True)
    copy_tree(tree)
    say("building with --coverage")
    configure(tree, os.path.join(tree, "build"), "-O1 -w --coverage -fprofile-update=atomic")
    quick.CC_FLAGS = "--coverage"
    data = quick.measure(tree, os.path.join(tree, "build"), say)
    data["key"] = key
    json.dump(data, open(kept, "w"))
    say(f"{len(data['tests'])} tests take {sum(t['seconds'] for t in data['tests']):.0f} s")
    return data


class Mutant:
    """A fault: file, function and the line before and after it, which name it whatever else changes."""

    def __init__(self, file, text, site, functions):  # functions: tokens.functions(text)
        self.file, self.kind, self.line, self.site = file, site.kind, site.line, site
        self.function = next((n for a, b, n in functions if a <= site.line <= b), "-")
        self.text = tokens.planted(text, site)
        begin = text.rfind("\n", 0, site.begin) + 1
        end = text.find("\n", site.end)
        grown = len(self.text) - len(text)
        self.before = " ".join(text[begin:end].split())
        self.after = " ".join(self.text[begin:end + grown].split())
        # The same line may stand in a function more than once.
        first = next((a for a, b, n in functions if n == self.function), 1)
        above = text.split("\n")[first - 1:site.line - 1]
        self.nth = 1 + sum(" ".join(x.split()) == self.before for x in above)

    def key(self):
        return (self.file, self.function, self.nth, self.before, self.after)

    def record(self, **more):
        return {"file": self.file, "function": self.function, "nth": self.nth, "before": self.before, "after": self.after,
                "line": self.line, "kind": self.kind, **more}


def key_of(record):
    return tuple(record[k] for k in ("file", "function", "nth", "before", "after"))


def all_mutants(folders):
    found = {}
    for file in sources(folders):
        text = open(os.path.join(ROOT, file)).read()
        functions = tokens.functions(text)
        for site in tokens.sites(text):
            m = Mutant(file, text, site, functions)
            if m.before != m.after:
                found.setdefault(m.kind, []).append(m)
    return found


def drawn(folders, seed):
    """Every possible fault, in an order that the seed decides, kinds by their weight."""
    rng = random.Random(seed)
    left = all_mutants(folders)
    for of_kind in left.values():
        rng.shuffle(of_kind)
    while left:
        kind = rng.choices(sorted(left), [WEIGHT[k] for k in sorted(left)])[0]
        yield left[kind].pop()
        if not left[kind]:
            del left[kind]


def equivalents():
    """key -> reason, from lines `file function [nth]`, `- before`, `+ after`, `  reason`."""
    found, head, before, after = {}, None, None, None
    for line in open(EQUIVALENT) if os.path.exists(EQUIVALENT) else []:
        line = line.rstrip("\n")
        if line.startswith("- "):
            before = line[2:]
        elif line.startswith("+ ") or line == "+":
            after = line[2:]
        elif line.startswith("  "):
            file, function, nth = (head.split() + ["1"])[:3]
            found[(file, function, int(nth), before, after)] = line.strip()
        elif line and not line.startswith("#"):
            head = line
    return found


class Worker:
    """A copy of the tree with its build, in which one fault at a time stands."""

    def __init__(self, work, number, data, args):
        self.budget = args.budget
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # faults that only leak are not looked for
        self.tree = os.path.join(work, f"tree{number}")
        self.build = os.path.join(self.tree, "build")
        shutil.rmtree(self.tree, ignore_errors=True)
        copy_tree(self.tree)
        configure(self.tree, self.build, "-O1 -w", "address,undefined" if args.sanitize else "")
        quick.CC_FLAGS = "-fsanitize=address,undefined" if args.sanitize else ""
        self.data = data
        self.tests = {t.name: t for t in quick.list_tests(self.tree, self.build, bool(args.tests))}
        self.sound = set()
        self.objects = {}
        for entry in json.load(open(os.path.join(self.build, "compile_commands.json"))):
            self.objects[os.path.relpath(entry["file"], self.tree)] = re.search(r" -o (\S+)", entry["command"]).group(1)

    def ninja(self, *targets):
        return subprocess.run(["ninja", "-C", self.build, "--quiet", *targets], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def write(self, file, text):
        with open(os.path.join(self.tree, file), "w") as f:
            f.write(text)

    def object_hash(self, file):
        return hashlib.sha256(open(os.path.join(self.build, self.objects[file]), "rb").read()).hexdigest()

    def tests_of(self, m, pattern):
        """Those that run its function, the cheapest first, and all that match a pattern that is given."""
        asked = [{"name": n, "seconds": t.limit / 4, "flaky": True} for n, t in self.tests.items() if pattern and re.search(pattern, n)]
        file = quick.SANDBOXED.get(m.file, m.file)
        where = f"{m.file}:{m.function}"
        everywhere = m.function == "-" or file != m.file  # a table of the file: whoever runs anything in it
        if m.file.endswith(".def"):
            chosen = self.data["tests"]
        else:
            chosen = [t for t in self.data["tests"] if (any(r.startswith(file + ":") for r in t["ran"]) if everywhere else where in t["ran"])]
        return sorted((t for t in chosen if t["name"] in self.tests), key=lambda t: t["seconds"]) + asked

    def try_one(self, m, pattern=None):
        original = open(os.path.join(self.tree, m.file)).read()
        known = self.objects.get(m.file)
        if known:
            same = self.object_hash(m.file)
        self.write(m.file, m.text)
        begin = time.monotonic()
        try:
            if not self.ninja(*([known] if known else ["neurohls"])):
                return m.record(result="does not compile")
            if known and self.object_hash(m.file) == same:
                return m.record(result="same object")
            if not pattern and m.line in self.data["never"].get(m.file, []) and m.file not in quick.SANDBOXED:
                return m.record(result="survived", by="no test runs this line")
            result = self.run_tests(m, pattern)
        finally:
            self.write(m.file, original)
            self.ninja(*([known] if known else []))
        if result.get("by") and result["result"] == "caught" and not self.passes_without(result["by"]):
            say(f"{result['by']} fails without a fault too: it counts no more")
            del self.tests[result["by"]]
            return self.try_one(m, pattern)
        result["seconds"] = round(time.monotonic() - begin, 1)
        return result

    def run_tests(self, m, pattern):
        tests, made, spent = self.tests_of(m, pattern), set(), 0.0
        for k, t in enumerate(tests):
            test = self.tests[t["name"]]
            spent += t["seconds"]
            if spent > self.budget and not pattern:
                return m.record(result="survived", by=f"{k} tests, {len(tests) - k} that take long not run")
            if spent > self.budget and not re.search(pattern, t["name"]):
                continue
            if not made.issuperset(test.targets) and not self.ninja(*test.targets):
                return m.record(result="caught", by="it does not link")
            made.update(test.targets)
            ok, why, _ = quick.run(test, 10 + 6 * t["seconds"])
            if not ok and t["flaky"]:
                ok, why, _ = quick.run(test, 10 + 6 * t["seconds"])
            if not ok:
                return m.record(result="caught", by=t["name"], how=why)
        return m.record(result="survived", by=f"{len(tests)} tests")

    def passes_without(self, name):
        """Does the test that failed pass on the sources as they are? Looked at once for each test."""
        if name in self.sound or name not in self.tests:
            return True
        test = self.tests[name]
        self.ninja(*test.targets)
        if quick.run(test, 20 * test.limit)[0]:
            self.sound.add(name)
            return True
        return False


def diff(r):
    return f"--- {r['file']}:{r['line']} {r['function']} ({r['kind']}; {r.get('by', '')})\n-{r['before']}\n+{r['after']}\n"


def summary(records, listed):
    """Counts and survivors; the share caught of those that are not equivalent."""
    records = list({key_of(r): r for r in records}.values())
    count = {}
    survivors = []
    for r in records:
        what = r["result"]
        if what == "survived":
            what = "equivalent by the list" if key_of(r) in listed else "survived"
        if what == "survived":
            survivors.append(r)
        count[what] = count.get(what, 0) + 1
    for r in sorted(survivors, key=lambda r: (r["file"], r["line"])):
        print(diff(r))
    caught, survived = count.get("caught", 0), len(survivors)
    equivalent = count.get("same object", 0) + count.get("equivalent by the list", 0)
    print(f"{caught + survived + equivalent} faults: {caught} caught, {survived} survived, {equivalent} equivalent "
          f"({count.get('same object', 0)} compile to the same object, {count.get('equivalent by the list', 0)} by the list); "
          f"{count.get('does not compile', 0)} more did not compile")
    if caught + survived:
        print(f"caught {100 * caught / (caught + survived):.1f} % of those that are not equivalent")
    return survived


def run_all(args, mutants, workers, log):
    done, records = [0], []

    def loop(w):
        while True:
            with lock:
                if done[0] >= args.count:
                    return
                m = next(mutants, None)
                if m is None:
                    return
                done[0] += 1
            r = w.try_one(m, args.tests)
            with lock:
                if r["result"] == "does not compile":
                    done[0] -= 1
                records.append(r)
                log.write(json.dumps(r) + "\n")
                log.flush()
                print(f"{done[0]}: {r['result']}: {r['file']}:{r['line']} {r['kind']} {r.get('by', '')} {r.get('seconds', '')}", flush=True)
    threads = [threading.Thread(target=loop, args=(w,)) for w in workers]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return records


def read_log(path):
    return [json.loads(line) for line in open(path)] if os.path.exists(path) else []


def chosen_mutants(args, old):
    if args.again:
        listed = equivalents()
        wanted = {key_of(r) for r in read_log(args.again) if r["result"] == "survived"} - set(listed)
        found = {m.key(): m for of_kind in all_mutants(args.folder).values() for m in of_kind if m.key() in wanted}
        for key in wanted - set(found):
            say(f"gone with its line: {key[0]} {key[1]}: {key[3]}")
        args.count = len(found)
        return iter(found.values())
    seen = {key_of(r) for r in old}
    return (m for m in drawn(args.folder, args.seed) if m.key() not in seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", action="append", help="hls/strategy; may be repeated (all of hls, frontend and sim)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--budget", type=float, default=60, help="most seconds of tests for a fault, as they were measured (60)")
    parser.add_argument("--work", default=os.path.join(ROOT, "build-mutate"), help="folder of the copies (build-mutate)")
    parser.add_argument("--log", help="JSON lines (WORK/log.jsonl)")
    parser.add_argument("--resume", action="store_true", help="go on with the log: what is in it is not run again")
    parser.add_argument("--again", metavar="LOG", help="survivors of this log again")
    parser.add_argument("--tests", metavar="REGEX", help="run all tests whose name matches, co-simulation too, whatever they run")
    parser.add_argument("--measured", metavar="FILE", help="--again: which tests run what, WORK/measured.json of an earlier checkout; with --tests: those too")
    parser.add_argument("--sanitize", action="store_true", help="build with AddressSanitizer and UndefinedBehaviorSanitizer, as CI runs the tests")
    parser.add_argument("--sum", nargs="+", metavar="LOG")
    args = parser.parse_args()
    args.folder = args.folder or FOLDERS
    if args.sum:
        return 1 if summary([r for path in args.sum for r in read_log(path)], equivalents()) else 0
    for tool in ("cmake", "ninja", "gcc", "gcov"):
        if not shutil.which(tool):
            sys.exit(f"mutate.py needs {tool}, which is not there")
    os.makedirs(args.work, exist_ok=True)
    quick.SANITIZED = args.sanitize
    args.log = args.log or os.path.join(args.work, "log.jsonl")
    old = read_log(args.log) if args.resume else []
    args.count -= sum(r["result"] != "does not compile" for r in old)
    if args.again and args.measured:
        data = json.load(open(args.measured))
    else:
        data = {"tests": [], "never": {}} if args.tests else measured(args.work)
    mutants = chosen_mutants(args, old)
    workers = [Worker(args.work, k, data, args) for k in range(args.jobs)]
    with open(args.log, "a" if args.resume else "w") as log:
        records = run_all(args, mutants, workers, log)
    return 1 if summary(old + records, equivalents()) else 0


if __name__ == "__main__":
    sys.exit(main())
