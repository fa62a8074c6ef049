#!/usr/bin/python3
"""Random spiking networks on random fabrics: NIR graphs (spiking_nets.py) and lava-dl files (lava_nets.py) through neurohls map. The C model of the
fabric, which executes the image, must give every output of every step of the layers' integer model; with --rtl the RTL must give every event of
the C model. What a fabric is too small for must end in a certificate that is true: with the change that it names the network fits.

    random_fabric.py --neurohls build/bin/neurohls --count 100 [--seed 1] [--rtl] [--keep DIR]
"""
import argparse
import collections
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

import lava_nets
import program
import random_spiking
import spiking_nets

# What a network drawn at random may be refused for, and why that is right.
REFUSED = {
    "N325": "options that exclude each other", "N334": "recurrent layers of Spyx, which its files do not say", "N110": "counts of more than 64 spikes with several thresholds",
    "counting more than 64 spikes": "thresholds that differ, with many spikes",
    "has at most 8 neuron models": "numerics are drawn for every layer",
    "is no layer of neurons": "a network that ends in a pool or delay",
    "its inputs are not simply added": "resonators on a fabric with one accumulator",
    "which no neuron takes in": "a bias in front of a pool",
    "is more than a spike": "values on a fabric of spikes",
    "bits on the fabric, which gives it": "few state_bits", "more fractional bits than the fabric": "few decay_bits",
    "a weight leaves": "what comes in without weights is finer than they are",
    "models named 'sum'": "eight models already", "which takes payload_bits": "partial sums wider than an event",
}
OPEN = ["axons", "params", "sparse", "delays", "groups", "routes", "convs", "weight_bits", "accum_bits", "accumulators", "payload_bits"]
CHANGE = re.compile(r"smallest change that fits: ([^;(]+?)(?: \(|$|;)", re.M)


def random_fabric(rng, needs):
    """Sizes, some too small; needs: keys that the network cannot do without."""
    lanes = rng.choice([1, 1, 2, 3, 4, 8, 16])
    convs = rng.choice([0, 0, 2, 8])
    fabric = {"mesh": f"[{rng.randint(1, 4)}, {rng.randint(1, 4)}]", "lanes": lanes, "neurons": lanes * rng.choice([2, 4, 8, 16, 64]),
              "axons": rng.choice([8, 16, 64, 256, 1024]), "synapse_kib": rng.choice([1, 2, 8, 64]), "params": rng.choice([8, 64, 256]),
              "sparse": rng.choice(["true", "false"]), "delays": rng.choice([4, 16, 64]), "queue": rng.choice([2, 16]), "groups": rng.choice([8, 16]),
              "routes": rng.choice([64, 256]), "guard_bits": rng.choice([2, 4, 8])}
    if convs:
        fabric |= {"convs": convs, "conv_y_bits": 4, "conv_x_bits": 4, "conv_c_bits": 4}
    if rng.random() < 0.3:
        fabric["contexts"] = rng.choice([1, 2])
    if rng.random() < 0.3:
        fabric["share"] = rng.choice(["always", "free", "never"])
    return fabric | needs


def left_open(seed, fabric):
    """The fabric without some of the sizes that neurohls settles itself; by a generator of its own, so that the networks stay what they are."""
    rng = random.Random(f"open {seed}")
    if rng.random() < 0.5:
        return fabric
    gone = {key for key in OPEN if rng.random() < 0.5}
    if "convs" in gone:
        gone |= {"conv_y_bits", "conv_x_bits", "conv_c_bits"}
    return {key: value for key, value in fabric.items() if key not in gone}


def nir(rng, folder, seed):
    """A network of spiking_nets.py with the numerics of random_spiking.py. One in five ends in weights instead of neurons."""
    net = spiking_nets.random_net(rng)
    if random.Random(f"ends in weights {seed}").random() < 0.2:
        net.output = spiking_nets.add_weights(net, net.output, net.shape(net.output)) or net.output
    default, numerics = random_spiking.numerics_of(net, rng)
    if rng.random() < 0.7:  # all layers alike: few programs
        numerics = {name: dict(default) for name in numerics}
    if default["numerics"] in ("sinabs", "rockpool"):
        default["spikes_per_step"] = rng.choice([1, 3, 64, 255])
    spiking_nets.write_nir(net, folder / "net.nir")
    x = net.x if not net.real_input else np.round(net.x)
    np.save(folder / "x.npy", x)
    bits = rng.randint(2, 8)
    defaults = {"strategy": "event", "weight_bits": bits, "state_bits": rng.randint(8, 28), "decay_bits": rng.randint(4, 14),
                "granularity": rng.choice(["per_tensor", "per_channel"])} | default
    layers = []
    for name in net.nodes:
        keys = {k: v for k, v in numerics.get(name, {}).items() if k != "numerics" or v != default["numerics"]}
        if keys:
            layers.append(f'  "{spiking_nets.layer_name(net, name)}": {{ {", ".join(f"{k}: {v}" for k, v in keys.items())} }}')
    lines = ["model: net.nir", f"defaults: {{ {', '.join(f'{k}: {v}' for k, v in defaults.items())} }}", f"spiking: {{ dt: {net.dt} }}",
             "calibrate: { data: x.npy }", *(["layers:"] + layers if layers else [])]
    return lines, {"weight_bits": rng.choice([8, 12, 16]), "accum_bits": 40, "payload_bits": rng.choice([1, 16, 32, 32, 32])}, random_spiking.describe(net, default)


