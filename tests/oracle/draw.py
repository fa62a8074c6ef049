"""Networks without time drawn at random: a chain of ONNX nodes over tensors of rank 1 to 4, and a configuration that names formats, modes,
granularity, scales, requantizers and strategies for each layer. The same seed gives the same network, everywhere."""
import random

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROUND = ["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"]
OVERFLOW = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"]
MOST_ELEMENTS = 40
# Functions and the first operator set of each.
TABLES = {"Sigmoid": 1, "Tanh": 1, "Erf": 9, "Softsign": 1, "Softplus": 1, "Elu": 6, "Selu": 6, "Celu": 12, "Exp": 6, "HardSigmoid": 6, "HardSwish": 14, "Mish": 18,
          "Gelu": 20, "Abs": 6, "Neg": 6, "ThresholdedRelu": 10, "PRelu": 9, "Pow": 7}
UNTABLED = ("HardSigmoid", "HardSwish", "Abs", "Neg", "ThresholdedRelu", "PRelu", "Pow")
SAMPLES = 12


def number_format(rng, low, high, signed=None):
    """fixed<W,I..> of low to high bits."""
    bits = rng.randint(low, high)
    whole = rng.randint(0, min(bits, 5)) + (bits > 1)
    signed = rng.random() < 0.8 if signed is None else signed
    modes = f",{rng.choice(ROUND)},{rng.choice(OVERFLOW)}" if rng.random() < 0.85 else ""
    return f"{'' if signed else 'u'}fixed<{bits},{whole}{modes}>"


