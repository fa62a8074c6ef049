"""What the scripts here share: where the templates are, templates.def, .params rows, running a tool."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RTL = os.environ.get("NH_RTL", os.path.join(ROOT, "rtl_templates"))  # mutants: a changed copy
FOLDERS = [os.path.join(RTL, d) for d in sorted(os.listdir(RTL)) if os.path.isdir(os.path.join(RTL, d))]
PORT = {"P": "parameter", "S": "string", "I": "input", "O": "output"}


def path(name):
    """The .v file of a template."""
    for folder in FOLDERS:
        file = os.path.join(folder, name + ".v")
        if os.path.exists(file):
            return file
    raise SystemExit(f"no rtl_templates/*/{name}.v")


def table():
    """templates.def: name -> [(kind, port or parameter name)], in order."""
    with open(os.path.join(ROOT, "hls/emit/templates.def")) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    rows = re.findall(r"NH_TEMPLATE\((\w+),((?:\s*[PSIO]\(\w+\))+)\s*\)", text)
    return {name: [(PORT[k], p) for k, p in re.findall(r"([PSIO])\((\w+)\)", ports)] for name, ports in rows}


def rows(name):
    """.params of a template: [(legal, {parameter: value})]."""
    out = []
    with open(path(name)[:-2] + ".params") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                legal = words[0] != "!"
                out.append((legal, dict(w.split("=", 1) for w in words[0 if legal else 1:])))
    return out or [(True, {})]  # a template without parameters


def library():
    """-y folder ... for verilator and iverilog."""
    return [a for folder in FOLDERS for a in ("-y", folder)]


def sources():
    """Every .v file, for yosys."""
    return [os.path.join(d, f) for d in FOLDERS for f in sorted(os.listdir(d)) if f.endswith(".v")]


def run(command, **options):
    """(exit code, all output) of a tool."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    return done.returncode, done.stdout
