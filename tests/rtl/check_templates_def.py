"""hls/emit/templates.def must list exactly the ports and parameters of rtl_templates, in order, as yosys (ports) sees them.
The order and the kind of parameters are read from the text: yosys only names them."""
import json
import os
import re
import sys
import tempfile

import templates


def ports(folder):
    """name -> [(direction, port)] by yosys write_json of every template with its default parameters."""
    for name in templates.table():
        with open(templates.path(name)) as f:
            for file in re.findall(r'"(\w+\.mem)"', f.read()):
                with open(os.path.join(folder, file), "w") as mem:
                    mem.write("0\n")
    script = f"read_verilog {' '.join(templates.sources())}; proc; write_json all.json"
    code, text = templates.run(["yosys", "-q", "-p", script], cwd=folder)
    if code:
        sys.exit(text)
    with open(os.path.join(folder, "all.json")) as f:
        modules = json.load(f)["modules"]
    return ({name: [(p["direction"], port) for port, p in m["ports"].items()] for name, m in modules.items()},
            {name: list(m.get("parameter_default_values", {})) for name, m in modules.items()})


def parameters(name):
    """[(kind, parameter)] in the order of the file."""
    with open(templates.path(name)) as f:
        head = f.read().split(") (")[0]
    return [("parameter" if integer else "string", p) for integer, p in re.findall(r"^\s*parameter (integer )?(\w+)", head, re.M)]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        by_port, by_parameter = ports(folder)
    table = templates.table()
    for name in sorted(set(table) | set(by_port)):
        listed = table.get(name, [])
        want = parameters(name) + by_port.get(name, [])
        if listed != want:
            failed += 1
            print(f"FAIL {name}\n  templates.def  {listed}\n  rtl_templates  {want}")
        if sorted(by_parameter.get(name, [])) != sorted(p for _, p in parameters(name)):
            failed += 1
            print(f"FAIL {name}: yosys sees the parameters {by_parameter[name]}")
    print(f"templates.def: {len(table)} templates, {failed} differences")
    sys.exit(1 if failed else 0)


main()
