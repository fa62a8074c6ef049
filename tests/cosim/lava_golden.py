#!/usr/bin/python3
"""The golden lava-dl networks through the program: every layer of every step of the C kernels against the arrays of the lava
runtime, bit for bit, and the RTL against the C kernels: all steps of all layers, without and with random stalls.

    lava_golden.py --neurohls build/bin/neurohls [--quick] [--keep DIR] [CASE...]
"""
import json
import sys

import numpy as np

import program

CONFIG = """project: net
model: {model}
target: generic
clock_mhz: 100
io: stream
beat: 8
budget: {{ multipliers: 64 }}
spiking: {{ {spiking} }}
simulate: {{ inputs: {inputs}, trace: true, stalls: random }}
"""


def config(case, entry, folder):
    """The configuration that means what the golden set's arguments of netx mean."""
    given, keys = entry["netx_args"], {"time_steps": entry["T"]}
    if entry["input_bias"]:
        keys |= {"encoding": "constant", "input_bias": "true"}
        inputs = folder / "x.npy"
        np.save(inputs, np.load(program.golden("lava", case, "input_bias.npy"))[None])
    else:
        keys |= {"encoding": "direct", "repeat_input": "true"}
        inputs = program.golden("lava", case, "input.npy")
    keys |= {key: given[key] for key in ("reset_interval", "reset_offset", "num_layers", "skip_layers") if key in given}
    if "input_shape" in given:
        keys["input_shape"] = given["input_shape"][::-1]
    return CONFIG.format(model=program.golden("lava", case, "network.net"), inputs=inputs,
                         spiking=", ".join(f"{key}: {value}" for key, value in keys.items()))


def expected(case, index):
    stem = program.SHARED / "lava" / case / f"layer{index}_s_out"
    return np.load(stem.with_suffix(".npy")) if stem.with_suffix(".npy").exists() else np.load(stem.with_suffix(".npz"))["s"]


def differing(case, entry, built):
    """(values compared, what differs first) over all layers and steps."""
    compared, first = 0, None
    for layer in entry["layers"]:
        want = expected(case, layer["index"])
        got, lsb = built.layer(f"layer{layer['index']}.neuron")
        if got is None or got.size != want.size:
            return compared, f"layer {layer['index']} has no trace of {want.shape}"
        got = got.reshape(want.shape) * lsb
        wrong = np.argwhere(got != want)
        compared += want.size
        if len(wrong) and not first:
            at = tuple(wrong[0])
            first = f"layer {layer['index']}, step and place {list(map(int, at))}: {got[at]}, lava {want[at]}; {len(wrong)} differ"
    return compared, first


def run(case, entry):
    def function(neurohls, folder, _):
        built = program.build(neurohls, folder, config(case, entry, folder))
        compared, problem = differing(case, entry, built)
        rtl = built.rtl()
        print(f"     {case}: {compared} values of {len(entry['layers'])} layers, {entry['T']} steps as lava's; "
              f"{rtl}; {built.seconds:.0f} s", flush=True)
        return problem or (None if rtl else f"RTL: {built.sim['first_mismatch']}")
    return function


def main():
    manifest = json.loads(program.golden("lava", "manifest.json").read_text())
    return program.main([(case, case.startswith("unit_") or case == "tinynet_lif", run(case, entry))
                         for case, entry in manifest.items() if "layers" in entry], __doc__)


if __name__ == "__main__":
    sys.exit(main())
