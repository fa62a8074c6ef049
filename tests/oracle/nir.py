"""A chain of dense and convolutional layers and neurons from a .nir file, as exact integers: the coefficients from the file's own numbers, the
formats from report.json, the arithmetic as hls/neuron/README.md and docs/spiking.md describe it. What a build's C kernels must give."""
from fractions import Fraction

import h5py
import numpy as np

import fixed
import lava

# preset: (kind of reset, when), and whether an integrate-and-fire neuron adds its input as it is.
PRESETS = {"nir": ("value", "same", False), "snntorch": ("subtract", "next", True)}
TAU = {"LIF": "tau", "LI": "tau", "CubaLIF": "tau_mem", "CubaLI": "tau_mem"}


def fractions(values):
    return [Fraction(float(v)) for v in np.asarray(values, np.float64).reshape(-1)]


def single(values):
    """Coefficients are single precision."""
    return np.asarray(values, np.float64).astype(np.float32).astype(np.float64)


def nearest(values, frac):
    """Reals as integers at a resolution, ties to even."""
    return np.array([round(v * Fraction(2) ** frac) for v in values], object)


class Value:
    """Integers of any size, and their fractional bits. Operations are exact."""

    def __init__(self, raw, frac):
        self.raw, self.frac = fixed.exact(raw), frac

    def __add__(self, other):
        a, b, frac = fixed.align(self.raw, self.frac, other.raw, other.frac)
        return Value(a + b, frac)

    def __sub__(self, other):
        return self + Value(-other.raw, other.frac)

    def __mul__(self, other):
        return Value(self.raw * other.raw, self.frac + other.frac)

    def above(self, other):
        return (self - other).raw > 0

    def cast(self, fmt):
        return Value(fmt.cast(self.raw, self.frac), fmt.frac)


