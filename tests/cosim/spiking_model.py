"""A network of spiking_nets in double precision, straight from the equations and the tables of what each framework does (it shares no code
with neurohls). Coefficients are single precision, as the frameworks hold them."""
import numpy as np

# (integrator, gain, reset, timing, spike, compare, spikes per step, v_min, synaptic order)
PRESETS = {
    "nir": ("euler", "spec", "value", "same", "after_update", "gt", 1, "none", "new"),
    "norse": ("euler", "spec", "zero", "same", "after_update", "gt", 1, "none", "new"),
    "snntorch": ("euler", "spec", "subtract", "next", "after_update", "gt", 1, "none", "new"),
    "snntorch-0.9": ("euler", "spec", "zero", "snntorch_sub", "after_update", "gt", 1, "none", "new"),
    "sinabs": ("exp", "unit", "subtract", "same", "after_update", "ge", "n", "minus_threshold", "decay_after"),
    "rockpool": ("exp", "unit", "subtract", "same", "after_update", "ge", "n", "none", "decay_after"),
    "spyx": ("euler", "spec", "subtract", "same", "before_update", "gt", 1, "none", "new"),
    "nengo": ("exp", "one_minus_alpha", "zero", "same", "after_update", "gt", 1, "none", "new"),
    "spinnaker2": ("euler", "spec", "zero", "same", "after_update", "gt", 1, "none", "new"),
    "spikingjelly": ("euler", "spec", "value", "same", "after_update", "ge", 1, "none", "new"),
}
KEYS = ["integrator", "input_gain", "reset", "reset_timing", "spike", "compare", "spikes_per_step", "v_min", "syn_order"]
PLAIN_IF = {"norse", "snntorch", "snntorch-0.9", "sinabs"}
MOST = 255


def single(v):
    return np.asarray(v, np.float64).astype(np.float32).astype(np.float64)


def unit(gain):
    return np.ones(()) if np.all(np.abs(gain - 1) < 1e-6) else gain


