#!/usr/bin/python3
"""Random networks of stateless layers on neuron cores. Chains of dense layers: what neurohls run gives for their images must equal exact rational
arithmetic (random_networks.py, which shares no code with neurohls) where formats are given, and the integer model of the layers always.
Every third network convolves and pools images instead: it must equal the integer model, which tests/oracle holds against the model file.

    event_networks.py --neurohls build/bin/neurohls --count 30 [--seed 1] [--keep DIR]
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np
import onnx
from onnx import helper, numpy_helper

import random_networks as nets

SAMPLES = 12
AUTO = ["", ", scale: arbitrary", ", scale: arbitrary, granularity: per_channel", ", granularity: per_channel"]


def config(net, rng):
    """Cores of random size; formats that events and accumulators can carry."""
    lanes = rng.choice([1, 2, 4, 8])
    fabric = {"mesh": "[8, 8]", "lanes": lanes, "neurons": lanes * rng.randint(1, 6), "axons": 512, "synapse_kib": 64, "routes": 64, "params": 64,
              "weight_bits": 12, "accum_bits": 48, "payload_bits": 22}
    lines = ["project: net", "model: net.onnx", "target: generic", "io: stream", f'input: {{ format: "{net["input"]}" }}',
             "fabric: { %s }" % ", ".join(f"{k}: {v}" for k, v in fabric.items()),
             f"defaults: {{ strategy: event{rng.choice(AUTO) if net['auto'] else ''} }}"]
    if not net["auto"]:
        lines.append("layers:")
        for layer in net["layers"]:
            lines.append(f'  {layer["name"]}: {{ weight: "{layer["weight"]}", result: "{layer["result"]}" }}')
            if layer["relu"]:
                lines.append(f'  {layer["name"]}_relu: {{ result: "{layer["result"]}" }}')
    return "\n".join(lines + ["simulate: { inputs: x.npy }", ""])


def vary_activations(path, net, rng):
    """LeakyRelu or Clip instead of Relu, a batch normalisation behind it: compared with the layers, which random_networks.py does not know."""
    model = onnx.load(path)
    nodes, spread = [], np.random.default_rng(rng.randint(0, 2 ** 31))
    for node in model.graph.node:
        if node.op_type != "Relu":
            nodes.append(node)
            continue
        (source,), (result,) = node.input, node.output
        inner, kind = result + "i", rng.choice(["Relu", "LeakyRelu", "Clip"])
        bounds = [numpy_helper.from_array(np.float32(v), f"{inner}{i}") for i, v in enumerate([-0.3, 1.7])] if kind == "Clip" else []
        nodes.append(helper.make_node(kind, [source, *[b.name for b in bounds]], [inner], name=node.name, **({"alpha": 0.13} if kind == "LeakyRelu" else {})))
        n = next(len(layer["w"]) for layer in net["layers"] if node.name.startswith(layer["name"]))
        norm = [numpy_helper.from_array(np.abs(spread.standard_normal(n)).astype(np.float32) + np.float32(0.1), f"{inner}n{i}") for i in range(4)]
        model.graph.initializer.extend(bounds + norm)
        nodes.append(helper.make_node("BatchNormalization", [inner, *[p.name for p in norm]], [result], name=node.name + "_bn"))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def outputs_of(neurohls, folder, net, x):
    """Of the image, on raw inputs that are cast here."""
    fmt = nets.Format(net["input"])
    np.save(folder / "raw.npy", np.array([[fmt.cast(Fraction(float(v))) for v in row] for row in x], dtype=np.int64))
    done = subprocess.run([neurohls, "run", "out/fabric/net.img", "--inputs", "raw.npy", "--json"], cwd=folder, capture_output=True, text=True)
    return json.loads(done.stdout)["sums"] if done.returncode == 0 else done.stderr


def image_network(rng, folder):
    """Convolutions (some in groups), pools and activations over images, a dense layer at the end; no pool pads, so that all are means of whole windows."""
    values = np.random.default_rng(rng.randint(0, 2 ** 31))
    shape = [rng.choice([1, 2, 4]), rng.randint(4, 8), rng.randint(4, 8)]
    nodes, constants, now = [], [], "x"

    def add(op, *parameters, **attributes):
        nonlocal now
        arrays = [numpy_helper.from_array(np.asarray(p, dtype=np.float32), f"{op}{len(nodes)}_{i}") for i, p in enumerate(parameters)]
        constants.extend(arrays)
        name = f"{op}{len(nodes)}".lower()
        nodes.append(helper.make_node(op, [now, *[a.name for a in arrays]], [name], name=name, **attributes))
        now = name

    model_input = helper.make_tensor_value_info("x", 1, [1, *shape])
    data = values.standard_normal((SAMPLES, *shape)).astype(np.float32)
    for _ in range(rng.randint(1, 3)):
        groups = rng.choice([1, 1, shape[0]])
        out = groups * rng.randint(1, 3)
        kernel = [rng.randint(1, 3), rng.randint(1, 3)]
        pad, stride = rng.randint(0, 1), [rng.randint(1, 2), rng.randint(1, 2)]
        size = [(n + 2 * pad - k) // s + 1 for n, k, s in zip(shape[1:], kernel, stride)]
        if min(size) < 2:
            break
        weight = values.standard_normal((out, shape[0] // groups, *kernel)) / np.sqrt(kernel[0] * kernel[1] * shape[0] / groups)
        add("Conv", weight, *([values.standard_normal(out) / 2] if rng.random() < 0.7 else []), pads=[pad] * 4, strides=stride, group=groups)
        shape = [out, *size]
        if rng.random() < 0.6:
            add(rng.choice(["Relu", "LeakyRelu"]))
        if rng.random() < 0.4:
            add("AveragePool", kernel_shape=[2, rng.choice([1, 2])], strides=[1, 1])
            shape = [out, size[0] - 1, size[1] + 1 - nodes[-1].attribute[0].ints[1]]
    if rng.random() < 0.7 or not nodes:
        add("Flatten")
        n = shape[0] * shape[1] * shape[2]
        add("Gemm", values.standard_normal((3, n)) / np.sqrt(n), values.standard_normal(3), transB=1)
        shape = [3]
    output = helper.make_tensor_value_info(now, 1, [1, *shape])
    graph = helper.make_graph(nodes, "net", [model_input], [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), folder / "net.onnx")
    np.save(folder / "x.npy", data)
    lanes, convs = rng.choice([1, 2, 4, 8]), rng.choice([0, 8])
    (folder / "net.yaml").write_text(f"""project: net
