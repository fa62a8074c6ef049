"""lava-dl networks (.net) in the integers of lava's fixed-point runtime, read with h5py: what hls/neuron/models and frontend/lava build
must equal it in every output of every step. Nothing is quantized on the way, so nothing is needed from report.json."""
import h5py
import numpy as np

LIMIT = (1 << 23) - 1
STATE = 6  # fractional bits of states and of spikes


def text(dataset):
    v = dataset[()]
    v = v[0] if isinstance(v, np.ndarray) else v
    return v.decode() if isinstance(v, bytes) else str(v)


def whole(dataset):
    """Integers, as netx reads them: cut off."""
    return np.trunc(np.asarray(dataset, np.float64)).astype(np.int64)


def decayed(v, decay):
    """v (4096 - decay) / 4096, toward zero."""
    return np.sign(v) * (np.abs(v) * (4096 - decay) >> 12)


def wrapped(v, bits):
    half = 1 << (bits - 1)
    return (v + half) % (2 * half) - half


def over(values, shape):
    """A parameter for all neurons, per channel or per neuron, over the layer's shape."""
    values = whole(values).reshape(-1)
    if values.size in (1, int(np.prod(shape))):
        return np.broadcast_to(values.reshape(shape) if values.size > 1 else values, shape)
    return np.broadcast_to(values.reshape(-1, *[1] * (len(shape) - 1)), shape)


class Lif:
    def __init__(self, g, shape, bias):
        self.i_decay, self.v_decay, self.theta = (over(g[k], shape) for k in ("iDecay", "vDecay", "vThMant"))
        self.bias, self.u, self.v = bias << STATE, np.zeros(shape, np.int64), np.zeros(shape, np.int64)

    def step(self, a):
        u = decayed(self.u, self.i_decay) + (a << STATE)
        u = np.where(u > LIMIT + 1, u - (1 << 24), np.where(u <= -LIMIT - 1, u + (1 << 24), u))
        v = np.clip(decayed(self.v, self.v_decay) + u + self.bias, -LIMIT, LIMIT)
        spike = v > self.theta << STATE
        self.u, self.v = u, np.where(spike, 0, v)
        return spike.astype(np.int64)


class Delta:
    """Sends what has changed by the threshold at least."""

    def __init__(self, g, shape):
        self.theta = over(g["vThMant"], shape) << 12
        self.act, self.rest = np.zeros(shape, np.int64), np.zeros(shape, np.int64)

    def message(self, y):
        change = y - self.act + self.rest
        sent = np.where(np.abs(change) >= self.theta, change, 0)
        self.rest, self.act = change - sent, y
        return sent >> STATE

    def step(self, a):
        return self.message(a << 12)


class SigmaDelta(Delta):
    def __init__(self, g, shape, bias):
        super().__init__(g, shape)
        self.sum, self.bias = np.zeros(shape, np.int64), bias << 12

    def step(self, a):
        self.sum = self.sum + a
        return self.message(np.maximum(self.sum + self.bias, 0))


class Resonator:
    """lost: (cosine, sine), 0 or 1 LSB. netx passes both through floating point and cuts off, where the last bit of a library's functions
    decides whether an integer loses an LSB; so does the C library's, and a test may accept either."""

    def __init__(self, g, shape, kind, lost):
        self.c, self.s = (int(np.asarray(g[k])) - less for k, less in zip(("cosDecay", "sinDecay"), lost))
        self.kind, self.theta = kind, int(np.asarray(g["vThMant"])) << STATE
        self.re, self.im = np.zeros(shape, np.int64), np.zeros(shape, np.int64)

    def step(self, a, b):
        def times(k, x):
            return np.sign(k * x) * (np.abs(k * x) >> 12)
        re = np.clip(times(self.c, self.re) - times(self.s, self.im) + (a << STATE), -LIMIT, LIMIT)
        im = np.clip(times(self.s, self.re) + times(self.c, self.im) + (b << STATE), -LIMIT, LIMIT)
        before, self.re, self.im = self.im, re, im
        if self.kind == "RF_PHASE":
            return ((re >= self.theta) & (im >= 0) & (before < 0)).astype(np.int64)
        spike = im >= self.theta
        self.re, self.im = np.where(spike, 0, re), np.where(spike, self.theta - 1, im)
        return spike.astype(np.int64)


class Late:
    """Element k comes steps[k] steps late."""

    def __init__(self, steps, size):
        self.steps, self.before = np.broadcast_to(np.minimum(whole(steps).reshape(-1), 62), (size,)), []

    def step(self, x):
        self.before.append(x.reshape(-1))
        t, out = len(self.before) - 1, np.zeros(x.size, np.int64)
        for k, late in enumerate(self.steps):
            if t >= late:
                out[k] = self.before[t - late][k]
        return out.reshape(x.shape)