class Net:
    def __init__(self, seed):
        self.rng, self.values = random.Random(seed), np.random.default_rng(seed)
        rng = self.rng
        self.opset = rng.choice([11, 13, 13, 20])
        self.nodes, self.constants, self.options, self.dense, self.windows, self.product = [], {}, {}, 0, 0, False
        self.shape = self.at_shape = self.first_shape()
        self.widen = 2 if rng.random() < 0.1 else 1  # formats of up to twice the bits
        self.draw_top()
        for _ in range(rng.randint(2, 7)):
            self.step()
        self.end()

    def first_shape(self):
        rank = self.rng.choice([1, 1, 2, 2, 3, 4])
        while True:
            shape = tuple(self.rng.choice([1, 2, 3, 4, 5, 7, 12, 24]) for _ in range(rank))
            if np.prod(shape) <= MOST_ELEMENTS:
                return shape

    # --- constants

    def real(self, *shape):
        """Weights of a layer: normal, of few values (whose roundings tie), or of very different rows; some are zero."""
        kind, v = self.rng.random(), self.values.standard_normal(shape)
        v = v * self.rng.choice([0.1, 0.5, 1, 3])
        if kind < 0.25:
            v = np.round(v * 8) / 16
        elif kind < 0.5 and len(shape) > 1:
            v = v * 2.0 ** self.values.integers(-6, 4, (shape[0], *[1] * (len(shape) - 1)))
        if self.rng.random() < 0.1:
            v[self.rng.randrange(shape[0])] = 0
        return v.astype(np.float32)

    def constant(self, array, hint="c"):
        name = f"{hint}{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    # --- nodes

    def node(self, op, shape, *constants, data_first=True, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append({"op": op, "name": name, "constants": constants, "data_first": data_first, "attributes": attributes, "shape": tuple(shape)})
        self.at_shape = tuple(shape)
        # Is the last tensor a matrix product without a bias, which a constant added to it becomes?
        self.product = op == "MatMul" or op == "Gemm" and len(constants) == 1 or op in ("Identity", "Dropout", "Cast") and self.product
        return name

    def step(self):
        if len(self.at_shape) in (2, 3) and self.windows < 3 and self.rng.random() < 0.6:
            if self.rng.random() < 0.15:
                return self.channels_first()
            return self.rng.choice([self.add_conv, self.add_conv, self.add_pool])()
        kinds = ["dense"] * 4 + ["affine"] * 3 + ["norm"] + ["activation"] * 4 + ["table"] * 3 + ["softmax"] + ["shape"] * 2
        getattr(self, f"add_{self.rng.choice(kinds)}")()

    def add_dense(self):
        rng, shape = self.rng, self.at_shape
        if self.dense >= 3:
            return self.add_activation()
        if int(np.prod(shape)) != shape[-1]:
            self.node("Flatten", [int(np.prod(shape))], axis=1)
            shape = self.at_shape
        n_in, n_out = shape[-1], rng.choice([1, 2, 3, 5, 8, 13, 20])
        self.dense += 1
        w = self.real(n_out, n_in)
        if len(shape) == 1 and rng.random() < 0.6:
            transposed = rng.random() < 0.5
            inputs = [self.constant(w if transposed else w.T.copy(), "w")]
            if rng.random() < 0.7:
                inputs.append(self.constant(self.real(n_out), "b"))
            attributes = {"transB": 1} if transposed else {}
            if rng.random() < 0.2:
                attributes |= {"alpha": rng.choice([0.5, 2.0, 1.25]), "beta": rng.choice([1.0, 0.25])}
            name = self.node("Gemm", [n_out], *inputs, **attributes)
        else:
            name = self.node("MatMul", [*shape[:-1], n_out], self.constant(w.T.copy(), "w"))
            if rng.random() < 0.6:
                self.node("Add", self.at_shape, self.constant(self.real(n_out), "b"), data_first=rng.random() < 0.7)
        self.options[name] = self.weighted(n_in, n_out)

    def channels_first(self):
        """Channels that stand last come to the front, as exporters of channel-last networks have it; or the way back."""
        rank = len(self.at_shape)
        perm = self.rng.choice([[0, rank, *range(1, rank)], [0, *range(2, rank + 1), 1]])
        self.node("Transpose", [self.at_shape[k - 1] for k in perm[1:]], perm=perm)

    def extent(self, size):
        """(kernel, stride, dilation, pad before, pad after) of a spatial axis."""
        rng = self.rng
        while True:
            k, d, s, b, a = rng.randint(1, 3), rng.choice([1, 1, 2]), rng.choice([1, 1, 2, 3]), rng.randint(0, 2), rng.randint(0, 2)
            if (k - 1) * d + 1 <= size + b + a and b < (k - 1) * d + 1 and a < (k - 1) * d + 1:
                return k, s, d, b, a

    def add_conv(self):
        rng, (c, *sizes) = self.rng, self.at_shape
        axes = [self.extent(n) for n in sizes]
        groups = rng.choice([g for g in range(1, c + 1) if c % g == 0])
        c_out = groups * rng.choice([1, 1, 2, 3])
        kernel = [a[0] for a in axes]
        attributes = {"group": groups} if groups > 1 else {}
        if rng.random() < 0.5:
            attributes["kernel_shape"] = kernel
        if rng.random() < 0.25:
            axes = [(k, s, 1, 0, 0) for k, s, *_ in axes]
            attributes["auto_pad"] = rng.choice(["SAME_UPPER", "SAME_LOWER"])
            out = [-(-n // s) for n, (_, s, *_) in zip(sizes, axes)]
        else:
            attributes["pads"] = [a[3] for a in axes] + [a[4] for a in axes]
            out = [(n + b + e - (k - 1) * d - 1) // s + 1 for n, (k, s, d, b, e) in zip(sizes, axes)]
        attributes |= {"strides": [a[1] for a in axes], "dilations": [a[2] for a in axes]}
        if c_out * np.prod(out) > 2 * MOST_ELEMENTS:
            return self.add_activation()
        self.windows += 1
        inputs = [self.constant(self.real(c_out, c // groups, *kernel), "w")]
        if rng.random() < 0.6:
            inputs.append(self.constant(self.real(c_out), "b"))
        name = self.node("Conv", [c_out, *out], *inputs, **attributes)
        taps, depthwise = int(np.prod(kernel)), groups == c == c_out and groups > 1
        least, most = taps * (1 if depthwise else groups), taps * (groups if depthwise else c // groups * c_out)
        self.options[name] = self.weighted(1, 1) | {"strategy": "resource", "reuse_factor": rng.randint(least, most)}

    def add_pool(self):
        rng, (c, *sizes) = self.rng, self.at_shape
        if rng.random() < 0.2:
            name = self.node(rng.choice(["GlobalAveragePool", "GlobalMaxPool"]), [c, *[1] * len(sizes)])
            kernel = sizes
        else:
            axes, op = [self.extent(n) for n in sizes], rng.choice(["MaxPool", "AveragePool"])
            kernel = [a[0] for a in axes]
            attributes = {"kernel_shape": kernel, "strides": [a[1] for a in axes], "pads": [a[3] for a in axes] + [a[4] for a in axes]}
            if op == "AveragePool":
                axes = [(k, s, 1, b, e) for k, s, _, b, e in axes]
                if any(b >= k or e >= k or k > n + b + e for n, (k, _, _, b, e) in zip(sizes, axes)):
                    return self.add_activation()
                attributes["count_include_pad"] = 1
            elif self.opset >= 11:
                attributes["dilations"] = [a[2] for a in axes]
            else:
                axes = [(k, s, 1, b, e) for k, s, _, b, e in axes]
            out = [(n + b + e - (k - 1) * d - 1) // s + 1 for n, (k, s, d, b, e) in zip(sizes, axes)]
            if any(b > k - 1 or e > k - 1 for k, _, _, b, e in axes):
                return self.add_activation()  # onnxruntime refuses padding as wide as the kernel
            if op == "MaxPool" and not all(any(0 <= o * s + i * d - b < n for i in range(k)) for n, m, (k, s, d, b, e) in zip(sizes, out, axes)
                                           for o in range(m)):
                return self.add_activation()  # a window of padding alone has no maximum
            name = self.node(op, [c, *out], **attributes)
        self.windows += 1
        taps = int(np.prod(kernel))
        op = self.nodes[-1]["op"]
        self.options[name] = (self.plain() if "Average" in op else {}) | {"strategy": "resource", "reuse_factor": rng.randint(taps, taps * c)}

    def add_affine(self):
        rng, shape = self.rng, self.at_shape
        dims = [d if rng.random() < 0.6 else 1 for d in shape]
        while dims and dims[0] == 1 and rng.random() < 0.5:
            dims = dims[1:]
        if len(dims) == len(shape) and rng.random() < 0.2:
            dims = [1, *dims]
        op = rng.choice(["Add", "Sub", "Mul", "Div"])
        c = np.float32(self.values.standard_normal(dims) * rng.choice([0.3, 1, 4]))
        if op == "Div":
            c = np.where(np.abs(c) < 0.125, np.float32(0.5), c)
        is_bias = op == "Add" and self.product  # no layer of its own
        name = self.node(op, shape, self.constant(c), data_first=op == "Div" or rng.random() < 0.7)
        if not is_bias:
            self.options[name] = self.weighted(1, 1)

    def add_norm(self):
        shape, draw = self.at_shape, self.values
        parameters = [draw.normal(1, 0.4, shape[0]), draw.normal(0, 1, shape[0]), draw.normal(0, 1, shape[0]), draw.uniform(0.05, 4, shape[0])]
        names = [self.constant(p.astype(np.float32), n) for p, n in zip(parameters, ("gamma", "beta", "mean", "var"))]
        name = self.node("BatchNormalization", shape, *names, epsilon=self.rng.choice([1e-5, 1e-3]))
        self.options[name] = self.weighted(1, 1)

    def add_activation(self):
        rng, shape = self.rng, self.at_shape
        op = rng.choice(["Relu", "Relu", "LeakyRelu", "Clip"])
        if op == "Clip":
            low, high = sorted(float(np.float32(rng.choice([-1, 0.0, 0.3, 6, rng.gauss(0, 2)]))) for _ in range(2))
            bounds = rng.choice([(low, high), (low, None), (None, high)])
            name = self.node(op, shape, *["" if b is None else self.constant(np.float32(b), "bound") for b in bounds])
        elif op == "LeakyRelu":
            name = self.node(op, shape, alpha=rng.choice([0.01, 0.125, 0.3, 1.5]))
        else:
            name = self.node(op, shape)
        self.options[name] = self.plain()

    def add_table(self):
        rng, kinds = self.rng, list(TABLES)
        if self.nodes and self.nodes[-1]["op"] in ("Relu", "Sigmoid", "Exp", "Abs", "Softplus", "Softmax"):
            kinds += ["Log", "Sqrt", "Reciprocal"]  # of what is not negative
        op = rng.choice([k for k in kinds if TABLES.get(k, 1) <= self.opset])
        attributes = {}
        if op in ("Elu", "Celu", "ThresholdedRelu") and rng.random() < 0.5:
            attributes["alpha"] = rng.choice([0.5, 1.25, 2.0])
        if op == "HardSigmoid" and rng.random() < 0.5:
            attributes |= {"alpha": rng.choice([0.25, 0.3]), "beta": rng.choice([0.5, 0.4])}
        if op == "Gelu" and rng.random() < 0.5:
            attributes["approximate"] = "tanh"
        if op == "Pow":
            name = self.node(op, self.at_shape, self.constant(np.float32(2.0)))
        elif op == "PRelu":
            dims = [d if rng.random() < 0.5 else 1 for d in self.at_shape]
            name = self.node(op, self.at_shape, self.constant(np.float32(np.abs(self.values.standard_normal(dims)) * 0.5)))
        else:
            name = self.node(op, self.at_shape, **attributes)
        self.options[name] = self.plain() | ({"table_size": 2 ** rng.randint(2, 11)} if rng.random() < 0.4 and op not in UNTABLED else {})

    def add_softmax(self):
        rng, rank = self.rng, len(self.at_shape)
        axis = rng.randint(1, rank)
        name = self.node(rng.choice(["Softmax", "Softmax", "LogSoftmax"]), self.at_shape, axis=axis if rng.random() < 0.5 else axis - rank - 1)
        self.options[name] = self.plain() | ({"table_size": 2 ** rng.randint(3, 11)} if rng.random() < 0.5 else {})

    def add_shape(self):
        rng, shape = self.rng, self.at_shape
        size, kind = int(np.prod(shape)), rng.choice(["flatten", "reshape", "unsqueeze", "squeeze", "same"])
        if kind == "flatten":
            self.node("Flatten", [size], axis=1)
        elif kind == "reshape":
            first = rng.choice([d for d in range(1, size + 1) if size % d == 0])
            new = rng.choice([[first, size // first], [size], [1, first, size // first], [first, 1, size // first]])
            self.node("Reshape", new, self.constant(np.array([rng.choice([0, -1]), *new], np.int64), "shape"))
        elif kind == "unsqueeze" and len(shape) < 4:
            axis = rng.randint(1, len(shape) + 1)
            new = [*shape[:axis - 1], 1, *shape[axis - 1:]]
            self.axes("Unsqueeze", new, axis)
        elif kind == "squeeze" and len(shape) > 1 and 1 in shape:
            axis = rng.choice([k for k, d in enumerate(shape) if d == 1])
            self.axes("Squeeze", [*shape[:axis], *shape[axis + 1:]], axis + 1)
        else:
            op = rng.choice(["Identity", "Dropout", "Cast"])
            self.node(op, shape, **({"to": TensorProto.FLOAT} if op == "Cast" else {}))

    def axes(self, op, shape, axis):
        if self.opset >= 13:
            self.node(op, shape, self.constant(np.array([axis], np.int64), "axes"))
        else:
            self.node(op, shape, axes=[axis])

    def end(self):
        if self.rng.random() < 0.12:
            axis = self.rng.randrange(len(self.at_shape))
            keep = self.rng.randint(0, 1) if len(self.at_shape) > 1 else 1
            shape = [*self.at_shape[:axis], *([1] if keep else []), *self.at_shape[axis + 1:]]
            self.node("ArgMax", shape, axis=axis + 1, keepdims=keep)
            self.top["output"] = "values"
        if not self.options:  # nothing that needs hardware
            self.options[self.node("Relu", self.at_shape)] = {}

    # --- options

    def weighted(self, n_in, n_out):
        rng, keys = self.rng, self.plain()
        if n_in * n_out > 1 or n_in > 1:
            keys["strategy"] = rng.choice(["latency", "resource"])
            if keys["strategy"] == "resource":
                keys["reuse_factor"] = rng.randint(1, n_in * n_out)
        if rng.random() < 0.4:
            keys["weight"] = number_format(rng, 2, 12 * self.widen)
        else:
            keys |= {"weight_bits": rng.randint(2, 12), "granularity": rng.choice(["per_tensor", "per_channel", "per_channel"]),
                     "scale": rng.choice(["power_of_two", "arbitrary"]), "multiplier_bits": rng.randint(2, 32)}
        if rng.random() < 0.25:
            keys["bias"] = number_format(rng, 3, 14 * self.widen)
        if rng.random() < 0.3 and (keys.get("strategy") != "latency" or n_in * n_out <= 150):
            keys["accum"] = number_format(rng, 6, 24 * self.widen, True)
        return keys

    def plain(self):
        rng, keys = self.rng, {}
        if rng.random() < 0.35:
            keys["result"] = number_format(rng, 3, 18 * self.widen)
        elif rng.random() < 0.6:
            keys |= {"result_bits": rng.randint(3, 20)} | ({"scale": "arbitrary"} if rng.random() < 0.3 else {})
        return keys

    def draw_top(self):
        rng = self.rng
        self.top = {"project": "net", "model": "net.onnx", "target": "generic", "clock_mhz": rng.choice([50, 200, 400]),
                    "io": rng.choice(["parallel", "stream"]), "output": "argmax" if rng.random() < 0.08 else "values"}
        if self.top["io"] == "stream":
            self.top["beat"] = rng.randint(1, 6)
        self.calibrated, span, low = rng.random() < 0.6, 4.0, -4.0
        kind = rng.random()
        if kind < 0.55:
            self.input = f'format: "{number_format(rng, 2, 14 * self.widen)}"'
            bits, whole = (int(v) for v in self.input.split("<")[1].split(">")[0].split(",")[:2])
            span = 2.0 ** whole
            low = -span if '"fixed' in self.input else -0.1 * span
        elif kind < 0.75:
            scale = rng.choice(["1/255", "1/16", "0.1", "0.037"])
            self.input, low, span = f'format: "ufixed<8,8,RND,SAT>", scale: {scale}', 0.0, 255 * eval(scale)
        else:
            self.calibrated = True
            self.input = f"bits: {rng.randint(3, 12)}" + (", scale: 1/16" if rng.random() < 0.3 else "")
        self.x = self.values.uniform(low, span, (SAMPLES, *self.shape))
        self.x[0], self.x[1] = span, low
        self.x[2] = np.round(self.x[2] * 4) / 8
        self.method = rng.choice(["minmax", "percentile", "mse"])

    # --- files

    def names(self, count=None):
        """The nodes of the first `count`, all by default."""
        return self.nodes[:len(self.nodes) if count is None else count]

    def write(self, folder, count=None):
        """The model of the first `count` nodes, its configuration and data."""
        nodes, used, at = [], [], "x"
        for n in self.names(count):
            inputs = [at, *n["constants"]] if n["data_first"] else [*n["constants"], at]
            used += [c for c in n["constants"] if c]
            nodes.append(helper.make_node(n["op"], inputs, [n["name"] + "_y"], name=n["name"], **n["attributes"]))
            at = n["name"] + "_y"
        last = self.names(count)[-1]
        kind = TensorProto.INT64 if last["op"] == "ArgMax" else TensorProto.FLOAT
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *self.shape])
        y = helper.make_tensor_value_info(at, kind, ["n", *last["shape"]])
        graph = helper.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(self.constants[c], c) for c in used])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=7), str(folder / "net.onnx"))
        np.save(folder / "x.npy", self.x)
        (folder / "net.yaml").write_text(self.config(count))

    def config(self, count=None):
        lines = [f"{k}: {v}" for k, v in self.top.items()] + [f"input: {{ {self.input} }}", "layers:"]
        for n in self.names(count):
            keys = self.options.get(n["name"])
            if keys:
                said = ", ".join(f'{k}: "{v}"' if "<" in str(v) else f"{k}: {v}" for k, v in keys.items())
                lines.append(f"  {n['name']}: {{ {said} }}")
        if lines[-1] == "layers:":
            lines.pop()
        if self.calibrated:
            lines.append(f"calibrate: {{ data: x.npy, method: {self.method} }}")
        lines.append("simulate: { inputs: x.npy, stalls: both, trace: true }")
        return "\n".join(lines) + "\n"

    def __str__(self):
        shape = "x".join(map(str, self.shape))
        return f"{shape} {self.top['io']} " + " ".join(n["op"] + {"resource": f"(R{self.options.get(n['name'], {}).get('reuse_factor')})"}.get(
            self.options.get(n["name"], {}).get("strategy"), "") for n in self.nodes)
