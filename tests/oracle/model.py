"""An ONNX file as a chain of steps, with the float value of each: the side of the oracle that knows the standard and not neurohls.

A step maps an array [samples, ...] to the next one. Constants are double precision, as docs/arithmetic.md says of parameters."""
import numpy as np
import onnx
from onnx import numpy_helper

import functions


class Step:
    """kind, the shape of the result without the samples, and what the kind needs: matmul (w [n_out, n_in]), affine (s, t: arrays of the
    shape of one sample), argmax and softmax (axes, of an array with samples), reshape, or the name of a function of one element."""

    def __init__(self, kind, name, shape, **rest):
        self.kind, self.name, self.shape = kind, name, tuple(shape)
        self.__dict__.update(rest)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


CONSTANT = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Sqrt": np.sqrt, "Neg": np.negative,
            "Transpose": None, "Reshape": None, "Identity": None, "Cast": None}


def constant_of(node, known):
    """The value of a node that reads constants only."""
    inputs, attr = [known[i] for i in node.input], attributes(node)
    if node.op_type == "Constant":
        return numpy_helper.to_array(attr["value"]) if "value" in attr else np.asarray(next(iter(attr.values())))
    if node.op_type == "Transpose":
        return np.transpose(inputs[0], attr.get("perm"))
    if node.op_type == "Reshape":
        return inputs[0].reshape([int(v) for v in inputs[1]])
    if node.op_type == "Identity":
        return inputs[0]
    if node.op_type == "Cast":
        return inputs[0].astype(onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[attr["to"]])
    return CONSTANT[node.op_type](*inputs)


def spread(constant, shape):
    """A constant over the elements of one sample, as the standard broadcasts it; it must not differ between samples."""
    return np.broadcast_to(np.asarray(constant, np.float64), (1, *shape))[0].copy()


def doubles(array):
    return np.asarray(array).astype(np.float64)


def axis_of(axis, rank):
    return axis + rank if axis < 0 else axis


# Operators of one variable: what they are, and (attribute, default) of alpha and beta.
FUNCTIONS = {
    "Relu": ["relu"], "Sigmoid": ["sigmoid"], "Tanh": ["tanh"], "Erf": ["erf"], "Softsign": ["softsign"], "Exp": ["exp"], "Log": ["log"],
    "Sqrt": ["sqrt"], "Reciprocal": ["reciprocal"], "Softplus": ["softplus"], "Mish": ["mish"], "Abs": ["abs"], "Neg": ["neg"],
    "HardSwish": ["hard_swish"], "LeakyRelu": ["leaky_relu", ("alpha", 0.01)], "Elu": ["elu", ("alpha", 1.0)], "Celu": ["celu", ("alpha", 1.0)],
    "Swish": ["silu", ("alpha", 1.0)], "ThresholdedRelu": ["thresholded_relu", ("alpha", 1.0)], "HardSigmoid": ["hard_sigmoid", ("alpha", 0.2), ("beta", 0.5)],
    "Selu": ["selu", ("alpha", 1.6732632423543772), ("gamma", 1.0507009873554805)],
}


