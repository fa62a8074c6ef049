#!/usr/bin/python3
"""The tables of keys in docs/config.md, from `neurohls check --schema`: what the program reads is what is written.

    make_config_doc.py NEUROHLS           rewrite the part between the two markers
    make_config_doc.py NEUROHLS --check   exit 1 when that part is not what the program says
"""
import json
import os
import subprocess
import sys

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "config.md")
BEGIN, END = "<!-- keys: begin (scripts/make_config_doc.py) -->\n", "<!-- keys: end -->\n"


def number(v):
    return f"{v:,}" if isinstance(v, int) and v < 2 ** 53 else "2^53" if v == 2 ** 53 else f"{v:g}"


def values(key):
    """What a key takes, in words."""
    if "anyOf" in key and key.get("type") != "object":
        return " or ".join(values(k) for k in key["anyOf"])
    if "const" in key:
        return f"`{key['const']}`"
    if "enum" in key:
        words = key["enum"]
        if all(isinstance(w, int) for w in words):
            return f"a power of two, {number(words[0])} to {number(words[-1])}"
        return ", ".join(f"`{w}`" for w in words)
    pattern = key.get("pattern", "")
    if key.get("type") in ("number", "integer"):
        kind = "a number" if key["type"] == "number" else "an integer"
        low, high = key["minimum"], key["maximum"]
        if 0 < low < 1e-300:
            return f"{kind} above 0"
        return f"{kind}, {number(low)} to {number(high)}"
    if key.get("type") == "boolean":
        return "`true`, `false`"
    if key.get("type") == "array" and key["items"]["type"] == "array":
        return "a list of tiles `[x, y]`"
    if key.get("type") == "array":
        return f"a list of up to {key['maxItems']} integers"
    if "npy" in pattern:
        events = ", `x.bs2`, `folder/`, `list.txt`" if "bs2" in pattern else ", `x.txt`" if "txt" in pattern else ""
        return f"`x.npy`, `x.npz:key`{events}"
    if "%" in pattern:
        return "`0.5%`"
    if "/" in pattern:
        return "a fraction `1/255`"
    if "fixed" in pattern:
        return "`auto` or a [format](#number-formats)"
    if pattern:
        return "a name: letters, digits, `_`; at most 48"
    return "text" if key.get("type") == "string" else "a mapping"


def row(name, key, required):
    default = f"`{key['default']}`" if "default" in key else "required" if name in required else ""
    if isinstance(key.get("default"), bool):
        default = f"`{str(key['default']).lower()}`"
    return f"| `{name}` | {values(key)} | {default} | {key['description']} |\n"


def table(section):
    head = "| key | values | default | meaning |\n|---|---|---|---|\n"
    return head + "".join(row(n, k, section["required"]) for n, k in section["properties"].items())


def reference(schema):
    text = "### Top level\n\n" + table(schema)
    for name, section in schema["$defs"].items():
        users = [k for k, v in schema["properties"].items() if f"#/$defs/{name}\"" in json.dumps(v)]
        text += f"\n### {' and '.join(f'`{u}:`' for u in users)}\n\n" + table(section)
    return text


def main():
    schema = json.loads(subprocess.run([sys.argv[1], "check", "--schema"], check=True, capture_output=True, text=True).stdout)
    with open(DOC, encoding="utf-8") as f:
        old = f.read()
    before, rest = old.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + reference(schema) + END + after
    if "--check" in sys.argv:
        if new != old:
            sys.exit("docs/config.md is not what the program says: run scripts/make_config_doc.py NEUROHLS")
    else:
        with open(DOC, "w", encoding="utf-8") as f:
            f.write(new)


if len(sys.argv) < 2:
    sys.exit(__doc__)
main()
