#!/usr/bin/python3
"""Exact cell counts of templates and of emitted datapaths, so that a silent change of area is a red test; tables.py holds the documents to them.

    cells_test.py NEUROHLS [UNIT...]       NH_UPDATE_CELLS=1 rewrites cells.json; review the diff.

The counts are those of the Yosys version in cells.json; with another one the test is skipped (exit status 77).
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATES = HERE.parent.parent / "rtl_templates"
EXPECTED = HERE / "cells.json"

# As hls/flow/yosys.c. Without DSP blocks multipliers count as logic, where a change shows best.
RECIPES = {
    "ice40": "synth_ice40 -top",
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nodsp -top",
    "xc7_dsp": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top",
}


def core(lanes):
    """A neuron core of tinyODIN's sizes: 256 neurons with states of 12 bits, 256 inputs, 256 x 256 weights of 4 bits, parameters shared."""
    return "nh_neuron_core", dict(LANES=lanes, NEURONS=256, AXONS=256, SYNAPSES=256 * 256 // lanes, ROUTES=1, GROUPS=1, PARAMS=1, QUEUE=16, WEIGHT_W=4,
                                  ACC_W=12, STATE_W=12, PARAM_W=31, XB=1, YB=1, ADDR_W=8, DATA_W=26, DP_LATENCY=2)


# name: (module, parameters); files are (words, digits of a word).
UNITS = {
    "dense_mac_serial": ("nh_dense_mac", dict(N_IN=16, N_OUT=8, IN_LANES=1, OUT_LANES=1, REUSE=128, X_W=8, W_W=8, ACC_W=20, EXACT=1,
                                              WEIGHT_BLOCK=1, INPUT_BLOCK=1, WEIGHT_FILE=(128, 2), BIAS_FILE=(8, 5))),
    "dense_mac_lanes_with_casts": ("nh_dense_mac", dict(N_IN=6, N_OUT=8, IN_LANES=2, OUT_LANES=4, REUSE=6, X_W=6, W_W=6, ACC_W=12,
                                                        EXACT=0, PROD_SHIFT=4, ROUND=2, OVERFLOW=1, WEIGHT_BLOCK=0, INPUT_BLOCK=0,
                                                        WEIGHT_FILE=(6, 12), BIAS_FILE=(2, 12))),
    "gear_narrow": ("nh_gear", dict(ELEM_W=8, N=8, S_BEAT=4, M_BEAT=1)),
    "gear_widen": ("nh_gear", dict(ELEM_W=8, N=8, S_BEAT=2, M_BEAT=8)),
    "gear_any": ("nh_gear", dict(ELEM_W=8, N=10, S_BEAT=3, M_BEAT=2)),
    "cast_truncate_wrap": ("nh_cast", dict(IN_W=24, SHIFT=9, OUT_W=8, ROUND=0, OVERFLOW=0)),
    "cast_even_saturate": ("nh_cast", dict(IN_W=24, SHIFT=9, OUT_W=8, ROUND=6, OVERFLOW=1)),
    "cast_to_unsigned": ("nh_cast", dict(IN_W=16, SHIFT=4, OUT_W=8, OUT_SIGNED=0, ROUND=2, OVERFLOW=1)),
    "skid": ("nh_skid", dict(WIDTH=16)),
    "router": ("nh_router", dict(X=1, Y=1, X_MAX=3, Y_MAX=3, XB=2, YB=2, DATA_W=26, QUEUE=2)),
    "fabric_host": ("nh_fabric_host", dict(FLIT_W=36, HOST_W=40, SETTLE=4)),
    "frame_rx": ("nh_frame_rx", dict(WIDTH=40)),
    "frame_tx": ("nh_frame_tx", dict(WIDTH=40)),
    "host_bytes": ("nh_host_bytes", dict(HOST_W=40, DEPTH=8)),
    "host_uart": ("nh_host_uart", dict(HOST_W=40, DEPTH=8, DIV=104)),
    "core_1_lane": core(1),
    "core_8_lanes": core(8),
}
XC7 = ("dense_mac_serial", "dense_mac_lanes_with_casts", "gear_any", "cast_even_saturate", "router", "fabric_host", "host_bytes", "host_uart",
       "core_1_lane", "core_8_lanes")
