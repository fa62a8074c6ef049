#!/usr/bin/python3
"""Networks on a fabric of neuron cores, through the program: the image on the C model against the integer model of the layers, and the RTL of
routers and cores, loaded through its host port, against the C model, without and with stalls. neurohls map does both comparisons; here are
networks and fabrics that take every path: lanes, sparse rows, delays, a recurrent layer, values instead of spikes, several contexts.

    fabric.py --neurohls build/bin/neurohls [--quick] [--keep DIR] [CASE...]
"""
import os
import re
import subprocess
import sys

import program

EXAMPLE = program.ROOT / "configs/examples/digits_snn"
DIGITS = """project: digits
model: {example}/digits_snn.nir
target: generic
clock_mhz: 100
io: stream
defaults: {{ strategy: event, numerics: nir, reset: zero, weight_bits: 8, state_bits: 16 }}
fabric: {{ {fabric} }}
spiking: {{ time_steps: 20, dt: 1e-3, encoding: rate, seed: 1 }}
calibrate: {{ data: {example}/x_cal.npy, scale: 1/16 }}
simulate: {{ inputs: {example}/x_test.npy, labels: {example}/y_test.npy, scale: 1/16, samples: 40, rtl_limit: {limit} }}
"""
LAVA = """project: net
model: {model}
target: generic
io: stream
defaults: {{ strategy: event }}
fabric: {{ {fabric} }}
spiking: {{ {spiking} }}
simulate: {{ inputs: {inputs} }}
"""
SMALL = "neurons: 32, axons: 128, synapse_kib: 4, params: 32, accum_bits: 16"
WIDE = "mesh: [3, 2], neurons: 64, axons: 256, synapse_kib: 16, params: 256, sparse: true, accum_bits: 40, weight_bits: 9, routes: 64, delays: 64, groups: 4"


def compared(text, what):
    found = re.search(rf"{what}\s+(\d+) of (\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def mapped(neurohls, folder, config, rtl=True):
    (folder / "net.yaml").write_text(config)
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, capture_output=True, text=True)
    layers, events = compared(done.stdout, "as the layers"), compared(done.stdout, "as the C model")
    print(f"     layers: {layers[0]} of {layers[1]} outputs differ; RTL: {events[0]} of {events[1]} events differ", flush=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[-1500:]}"
    return None if layers[1] and layers[0] == 0 and (not rtl or (events[1] and events[0] == 0)) else done.stdout[-1500:]


def digits(fabric, limit=20, rtl=True):
    return lambda neurohls, folder, quick: mapped(neurohls, folder, DIGITS.format(example=EXAMPLE, fabric=fabric, limit=limit), rtl)


def lava(case, extra=""):
    def function(neurohls, folder, quick):
        import json
        import lava_golden
        entry = json.loads(program.golden("lava", "manifest.json").read_text())[case]
        text = lava_golden.config(case, entry, folder)
        return mapped(neurohls, folder, LAVA.format(model=re.search("model: (.*)", text).group(1), inputs=re.search("inputs: ([^,]*),", text).group(1),
                                                    spiking=re.search(r"spiking: \{ (.*) \}", text).group(1), fabric=WIDE + extra))
    return function


CASES = [
    ("digits", True, digits("limits: hx8k")),
    ("digits_lanes_4", True, digits(f"mesh: [2, 1], lanes: 4, {SMALL.replace('32', '64')}")),
    ("digits_lanes_8_wide_mesh", False, digits(f"mesh: [3, 2], lanes: 8, {SMALL}")),
    ("digits_contexts", True, digits(f"mesh: [1, 1], {SMALL}", rtl=False)),
    ("recurrent", True, lava("unit_lif_dense_rec", ", payload_bits: 32")),
    ("delays", True, lava("unit_lif_dense_delay_out")),
    ("wrap_and_saturate", False, lava("unit_lif_wrap_saturate")),
    ("exc_only", False, lava("unit_lif_exc_only")),
    ("sigma_delta", False, lava("unit_sdnn_vth0", ", payload_bits: 32, lanes: 2")),
]

if __name__ == "__main__":
    sys.exit(program.main(CASES, __doc__))
