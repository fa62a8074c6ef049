"""The golden lava networks, and NIR's neuron as its platforms compute it, on a fabric of at most 4x4 cores: outputs of the image on the C model
against the arrays of the frameworks, every step; where the RTL is built too, against the C model (neurohls map does that). Cases of fabric.py."""
import json
import os
import re
import subprocess

import numpy as np

import lava_golden
import nir_golden
import program
from program import golden

LAVA = """project: net
model: {model}
target: generic
io: stream
defaults: {{ strategy: event }}
fabric: {{ {fabric} }}
spiking: {{ {spiking} }}
simulate: {{ inputs: {inputs}, stalls: {stalls} }}
"""
NIR = """project: net
model: {model}
target: generic
io: stream
defaults: {{ strategy: event, numerics: "{preset}", weight_bits: 12, state_bits: 24, decay_bits: 16 }}
fabric: {{ {fabric} }}
spiking: {{ dt: 1e-4 }}
calibrate: {{ data: events.npy }}
simulate: {{ inputs: events.npy }}
"""
BITS = "accum_bits: 40, weight_bits: 9"
SMALL = f"mesh: [2, 2], neurons: 64, axons: 256, synapse_kib: 16, params: 64, {BITS}"
SPARSE = f"mesh: [2, 2], lanes: 4, neurons: 1024, axons: 1024, synapse_kib: 256, params: 256, sparse: true, delays: 64, {BITS}"
CONV = f"mesh: [4, 4], lanes: 4, neurons: 4096, axons: 12288, synapse_kib: 1024, params: 1024, sparse: true, convs: 2, {BITS}"
VALUES = ", payload_bits: 32"
TAPS = ("axons: 1024, synapse_kib: 64, params: 256, sparse: true, accum_bits: 40, weight_bits: 9, delays: 8, convs: 4, conv_y_bits: 6, conv_x_bits: 6, "
        "conv_c_bits: 6")
OPEN = "mesh: [2, 2], lanes: 4, neurons: 1024, synapse_kib: 256" # all else as the network needs
NEVER, NOT_IN_QUICK, ALWAYS = range(3)
LARGE = {"pilotnet_sdnn", "pilotnet_sdnn_skip1", "seed6"} # millions of cycles: their RTL runs without stalls only

# case, with what is special in brackets: (fabric, when its RTL is built, whether --quick runs it)
FABRICS = {
    "tinynet_lif": (SPARSE + VALUES, NOT_IN_QUICK, True),
    "mnist_mlp": (SPARSE, NOT_IN_QUICK, True),
    "tinynet_lif (open)": (OPEN, NOT_IN_QUICK, True),
    "unit_rf_iz (open)": (OPEN, NOT_IN_QUICK, True),
    "unit_sdnn_conv_dense (open)": (OPEN, NOT_IN_QUICK, True),
    "unit_lif_dense_delay_out (open)": (OPEN, NEVER, True),
    "pilotnet_sdnn_skip1 (open)": (OPEN.replace("1024", "4096").replace("256", "1024"), NEVER, False),
    "oxford": (f"mesh: [2, 2], neurons: 256, axons: 256, synapse_kib: 128, params: 256, {BITS}", NOT_IN_QUICK, True),
    "pilotnet_sdnn": (CONV + VALUES + ", conv_y_bits: 6, conv_x_bits: 7, conv_c_bits: 6", NOT_IN_QUICK, False),
    "pilotnet_sdnn_skip1": (CONV + VALUES + ", conv_y_bits: 6, conv_x_bits: 7, conv_c_bits: 6", NOT_IN_QUICK, False),
    "unit_lif_conv_groups": (SPARSE, NOT_IN_QUICK, True),
    "unit_lif_conv_groups (taps)": (f"mesh: [3, 1], neurons: 512, lanes: 4, {TAPS}", ALWAYS, True),
    "unit_lif_conv_groups (halo)": (f"mesh: [3, 2], neurons: 256, lanes: 4, {TAPS}", NOT_IN_QUICK, False),
    "unit_sdnn_conv_dense (taps)": (f"mesh: [2, 2], neurons: 256, lanes: 2, payload_bits: 32, {TAPS}", ALWAYS, True),
    "unit_lif_dense_delay_out": (SMALL + ", delays: 64", NOT_IN_QUICK, True),
    "unit_lif_dense_rec": (SMALL + VALUES, ALWAYS, True),
    "unit_lif_wrap_saturate": (SMALL, NOT_IN_QUICK, True),
    "unit_lif_exc_only": (SMALL, NOT_IN_QUICK, True),
    "unit_sdnn_conv_dense": (SPARSE + VALUES, NOT_IN_QUICK, True),
    "unit_sdnn_vth0": (SMALL + VALUES + ", lanes: 2", NOT_IN_QUICK, True),
    "unit_rf_iz": (SMALL + ", accumulators: 2", ALWAYS, True),
    "unit_rf_phase": (SMALL + ", accumulators: 2", NOT_IN_QUICK, True),
    "seed6": (CONV + VALUES + ", conv_y_bits: 9, conv_x_bits: 9, conv_c_bits: 4", NOT_IN_QUICK, False),
}


