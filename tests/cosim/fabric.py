#!/usr/bin/python3
"""Networks on a fabric of neuron cores, through the program: the image on the C model against the integer model of the layers, and the RTL of
routers and cores, loaded through its host port, against the C model, without and with stalls. neurohls map does both comparisons; here are
networks and fabrics that take every path: lanes, sparse rows, delays, a recurrent layer, values instead of spikes, several contexts. Counters of dense
rows are in fabric_counters.py, the golden lava networks in fabric_golden.py.

    fabric.py --neurohls build/bin/neurohls [--quick] [--keep DIR] [CASE...]
"""
import json
import os
import re
import subprocess
import sys

import numpy as np

import fabric_counters
import fabric_golden
import program

MNIST = """project: mnist_mlp
model: {model}
target: generic
io: stream
input: {{ bits: 8, scale: 1/255 }}
defaults: {{ strategy: event, weight_bits: 8, result_bits: 8, scale: arbitrary }}
fabric: {{ mesh: [4, 4], neurons: 8, lanes: 8, axons: 1024, synapse_kib: 8, params: 8, weight_bits: 8, accum_bits: 24, payload_bits: 9 }}
calibrate: {{ data: cal.npy, scale: 1/255 }}
simulate: {{ inputs: x.npy, labels: y.npy, scale: 1/255, rtl_limit: 3 }}
"""
ADAPT = """model adapt
input a volt
state v volt, w volt, r
param alpha = 0.9, rho = 0.8, beta volt = 0.2, theta volt = 1
output s spike
    LEAK v, alpha
    NOT  k, r          ; silent in the step after a spike
    MUL  x, a, k
    ADD  v, v, x
    LEAK w, rho
    ADD  t, w, theta   ; a threshold that rises with every spike
    GE   s, v, t
    RESET v, s, 0
    MUL  u, s, beta
    ADD  w, w, u
    MOV  r, s
"""
USER_MODELS = """layers:
  "lif1": { neuron_model: adapt.neuron }
  "lif2":
    neuron_model: |
      model level
      input a volt
      state v volt
      output y graded
        LEAK v, 0.75
        ADD v, v, a
        ABS y, v
"""
SMALL = "neurons: 32, axons: 128, synapse_kib: 4, params: 32, accum_bits: 16"


def compared(text, what):
    found = re.search(rf"{what}\s+(\d+) of (\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def mapped(neurohls, folder, config, rtl=True):
    (folder / "net.yaml").write_text(config)
    env = dict(os.environ) | ({} if rtl else {"NEUROHLS_VERILATOR": "/nonexistent"})
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, env=env, capture_output=True, text=True)
    layers, events = compared(done.stdout, "as the layers"), compared(done.stdout, "as the C model")
    print(f"     layers: {layers[0]} of {layers[1]} outputs differ; RTL: {events[0]} of {events[1]} events differ", flush=True)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr[-1500:]}"
    return None if layers[1] and layers[0] == 0 and (not rtl or (events[1] and events[0] == 0)) else done.stdout[-1500:]


def digits(fabric, limit=20, rtl=True):
    return lambda neurohls, folder, quick: mapped(neurohls, folder, program.digits("strategy: event", f"samples: 40, rtl_limit: {limit}", f"fabric: {{ {fabric} }}"), rtl)


def on_two_cores():
    return program.digits("strategy: event", "samples: 40, rtl_limit: 5", "fabric: { mesh: [2, 1] }")


def user_models(neurohls, folder, quick):
    """Neurons of the user's own: a program in a file, and one in the configuration whose outputs are values."""
    (folder / "adapt.neuron").write_text(ADAPT)
    text = on_two_cores().replace("fabric: {", USER_MODELS + "fabric: {")
    same_file = text.replace("lif1", "lif*").split('  "lif2"')[0] + text[text.index("fabric: {"):]
    return mapped(neurohls, folder, text, rtl=not quick) or mapped(neurohls, folder, same_file, rtl=False)


def many_spikes(neurohls, folder, quick):
    """Up to 255 spikes a step, as sinabs counts: each layer's threshold is a number of its program."""
    text = on_two_cores().replace("numerics: nir, reset: zero", "numerics: sinabs")
    return mapped(neurohls, folder, text, rtl=not quick)


def frames(neurohls, folder, quick):
    """The shipped example without time, its first samples in RTL."""
    text = (program.EXAMPLE_FRAMES / "digits_event.yaml").read_text()
    for name in ("digits.onnx", "x_cal.npy", "x_test.npy", "y_test.npy"):
        text = text.replace(f" {name}", f" {program.EXAMPLE_FRAMES}/{name}")
    return mapped(neurohls, folder, text)


def mnist_mlp(neurohls, folder, quick):
    """784-64-10 in int8, a core per group of eight output neurons: the class of the float network for at least 99 % of 500 images."""
    test = np.load(program.golden("peers", "mnist_mlp_784_64_10_test.npz"))
    for name, data in (("x", test["x_uint8"][:500]), ("cal", test["x_uint8"][1000:1200]), ("y", test["labels"][:500])):
        np.save(folder / f"{name}.npy", data)
    why = mapped(neurohls, folder, MNIST.format(model=program.golden("peers", "mnist_mlp_784_64_10.onnx")), rtl=not quick)
    if why:
        return why
    raw = subprocess.run([neurohls, "run", "out/fabric/mnist_mlp.img", "--inputs", "x.npy", "--json"], cwd=folder, capture_output=True, text=True)
    same = sum(int(np.argmax(got)) == int(np.argmax(want)) for got, want in zip(json.loads(raw.stdout)["sums"], test["logits"]))
    print(f"     the class of the float network for {same} of 500 images")
    return None if same >= 495 else f"only {same} of 500 images have the float network's class"


CASES = [
    ("digits", True, digits("limits: hx8k")),
    ("digits_lanes_4", True, digits(f"mesh: [2, 1], lanes: 4, {SMALL.replace('32', '64')}")),
    ("digits_lanes_8_wide_mesh", False, digits(f"mesh: [3, 2], lanes: 8, {SMALL}")),
    ("digits_user_models", True, user_models),
    ("digits_many_spikes", True, many_spikes),
    ("digits_frames", True, frames),
    ("mnist_mlp", True, mnist_mlp),
    ("digits_contexts", True, digits(f"mesh: [1, 1], {SMALL}", limit=5)),
] + fabric_counters.CASES + fabric_golden.CASES

if __name__ == "__main__":
    sys.exit(program.main(CASES, __doc__))
