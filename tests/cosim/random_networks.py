#!/usr/bin/python3
"""Random dense networks through the whole flow: shapes, formats, rounding and overflow modes, strategies, reuse factors, io.

For every network the generated C kernels must equal an exact model written here in rational arithmetic from the definitions of
the modes (it shares no code with neurohls), and the RTL must equal the C kernels with and without stalls. Networks with auto
formats must stay within an error bound propagated from the float network and the formats that the report names.

    random_networks.py --neurohls build/bin/neurohls --count 50 [--seed 1] [--keep DIR]
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction
from math import floor

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROUND = ["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"]
OVERFLOW = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"]


class Format:
    def __init__(self, text):
        name, args = text.strip().rstrip(">").split("<")
        args = [a.strip() for a in args.split(",")]
        self.text = text
        self.signed = not name.startswith("u")
        self.w, self.i = int(args[0]), int(args[1])
        self.round = args[2] if len(args) > 2 else "TRN"
        self.overflow = args[3] if len(args) > 3 else "WRAP"
        self.frac = self.w - self.i

    def cast(self, v):
        """The raw integer of the rational v."""
        return self.fit(self.rounded(v * Fraction(2) ** self.frac))

    def rounded(self, v):
        low = floor(v)
        part = v - low
        half = Fraction(1, 2)
        if part == 0 or self.round == "TRN":
            return low
        if self.round == "TRN_ZERO":
            return low if v > 0 else low + 1
        if part != half:
            return low + (part > half)
        up = {"RND": True, "RND_MIN_INF": False, "RND_ZERO": v < 0, "RND_INF": v > 0, "RND_CONV": low % 2 != 0}[self.round]
        return low + up

    def fit(self, raw):
        top = 2 ** (self.w - 1) - 1 if self.signed else 2 ** self.w - 1
        bottom = -(2 ** (self.w - 1)) if self.signed else 0
        if self.overflow == "SAT_SYM" and self.signed:
            bottom = -top
        if bottom <= raw <= top:
            return raw
        if self.overflow == "WRAP":
            raw %= 2 ** self.w
            return raw - 2 ** self.w if self.signed and raw > top else raw
        if self.overflow == "SAT_ZERO":
            return 0
        return top if raw > top else bottom

    def real(self, raw):
        return Fraction(raw) / Fraction(2) ** self.frac


def random_format(rng, low, high, signed=None):
    w = rng.randint(low, high)
    i = rng.randint(0, min(w, 6)) + (1 if w > 1 else 0)
    signed = rng.random() < 0.8 if signed is None else signed
    modes = f",{rng.choice(ROUND)},{rng.choice(OVERFLOW)}" if rng.random() < 0.8 else ""
    return f"{'' if signed else 'u'}fixed<{w},{i}{modes}>"


def random_network(rng):
    """Sizes, weights, activations, and per layer the options; explicit formats or all auto."""
    depth = rng.randint(1, 4)
    sizes = [rng.randint(1, 40) for _ in range(depth + 1)]
    net = {"sizes": sizes, "layers": [], "auto": rng.random() < 0.25, "io": rng.choice(["parallel", "stream"]),
           "beat": rng.randint(1, 5), "input": random_format(rng, 2, 16)}
    for k in range(depth):
        n_in, n_out = sizes[k], sizes[k + 1]
        layer = {"name": f"fc{k}", "relu": rng.random() < 0.6, "strategy": rng.choice(["latency", "resource"])}
        layer["weight"] = random_format(rng, 2, 12)
        layer["result"] = random_format(rng, 3, 20)
        # An unrolled layer with a cast in every addition is large: small ones only, to keep the C++ build of the model short.
        small = layer["strategy"] == "resource" or n_in * n_out <= 200
        layer["accum"] = random_format(rng, 6, 24, True) if rng.random() < 0.3 and small else "auto"
        layer["reuse"] = rng.randint(1, n_in * n_out)
        spread = np.random.default_rng(rng.randint(0, 2 ** 31))
        layer["w"] = (spread.standard_normal((n_out, n_in)) * rng.choice([0.3, 1, 3])).astype(np.float32)
        layer["b"] = (spread.standard_normal(n_out) * 0.7).astype(np.float32) if rng.random() < 0.8 else None
        net["layers"].append(layer)
    return net


def write_onnx(net, path):
    nodes, inits, at = [], [], "x"
    for layer in net["layers"]:
        inputs = [at, layer["name"] + ".w"]
        inits.append(numpy_helper.from_array(layer["w"], layer["name"] + ".w"))
        if layer["b"] is not None:
            inputs.append(layer["name"] + ".b")
            inits.append(numpy_helper.from_array(layer["b"], layer["name"] + ".b"))
        at = layer["name"] + "_y"
        nodes.append(helper.make_node("Gemm", inputs, [at], name=layer["name"], transB=1))
        if layer["relu"]:
            nodes.append(helper.make_node("Relu", [at], [at + "r"], name=layer["name"] + "_relu"))
            at += "r"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", net["sizes"][0]])
    y = helper.make_tensor_value_info(at, TensorProto.FLOAT, ["n", net["sizes"][-1]])
    onnx.save(helper.make_model(helper.make_graph(nodes, "net", [x], [y], inits),
                                opset_imports=[helper.make_opsetid("", 13)]), path)


def write_config(net, folder, samples, data_seed):
    lines = ["project: net", "model: net.onnx", "target: generic", "clock_mhz: 200", f"io: {net['io']}"]
    if net["io"] == "stream":
        lines.append(f"beat: {net['beat']}")
    lines += [f'input: {{ format: "{net["input"]}" }}', "layers:"]
    for layer in net["layers"]:
        keys = [f"strategy: {layer['strategy']}"]
        if layer["strategy"] == "resource":
            keys.append(f"reuse_factor: {layer['reuse']}")
        if not net["auto"]:
            keys.append(f'weight: "{layer["weight"]}"')
            keys.append(f'result: "{layer["result"]}"')
            keys.append(f'accum: {layer["accum"]}' if layer["accum"] == "auto" else f'accum: "{layer["accum"]}"')
        lines.append(f"  {layer['name']}: {{ {', '.join(keys)} }}")
        if layer["relu"] and not net["auto"]:
            lines.append(f'  {layer["name"]}_relu: {{ result: "{layer["result"]}" }}')
    lines.append("simulate: { inputs: x.npy, stalls: both, trace: true }")
    with open(os.path.join(folder, "net.yaml"), "w") as f:
        f.write("\n".join(lines) + "\n")
    fmt = Format(net["input"])
    span = float(2.0 ** fmt.i)
    x = np.random.default_rng(data_seed).uniform(-span if fmt.signed else -0.1 * span, span, (samples, net["sizes"][0]))
    if net["auto"]:
        x = np.clip(x, float(fmt.real(fmt.fit(-10 ** 9) if fmt.overflow in ("SAT", "SAT_SYM") else 0)), span / 2)
    np.save(os.path.join(folder, "x.npy"), x)
    return x


def exact_outputs(net, sample):
    """Raw integers of the output for one sample, formats given."""
    fmt = Format(net["input"])
    x = [fmt.cast(Fraction(float(v))) for v in sample]
    for layer in net["layers"]:
        weight, result = Format(layer["weight"]), Format(layer["result"])
        grid = fmt.frac + weight.frac
        accum = None if layer["accum"] == "auto" else Format(layer["accum"])
        y = []
        for o in range(layer["w"].shape[0]):
            # An auto bias is in the accumulator's format; where that is exact, rounded half to even on the grid of the products.
            bias = Fraction(0) if layer["b"] is None else Fraction(float(layer["b"][o]))
            acc = accum.real(accum.cast(bias)) if accum else Fraction(round(bias * Fraction(2) ** grid)) / Fraction(2) ** grid
            for i, xi in enumerate(x):
                product = fmt.real(xi) * weight.real(weight.cast(Fraction(float(layer["w"][o, i]))))
                if accum:
                    product = accum.real(accum.cast(product))
                    acc = accum.real(accum.cast(acc + product))
                else:
                    acc += product
            r = result.cast(acc)
            y.append(max(r, 0) if layer["relu"] else r)
        x, fmt = y, result
    return x


def check_explicit(net, x, folder):
    got = np.load(os.path.join(folder, "out", "sim", "outputs_c.npy"))
    for s in range(len(x)):
        want = exact_outputs(net, x[s])
        if list(map(int, got[s].reshape(-1))) != want:
            return f"sample {s}: C gives {got[s].reshape(-1).tolist()}, exact arithmetic {want}"
    return None


def check_auto(net, x, folder, report):
    """Every format covers its range, so the error of a layer is at most: that of its input through |w|, that of its weights
    through |x|, half an LSB of bias grid, and an LSB of the result."""
    layers = {l["name"]: l for l in report["layers"]}
    got = np.load(os.path.join(folder, "out", "sim", "outputs_c.npy")).astype(np.float64)
    fmt = Format(net["input"])
    q = np.array([[float(fmt.real(fmt.cast(Fraction(float(v))))) for v in row] for row in x])
    err = np.zeros_like(q)
    val = q
    for layer in net["layers"]:
        facts = layers[layer["name"]]
        w = layer["w"].astype(np.float64)
        step = 2.0 ** -Format(facts["weight"]["format"]).frac
        last = layers[layer["name"] + "_relu"] if layer["relu"] else facts
        out = Format(last["result"])
        err = err @ np.abs(w).T + (np.abs(val) + err) @ (np.full_like(w, step / 2)).T + step + 2.0 ** -out.frac
        val = val @ w.T + (0 if layer["b"] is None else layer["b"].astype(np.float64))
        if layer["relu"]:
            val = np.maximum(val, 0)
    real = got.reshape(len(x), -1) * 2.0 ** -out.frac
    worst = np.max(np.abs(real - val) - err)
    return None if worst <= 0 else f"error exceeds its bound by {worst}"


def run(neurohls, seed, keep):
    rng = random.Random(seed)
    net = random_network(rng)
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep and os.path.join(keep, str(seed)) or temporary
        os.makedirs(folder, exist_ok=True)
        write_onnx(net, os.path.join(folder, "net.onnx"))
        x = write_config(net, folder, 12, seed)
        done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", "sim", "--quiet"], cwd=folder, capture_output=True, text=True)
        what = f"{'-'.join(map(str, net['sizes']))} {net['io']}{' auto' if net['auto'] else ''} " + " ".join(
            (f"R{l['reuse']}" if l["strategy"] == "resource" else "lat") + ("" if net["auto"] or l["accum"] == "auto" else "c") for l in net["layers"])
        if done.returncode != 0:
            return what, f"exit {done.returncode}: {done.stderr.strip()[-1500:]}"
        with open(os.path.join(folder, "out", "report.json")) as f:
            report = json.load(f)
        sim = report["sim"]
        if sim["mismatches"] != 0 or sim["compared"] == 0:
            return what, f"{sim['mismatches']} mismatches of {sim['compared']}"
        problem = check_auto(net, x, folder, report) if net["auto"] else check_explicit(net, x, folder)
        return what, problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    args = parser.parse_args()
    failed = 0
    for seed in range(args.seed, args.seed + args.count):
        what, problem = run(os.path.abspath(args.neurohls), seed, args.keep and os.path.abspath(args.keep))
        print(f"{'FAIL' if problem else 'ok  '} seed {seed}: {what}" + (f": {problem}" if problem else ""), flush=True)
        failed += problem is not None
    print(f"{args.count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
