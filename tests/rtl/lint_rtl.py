"""See scripts/lint_rtl.sh."""
import os
import sys
import tempfile

import templates


def strings(name):
    return {p for kind, p in templates.table()[name] if kind == "string"}


def value(name, key, text, mem):
    return f'"{mem}"' if key in strings(name) else text


def verilator(name, row, mem, _folder):
    waivers = os.path.join(templates.RTL, "waivers.vlt")
    generics = [f"-G{k}={value(name, k, v, mem)}" for k, v in row.items()]
    return templates.run(["verilator", "--lint-only", "-Wall", "--top-module", name, *templates.library(), *generics, waivers,
                          templates.path(name)])


def iverilog(name, row, mem, _folder):
    generics = [f"-P{name}.{k}={value(name, k, v, mem)}" for k, v in row.items()]
    code, text = templates.run(["iverilog", "-g2005", "-Wall", "-s", name, "-o", os.devnull, *templates.library(), *generics,
                                templates.path(name)])
    return code or ("warning" in text), text


def yosys(name, row, mem, folder):
    """Through a top with literal parameters: yosys 0.23 crashes on string parameters of chparam."""
    top = os.path.join(folder, "top.v")
    generics = ", ".join(f".{k}({value(name, k, v, mem)})" for k, v in row.items())
    with open(top, "w") as f:
        f.write(f"module top ();\n    {name} #({generics}) u ();\nendmodule\n")
    script = f"read_verilog -defer {' '.join(templates.sources())}; read_verilog {top}; hierarchy -check -top top; proc; check -assert"
    code, text = templates.run(["yosys", "-q", "-p", script])
    expected = ("has an unconnected", "is used but has no driver")  # the ports of u
    bad = [line for line in text.splitlines() if "Warning" in line and not any(e in line for e in expected)]
    return code or bool(bad), text


def stopped(text):
    """An error other than verilator's count of warnings."""
    return any("error" in line.lower() and "Exiting due to" not in line for line in text.splitlines())


def lint(name, legal, row, mem, folder):
    failures = []
    for tool in (verilator, iverilog, yosys):
        code, text = tool(name, row, mem, folder)
        if legal and code:
            failures.append(f"{tool.__name__}: {text.strip()}")
        elif not legal and not (code and stopped(text)):
            failures.append(f"{tool.__name__}: accepted illegal parameters: {text.strip()}")
    return failures


def main():
    names = sys.argv[1:] or list(templates.table())
    failed = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        mem = os.path.join(folder, "zero.mem")
        with open(mem, "w") as f:
            f.write("0\n")
        for name in names:
            for legal, row in templates.rows(name):
                checked += 1
                for failure in lint(name, legal, row, mem, folder):
                    failed += 1
                    print(f"FAIL {name} {' '.join(f'{k}={v}' for k, v in row.items())}\n{failure}")
    print(f"lint_rtl: {checked} rows of {len(names)} templates by verilator, iverilog, yosys: {failed} failures")
    sys.exit(1 if failed else 0)


main()