def config(case, entry, folder, fabric):
    text = lava_golden.config(case, entry, folder)
    return LAVA.format(model=re.search("model: (.*)", text).group(1), inputs=re.search("inputs: ([^,]*),", text).group(1),
                       spiking=re.search(r"spiking: \{ (.*) \}", text).group(1), fabric=fabric, stalls="none" if case in LARGE else "both")


def inputs_of(case, entry):
    """[1][steps][inputs]: shorter recordings begin again."""
    if entry["input_bias"]:
        x = np.load(program.golden("lava", case, "input_bias.npy"))[None]
    else:
        x = np.load(program.golden("lava", case, "input.npy"))
    x = x.reshape(len(x), -1)
    return x[np.arange(entry["T"]) % len(x)][None].astype(np.int32)


def run(case, fabric, when):
    def function(neurohls, folder, quick):
        rtl = when == ALWAYS or (when == NOT_IN_QUICK and not quick)
        entry = json.loads(program.golden("lava", "manifest.json").read_text())[case]
        (folder / "net.yaml").write_text(config(case, entry, folder, fabric))
        np.save(folder / "events.npy", inputs_of(case, entry))
        return compare(neurohls, folder, case, lava_golden.expected(case, entry["layers"][-1]["index"]), rtl)
    return function


def compare(neurohls, folder, case, want, rtl):
    """net.yaml is mapped, its image run with events.npy; None, or what is not `want`."""
    env = dict(os.environ) | ({} if rtl else {"NEUROHLS_VERILATOR": "/nonexistent"})
    done = subprocess.run([neurohls, "map", "net.yaml", "-o", "out"], cwd=folder, capture_output=True, text=True, env=env)
    found = re.search(r"as the C model\s+(\d+) of (\d+)", done.stdout)
    if done.returncode or (rtl and not (found and int(found.group(2)) and int(found.group(1)) == 0)):
        return f"exit {done.returncode}: {done.stdout[-700:]}{done.stderr[-1500:]}"
    ran = subprocess.run([neurohls, "run", "out/fabric/net.img", "--inputs", "events.npy", "-o", "y.npy", "-q"], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        return f"run: exit {ran.returncode}: {ran.stderr[-1500:]}"
    got = np.load(folder / "y.npy").reshape(want.shape)
    wrong = int((got != want).sum())
    contexts = re.findall(r"cores?, (\d+) context", done.stdout)[-1]
    print(f"     {case}: {wrong} of {want.size} outputs differ from the stored ones, {int((want != 0).sum())} are not 0; {contexts} "
          f"context{'s' * (contexts != '1')}" + (f"; RTL: {found.group(1)} of {found.group(2)} events differ" if rtl else ""), flush=True)
    return f"{wrong} outputs differ, the first at {list(map(int, np.argwhere(got != want)[0]))}" if wrong else None


def lif(platform, preset):
    """One neuron as a platform computes it (nir_golden.py): gains in weights, in parameters, resets of all kinds."""
    def function(neurohls, folder, quick):
        rows = np.loadtxt(golden("nir", "lif", f"lif_{platform}.csv"), delimiter=",")
        np.save(folder / "events.npy", rows[None, :, :1].astype(np.int32))
        (folder / "net.yaml").write_text(NIR.format(model=golden("nir", "nir", "lif_norse.nir"), preset=preset, fabric=SMALL.replace("bits: 9", "bits: 12, payload_bits: 16")))
        return compare(neurohls, folder, f"lif of {platform}", rows[:, 2].astype(int), False)
    return function


CASES = [("lava_" + re.sub(r"\W+", "_", name).strip("_"), quick, run(name.split()[0], fabric, when)) for name, (fabric, when, quick) in FABRICS.items()]
CASES += [(f"nir_lif_{platform}", True, lif(platform, preset)) for platform, preset in nir_golden.LIF.items()
          if "," not in preset and platform != "sinabs"]  # whose inputs are no integers
