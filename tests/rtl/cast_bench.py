"""nh_cast against exact rationals: every input of small formats in every mode, and corners of wide ones.
Usage: cast_bench.py [input widths, e.g. 1,3,6] [seed]"""
import os
import random
import sys
import tempfile

import reference
import templates

MODES = [(r, o) for r in range(7) for o in range(4)]


def simulate(cases, inputs, in_w):
    """Outputs [input][case] of one instance per case, for a list of in_w-bit inputs."""
    slot = max(c["OUT_W"] for c in cases)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "top.v"), "w") as f:
            f.write(f"module top ();\nreg [{in_w - 1}:0] x; reg [{in_w - 1}:0] mem [0:{len(inputs) - 1}]; integer i;\n"
                    f"wire [{len(cases) * slot - 1}:0] y;\n")
            for k, c in enumerate(cases):
                generics = ", ".join(f".{n}({v})" for n, v in c.items())
                f.write(f"nh_cast #({generics}) u{k} (.x(x), .y(y[{k * slot} +: {c['OUT_W']}]));\n")
            f.write('initial begin $readmemh("x.mem", mem);\n'
                    f'for (i = 0; i < {len(inputs)}; i = i + 1) begin x = mem[i]; #1 $display("%b", y); end end\nendmodule\n')
        with open(os.path.join(folder, "x.mem"), "w") as f:
            f.writelines(f"{x:x}\n" for x in inputs)
        code, text = templates.run(["iverilog", "-g2005", "-o", "sim", *templates.library(), "top.v"], cwd=folder)
        assert code == 0, text
        _, text = templates.run(["vvp", "-n", "sim"], cwd=folder)
    lines = [line[::-1] for line in text.split()]  # bit 0 first
    return [[line[k * slot:k * slot + c["OUT_W"]][::-1] for k, c in enumerate(cases)] for line in lines]


def compare(cases, inputs, in_w):
    for x, row in zip(inputs, simulate(cases, inputs, in_w)):
        for c, got in zip(cases, row):
            raw = x - (1 << in_w) if c["IN_SIGNED"] and x >> (in_w - 1) else x
            y = reference.cast(raw, c["SHIFT"], c["OUT_W"], c["OUT_SIGNED"], c["ROUND"], c["OVERFLOW"])
            expected = f"{y & ((1 << c['OUT_W']) - 1):0{c['OUT_W']}b}"
            if got != expected:
                sys.exit(f"FAIL nh_cast {c} x={raw}: expected {expected}, got {got}")
    return len(cases) * len(inputs)


def small(in_w):
    """Every mode and sign, shifts from appending bits to dropping more than there are."""
    return [dict(IN_W=in_w, IN_SIGNED=si, SHIFT=shift, OUT_W=out_w, OUT_SIGNED=so, ROUND=r, OVERFLOW=o)
            for si in (0, 1) for so in (0, 1) for shift in (-2, 0, 1, in_w - 1, in_w, in_w + 1, in_w + 5) for out_w in (1, 3)
            for r, o in MODES]


def wide(rng):
    for in_w in (16, 33, 64, 128):
        cases = [dict(IN_W=in_w, IN_SIGNED=rng.randint(0, 1), SHIFT=rng.randint(-40, in_w + 2), OUT_W=rng.randint(1, 64),
                      OUT_SIGNED=rng.randint(0, 1), ROUND=r, OVERFLOW=o) for r, o in MODES]
        top = (1 << in_w) - 1
        inputs = [0, 1, top, top >> 1, (top >> 1) + 1, top - 1]
        inputs += [rng.getrandbits(in_w) >> rng.randint(0, in_w - 1) for _ in range(60)]
        inputs += [(rng.getrandbits(in_w) | 1) << rng.randint(0, in_w - 1) & top for _ in range(60)]  # ties
        yield in_w, cases, inputs


def main():
    widths = [int(w) for w in sys.argv[1].split(",")] if len(sys.argv) > 1 else [1, 4]
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 9)
    count = 0
    for in_w in widths:
        count += compare(small(in_w), list(range(1 << in_w)), in_w)
    for in_w, cases, inputs in wide(rng):
        count += compare(cases, inputs, in_w)
    print(f"nh_cast: {count} values equal exact rationals, input widths {widths} exhaustively")


main()
