#!/usr/bin/python3
"""Networks in several places, through the program: each part's RTL gets what the RTL of the part before it gave, and neurohls build compares every
part with its C model and all together with the integer model of the whole network. Here the cuts are everywhere, and what leaves a
network that is cut between a pipeline and the host is what the same network gives as one pipeline.

    places.py --neurohls build/bin/neurohls [--quick] [--keep DIR] [CASE...]
"""
import json
import os
import re
import shutil
import subprocess
import sys

import h5py
import numpy as np

import program

FABRIC = "fabric: { mesh: [2, 1], neurons: 32, axons: 128, synapse_kib: 4, params: 32, accum_bits: 16 }"


def config(places, limit=60):
    """places: of fc1, lif1, fc2, lif2."""
    layers = ", ".join(f"{name}: {{ strategy: {place} }}" for name, place in zip(("fc1", "lif1", "fc2", "lif2"), places))
    return program.digits("strategy: resource", f"samples: 12, stalls: both, rtl_limit: {limit}", f"layers: {{ {layers} }}\n{FABRIC}", 'format: "ufixed<1,1>"')


def parts_of(report):
    """Pairs (place, layers); why they are wrong, or None."""
    parts = report["parts"]
    for part in parts:
        if not part["ran"] or part["mismatches"]:
            return parts, f"{part['id']}: {part['mismatches']} values differ"
        if part["place"] != "host" and not (part["runs"] > 1 and part["compared"] and part["cycles"] > 0):
            return parts, f"{part['id']}: its RTL was not compared"
    return parts, None


def run(places, expected, same_as_pipeline=False):
    def function(neurohls, folder, quick):
        built = program.build(neurohls, folder, config(places))
        parts, why = parts_of(built.report)
        if why:
            return why
        got = [(p["place"], p["layers"]) for p in parts]
        if got != expected:
            return f"cut into {got}"
        if any(a["out_format"] != b["in_format"] or a["out_values"] != b["in_values"] for a, b in zip(parts, parts[1:])):
            return "a tensor has two formats"
        print(f"     {built.sim['compared']} values compared, {built.sim['runs']} runs", flush=True)
        if not same_as_pipeline:
            return None
        (folder / "whole").mkdir()
        whole = program.build(neurohls, folder / "whole", config(["resource"] * 4), rtl=False)
        return None if np.array_equal(built.array("outputs"), whole.array("outputs_c")) else "the parts give other outputs than one pipeline"
    return function


FRAMES = """project: digits
model: {example}/digits.onnx
target: generic
clock_mhz: 100
io: stream
input: {{ format: "ufixed<5,1>" }}
defaults: {{ strategy: resource, reuse_factor: 8, weight_bits: 8, result_bits: 8 }}
layers: {{ {layers} }}
fabric: {{ mesh: [2, 2], neurons: 16, lanes: 4, axons: 64, synapse_kib: 1, routes: 2, groups: 1, params: 4, accum_bits: 20, payload_bits: 9 }}
calibrate: {{ data: {example}/x_cal.npy, scale: 1/16 }}
simulate: {{ inputs: {example}/x_test.npy, labels: {example}/y_test.npy, scale: 1/16, samples: 8, stalls: random }}
"""


def frames(places):
    """The network without time: fc1, relu1, fc2 ... of digits.onnx by name; its outputs are those of one pipeline whatever the cut."""
    def function(neurohls, folder, quick):
        def of(some):
            return FRAMES.format(example=program.EXAMPLE_FRAMES, layers=", ".join(f'"{k}": {{ strategy: {v} }}' for k, v in some.items()))
        built = program.build(neurohls, folder, of(places))
        parts, why = parts_of(built.report)
        if why:
            return why
        print("    ", " -> ".join(f"{p['place']} {p['layers']}" for p in parts), flush=True)
        (folder / "whole").mkdir()
        whole = program.build(neurohls, folder / "whole", of({}), rtl=False)
        return None if len(parts) > 1 and np.array_equal(built.array("outputs"), whole.array("outputs_c")) else "the parts give other outputs than one pipeline"
    return function