class Neuron:
    def __init__(self, node, numerics, dt, in_loop):
        self.kind, self.v = node["type"], np.zeros(node["shape"])
        preset, given = numerics["numerics"], {k: v for k, v in numerics.items() if k != "numerics"}
        self.o = dict(zip(KEYS, PRESETS[preset])) | given
        self.i, self.spiked, self.n_before = np.zeros_like(self.v), np.zeros_like(self.v), np.zeros_like(self.v)
        f = {k: np.asarray(v, np.float64) for k, v in node["values"].items()}
        leaky = self.kind in ("LIF", "LI", "IF", "I")
        if preset == "sinabs" and self.kind not in ("IF", "I") and "v_min" not in given:
            self.o["v_min"] = "none"  # Sinabs imports integrate-and-fire neurons alone with a floor
        if preset == "spyx" and self.kind not in ("LIF", "CubaLIF") and "input_gain" not in given:
            self.o["input_gain"] = "unit"
        if preset == "snntorch" and leaky and not in_loop and self.o["reset"] in ("zero", "value") and "reset_timing" not in given:
            self.o["reset_timing"] = "same"  # Leaky clears its membrane before it adds the input
        decays = preset == "rockpool" and self.kind == "LI" and "input_gain" not in given
        start = {"norse": "v_leak", "spikingjelly": "v_reset"}.get(preset)
        if start in f and "v_threshold" in f and self.o["reset"] != "subtract" and self.o["v_min"] == "none" and self.o["spikes_per_step"] == 1:
            self.v = self.v + f[start]
        self.theta, self.v_reset = single(f.get("v_threshold", 0)), single(f.get("v_reset", 0))
        self.increment = preset == "norse" and self.kind in ("LIF", "LI") and self.o["input_gain"] == "spec" and self.o["integrator"] == "euler"
        r = np.ones(()) if preset == "norse" and self.kind in ("LIF", "LI") else f["r"]
        if self.kind in ("IF", "I"):
            plain = preset in PLAIN_IF | {"spyx"} and "input_gain" not in given or self.o["input_gain"] == "unit"
            self.alpha, self.leak, self.gain = 1, 0, np.ones(()) if plain else unit(single(r * dt))
            return
        tau = f["tau_mem"] if self.kind.startswith("Cuba") else f["tau"]
        self.alpha, self.gain = self.coefficients(tau, r, dt, self.o["integrator"])
        self.gain = self.alpha if decays else self.gain
        decay = 1 - dt / tau if self.o["integrator"] == "euler" else np.exp(-dt / tau)
        self.leak = single(f["v_leak"] * (1 - decay))
        self.v_leak = single(f["v_leak"])
        if self.kind.startswith("Cuba"):
            by = "euler" if preset == "nengo" and "integrator" not in given else self.o["integrator"]
            self.alpha_syn, self.gain_syn = self.coefficients(f["tau_syn"], f["w_in"], dt, by)

    def coefficients(self, tau, factor, dt, integrator):
        alpha = 1 - dt / tau if integrator == "euler" else np.exp(-dt / tau)
        gain = {"unit": np.ones_like(tau), "spec": factor * dt / tau, "one_minus_alpha": factor * (1 - alpha)}[self.o["input_gain"]]
        return single(alpha), unit(single(gain))

    def spikes(self, v):
        if self.o["spikes_per_step"] != 1:
            return np.where(v >= self.theta, np.minimum(np.floor(v / self.theta), MOST if self.o["spikes_per_step"] == "n" else
                                                        self.o["spikes_per_step"]), 0.0)
        return (v >= self.theta if self.o["compare"] == "ge" else v > self.theta).astype(np.float64)

    def reset(self, v, n):
        how = self.o["reset"]
        if how == "subtract":
            return v - n * self.theta
        return v if how == "none" else np.where(n > 0, self.v_reset if how == "value" else 0.0, v)

    def integrate(self, v, x):
        """Membrane and synapse of the next step."""
        if not self.kind.startswith("Cuba"):
            if self.increment:
                return v + self.gain * ((self.v_leak - v) + x)
            return self.alpha * v + self.gain * x + self.leak
        old = self.i
        if self.o["syn_order"] == "decay_after":
            self.i = (old + self.gain_syn * x) * self.alpha_syn
        else:
            self.i = self.alpha_syn * old + self.gain_syn * x
        return self.alpha * v + self.gain * (old if self.o["syn_order"] == "old" else self.i) + self.leak

    def step(self, x):
        if "v_threshold" not in self.__dict__ and self.kind in ("I", "LI", "CubaLI"):
            self.v = self.integrate(self.v, x)
            return self.v
        if self.o["spike"] == "before_update":
            s = self.spikes(self.v)
            if self.kind == "CubaLIF":
                self.v = self.integrate(self.reset(self.v, s), x)
            else:
                v = self.reset(self.integrate(self.v, x) if self.o["v_min"] == "none" else
                               np.maximum(self.integrate(self.v, x), -self.theta), s)
                self.v = v
                return s
            if self.o["v_min"] != "none":
                self.v = np.maximum(self.v, -self.theta)
            return s
        before = self.spikes(self.v)
        v = self.integrate(self.v, x)
        timing = self.o["reset_timing"]
        if self.o["reset"] == "none" or timing == "snntorch_sub" and self.o["reset"] != "subtract":
            timing = "same"
        if timing == "next":
            v = self.reset(v, before)
        if timing == "snntorch_sub":  # the spike is judged after the reset that the step before has left, the state takes one reset
            judged = v - before * self.theta
            if self.o["v_min"] != "none":
                judged = np.maximum(judged, -self.theta)
            s = self.spikes(judged)
            self.v = judged - (s - before) * self.theta
            return s
        if self.o["v_min"] != "none":
            v = np.maximum(v, -self.theta)
        s = self.spikes(v)
        self.v = self.reset(v, s) if timing == "same" else v
        return s


