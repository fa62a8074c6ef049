"""Random time-stepped networks: how they are drawn and written as NIR files. Used by random_spiking.py."""
import h5py
import numpy as np

SPIKING, INTEGRATING = ["IF", "LIF", "CubaLIF"], ["I", "LI", "CubaLI"]


class Net:
    """nodes: {name: {type, values, shape (of its output)}} in an order in which a step can compute them; edges [(from, to)].
    late: edges that carry the value of the step before. sub: {neuron: [what stands in its subgraph]}."""

    def __init__(self, rng, steps, dt):
        self.rng, self.steps, self.dt = rng, steps, dt
        self.draw = np.random.default_rng(rng.randint(0, 2 ** 31))
        self.nodes, self.edges, self.late, self.sub = {}, [], set(), {}

    def add(self, kind, shape, sources, before=None, **values):
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes[name] = {"type": kind, "shape": tuple(shape), "values": values}
        if before:  # what a neuron reads stands in front of it
            order = list(self.nodes)
            order.insert(order.index(before), order.pop())
            self.nodes = {key: self.nodes[key] for key in order}
        self.edges += [(source, name) for source in sources]
        return name

    def shape(self, name):
        return self.nodes[name]["shape"]

    def normal(self, *shape, scale=1.0):
        return (self.draw.standard_normal(shape) * scale).astype(np.float32)

    def value(self, shape, low, high):
        """One value for all neurons, one per channel, or one per neuron."""
        kind = self.rng.choice(["all", "all", "channel", "neuron"])
        if kind == "neuron":
            v = self.draw.uniform(low, high, shape)
        else:
            v = self.draw.uniform(low, high, (shape[0] if kind == "channel" else 1,) + (1,) * (len(shape) - 1)) * np.ones(shape)
        return v.astype(np.float32)