# x -> w1 -> a; a -> w2 -> b; a -> w3, b -> w4, both -> out: where b is elsewhere, out reads two tensors of other places.
SKIP = """project: skip
model: skip.nir
target: generic
clock_mhz: 100
io: stream
input: {{ format: "ufixed<1,1>" }}
defaults: {{ numerics: nir, reset: zero, weight_bits: 8, state_bits: 16, reuse_factor: 4, strategy: {first} }}
layers: {{ {layers} }}
fabric: {{ mesh: [2, 2], neurons: 16, lanes: 2, axons: 64, synapse_kib: 1, routes: 4, groups: 2, params: 16, accum_bits: 16 }}
simulate: {{ inputs: x.npy, stalls: both }}
"""


def write_skip(folder):
    rng = np.random.default_rng(5)
    lif = lambda n: dict(type="LIF", tau=np.full(n, 4e-4, np.float32), r=np.full(n, 4, np.float32), v_leak=np.zeros(n, np.float32), v_threshold=np.ones(n, np.float32))
    linear = lambda n, m: dict(type="Linear", weight=rng.uniform(-0.4, 0.8, (n, m)).astype(np.float32))
    nodes = dict(input=dict(type="Input", shape=np.array([12])), output=dict(type="Output", shape=np.array([5])), w1=linear(10, 12), a=lif(10), w2=linear(9, 10),
                 b=lif(9), w3=linear(5, 10), w4=linear(5, 9), out=lif(5))
    edges = [("input", "w1"), ("w1", "a"), ("a", "w2"), ("w2", "b"), ("a", "w3"), ("b", "w4"), ("w3", "out"), ("w4", "out"), ("out", "output")]
    with h5py.File(folder / "skip.nir", "w") as f:
        f["version"] = "1.0.7"
        root = f.create_group("node")
        root["type"] = "NIRGraph"
        root.create_dataset("edges", data=np.array(edges, dtype=object), dtype=h5py.string_dtype())
        for name, node in nodes.items():
            group = root.create_group(f"nodes/{name}")
            for key, value in node.items():
                group[key] = value
    np.save(folder / "x.npy", (rng.random((6, 15, 12)) < 0.4).astype(np.uint8))


def skip(first, places, expected, fabrics=0):
    """expected: place and number of tensors read, of each part. The outputs are those of the same network as one pipeline."""
    def function(neurohls, folder, quick):
        write_skip(folder)
        of = lambda some: SKIP.format(first=first if some else "resource", layers=", ".join(f"{name}: {{ strategy: {place} }}" for name, place in some.items()))
        built = program.build(neurohls, folder, of(places))
        parts, why = parts_of(built.report)
        if why:
            return why
        got = [(p["place"], len(p["in"].split(", "))) for p in parts]
        print(f"     {built.sim['compared']} values compared;", " | ".join(f"{p['in']} -> {p['place']} {p['layers']}" for p in parts), flush=True)
        if got != expected:
            return f"cut into {got}"
        if len(list(folder.glob("out/rtl/*_fabric"))) != fabrics:
            return "another number of fabrics"
        (folder / "whole").mkdir()
        write_skip(folder / "whole")
        whole = program.build(neurohls, folder / "whole", of({}), rtl=False)
        spikes = whole.array("outputs_c").sum()
        if "fabric" not in [p["place"] for p in parts] and not np.array_equal(built.array("outputs"), whole.array("outputs_c")):
            return "the parts give other outputs than one pipeline"
        return None if spikes > 50 else f"only {spikes} spikes"
    return function


