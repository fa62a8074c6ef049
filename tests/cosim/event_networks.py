#!/usr/bin/python3
"""Random dense networks without time on neuron cores: what neurohls run gives for their images must equal exact rational arithmetic
(random_networks.py, which shares no code with neurohls) where formats are given, and the integer model of the layers always.

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


def one(neurohls, seed, folder):
    rng = random.Random(seed)
    net = nets.random_network(rng)
    for layer in net["layers"]:
        layer["accum"] = "auto"  # sums of cores are exact
        layer["weight"] = nets.random_format(rng, 2, 10)
    x = nets.write_config(net, folder, SAMPLES, seed)  # its net.yaml is replaced
    nets.write_onnx(net, str(folder / "net.onnx"))
    if net["auto"]:
        vary_activations(str(folder / "net.onnx"), net, rng)
    (folder / "net.yaml").write_text(config(net, rng))
    env = dict(os.environ) | {"NEUROHLS_VERILATOR": "/nonexistent"}
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[-1500:]}"
    if " 0 of " not in done.stdout.split("as the layers")[1].split("\n")[0]:
        return done.stdout
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
