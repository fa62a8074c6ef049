#!/usr/bin/python3
"""Random chains of layers and neurons in NIR through the program: the C kernels against nir.py, every output of every step.

    random_nir.py --neurohls build/bin/neurohls --count 20 [--seed 1] [--keep DIR]"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np

import fixed
import nir

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cosim"))
import spiking_nets  # noqa: E402: it draws and writes networks, and computes nothing


def drawn(rng):
    """A chain; one in three begins with an image or a signal."""
    net = spiking_nets.Net(rng, rng.randint(5, 16), rng.choice([1e-4, 1e-3]))
    shape = rng.choice([(rng.randint(1, 14),)] * 2 + [rng.choice([(rng.randint(1, 3), rng.randint(4, 9)), (rng.randint(1, 3), rng.randint(3, 6), rng.randint(3, 6))])])
    net.nodes = {"input": net.nodes.pop(net.add("Input", shape, []))}
    at, stages = "input", rng.randint(1, 3)
    for k in range(stages):
        last = k == stages - 1
        weights = spiking_nets.add_weights(net, at, (rng.randint(1, 8),) if last else None)
        if not weights:
            continue
        at = spiking_nets.add_neuron(net, rng.choice(["LI", "IF", "LIF", "CubaLIF"] if last else ["IF", "LIF", "CubaLIF"]), [weights])
    net.output = at
    x = net.draw.random((3, net.steps, int(np.prod(shape))))
    net.x = np.where(x < 0.35, np.round(x * 8) if rng.random() < 0.2 else 1.0, 0.0)
    return net


def options_of(net, rng, preset):
    """Resets of some neurons other than the preset's."""
    options = {}
    for name, node in net.nodes.items():
        if node["type"] in spiking_nets.SPIKING and rng.random() < 0.5:
            options[name] = {"reset": rng.choice(["zero", "subtract"])}
    return options


def judge(neurohls, seed, folder):
    rng = random.Random(seed)
    net = drawn(rng)
    preset = rng.choice(list(nir.PRESETS))
    options = options_of(net, rng, preset)
    spiking_nets.write_nir(net, folder / "net.nir")
    np.save(folder / "x.npy", net.x)
    scale, granularity = rng.choice(["power_of_two", "arbitrary"]), rng.choice(["per_tensor", "per_channel"])
    layers = "".join(f"\n  {name}: {{ reset: {keys['reset']} }}" for name, keys in options.items()) or " {}"
    (folder / "net.yaml").write_text(
        f"project: net\nmodel: net.nir\ntarget: generic\nclock_mhz: 100\nbudget: {{ multipliers: 1000 }}\n"
        f"defaults: {{ strategy: resource, numerics: {preset}, weight_bits: {rng.randint(2, 10)}, state_bits: {rng.randint(6, 24)}, decay_bits: {rng.randint(4, 14)},"
        f" scale: {scale}, granularity: {granularity}, reuse_factor: auto }}\nlayers:{layers}\nspiking: {{ dt: {net.dt} }}\n"
        + ("calibrate: { data: x.npy }\n" if rng.random() < 0.7 else "") + "simulate: { inputs: x.npy, rtl: false }\n")
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", "sim", "--quiet", "--force"], cwd=folder, capture_output=True, text=True)
    kinds = " ".join(node["type"] for node in net.nodes.values() if node["type"] != "Input")
    what = f"{preset} {'x'.join(map(str, net.shape('input')))} {kinds} {scale} {granularity}"
    if done.returncode not in (0, 1):
        return what, f"exit {done.returncode}: {done.stderr.strip()[:1000]}"
    report = json.loads((folder / "out/report.json").read_text())
    network = nir.Network(folder / "net.nir", report, preset, options, net.dt, scale == "power_of_two")
    got = np.load(folder / "out/sim/outputs_c.npy").reshape(*net.x.shape[:2], -1)
    got >>= max(0, -fixed.Format(report["layers"][-1]["result"]).frac)  # integers above an LSB of 1 are written as their values
    want = np.array([network.run(sample) for sample in net.x])
    wrong = np.argwhere(got != want)
    if len(wrong):
        s, t, k = wrong[0]
        return what, f"{len(wrong)} of {want.size} outputs differ: sample {s}, step {t}, output {k}: C gives {got[s, t, k]}, the oracle {want[s, t, k]}"
    return f"{what}: {want.size} outputs, {np.count_nonzero(want)} not 0", None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    args = parser.parse_args()
    neurohls, failed = str(pathlib.Path(args.neurohls).resolve()), []
    for seed in range(args.seed, args.seed + args.count):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep).resolve() / str(seed) if args.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            what, problem = judge(neurohls, seed, folder)
        failed += [seed] if problem else []
        print(f"{'FAIL' if problem else 'ok  '} seed {seed}: {what}{': ' + problem if problem else ''}", flush=True)
    print(f"{args.count - len(failed)} equal, {len(failed)} failed {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