JOBS = [("ice40", u) for u in UNITS] + [("xc7", u) for u in XC7] + [("xc7_dsp", "dense_mac_serial")]
EMITTED = [("ice40", "p_n1_fc1_dp"), ("xc7", "p_n1_fc1_dp"), ("ice40", "p")]
FABRIC = [(family, lanes) for family in ("ice40", "xc7") for lanes in (1, 8)]  # the neurons of core(lanes)
# Most LUTs and flip-flops: what routers without multicast or fair arbitration take.
BOUNDS = {"xc7/router": (705, 1254)}


def memory(path, words, digits):
    """Hex words from a fixed linear congruential generator."""
    state = 1
    with open(path, "w") as f:
        for _ in range(words):
            word = ""
            for _ in range(digits):
                state = (state * 1103515245 + 12345) & 0x7fffffff
                word += "%x" % (state >> 20 & 15)
            f.write(word + "\n")


def count(folder, name, files, top, recipe, before=""):
    """{cell type: number} after synthesis in `folder`."""
    netlist = folder / f"{name}.json"
    script = f"read_verilog -defer {' '.join(map(str, files))}; {before}; {recipe} {top}; write_json {netlist}"
    done = subprocess.run(["yosys", "-Q", "-T", "-q", "-p", script], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: yosys failed\n{done.stdout[-2000:]}")
    modules = json.loads(netlist.read_text())["modules"]
    tops = [m for m in modules.values() if int(m["attributes"].get("top", "0"), 2)]
    return dict(sorted(collections.Counter(c["type"] for c in tops[0]["cells"].values()).items()))


def sources(folder, module):
    """Copies of the template and of what it is made of, without comments: both would number other wires, and ABC go by numbers."""
    waiting, done = [module], {}
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        text = next(TEMPLATES.glob(f"*/{name}.v")).read_text()
        done[name] = folder / f"{name}.v"
        done[name].write_text("".join(re.sub(r"\s*//.*", "", line) + "\n" for line in text.splitlines() if not line.lstrip().startswith("//")))
        waiting += [m for m in re.findall(r"\bnh_\w+", done[name].read_text()) if list(TEMPLATES.glob(f"*/{m}.v"))]
    return [done[m] for m in sorted(done)]


def count_template(work, family, unit):
    module, parameters = UNITS[unit]
    folder = work / f"{family}_{unit}"
    folder.mkdir()
    sets = []
    for key, value in parameters.items():
        if isinstance(value, tuple):
            memory(folder / f"{key}.mem", *value)
            value = f'"{key}.mem"'
        sets.append(f"chparam -set {key} {value} {module}")
    return count(folder, unit, sources(folder, module), module, RECIPES[family], "; ".join(sets))


def emit(work, program):
    """The RTL of a small network, unrolled."""
    shutil.copy(HERE.parent / "golden/models/two_layers.onnx", work)
    (work / "p.yaml").write_text('project: p\nmodel: two_layers.onnx\ntarget: generic\nclock_mhz: 50\ninput: { format: "fixed<6,4>" }\n'
                                 'defaults: { strategy: latency, result: "fixed<8,4,RND,SAT>" }\n')
    subprocess.run([program, "build", work / "p.yaml", "--until", "rtl", "-q", "-o", work / "out"], check=True)
    return work / "out/rtl"


def emit_fabric(work, program, lanes):
    """The RTL of a core with leaky integrate-and-fire neurons, whose decay, gain and threshold are parameters."""
    shutil.copy(HERE.parent / "golden/models/lif.nir", work)
    config = work / f"f{lanes}.yaml"
    config.write_text(f"""project: f{lanes}
model: lif.nir
target: generic
io: stream
input: {{ format: "ufixed<1,1>" }}
defaults: {{ strategy: event, numerics: nir, reset: zero, weight_bits: 4, state_bits: 12, decay_bits: 6 }}
fabric: {{ mesh: [1, 1], neurons: 256, axons: 256, synapse_kib: 32, lanes: {lanes}, params: 1, weight_bits: 4, accum_bits: 12 }}
spiking: {{ time_steps: 5, dt: 1e-4 }}
""")
    subprocess.run([program, "build", config, "--until", "rtl", "-q", "-o", work / f"fabric{lanes}"], check=True)
    return work / f"fabric{lanes}/rtl"


def count_neurons(rtl, family, lanes):
    top = f"f{lanes}_neurons"
    files = [f for f in rtl.joinpath("files.f").read_text().split() if f in (f"{top}.v", f"f{lanes}_m0.v", "nh_reg.v", "nh_cast.v")]
    return count(rtl, f"{family}_{top}", files, top, RECIPES[family])


def total(cells):
    """(LUTs, flip-flops, block RAMs) as hls/flow/cells.c counts them; block RAMs of xc7 in 36 Kb."""
    def weigh(rules):
        return sum(n * weight for cell, n in cells.items() for pattern, weight in rules if re.fullmatch(pattern, cell))
    return (weigh([(r"LUT\d|INV|SB_LUT4", 1), (r"RAM32M|RAM64M", 4)]), weigh([(r"FD\w+|SB_DFF\w*", 1)]),
            weigh([(r"RAMB36E1|SB_RAM40_4K\w*", 1), (r"RAMB18E1", 0.5)]))


def above(got):
    """Units that exceed their bound."""
    return [f"{key}: {luts} LUTs, {ffs} flip-flops; allowed are {BOUNDS[key][0]}, {BOUNDS[key][1]}"
            for key in BOUNDS if key in got for luts, ffs, _ in [total(got[key])] if luts > BOUNDS[key][0] or ffs > BOUNDS[key][1]]


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    version = subprocess.run(["yosys", "-V"], capture_output=True, text=True).stdout.split()[:2] if shutil.which("yosys") else ["no yosys"]
    version = " ".join(version)
    old = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {"yosys": version, "cells": {}}
    update = bool(os.environ.get("NH_UPDATE_CELLS"))
    if version != old["yosys"] and not update:
        print(f"skipped: the counts are those of {old['yosys']}, here is {version}")
        return 77
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = pathlib.Path(name)
        rtl = emit(work, program)
        files = rtl.joinpath("files.f").read_text().split()
        futures = {f"{f}/{u}": pool.submit(count_template, work, f, u) for f, u in JOBS if not wanted or u in wanted}
        futures |= {f"{f}/emitted_{m}": pool.submit(count, rtl, f"{f}_{m}", files, m, RECIPES[f])
                    for f, m in EMITTED if not wanted or f"emitted_{m}" in wanted}
        fabric = {lanes: emit_fabric(work, program, lanes) for _, lanes in FABRIC}
        futures |= {f"{f}/neurons_{n}": pool.submit(count_neurons, fabric[n], f, n) for f, n in FABRIC if not wanted or f"neurons_{n}" in wanted}
        got = {key: future.result() for key, future in futures.items()}
    too_large = above(got)
    print("\n".join(too_large), end="\n" if too_large else "")
    if update:
        EXPECTED.write_text(json.dumps({"yosys": version, "cells": dict(sorted((old["cells"] | got).items()))}, indent=1) + "\n")
        return 0
    different = [key for key in got if got[key] != old["cells"].get(key)]
    for key in different:
        before = old["cells"].get(key, {})
        for cell in sorted(set(before) | set(got[key])):
            if before.get(cell, 0) != got[key].get(cell, 0):
                print(f"{key}: {cell}: {before.get(cell, 0)} -> {got[key].get(cell, 0)}")
    if not wanted and set(old["cells"]) - set(got):
        print("no longer counted:", ", ".join(sorted(set(old["cells"]) - set(got))))
        return 1
    print(f"{len(got)} units, {len(different)} changed")
    return 1 if different or too_large else 0


if __name__ == "__main__":
    sys.exit(main())