# Calls the real Verilator; before it reads the RTL of one part, a file of it is changed.
WRAPPER = """#!/usr/bin/python3
import os, pathlib, re, sys
if "-y" in sys.argv:
    rtl = pathlib.Path(sys.argv[sys.argv.index("-y") + 1])
    for name in sorted(rtl.glob({files!r})) if rtl.name == {part!r} else []:
        name.write_text(re.sub({old!r}, {new!r}, name.read_text()))
os.execv({verilator!r}, [{verilator!r}] + sys.argv[1:])
"""


def tampered(part, files, old, new):
    """RTL of one part that was changed: the first difference names that part, not the ones behind it."""
    def function(neurohls, folder, quick):
        wrapper = folder / "verilator"
        wrapper.write_text(WRAPPER.format(part=part, files=files, old=old, new=new, verilator=shutil.which("verilator")))
        wrapper.chmod(0o755)
        (folder / "net.yaml").write_text(config(["resource", "resource", "event", "event"]))
        done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", "sim", "--json"], cwd=folder, capture_output=True, text=True,
                              env=dict(os.environ, NEUROHLS_VERILATOR=str(wrapper)))
        errors = [item for item in map(json.loads, done.stderr.splitlines()) if item["severity"] == "error"]
        found = re.match(rf"part {part}: sample \d+, step \d+, element \d+: (-?\d+), .* gives? (-?\d+)$", errors[0]["message"]) if errors else None
        print(f"     {errors[0]['message'] if errors else 'no error'}", flush=True)
        return None if done.returncode == 4 and found and errors[0]["code"] == "S111" and found[1] != found[2] else f"exit {done.returncode}: {done.stderr[-800:]}"
    return function


CASES = [
    ("pipeline_fabric", True, run(["resource", "resource", "event", "event"], [("pipeline", "fc1, lif1"), ("fabric", "fc2, lif2")])),
    ("fabric_host", True, run(["event", "event", "host", "host"], [("fabric", "fc1, lif1"), ("host", "fc2, lif2")])),
    ("pipeline_host", True, run(["resource", "resource", "host", "host"], [("pipeline", "fc1, lif1"), ("host", "fc2, lif2")], same_as_pipeline=True)),
    ("host_pipeline", False, run(["host", "host", "host", "resource"], [("host", "fc1, lif1, fc2"), ("pipeline", "lif2")], same_as_pipeline=True)),
    ("skip_pipeline", True, skip("resource", {"w2": "host", "b": "host"}, [("pipeline", 1), ("host", 1), ("pipeline", 2)])),
    ("skip_one_fabric", True, skip("event", {"w2": "host", "b": "host"}, [("fabric", 1), ("host", 1), ("fabric", 2)], fabrics=1)),
    ("skip_host", False, skip("host", {"w1": "resource", "a": "resource", "w2": "event", "b": "event"}, [("pipeline", 1), ("fabric", 1), ("host", 2)], fabrics=1)),
    # w3 reads a too, and its sum with w4 is a neuron's: what a pipeline makes of a leaves it as a tensor beside a.
    ("skip_two_leave", False, skip("host", {"w1": "resource", "a": "resource", "w3": "resource"}, [("pipeline", 1), ("pipeline", 1), ("host", 2)])),
    ("frames_host", False, frames({"*2*": "host"})),
    ("frames_fabric", False, frames({"*1*": "event"})),
    # Weights of column 4 of the images: those of the borders are of pixels that are never lit.
    ("tampered_pipeline", False, tampered("p0_pipeline", "*_fc1_w.mem", r"(?m)^([0-9a-f]{6})[0-9a-f]", r"\g<1>0")),
    ("tampered_fabric", True, tampered("p1_fabric", "*_m0.v", r"= v\d+ \? 16'h0 : (v\d+);", r"= \1;")),
    ("three_places", False, run(["host", "resource", "event", "event"], [("host", "fc1"), ("pipeline", "lif1"), ("fabric", "fc2, lif2")])),
]

if __name__ == "__main__":
    sys.exit(program.main(CASES, __doc__))
