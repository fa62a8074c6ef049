"""Random lava-dl networks (.net): how they are drawn and written. Used by random_fabric.py."""
import h5py
import numpy as np

TEXT = {"dense": "dense", "dense_rec": "dense_rec", "conv": "conv", "pool": "pool", "flatten": "flatten", "input": "input"}


class Net:
    """layers: [{type, shape, weight..., neuron: {type, ...}}]; x: [samples][steps][inputs]."""

    def __init__(self, rng):
        self.rng, self.draw = rng, np.random.default_rng(rng.randint(0, 2 ** 31))
        self.layers, self.message_bits, self.accumulators = [], 0, 1

    def describe(self):
        kinds = [f"{layer['type']}{'' if 'neuron' not in layer else ':' + layer['neuron']['type']}" for layer in self.layers]
        return f"lava, T {self.x.shape[1]}, {'x'.join(map(str, self.shape_in))}, {' '.join(kinds)}"

    def weights(self, *shape):
        """Even, as lava's synapses have them; some matrices thin, some without a positive weight."""
        w = self.draw.integers(-60, 64, shape) * 2
        roll = self.rng.random()
        if roll < 0.3:
            w = np.where(self.draw.random(shape) < 0.7, 0, w)
        return -np.abs(w) if roll > 0.96 else w


def per(net, shape, low, high):
    """A number for all neurons, per channel, or per neuron."""
    kind = net.rng.choice(["all", "all", "channel", "neuron"])
    n = {"all": 1, "channel": shape[0], "neuron": int(np.prod(shape))}[kind]
    return net.draw.integers(low, high + 1, n)


def neuron(net, shape, family):
    rng = net.rng
    if family == "SDNN":
        return {"type": "SDNN", "activation": "relu", "vThMant": rng.choice([0, 1, 5, 30])} | ({"messageBits": 0} if rng.random() < 0.1 else {})
    if family in ("RF_PHASE", "RF_IZHIKEVICH"):
        angle, decay = rng.uniform(0.1, 1.5), rng.uniform(0.7, 0.99)
        return {"type": family, "sinDecay": int(4096 * decay * np.sin(angle)), "cosDecay": int(4096 * decay * np.cos(angle)), "vThMant": rng.randint(10, 200)}
    fields = {"type": family, "iDecay": per(net, shape, 0, 4096) if rng.random() < 0.7 else 4096, "vDecay": per(net, shape, 0, 4096),
              "vThMant": per(net, shape, 5, 300), "refDelay": 1, "gradedSpike": False}
    if family == "ALIF":
        fields |= {"thDecay": rng.randint(0, 4096), "refDecay": rng.randint(0, 4096), "vThStep": rng.randint(0, 60)}
    return fields


def window(net, shape):
    """(kernel, stride, padding, dilation, shape of what comes out), or None."""
    rng = net.rng
    pick = lambda low, high: [rng.randint(low, high)] * 2 if rng.random() < 0.6 else [rng.randint(low, high), rng.randint(low, high)]
    kernel, stride, pad, dilation = pick(1, 4), pick(1, 3), pick(0, 2), pick(1, 2)
    size = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(shape[1:], kernel, stride, pad, dilation)]
    return (kernel, stride, pad, dilation, size) if min(size) >= 1 else None