def conv_size(n, kernel, stride, pad, dilation):
    return (n + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1


def add_weights(net, source, to=None):
    """A weighted node behind source; to: the shape that must come out, or None. Returns its name, or None where there is none."""
    rng, shape = net.rng, net.shape(source)
    if len(shape) == 1 or (to and len(to) == 1):
        if len(shape) > 1:
            source = net.add("Flatten", (int(np.prod(shape)),), [source], start_dim=0, end_dim=-1, input_type=np.array(shape))
        n_in, n_out = net.shape(source)[0], to[0] if to else rng.randint(1, 12)
        values = {"weight": net.normal(n_out, n_in, scale=rng.choice([0.6, 1.5]) / n_in ** 0.5 * 1.5)}
        if rng.random() < 0.5:
            return net.add("Linear", (n_out,), [source], **values)
        return net.add("Affine", (n_out,), [source], bias=net.normal(n_out, scale=0.15), **values)
    spatial, channels = shape[1:], shape[0]
    groups = rng.choice([g for g in (1, 1, 2, channels) if channels % g == 0])
    if to:
        if to[1:] != spatial:
            return None
        kernel, stride, pad, dilation = [3] * len(spatial), [1] * len(spatial), [1] * len(spatial), [1] * len(spatial)
        out = to[0]
        groups = groups if out % groups == 0 else 1
    else:
        kernel = [rng.randint(1, 3) for _ in spatial]
        stride = [rng.randint(1, 2) for _ in spatial]
        pad = [rng.randint(0, 1) for _ in spatial]
        dilation = [rng.choice([1, 1, 2]) for _ in spatial]
        out = groups * rng.randint(1, 2)
    sizes = [conv_size(*v) for v in zip(spatial, kernel, stride, pad, dilation)]
    if min(sizes) < 1:
        return None
    fan = channels // groups * int(np.prod(kernel))
    one = len(spatial) == 1
    pick = (lambda v: v[0]) if one else np.array
    return net.add("Conv1d" if one else "Conv2d", (out, *sizes), [source], weight=net.normal(out, channels // groups, *kernel, scale=1.6 / fan ** 0.5),
                   bias=net.normal(out, scale=0.15), stride=pick(stride), padding=pick(pad), dilation=pick(dilation), groups=groups,
                   input_shape=pick(list(spatial)))


def add_neuron(net, kind, sources):
    """r is tau / dt (a gain of one) in half of the layers."""
    rng, shape, dt = net.rng, net.shape(sources[0]), net.dt
    tau = net.value(shape, 2 * dt, 20 * dt)
    values = {"r": np.ones(shape, np.float32)}
    if kind.startswith("Cuba"):
        values |= {"tau_mem": tau, "tau_syn": net.value(shape, 2 * dt, 8 * dt)}
        values["w_in"] = (values["tau_syn"] / dt).astype(np.float32) if rng.random() < 0.5 else net.value(shape, 1, 4)
    elif kind in ("LIF", "LI"):
        values["tau"] = tau
    if kind in ("IF", "I"):
        values["r"] = np.full(shape, 1 / dt, np.float32) if rng.random() < 0.5 else net.value(shape, 0.5 / dt, 1.5 / dt)
    else:
        values["r"] = (tau / dt).astype(np.float32) if rng.random() < 0.5 else net.value(shape, 4, 12)
        values["v_leak"] = net.value(shape, -0.3, 0.3) if rng.random() < 0.3 else np.zeros(shape, np.float32)
    if kind in SPIKING:
        values["v_threshold"] = net.value(shape, 0.5, 1.5)
        if rng.random() < 0.4:
            values["v_reset"] = net.value(shape, -0.4, 0.3)
    return net.add(kind, shape, sources, **values)


def add_recurrence(net, neuron):
    shape = net.shape(neuron)
    back = add_weights(net, neuron, shape)
    if not back:
        return
    names = [n for n in net.nodes if list(net.nodes).index(n) > list(net.nodes).index(neuron)]
    for name in names:  # the weights, and a Flatten in front of them, read the step before and stand before the neuron
        order = list(net.nodes)
        order.remove(name)
        order.insert(order.index(neuron), name)
        net.nodes = {key: net.nodes[key] for key in order}
    net.edges.append((back, neuron))
    net.late |= {edge for edge in net.edges if edge[0] == neuron}
    if net.rng.random() < 0.5:
        net.sub[neuron] = names


def add_stage(net, source, last):
    """Weights, perhaps a second path of another depth, a neuron, perhaps recurrent."""
    rng = net.rng
    first = add_weights(net, source, (rng.randint(1, 8),) if last else None)
    if not first:
        return source
    inputs = [first]
    if rng.random() < 0.15:
        inputs = [net.add("Scale", net.shape(first), inputs, scale=net.value(net.shape(first), 0.5, 1.5))]
    shape = net.shape(inputs[0])
    if rng.random() < 0.35:
        middle = source
        for _ in range(rng.randint(0, 2)):
            mid = add_weights(net, middle)
            if mid:
                middle = add_neuron(net, rng.choice(SPIKING), [mid])
        second = add_weights(net, middle, shape)
        inputs += [second] if second else []
    if net.shape(source) == shape and source != "input" and rng.random() < 0.5:
        inputs.append(source)
    roll = rng.random()
    if roll < 0.08 and len(inputs) == 1:
        return net.add("Threshold", shape, inputs, threshold=net.value(shape, 0.1, 0.6))
    kind = rng.choice(INTEGRATING if last and roll < 0.4 else SPIKING)
    neuron = add_neuron(net, kind, inputs)
    if rng.random() < 0.3 and kind in SPIKING:
        add_recurrence(net, neuron)
    return neuron


def prune(net):
    """Nodes that reach no output go: paths that found no shape to end in."""
    alive, n = {net.output}, 0
    while n != len(alive):
        n = len(alive)
        alive |= {a for a, b in net.edges if b in alive}
    net.nodes = {name: node for name, node in net.nodes.items() if name in alive}
    net.edges = [edge for edge in net.edges if edge[0] in alive and edge[1] in alive]


def random_net(rng):
    net = Net(rng, rng.randint(5, 16), rng.choice([1e-4, 1e-3]))
    kind = rng.choice(["flat", "flat", "signal", "image", "image"])
    shape = {"flat": (rng.randint(1, 14),), "signal": (rng.randint(1, 4), rng.randint(4, 12)),
             "image": (rng.randint(1, 4), rng.randint(3, 8), rng.randint(3, 8))}[kind]
    at = net.add("Input", shape, [])
    net.nodes = {"input": net.nodes.pop(at)}
    at = "input"
    stages = rng.randint(1, 3)
    for k in range(stages):
        before = at
        at = add_stage(net, at, k == stages - 1)
        if k == stages - 1 or at == before:
            continue
        shape = net.shape(at)
        if len(shape) == 3 and min(shape[1:]) >= 2 and rng.random() < 0.5:
            pad = rng.choice([0, 0, 1])
            size = [conv_size(n, 2, 2, pad, 1) for n in shape[1:]]
            at = net.add(rng.choice(["SumPool2d", "AvgPool2d"]), (shape[0], *size), [at], kernel_size=np.array([2, 2]), stride=np.array([2, 2]),
                         padding=np.array([pad, pad]))
        elif rng.random() < 0.2:
            steps = np.round(net.value(shape, 0, 3.4)).astype(np.float64)
            at = net.add("Delay", shape, [at], delay=(steps * net.dt))
    net.output = at
    prune(net)
    net.real_input = rng.random() < 0.15
    x = net.draw.random((3, net.steps, int(np.prod(net.shape("input")))))
    net.x = np.where(x < 0.35, np.round(x * 8) if rng.random() < 0.2 else 1.0, 0.0)
    if net.real_input:
        net.x = np.round(net.draw.uniform(-1, 1.5, net.x.shape) * 256) / 256
    return net


def layer_name(net, node):
    for neuron, inside in net.sub.items():
        if node == neuron or node in inside:
            return f"sub_{neuron}.{node}"
    return node


def write_graph(group, nodes, edges, subs=()):
    text = h5py.string_dtype()
    group.create_dataset("type", data="NIRGraph", dtype=text)
    group.create_dataset("edges", data=np.array(edges, dtype=object).reshape(-1, 2), dtype=text)
    made = group.create_group("nodes")
    for name, node in nodes.items():
        g = made.create_group(name)
        g.create_dataset("type", data=node["type"], dtype=text)
        if node["type"] in ("Input", "Output"):
            g.create_dataset("shape", data=np.array(node["shape"]))
        for key, value in node["values"].items():
            g.create_dataset(key, data=value)
    for name, (inner_nodes, inner_edges) in subs:
        write_graph(made.create_group(name), inner_nodes, inner_edges)


def write_nir(net, path):
    """A neuron in net.sub stands with its recurrent weights in a subgraph of its own."""
    port = lambda kind, name: {"type": kind, "shape": net.shape(name), "values": {}}
    outside = {name: name for name in net.nodes}
    subs = []
    for neuron, inside in net.sub.items():
        for name in [neuron, *inside]:
            outside[name] = f"sub_{neuron}"
        nodes = {name: net.nodes[name] for name in [neuron, *inside]} | {"input": port("Input", neuron), "output": port("Output", neuron)}
        edges = [e for e in net.edges if e[0] in [neuron, *inside] and e[1] in [neuron, *inside]]
        subs.append((f"sub_{neuron}", (nodes, edges + [("input", neuron), (neuron, "output")])))
    nodes = {name: node for name, node in net.nodes.items() if outside[name] == name}
    nodes["output"] = port("Output", net.output)
    edges = [(outside[a], outside[b]) for a, b in net.edges if outside[a] != outside[b] or outside[a] == a]
    net.rng.shuffle(edges)
    with h5py.File(path, "w") as f:
        f.create_dataset("version", data="1.0.4", dtype=h5py.string_dtype())
        write_graph(f.create_group("node"), nodes, edges + [(outside[net.output], "output")], subs)