class Chain:
    def __init__(self, path):
        model = onnx.load(path)
        graph = model.graph
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        known = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        source = next(i for i in graph.input if i.name not in known)
        self.shape = tuple(d.dim_value for d in source.type.tensor_type.shape.dim[1:])
        self.steps, at, shape = [], source.name, self.shape
        self.input_name = at
        for node in graph.node:
            if at not in node.input:
                known[node.output[0]] = constant_of(node, known)
                continue
            step = self.read(node, at, shape, known)
            self.steps.append(step)
            at, shape = node.output[0], step.shape
        assert at == graph.output[0].name, "the model is not a chain"

    def read(self, node, at, shape, known):
        if node.op_type in FUNCTIONS:
            kind, *defaults = FUNCTIONS[node.op_type]
            attr = attributes(node)
            return self.function(node, shape, kind, *(attr.get(name, float(np.float32(value))) for name, value in defaults))
        reader = getattr(self, f"read_{node.op_type.lower()}", None)
        if reader is None:
            raise NotImplementedError(f"the oracle does not know {node.op_type}")
        return reader(node, [None if i == at else known.get(i) for i in node.input], shape, attributes(node))

    def read_gemm(self, node, inputs, shape, attr):
        w = doubles(inputs[1]) * attr.get("alpha", 1.0)
        w = w if attr.get("transB", 0) else w.T
        bias = doubles(inputs[2]) * attr.get("beta", 1.0) if len(inputs) > 2 else None
        if bias is not None:
            bias = np.broadcast_to(bias, (1, w.shape[0]))[0]
        return Step("matmul", node.name, [*shape[:-1], w.shape[0]], w=w, b=bias)

    def read_matmul(self, node, inputs, shape, attr):
        w = doubles(inputs[1]).T
        return Step("matmul", node.name, [*shape[:-1], w.shape[0]], w=w, b=None)

    def affine(self, node, shape, s, t, **rest):
        return Step("affine", node.name, shape, s=spread(s, shape), t=spread(t, shape), **rest)

    def read_add(self, node, inputs, shape, attr):
        return self.affine(node, shape, 1.0, doubles([c for c in inputs if c is not None][0]))

    def read_sub(self, node, inputs, shape, attr):
        if inputs[0] is None:
            return self.affine(node, shape, 1.0, -doubles(inputs[1]))
        return self.affine(node, shape, -1.0, doubles(inputs[0]))

    def read_mul(self, node, inputs, shape, attr):
        return self.affine(node, shape, doubles([c for c in inputs if c is not None][0]), 0.0)

    def read_div(self, node, inputs, shape, attr):
        return self.affine(node, shape, 1 / doubles(inputs[1]), 0.0)

    def read_batchnormalization(self, node, inputs, shape, attr):
        scale, offset, mean, var = (doubles(c) for c in inputs[1:5])
        s = scale / np.sqrt(var + attr.get("epsilon", float(np.float32(1e-5))))
        column = (-1, *[1] * (len(shape) - 1))
        return self.affine(node, shape, s.reshape(column), (offset - s * mean).reshape(column))

    def function(self, node, shape, kind, alpha=0.0, beta=0.0):
        return Step(kind, node.name, shape, alpha=float(alpha), beta=float(beta))

    def window(self, shape, kernel, attr):
        """(strides, dilations, pads before, pads after) of the spatial axes, and the sizes of the result."""
        n = len(shape) - 1
        strides, dilations = attr.get("strides", [1] * n), attr.get("dilations", [1] * n)
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
        auto = attr.get("auto_pad", b"NOTSET")
        pads = attr.get("pads", [0] * 2 * n) if auto == b"NOTSET" else [0] * 2 * n
        before, after = list(pads[:n]), list(pads[n:])
        if auto in (b"SAME_UPPER", b"SAME_LOWER"):
            for i in range(n):
                whole = max((-(-shape[1 + i] // strides[i]) - 1) * strides[i] + spans[i] - shape[1 + i], 0)
                before[i] = whole // 2 if auto == b"SAME_UPPER" else whole - whole // 2
                after[i] = whole - before[i]
        sizes = [(shape[1 + i] + before[i] + after[i] - spans[i]) // strides[i] + 1 for i in range(n)]
        return dict(kernel=list(kernel), strides=list(strides), dilations=list(dilations), before=before, sizes=sizes)

    def read_conv(self, node, inputs, shape, attr):
        w = doubles(inputs[1])
        win = self.window(shape, w.shape[2:], attr)
        bias = doubles(inputs[2]) if len(inputs) > 2 else None
        return Step("conv", node.name, [len(w), *win["sizes"]], w=w, b=bias, groups=attr.get("group", 1), win=win)

    def read_averagepool(self, node, inputs, shape, attr):
        win = self.window(shape, attr["kernel_shape"], attr)
        return Step("avgpool" if node.op_type == "AveragePool" else "maxpool", node.name, [shape[0], *win["sizes"]], win=win)

    read_maxpool = read_averagepool

    def read_globalaveragepool(self, node, inputs, shape, attr):
        win = self.window(shape, shape[1:], {})
        return Step("avgpool" if node.op_type == "GlobalAveragePool" else "maxpool", node.name, [shape[0], *win["sizes"]], win=win)

    read_globalmaxpool = read_globalaveragepool

    def read_clip(self, node, inputs, shape, attr):
        bounds = [attr.get("min"), attr.get("max")]
        for k, c in enumerate(inputs[1:3]):
            bounds[k] = float(np.asarray(c).reshape(())) if c is not None else bounds[k]
        return Step("clip", node.name, shape, low=-np.inf if bounds[0] is None else bounds[0], high=np.inf if bounds[1] is None else bounds[1])

    def read_gelu(self, node, inputs, shape, attr):
        return self.function(node, shape, "gelu_tanh" if attr.get("approximate", b"none") == b"tanh" else "gelu")

    def read_pow(self, node, inputs, shape, attr):
        power = float(np.asarray(inputs[1]).reshape(()))
        return self.function(node, shape, {2.0: "square", 0.5: "sqrt", -1.0: "reciprocal"}[power])

    def read_prelu(self, node, inputs, shape, attr):
        return Step("prelu", node.name, shape, slope=spread(inputs[1], shape))

    def read_softmax(self, node, inputs, shape, attr):
        axis = axis_of(attr.get("axis", -1 if self.opset >= 13 else 1), len(shape) + 1)
        return Step(node.op_type.lower().replace("log", "log_"), node.name, shape, axes=[axis] if self.opset >= 13 else list(range(axis, len(shape) + 1)))

    read_logsoftmax = read_softmax

    def read_argmax(self, node, inputs, shape, attr):
        axis, keep = axis_of(attr.get("axis", 0), len(shape) + 1), attr.get("keepdims", 1)
        assert not attr.get("select_last_index", 0)
        return Step("argmax", node.name, [*shape[:axis - 1], *([1] if keep else []), *shape[axis:]], axes=[axis])

    def read_identity(self, node, inputs, shape, attr):
        return Step("reshape", node.name, shape)

    read_dropout = read_cast = read_identity

    def read_flatten(self, node, inputs, shape, attr):
        assert axis_of(attr.get("axis", 1), len(shape) + 1) == 1, "Flatten may not mix samples"
        return Step("reshape", node.name, [int(np.prod(shape))])

    def read_reshape(self, node, inputs, shape, attr):
        want = [int(v) for v in inputs[1]]
        full = np.zeros((1, *shape)).reshape([((1, *shape)[i] if v == 0 else v) for i, v in enumerate(want)]).shape
        assert full[0] == 1, "Reshape may not mix samples"
        return Step("reshape", node.name, full[1:])

    def read_transpose(self, node, inputs, shape, attr):
        perm = attr.get("perm", list(range(len(shape), -1, -1)))
        assert perm[0] == 0, "Transpose may not move the samples"
        kept = [k for k in perm[1:] if shape[k - 1] != 1]
        if kept == sorted(kept):  # dimensions of 1 only
            return Step("reshape", node.name, [shape[k - 1] for k in perm[1:]])
        return Step("transpose", node.name, [shape[k - 1] for k in perm[1:]], perm=perm)

    def read_squeeze(self, node, inputs, shape, attr):
        axes = [int(v) for v in inputs[1]] if len(inputs) > 1 else attr["axes"]
        gone = {axis_of(a, len(shape) + 1) for a in axes}
        return Step("reshape", node.name, [d for i, d in enumerate(shape, 1) if i not in gone])

    def read_unsqueeze(self, node, inputs, shape, attr):
        axes = [int(v) for v in inputs[1]] if len(inputs) > 1 else attr["axes"]
        full, new = [1, *shape], sorted(axis_of(a, len(shape) + 1 + len(axes)) for a in axes)
        for a in new:
            full.insert(a, 1)
        return Step("reshape", node.name, full[1:])

    def floats(self, x):
        """The network's outputs for an array [samples, ...] of reals."""
        for step in self.steps:
            x = apply(step, x)
        return x


def softmax(x, axes):
    axes = tuple(axes)
    e = np.exp(x - x.max(axis=axes, keepdims=True))
    return e / e.sum(axis=axes, keepdims=True)


def taps(x, win, outside):
    """[samples, channels, taps, pixels] of x [samples, channels, ...]: what every tap of every window sees."""
    index = []
    for k, s, d, b, n in zip(win["kernel"], win["strides"], win["dilations"], win["before"], win["sizes"]):
        index.append(np.arange(n)[None, :] * s + np.arange(k)[:, None] * d - b)  # [tap, pixel]
    if len(index) == 1:
        x, index = x[:, :, None, :], [np.zeros((1, 1), int), *index]
    (ky, oy), (kx, ox) = index[0].shape, index[1].shape
    rows = np.broadcast_to(index[0][:, None, :, None], (ky, kx, oy, ox)).reshape(ky * kx, oy * ox)
    columns = np.broadcast_to(index[1][None, :, None, :], (ky, kx, oy, ox)).reshape(ky * kx, oy * ox)
    inside = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    seen = x[:, :, np.where(inside, rows, 0), np.where(inside, columns, 0)]
    return np.where(inside, seen, outside)


def convolve(step, x):
    seen, w = taps(x, step.win, 0.0), step.w.reshape(*step.w.shape[:2], -1)
    per_in, per_out = w.shape[1], len(w) // step.groups
    parts = [np.einsum("ock,sckp->sop", w[g * per_out:(g + 1) * per_out], seen[:, g * per_in:(g + 1) * per_in]) for g in range(step.groups)]
    y = np.concatenate(parts, axis=1) + (0 if step.b is None else step.b[None, :, None])
    return y.reshape(len(x), *step.shape)


def apply(step, x):
    """One step in double precision."""
    if step.kind == "matmul":
        return x @ step.w.T + (0 if step.b is None else step.b)
    if step.kind == "affine":
        return step.s * x + step.t
    if step.kind == "conv":
        return convolve(step, x)
    if step.kind == "avgpool":
        return taps(x, step.win, 0.0).mean(axis=2).reshape(len(x), *step.shape)
    if step.kind == "maxpool":
        return taps(x, step.win, -np.inf).max(axis=2).reshape(len(x), *step.shape)
    if step.kind == "reshape":
        return x.reshape(len(x), *step.shape)
    if step.kind == "transpose":
        return np.transpose(x, step.perm)
    if step.kind == "softmax":
        return softmax(x, step.axes)
    if step.kind == "log_softmax":
        shifted = x - x.max(axis=tuple(step.axes), keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=tuple(step.axes), keepdims=True))
    if step.kind == "clip":
        return np.clip(x, step.low, step.high)
    if step.kind == "prelu":
        return np.where(x > 0, x, step.slope * x)
    if step.kind == "argmax":
        return np.argmax(x, axis=step.axes[0]).reshape(len(x), *step.shape)
    return functions.FLOAT[step.kind](x, step.alpha, step.beta)