def lava(rng, folder, seed):
    net = lava_nets.random_net(rng)
    lava_nets.write(net, folder / "net.net")
    np.save(folder / "x.npy", net.x)
    spiking = {"input_message_bits": net.message_bits} | ({"reset_interval": rng.randint(2, 9)} if rng.random() < 0.2 else {})
    lines = ["model: net.net", "defaults: { strategy: event }", f"spiking: {{ {', '.join(f'{k}: {v}' for k, v in spiking.items())} }}"]
    needs = {"weight_bits": 9, "accum_bits": 40, "payload_bits": 32, "accumulators": net.accumulators}
    return lines, needs, net.describe()


def mapped(neurohls, folder, lines, fabric, rtl):
    text = ["project: net", "target: generic", "io: stream", *lines, f"fabric: {{ {', '.join(f'{k}: {v}' for k, v in fabric.items())} }}",
            "simulate: { inputs: x.npy }"]
    (folder / "net.yaml").write_text("\n".join(text) + "\n")
    env = dict(os.environ) | ({} if rtl else {"NEUROHLS_VERILATOR": "/nonexistent"})
    return subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, env=env, capture_output=True, text=True, timeout=600)


def differs(done, rtl):
    """Of a network that was mapped: None, or what is wrong."""
    for what in ["as the layers", "as the C model"][:1 + rtl]:
        found = re.search(rf"{what}\s+(\d+) of (\d+)", done.stdout)
        if not found or int(found.group(1)) or not int(found.group(2)):
            return f"{what}: {found and found.group(0)}: {done.stdout[-1500:]}"
    return None


def changed(fabric, text):
    """The fabric with what a certificate names: "axons: 48, mesh: [3, 2]"; of one percentage there may be several keys."""
    for key, value in re.findall(r"(\w+)(?::|,(?= \w+_used)) ?(\[[^]]*\]|\w*)", text):
        value = value or "100"
        if key == "neurons" and "params" in fabric:
            fabric = fabric | {"params": max(fabric["params"], -(-int(value) // fabric["lanes"]))}
        fabric = fabric | {key: value}
    return fabric


def one(neurohls, seed, folder, rtl):
    """(what the network is, what became of it, None or what is wrong)."""
    rng = random.Random(seed)
    lines, needs, what = rng.choice([nir, lava])(rng, folder, seed)
    fabric = left_open(seed, random_fabric(rng, needs))
    became = "mapped"
    for _ in range(2):
        done = mapped(neurohls, folder, lines, fabric, rtl)
        if done.returncode == 0:
            return what, became, differs(done, rtl)
        for key, why in REFUSED.items():
            if key in done.stderr:
                return what, f"refused: {key}", None
        change = CHANGE.search(done.stderr)
        if done.returncode != 1 or not change or became != "mapped":
            return what, became, f"exit {done.returncode}: {fabric}: {done.stderr[-2500:]}"
        fabric = changed(fabric, change.group(1))
        became = "fits after " + change.group(1).split(":")[0]
    return what, became, "changes do not end"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rtl", action="store_true")
    parser.add_argument("--keep")
    args = parser.parse_args()
    failed, ends = [], collections.Counter()
    for seed in range(args.seed, args.seed + args.count):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep).resolve() / str(seed) if args.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            what, became, problem = one(os.path.abspath(args.neurohls), seed, folder, args.rtl)
        ends[became] += 1
        if problem:
            failed.append(seed)
            print(f"FAIL seed {seed}: {what}: {became}: {problem}", flush=True)
    for became, n in sorted(ends.items()):
        print(f"{n:5} {became}")
    print(f"{args.count - len(failed)} passed, {len(failed)} failed {failed or ''}")
    return 1 if failed or not ends["mapped"] else 0


if __name__ == "__main__":
    sys.exit(main())