model: net.onnx
target: generic
io: stream
calibrate: {{ data: x.npy }}
fabric: {{ mesh: [8, 8], lanes: {lanes}, neurons: {lanes * rng.choice([8, 32])}, synapse_kib: 64, payload_bits: {rng.choice([9, 16])}, convs: {convs} }}
defaults: {{ strategy: event, result_bits: 8{rng.choice(AUTO)} }}
simulate: {{ inputs: x.npy }}
""")


def map_and_compare(neurohls, folder):
    """None, or what the C model of the fabric gives otherwise than the layers."""
    env = dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent"}
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[-1500:]}"
    return None if " 0 of " in done.stdout.split("as the layers")[1].split("\n")[0] else done.stdout


def one(neurohls, seed, folder):
    rng = random.Random(seed)
    if seed % 3 == 0:
        image_network(rng, folder)
        return map_and_compare(neurohls, folder)
    net = nets.random_network(rng)
    for layer in net["layers"]:
        layer["accum"] = "auto"  # sums of cores are exact
        layer["weight"] = nets.random_format(rng, 2, 10)
    x = nets.write_config(net, folder, SAMPLES, seed)  # its net.yaml is replaced
    nets.write_onnx(net, str(folder / "net.onnx"))
    if net["auto"]:
        vary_activations(str(folder / "net.onnx"), net, rng)
    (folder / "net.yaml").write_text(config(net, rng))
    why = map_and_compare(neurohls, folder)
    if why:
        return why
    got, want = outputs_of(neurohls, folder, net, x), [nets.exact_outputs(net, row) for row in x] if not net["auto"] else None
    return None if want is None or got == want else f"the image gives {got}, exact arithmetic {want}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    args = parser.parse_args()
    neurohls, failed = str(pathlib.Path(args.neurohls).resolve()), 0
    for seed in range(args.seed, args.seed + args.count):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep or temporary) / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            why = one(neurohls, seed, folder)
        if why:
            failed += 1
            print(f"seed {seed}: {why}", flush=True)
    print(f"{args.count - failed} of {args.count} networks agree")
    return 1 if failed or args.count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
