"""See scripts/mutants.sh."""
import collections
import os
import shutil
import subprocess
import sys
import tempfile

import templates

HERE = os.path.dirname(os.path.abspath(__file__))
Mutant = collections.namedtuple("Mutant", "template catcher what old new")
# Arguments of the benches.
QUICK = {"dense_mac": ["10"], "gear": ["5", "3"], "stream": [], "cast": ["3"], "conv_mac": ["5"], "pool_max": ["12"], "neuron_state": [], "step_delay": ["3"], "core": ["0"], "mesh": ["5000"], "host": []}


def read():
    found = []
    with open(os.path.join(HERE, "mutants.txt")) as f:
        for line in f.read().splitlines():
            if line.startswith("@ "):
                head, what = line[2:].split(": ", 1)
                found.append(Mutant(*head.split(), what, [], []))
            elif line.startswith("-"):
                found[-1].old.append(line[1:])
            elif line.startswith("+"):
                found[-1].new.append(line[1:])
    return found


def plant(mutant, folder):
    """A copy of the templates with the bug in it."""
    shutil.copytree(templates.RTL, folder)
    file = os.path.join(folder, os.path.relpath(templates.path(mutant.template), templates.RTL))
    with open(file) as f:
        text = f.read()
    old, new = "\n".join(mutant.old), "\n".join(mutant.new)
    if text.count(old) != 1:
        sys.exit(f"mutants.txt: {mutant.template}: '{old}' occurs {text.count(old)} times in {os.path.basename(file)}")
    with open(file, "w") as f:
        f.write(text.replace(old, new))


def caught(mutant):
    """(whether its catcher fails, the first line it said)"""
    with tempfile.TemporaryDirectory() as folder:
        rtl = os.path.join(folder, "rtl")
        plant(mutant, rtl)
        script = ["formal.py", mutant.template] if mutant.catcher == "formal" else [mutant.catcher + "_bench.py",
                                                                                   *QUICK[mutant.catcher]]
        done = subprocess.run([sys.executable, os.path.join(HERE, script[0]), *script[1:]], env={**os.environ, "NH_RTL": rtl},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    fails = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    return done.returncode != 0 and bool(fails), (done.stdout.strip().splitlines() or [""])[-1]


def survivors(mutants, one_each=False):
    """Print what became of each mutant; how many survived."""
    seen, alive = set(), 0
    for mutant in mutants:
        if one_each and mutant.template in seen:
            continue
        seen.add(mutant.template)
        dead, said = caught(mutant)
        print(f"{'caught' if dead else 'SURVIVED'} by {mutant.catcher}: {mutant.template}: {mutant.what}"
              + ("" if dead else f" ({said})"), flush=True)
        alive += not dead
    return alive


def main():
    chosen = [m for m in read() if len(sys.argv) == 1 or m.template in sys.argv[1:]]
    alive = survivors(chosen)
    print(f"mutants: {len(chosen) - alive} of {len(chosen)} caught")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
