#!/usr/bin/python3
"""Random lava-dl networks through the program: the C kernels against lava.py, every output of every step.

    random_lava.py --neurohls build/bin/neurohls --count 40 [--seed 1] [--rtl 10] [--keep DIR]"""
import argparse
import itertools
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np

import kernel
import lava

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cosim"))
import lava_nets  # noqa: E402: it draws and writes networks, and computes nothing


def drawn(seed):
    """A network of neurons that lava has: SLAYER's adaptive ones are not among them."""
    rng = random.Random(seed)
    while True:
        net = lava_nets.random_net(rng)
        if not any(layer.get("neuron", {}).get("type") == "ALIF" for layer in net.layers):
            return rng, net


def possible(net, folder):
    """Outputs [samples, steps x outputs]; several where a resonator's sine or cosine may have lost an LSB (lava.Resonator)."""
    resonators = [k for k, layer in enumerate(net.layers) if layer.get("neuron", {}).get("type", "").startswith("RF")]
    for lost in itertools.product(itertools.product((0, 1), repeat=2), repeat=len(resonators)):
        model = lava.Network(str(folder / "net.net"), net.message_bits, net.shape_in, dict(zip(resonators, lost)))
        yield np.array([model.run(sample).reshape(-1) for sample in net.x])


def judge(neurohls, seed, folder, rtl):
    rng, net = drawn(seed)
    lava_nets.write(net, folder / "net.net")
    np.save(folder / "x.npy", net.x)
    spiking = [f"input_message_bits: {net.message_bits}"] + [f"input_shape: {list(net.shape_in)}"] * (len(net.shape_in) == 3 and net.layers[0]["type"] != "input")
    (folder / "net.yaml").write_text(f"project: net\nmodel: net.net\ntarget: generic\nclock_mhz: 100\nio: stream\nbeat: {rng.randint(1, 6)}\n"
                                     f"budget: {{ multipliers: {rng.randint(8, 64)} }}\nspiking: {{ {', '.join(spiking)} }}\n"
                                     "simulate: { inputs: x.npy, stalls: both, trace: true }\n")
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--until", "sim" if rtl else "c", "--quiet", "--force"], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return net, f"exit {done.returncode}: {done.stderr.strip()[:1000]}"
    report = json.loads((folder / "out/report.json").read_text())
    got = kernel.outputs(folder / "out", "net", net.x)
    for want in possible(net, folder):
        wrong = np.argwhere(got != want)
        if not len(wrong):
            break
    if len(wrong):
        s, k = wrong[0]
        n = want.shape[1] // net.x.shape[1]
        return net, f"{len(wrong)} of {want.size} outputs differ: sample {s}, step {k // n}, output {k % n}: C gives {got[s, k]}, the oracle {want[s, k]}"
    if rtl and (report["sim"]["mismatches"] or not report["sim"]["compared"]):
        return net, f"RTL: {report['sim']['mismatches']} of {report['sim']['compared']} values differ"
    return net, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rtl", type=int, default=0)
    parser.add_argument("--keep")
    args = parser.parse_args()
    neurohls, failed = str(pathlib.Path(args.neurohls).resolve()), []
    for seed in range(args.seed, args.seed + args.count):
        rtl = args.rtl > 0 and seed % args.rtl == 0
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep).resolve() / str(seed) if args.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            net, problem = judge(neurohls, seed, folder, rtl)
        failed += [seed] if problem else []
        print(f"{'FAIL' if problem else 'ok  '} seed {seed}: {net.describe()}{' + RTL' if rtl else ''}{': ' + problem if problem else ''}", flush=True)
    print(f"{args.count - len(failed)} equal, {len(failed)} failed {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