def add_conv(net, shape, family):
    rng, found = net.rng, window(net, shape)
    if not found:
        return shape
    kernel, stride, pad, dilation, size = found
    groups = rng.choice([g for g in (1, 1, 1, 2, shape[0]) if shape[0] % g == 0])
    out = (groups * rng.randint(1, 4 if groups == 1 else 2), *size)
    layer = {"type": "conv", "shape": out, "weight": net.weights(out[0], shape[0] // groups, *kernel), "stride": stride, "padding": pad, "dilation": dilation,
             "groups": groups, "neuron": neuron(net, out, family)}
    if rng.random() < 0.4:
        layer["bias"] = net.draw.integers(-20, 40, out[0])
    if rng.random() < 0.2 and family != "SDNN":
        layer["delay"] = net.draw.integers(0, 4, rng.choice([1, out[0]]))
    net.layers.append(layer)
    return out


def add_pool(net, shape, family):
    k = net.rng.choice([k for k in (1, 2, 2, 3) if shape[1] % k == 0 and shape[2] % k == 0])  # SLAYER's pool mixes channels of other widths
    out = (shape[0], -(-shape[1] // k), -(-shape[2] // k))
    net.layers.append({"type": "pool", "shape": out, "weight": np.full((1, 1, k, k), net.rng.choice([20, 60])), "stride": [k, k], "padding": [0, 0], "dilation": [1, 1],
                       "neuron": neuron(net, out, family)})
    return out


def add_dense(net, shape, family):
    rng, n, out = net.rng, int(np.prod(shape)), net.rng.randint(1, 24)
    layer = {"type": "dense", "shape": (out,), "weight": net.weights(out, n), "neuron": neuron(net, (out,), family)}
    if family.startswith("RF"):
        layer["imag"] = net.weights(out, n)
    elif rng.random() < 0.4:
        layer["bias"] = net.draw.integers(-20, 40, out)
    if rng.random() < 0.25:
        size = rng.choice([(n,), (out,), (1,)])
        layer["delay"] = net.draw.integers(0, rng.choice([2, 5, 9]), size)
    elif rng.random() < 0.2 and not family.startswith("RF") and family != "SDNN":
        layer["type"], layer["weight_rec"] = "dense_rec", net.weights(out, out)
    net.layers.append(layer)
    return (out,)


def random_net(rng):
    net = Net(rng)
    image = rng.random() < 0.6
    shape = (rng.randint(1, 4), rng.randint(3, 9), rng.randint(3, 9)) if image else (rng.randint(1, 20),)
    net.shape_in = shape
    style = rng.choice(["CUBA", "CUBA", "CUBA", "ALIF", "SDNN", "RF"])
    if image or style == "SDNN":
        layer = {"type": "input", "shape": shape}
        if rng.random() < 0.3 or style == "SDNN":
            layer["neuron"] = neuron(net, shape, "SDNN" if style == "SDNN" else "CUBA")
            layer["neuron"].pop("messageBits", None)
        net.layers.append(layer)
    family = lambda: rng.choice(["CUBA", "CUBA", style]) if style == "ALIF" else style if style != "RF" else "CUBA"
    for _ in range(rng.randint(0, 3) if image else 0):
        shape = (add_pool if rng.random() < 0.3 else add_conv)(net, shape, family())
    if len(shape) == 3 and rng.random() < 0.85:
        net.layers.append({"type": "flatten", "shape": (int(np.prod(shape)), 1, 1)})
        shape = (int(np.prod(shape)),)
    for _ in range(rng.randint(1, 3) if len(shape) == 1 else 0):
        resonates = style == "RF" and rng.random() < 0.7
        net.accumulators = 2 if resonates else net.accumulators
        shape = add_dense(net, shape, rng.choice(["RF_PHASE", "RF_IZHIKEVICH"]) if resonates else family())
    if not any("neuron" in layer and layer["type"] != "input" for layer in net.layers):
        if len(shape) == 3:
            net.layers.append({"type": "flatten", "shape": (int(np.prod(shape)), 1, 1)})
            shape = (int(np.prod(shape)),)
        add_dense(net, shape, family())
    steps = rng.randint(4, 20)
    size = (3, steps, int(np.prod(net.shape_in)))
    net.x = (net.draw.random(size) < rng.choice([0.1, 0.4])).astype(np.int32)
    if style == "SDNN" or rng.random() < 0.15:
        net.message_bits = 16
        net.x = np.cumsum(net.draw.integers(-3, 4, size), 1).astype(np.int32)
    return net


def write(net, path):
    with h5py.File(path, "w") as f:
        for i, layer in enumerate(net.layers):
            g = f.create_group(f"layer/{i}")
            g["type"] = np.array([TEXT[layer["type"]]], "S10")
            g["shape"] = np.array(layer["shape"])
            for key in ("stride", "padding", "dilation", "groups"):
                if key in layer:
                    g[key] = layer[key]
            w = layer.get("weight")
            if layer["type"].startswith("dense"):
                g["inFeatures"], g["outFeatures"] = w.shape[1], w.shape[0]
            if layer["type"] in ("conv", "pool"):
                g["kernelSize"] = np.array(w.shape[2:])
            if "imag" in layer:
                g["weight/real"], g["weight/imag"] = w.astype("f4"), layer["imag"].astype("f4")
            elif w is not None:
                g["weight"] = w.astype("f4")
            for key in ("bias", "delay", "weight_rec"):
                if key in layer:
                    g[key] = layer[key].astype("f4")
            for key, value in layer.get("neuron", {}).items():
                g.require_group("neuron")[key] = value