def two(v):
    v = np.atleast_1d(v)
    return [int(v[0]), int(v[-1])]


def windows(x, kernel, stride, pad, dilation):
    """[C, H, W] -> [C, kh, kw, oh, ow]."""
    x = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    oh, ow = ((x.shape[k + 1] - dilation[k] * (kernel[k] - 1) - 1) // stride[k] + 1 for k in (0, 1))
    return np.stack([np.stack([x[:, a * dilation[0]:a * dilation[0] + (oh - 1) * stride[0] + 1:stride[0],
                                 b * dilation[1]:b * dilation[1] + (ow - 1) * stride[1] + 1:stride[1]] for b in range(kernel[1])], 1)
                     for a in range(kernel[0])], 1)


def conv(x, p):
    w = p["weight"].astype(np.float64)
    stride, pad, dilation = two(p["stride"]), two(p["padding"]), two(p["dilation"])
    line = x.ndim == 2
    if line:
        x, w, stride, pad, dilation = x[:, None], w[:, :, None], [1, stride[0]], [0, pad[0]], [1, dilation[0]]
    groups, per = p["groups"], w.shape[0] // p["groups"]
    parts = [np.einsum("oiab,iabyx->oyx", w[g * per:(g + 1) * per], windows(x[g * w.shape[1]:(g + 1) * w.shape[1]], w.shape[2:], stride, pad, dilation))
             for g in range(groups)]
    y = np.concatenate(parts) + p["bias"].astype(np.float64)[:, None, None]
    return y[:, 0] if line else y


def stateless(node, x):
    p, kind = node["values"], node["type"]
    if kind in ("Linear", "Affine"):
        return p["weight"].astype(np.float64) @ x + (p["bias"].astype(np.float64) if "bias" in p else 0)
    if kind in ("Conv1d", "Conv2d"):
        return conv(x, p)
    if kind == "Flatten":
        return x.reshape(-1)
    if kind == "Scale":
        return x * p["scale"].astype(np.float64)
    if kind == "Threshold":
        return (x > p["threshold"].astype(np.float64)).astype(np.float64)
    sums = windows(x, two(p["kernel_size"]), two(p["stride"]), two(p["padding"]), [1, 1]).sum((1, 2))
    return sums / 4 if kind == "AvgPool2d" else sums


def in_loop(net, name):
    reached, front = set(), [name]
    while front:
        front = [b for a, b in net.edges if a in front and b not in reached]
        reached |= set(front)
    return name in reached


def run(net, sample, numerics):
    """numerics: {neuron: its options}. [steps, outputs] of one sample."""
    neurons = {name: Neuron(node, numerics[name], net.dt, in_loop(net, name)) for name, node in net.nodes.items() if name in numerics}
    before, history, out = {}, {name: [] for name in net.nodes}, []
    for t in range(net.steps):
        now = {}
        for name, node in net.nodes.items():
            if name == "input":
                now[name] = sample[t].reshape(node["shape"])
                continue
            x = sum((before.get(a, np.zeros(net.shape(a))) if (a, b) in net.late else now[a]) for a, b in net.edges if b == name)
            silent = t == 0 and any(b == name for _, b in net.late) and net.no_bias_at_0(name)
            if name in neurons:
                now[name] = neurons[name].step(x)
            elif node["type"] == "Delay":
                history[name].append(x)
                steps = np.floor(np.asarray(node["values"]["delay"]) / net.dt + 0.5).astype(int)
                now[name] = np.where(steps <= t, np.choose(np.minimum(steps, t), history[name][::-1][:32], mode="clip"), 0.0)
            else:
                now[name] = np.zeros(node["shape"]) if silent else stateless(node, x)
        before = now
        out.append(now[net.output].reshape(-1))
    return np.array(out)
