#!/usr/bin/python3
"""Random time-stepped networks in NIR through the whole flow: dense and convolutional layers, pools, delays, every neuron, recurrence (flat
and in subgraphs), paths of different depth that join, the numerics of every framework and single options of them, widths, granularity,
scales, io, beats, reuse factors, parameters per neuron.

The RTL must equal the C kernels in every stream, with and without stalls, and the float path must equal the model of spiking_model.py,
which shares no code with neurohls: every spike, and graded outputs within 1e-9. Networks drawn with wide formats must spike in fixed point
as in float but for 1 in 20.

    random_spiking.py --neurohls build/bin/neurohls --count 50 [--seed 1] [--keep DIR]
"""
import argparse
import os
import pathlib
import random
import sys
import tempfile

import numpy as np

import program
import spiking_model
import spiking_nets

# What the tool may refuse in a network drawn at random.
REFUSED = {"P103": "too small a budget", "P108": "too small a reuse factor for a window", "N325": "options that exclude each other",
           "N334": "loops as Spyx does not write them", "N110": "counts of more than 64 spikes with several thresholds"}
OPTIONS = {"reset": ["value", "zero", "subtract", "none"], "reset_timing": ["same", "next"], "compare": ["gt", "ge"],
           "v_min": ["none", "minus_threshold"], "syn_order": ["new", "old", "decay_after"], "integrator": ["euler", "exp"],
           "input_gain": ["spec", "unit", "one_minus_alpha"]}


def numerics_of(net, rng):
    """{neuron: options}; the options of all layers without their own."""
    default = {"numerics": rng.choice(list(spiking_model.PRESETS))}
    numerics = {}
    for name, node in net.nodes.items():
        if node["type"] not in spiking_nets.SPIKING + spiking_nets.INTEGRATING:
            continue
        own = dict(default)
        if rng.random() < 0.2:
            own["numerics"] = rng.choice(list(spiking_model.PRESETS))
        if rng.random() < 0.3:
            for key in rng.sample(list(OPTIONS), rng.randint(1, 3)):
                own[key] = rng.choice(OPTIONS[key])
        if own["numerics"] in ("sinabs", "rockpool") and rng.random() < 0.8:  # many spikes of neurons that differ need a limit
            own["spikes_per_step"] = rng.choice([1, 3, 64])
        if own["numerics"] == "spyx":
            own.pop("reset_timing", None)
        numerics[name] = own
    return default, numerics


def no_bias_at_0(net, numerics, name):
    """Recurrent weights are silent in the first step where their neuron is Norse's."""
    return any(a == name and numerics.get(b, {}).get("numerics") == "norse" for a, b in net.edges)


def config(net, rng, default, numerics, wide):
    weight, state, decay = (16, 40, 22) if wide else (rng.randint(2, 10), rng.randint(6, 24), rng.randint(4, 14))
    auto = rng.random() < 0.5
    defaults = {"strategy": "resource", "weight_bits": weight, "state_bits": state, "decay_bits": decay, "granularity":
                rng.choice(["per_tensor", "per_channel"]), "scale": rng.choice(["power_of_two", "arbitrary"])} | default
    if auto:
        defaults["reuse_factor"] = "auto"
    io = rng.choice(["stream", "stream", "parallel"])
    lines = ["project: net", "model: net.nir", "target: generic", "clock_mhz: 100", f"io: {io}"]
    lines += [f"beat: {rng.randint(1, 5)}"] if io == "stream" else []
    lines += [f"budget: {{ multipliers: {rng.randint(1, 40)} }}"] if auto else []
    lines += [f"defaults: {{ {', '.join(f'{k}: {v}' for k, v in defaults.items())} }}", "layers:"]
    for name, node in net.nodes.items():
        keys = {k: v for k, v in numerics.get(name, {}).items() if k != "numerics" or v != default["numerics"]}
        if not auto and "weight" in node["values"]:
            size, taps = int(np.prod(node["values"]["weight"].shape)), int(np.prod(node["values"]["weight"].shape[2:]))
            keys["reuse_factor"] = rng.randint(taps, size)
        elif not auto and "kernel_size" in node["values"]:
            keys["reuse_factor"] = rng.randint(4, 9)
        if keys:
            lines.append(f'  "{spiking_nets.layer_name(net, name)}": {{ {", ".join(f"{k}: {v}" for k, v in keys.items())} }}')
    lines += ["  {}"] if lines[-1] == "layers:" else []
    lines += [f"spiking: {{ dt: {net.dt} }}", "calibrate: { data: x.npy }", f"simulate: {{ inputs: x.npy, stalls: both, trace: true, seed: {rng.randint(1, 99)} }}"]
    return "\n".join(lines) + "\n"


def compare(net, numerics, built, wide):
    """None, or what is wrong."""
    if built.sim["mismatches"] or not built.sim["compared"]:
        return f"RTL: {built.sim['mismatches']} of {built.sim['compared']} values differ: {built.sim['first_mismatch']}"
    wrong = [fifo for fifo in built.sim["fifos"] if fifo["high_water"] != fifo["depth"]]
    if wrong:
        return f"FIFOs: {wrong} of {built.sim['fifos']}"
    net.no_bias_at_0 = lambda name: no_bias_at_0(net, numerics, name)
    got = built.array("outputs_float").reshape(len(net.x), net.steps, -1)
    for k, sample in enumerate(net.x):
        want = spiking_model.run(net, sample, numerics)
        wrong = np.argwhere(np.abs(got[k] - want) > 1e-9 * (1 + np.abs(want)))
        if len(wrong):
            t, i = wrong[0]
            return f"float: sample {k}, step {t}, output {i}: {got[k][t, i]}, the model says {want[t, i]}; {len(wrong)} of {want.size} differ"
    spikes = [row for row in built.sim["time"]["spikes"] if row["spikes_float"]]
    differing, total = sum(row["differing"] for row in spikes), sum(row["spikes_float"] for row in spikes)
    if wide and not net.real_input and differing > max(4, 0.05 * total):
        return f"fixed: {differing} spikes differ of {total}, with wide formats"
    return None


def describe(net, default):
    kinds = [node["type"] for node in net.nodes.values() if node["type"] not in ("Input", "Flatten")]
    return f"{default['numerics']}, T {net.steps}, {'x'.join(map(str, net.shape('input')))}, {' '.join(kinds)}{', late' if net.late else ''}{' in subgraph' if net.sub else ''}"


def run(neurohls, seed, keep):
    rng = random.Random(seed)
    net = spiking_nets.random_net(rng)
    default, numerics = numerics_of(net, rng)
    wide = rng.random() < 0.25
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(keep) / str(seed) if keep else pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        spiking_nets.write_nir(net, folder / "net.nir")
        np.save(folder / "x.npy", net.x)
        try:
            built = program.build(neurohls, folder, config(net, rng, default, numerics, wide))
        except program.Failure as failure:
            for code in REFUSED:
                if f"error[{code}]" in str(failure):
                    return describe(net, default) + f" (refused: {code})", None
            return describe(net, default), str(failure)
        return describe(net, default), compare(net, numerics, built, wide)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    args = parser.parse_args()
    failed = []
    for seed in range(args.seed, args.seed + args.count):
        what, problem = run(os.path.abspath(args.neurohls), seed, args.keep and os.path.abspath(args.keep))
        print(f"{'FAIL' if problem else 'ok  '} seed {seed}: {what}{': ' + problem if problem else ''}", flush=True)
        failed += [seed] if problem else []
    print(f"{args.count - len(failed)} passed, {len(failed)} failed {failed or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
