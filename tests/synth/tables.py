#!/usr/bin/python3
"""The cell counts that the documents state are those of cells.json, which cells_test.py holds Yosys to.

    tables.py        prints what a document lacks; exit 1 then
"""
import json
import sys

import cells_test

ROOT = cells_test.HERE.parent.parent
CELLS = json.loads(cells_test.EXPECTED.read_text())["cells"]


def figures(*units):
    """(LUTs, flip-flops, block RAMs) of all of them, as text."""
    sums = [sum(column) for column in zip(*(cells_test.total(CELLS[u]) for u in units))]
    return [f"{n:,.1f}".removesuffix(".0") for n in sums]


def ice40(unit):
    luts, ffs, brams = figures(f"ice40/{unit}")
    return f"{luts} LUT, {ffs} FF" + (f", {brams} BRAM" if brams != "0" else "")


def cores():
    """The table of docs/fabric.md, Cells."""
    for family in ("xc7", "ice40"):
        for lanes, name in ((1, "1 lane"), (8, "8 lanes")):
            core = f"core_{name.replace(' ', '_')}"
            yield (f"| {family}, {name} | " + " / ".join(figures(f"{family}/{core}")) + " | " + " / ".join(figures(f"{family}/neurons_{lanes}")[:2])
                   + " | " + " / ".join(figures(f"{family}/{core}", f"{family}/neurons_{lanes}")) + " |")


def stated():
    """(document, text that must be in it)"""
    catalogue = "rtl_templates/README.md"
    for unit, before in (("fabric_host", "36-bit flits: "), ("host_bytes", "40 bits, 8 words: "), ("host_uart", "40 bits, 8 words: "),
                         ("skid", "16 bits: ")):
        yield catalogue, f"{before}{ice40(unit)} |"
    yield catalogue, f"one lane {ice40('core_1_lane')}; 8 lanes {ice40('core_8_lanes')} |"
    luts, ffs, _ = figures("xc7/router")
    yield catalogue, f"{luts} LUT, {ffs} FF inside the mesh"
    yield "README.md", f"LUT / FF | {luts} / {ffs} |"
    for row in cores():
        yield "docs/fabric.md", row
    yield "README.md", "; ".join(" / ".join(figures(f"xc7/core_{name}", f"xc7/neurons_{lanes}")) for lanes, name in ((1, "1_lane"), (8, "8_lanes")))


def main():
    lacking = [(document, text) for document, text in stated() if text not in (ROOT / document).read_text()]
    for document, text in lacking:
        print(f"{document} lacks: {text}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