def per_element(values, shape):
    """Values of all elements, of a number for all or one per channel."""
    values = np.asarray(values, object).reshape(-1)
    size = int(np.prod(shape))
    return np.repeat(values, size // values.size)


class Neuron:
    """What stands in front of it (weights, their scales, a bias) is quantized by its coefficients: see Weighted."""

    def __init__(self, node, info, shape, preset, options, dt):
        kind = self.kind = node["type"]
        f = node["values"]
        facts = info["neuron"]
        self.shape, self.frac = shape, facts["param_frac"]
        self.volt = Fraction(float.fromhex(facts["volt"]))
        self.formats = {name: fixed.Format(text) for name, text in facts["states"].items()}
        reset, timing, plain_if = PRESETS[preset]
        self.reset, self.timing = options.get("reset", reset), options.get("reset_timing", timing)
        if preset == "snntorch" and self.reset == "zero" and kind in ("IF", "LIF") and "reset_timing" not in options:
            self.timing = "same"  # Leaky clears its membrane before it adds the input
        self.spikes = kind in ("IF", "LIF", "CubaLIF")
        tau = f.get(TAU.get(kind))
        decay = None if tau is None else 1 - dt / tau.astype(np.float64)
        self.real = {}
        gain = f["r"] * dt if tau is None else f["r"].astype(np.float64) * dt / tau
        self.gain = np.ones(1) if tau is None and plain_if else self.unit(single(gain))
        self.gain_syn = np.ones(1)
        if tau is not None:
            self.real["alpha"] = fractions(single(decay))
            self.real["leak"] = fractions(single(f["v_leak"].astype(np.float64) * (1 - decay)))
        if kind.startswith("Cuba"):
            tau_syn = f["tau_syn"].astype(np.float64)
            self.real["alpha_syn"] = fractions(single(1 - dt / tau_syn))
            self.gain_syn = self.unit(single(f["w_in"] * dt / tau_syn))
        self.scale_volts(f)

    @staticmethod
    def unit(gain):
        return np.ones(1) if np.all(np.abs(gain - 1) < 1e-6) else gain

    def scale_volts(self, f):
        """Everything in volts is divided by the threshold; what arrives is in volts where it is added as it is."""
        has_gain, has_syn = np.any(self.gain != 1), np.any(self.gain_syn != 1)
        volt = self.volt
        self.arrives = volt if self.spikes and not has_gain and not has_syn else Fraction(1)
        self.real["gain"] = [g / volt for g in fractions(self.gain)]
        self.real["gain_syn"] = [g / (volt if self.spikes and not has_gain else 1) for g in fractions(self.gain_syn)]
        for key, name in (("theta", "v_threshold"), ("v_reset", "v_reset")):
            self.real[key] = [v / volt for v in fractions(f[name])] if name in f else [Fraction(0)]
        if "leak" in self.real:
            self.real["leak"] = [v / volt for v in self.real["leak"]]

    def folded(self):
        """The gain that the weights hold, per element: one that the neuron has no parameter for."""
        name = "gain_syn" if self.kind.startswith("Cuba") else "gain"
        values = self.gain_syn if name == "gain_syn" else self.gain
        return per_element([Fraction(1)] if name in self.frac else fractions(values), self.shape)

    def param(self, name):
        return Value(nearest(per_element(self.real[name], self.shape), self.frac[name]), self.frac[name])

    def start(self):
        size = int(np.prod(self.shape))
        self.p = {name: self.param(name) for name in self.frac if name in self.real}
        self.state = {name: Value(np.zeros(size, object), fmt.frac) for name, fmt in self.formats.items()}

    def write(self, name, value):
        """Every write to a state is a cast to its format."""
        self.state[name] = value.cast(self.formats[name])

    def add(self, state, x, gain):
        self.write(state, self.state[state] + (x * self.p[gain] if gain in self.p else x))

    def leave(self, spike):
        """What a spike leaves of the membrane."""
        v = self.state["v"]
        if self.reset == "subtract":
            self.write("v", v - Value(spike.astype(object), 0) * self.p["theta"])
        elif self.reset in ("value", "zero"):
            to = self.p["v_reset"] if self.reset == "value" and "v_reset" in self.p else Value(v.raw * 0, 0)
            self.write("v", Value(np.where(spike, to.cast(self.formats["v"]).raw, v.raw), v.frac))

    def step(self, a):
        before = self.state["v"].above(self.p["theta"]).astype(int) if self.spikes else None
        if self.kind.startswith("Cuba"):
            self.write("i", self.state["i"] * self.p["alpha_syn"])
            self.add("i", a, "gain_syn")
            a = self.state["i"]
        if "alpha" in self.p:
            self.write("v", self.state["v"] * self.p["alpha"])
        self.add("v", a, "gain")
        if "leak" in self.p:
            self.write("v", self.state["v"] + self.p["leak"])
        if not self.spikes:
            return self.state["v"]
        if self.timing == "next":
            self.leave(before)
        spike = self.state["v"].above(self.p["theta"]).astype(int)
        if self.timing == "same":
            self.leave(spike)
        return Value(spike, 0)


class Weighted:
    """Weights and bias of a layer and of the neuron behind it. x_scale: the real value of what arrives is raw 2^-frac x_scale."""

    def __init__(self, node, info, shape, neuron, x_scale, power_of_two):
        w = np.asarray(node["values"]["weight"])
        rows, self.node, self.shape = w.shape[0], node, shape
        self.fmt = fixed.Format(info["weight"]["format"])
        factor = neuron.folded().reshape(rows, -1)[:, 0]
        reals = np.array(fractions(w), object).reshape(rows, -1) * (factor / neuron.arrives * x_scale).reshape(-1, 1)
        self.scale = None
        if "scale_0" in neuron.frac:
            listed = [Fraction(float.fromhex(s)) for s in info["weight"]["scales"]]
            scale = (np.array(listed, object) if len(listed) > 1 else np.array(listed * rows, object)) * factor / neuron.arrives * x_scale
            if power_of_two:
                scale = np.array([Fraction(2) ** round(np.log2(float(s))) for s in scale], object)
            reals = reals / scale.reshape(-1, 1)
            self.scale = Value(nearest(per_element(scale, shape), neuron.frac["scale_0"]), neuron.frac["scale_0"])
        raw = nearest(reals.reshape(-1), self.fmt.frac)
        self.raw = np.clip(raw, self.fmt.bottom, self.fmt.top).astype(np.int64).reshape(w.shape)
        self.bias = None
        if "bias_0" in neuron.frac:
            bias = per_element(fractions(node["values"]["bias"]), shape) * neuron.folded() / neuron.arrives
            self.bias = Value(nearest(bias, neuron.frac["bias_0"]), neuron.frac["bias_0"])

    def step(self, x):
        w = self.raw
        if w.ndim == 2:
            sums = fixed.exact(w) @ x.raw.reshape(-1)
        else:
            sums = self.convolve(x.raw.astype(np.int64))
        y = Value(sums.reshape(-1), x.frac + self.fmt.frac)
        y = y * self.scale if self.scale else y
        return y + self.bias if self.bias else y

    def convolve(self, x):
        f, w = self.node["values"], self.raw
        stride, pad, dilation = ([int(v) for v in np.broadcast_to(f[k], w.ndim - 2)] for k in ("stride", "padding", "dilation"))
        if w.ndim == 3:
            w, stride, pad, dilation, x = w[:, :, None], [1, *stride], [0, *pad], [1, *dilation], x.reshape(w.shape[1] * int(f["groups"]), 1, -1)
        return lava.convolution(x, w, stride, pad, dilation, int(f["groups"]))


def read(path):
    """(nodes of the chain in order: [(name, {type, values})], from the input's to the last)."""
    with h5py.File(path, "r") as f:
        g = f["node"]
        edges = dict((lava_text(a), lava_text(b)) for a, b in g["edges"][()])
        nodes = {name: {"type": lava_text(n["type"][()]), "values": {k: n[k][()] for k in n if k not in ("type", "metadata")}} for name, n in g["nodes"].items()}
    if len(edges) != len(nodes) - 1:
        raise NotImplementedError("the oracle knows chains")
    at, chain = next(name for name, n in nodes.items() if n["type"] == "Input"), []
    while nodes[at]["type"] != "Output":
        chain.append((at, nodes[at]))
        at = edges[at]
    return chain


def lava_text(v):
    return v.decode() if isinstance(v, bytes) else str(v)


class Network:
    """options: {neuron: keys of its numerics that differ from the preset's}."""

    def __init__(self, path, report, preset="nir", options=None, dt=1e-4, power_of_two=True):
        layers = {layer["name"]: layer for layer in report["layers"]}
        self.chain, weighted = [], None
        name, node = read(path)[0]
        first = layers[name]
        self.x, scale = fixed.Format(first["result"]), Fraction(float.fromhex(first["scale_exact"]))
        self.shape = shape = tuple(int(v) for v in np.asarray(node["values"]["shape"]).reshape(-1))
        for name, node in read(path)[1:]:
            if node["type"] == "Flatten":
                self.chain.append(("flatten", None))
            elif "weight" in node["values"]:
                weighted = (name, node)
            else:
                info = layers[name]
                shape = tuple(int(v) for v in info["shape"].strip("[]").replace("x", ",").split(","))
                neuron = Neuron(node, info, shape, preset, (options or {}).get(name, {}), dt)
                self.chain.append(("weights", Weighted(weighted[1], layers[weighted[0]], shape, neuron, scale, power_of_two)))
                self.chain.append(("neuron", neuron))
                scale = Fraction(float.fromhex(info["scale_exact"]))
        self.input_scale = Fraction(float.fromhex(first["scale_exact"]))

    def run(self, sample):
        """[steps, outputs], raw, for [steps, inputs]."""
        out = []
        for _, part in self.chain:
            if isinstance(part, Neuron):
                part.start()
        for x in np.asarray(sample, np.float64):
            now = Value(self.x.quantize(x / float(self.input_scale)), self.x.frac)
            shape = self.shape
            for kind, part in self.chain:
                if kind == "flatten":
                    continue
                if kind == "weights":
                    now = Value(now.raw.reshape(shape), now.frac)
                now = part.step(now)
                shape = part.shape
            out.append(now.raw.reshape(-1).astype(np.int64))
        return np.array(out)