def convolution(x, w, stride, pad, dilation, groups):
    """Cross-correlation of [C, H, W], exact."""
    x = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    rows, cols = ((x.shape[k + 1] - dilation[k] * (w.shape[k + 2] - 1) - 1) // stride[k] + 1 for k in (0, 1))
    out, per, each = np.zeros((w.shape[0], rows, cols), np.int64), w.shape[0] // groups, w.shape[1]
    for o in range(w.shape[0]):
        for c in range(each):
            for i in range(w.shape[2]):
                for j in range(w.shape[3]):
                    top, left = i * dilation[0], j * dilation[1]
                    part = x[o // per * each + c, top:top + (rows - 1) * stride[0] + 1:stride[0], left:left + (cols - 1) * stride[1] + 1:stride[1]]
                    out[o] += w[o, c, i, j] * part
    return out


def pair(dataset):
    v = whole(dataset).reshape(-1)
    return [int(v[0]), int(v[-1])]


class Layer:
    def __init__(self, g, n_in, binary, lost):
        self.kind, self.binary = text(g["type"]), binary
        self.shape = tuple(whole(g["shape"]).reshape(-1))
        self.late, self.axon, self.behind = None, None, None
        if self.kind == "flatten":
            return
        bias = over(g["bias"], self.shape) if "bias" in g and self.kind != "input" else np.zeros(self.shape, np.int64)
        self.weights = []
        if self.kind in ("conv", "pool"):
            self.weights = [whole(g["weight"])]
            self.window = [pair(g[k]) if k in g else [1, 1] for k in ("stride", "padding", "dilation")]
            self.groups = int(whole(g["groups"]).reshape(-1)[0]) if "groups" in g else 1
            if self.kind == "pool":
                self.weights, self.groups = [np.broadcast_to(self.weights[0], (self.shape[0], 1, *self.weights[0].shape[2:]))], self.shape[0]
            if "delay" in g:
                steps = whole(g["delay"]).reshape(-1)
                self.axon = Late(np.repeat(steps, int(np.prod(self.shape)) // steps.size), int(np.prod(self.shape)))
        elif self.kind in ("dense", "dense_rec"):
            n_out = int(np.prod(self.shape))
            found = [g["weight/real"], g["weight/imag"]] if isinstance(g["weight"], h5py.Group) else [g["weight"]]
            self.weights = [whole(w).reshape(n_out, n_in) for w in found]
            if "delay" in g:
                size = whole(g["delay"]).size
                if size == n_out:  # tested first, as in netx
                    self.behind = [Late(g["delay"], n_out) for _ in found]
                else:
                    self.late = Late(g["delay"], n_in)
            self.rec = whole(g["weight_rec"]) if "weight_rec" in g else None
        self.spiked = np.zeros(self.shape, np.int64)
        self.neuron = self.make_neuron(g["neuron"], bias, lost) if "neuron" in g else None
        self.message_bits = 1
        if "neuron" in g and text(g["neuron/type"]) == "SDNN":
            self.message_bits = int(np.asarray(g["neuron/messageBits"])) if "messageBits" in g["neuron"] else 16

    def make_neuron(self, g, bias, lost):
        kind = text(g["type"])
        if kind in ("CUBA", "LOIHI"):
            return Lif(g, self.shape, bias)
        if kind == "SDNN":
            return Delta(g, self.shape) if self.kind == "input" else SigmaDelta(g, self.shape, bias)
        if kind.startswith("RF"):
            return Resonator(g, self.shape, kind, lost)
        raise NotImplementedError(f"the oracle does not know {kind} neurons")

    def sums(self, x):
        """What each synapse gives for what the layer before sent one step ago."""
        if self.binary:
            x = (x != 0).astype(np.int64)
        if self.kind in ("conv", "pool"):
            return [wrapped(convolution(x, self.weights[0], *self.window, self.groups), 24)]
        flat = x.reshape(-1)
        if self.late:
            flat = self.late.step(flat)
        found = [w @ flat for w in self.weights]
        if self.behind:
            found = [late.step(a) for late, a in zip(self.behind, found)]
        if self.rec is not None:
            found[0] = found[0] + self.rec @ self.spiked.reshape(-1)
        return [a.reshape(self.shape) for a in found]

    def step(self, x):
        if self.kind == "flatten":
            return x.reshape(-1)
        if self.kind == "input":
            x = x.reshape(self.shape)
            return self.neuron.step(x) if self.neuron else x
        self.spiked = self.neuron.step(*self.sums(x))
        return self.axon.step(self.spiked) if self.axon else self.spiked


class Network:
    def __init__(self, path, message_bits=0, shape=None, lost=None):
        self.path, self.message_bits, self.shape, self.lost = path, message_bits, shape, lost or {}

    def layers(self):
        """Fresh layers, and the shape of the input."""
        with h5py.File(self.path, "r") as f:
            groups = [f[f"layer/{k}"] for k in sorted(f["layer"], key=int)]
            built, shape, bits = [], self.shape, self.message_bits
            for g in groups:
                kind = text(g["type"])
                if kind == "input":
                    shape = tuple(whole(g["shape"]).reshape(-1))
                if shape is None:
                    shape = (int(np.asarray(g["inFeatures"])),)
                n_in = int(np.prod(built[-1].shape if built else shape))
                synapse = kind not in ("input", "flatten")
                built.append(Layer(g, n_in, synapse and bits == 0, self.lost.get(len(built), (0, 0))))
                bits = built[-1].message_bits if synapse or kind == "input" and built[-1].neuron else bits
                self.shape = self.shape or shape
            return built

    def run(self, sample):
        """[steps, outputs] for [steps, inputs]."""
        layers, out = self.layers(), []
        sent = [None] * len(layers)
        for x in np.asarray(sample, np.int64):
            now = x.reshape(self.shape)
            for k, layer in enumerate(layers):
                if layer.kind in ("input", "flatten"):
                    now = layer.step(now)
                    continue
                before, sent[k] = sent[k], now
                now = layer.step(np.zeros_like(now) if before is None else before)
            out.append(now.reshape(-1))
        return np.array(out)
