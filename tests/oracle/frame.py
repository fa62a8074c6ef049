"""Networks without time in exact integers, from the model file and the formats in report.json."""
import re
from fractions import Fraction

import numpy as np

import functions
import model
import tables
from fixed import Format, add, align, exact, multiply, plain, reach, room, significant

ULP = 2.0 ** -52


class Disagreement(Exception):
    """report.json says something that cannot be."""


class Ambiguous(Exception):
    """A parameter is so close to a rounding boundary that the order of operations in double precision decides."""


class Tensor:
    """Raw integers [samples, ...], their fractional bits, and the real value of raw 1 at 0 fractional bits; `order`: the elements of a
    sample in the order in which they are added up, None: their own. Images come pixel by pixel."""

    def __init__(self, raw, frac, scale, order=None):
        self.raw, self.frac, self.scale, self.order = raw, frac, scale, order

    def real(self):
        return self.raw.astype(np.float64) * 2.0 ** -self.frac * self.scale


class Affine:
    """Several steps that neurohls made one layer: y = w x + b, w a matrix [n_out, n_in] or None, where `s` are factors per element.

    Beside each value stands a bound on what another order of the same operations in double precision can change of it."""

    def __init__(self, shape):
        self.w, self.s, self.t = None, np.ones(shape), np.zeros(shape)
        self.loose_w, self.loose_t = 0.0, np.zeros(int(np.prod(shape)))  # relative; absolute

    def scaled(self, old, new):
        """A product of factors is loose where neither was 1."""
        self.loose_w = max(self.loose_w, 4 * ULP if (old != 1).any() and (new != 1).any() else 0)

    def then(self, step):
        if step.kind == "matmul":
            if self.w is not None:
                raise Disagreement(f"two matrices in the layer of '{step.name}'")
            t = self.t.reshape(-1)
            size = np.abs(step.w) @ np.abs(t)
            self.scaled(self.s, step.w)
            self.w = step.w * self.s.reshape(1, -1)
            bias = np.zeros(len(step.w)) if step.b is None else step.b
            self.loose_t = np.abs(step.w) @ self.loose_t + (size + np.abs(bias)) * (2 * len(t) * ULP * bool(t.any()))
            self.t = step.w @ t + bias
            self.s = None
            return
        s, t = step.s, step.t
        moved = s.reshape(-1) * self.t.reshape(-1)
        t = t.reshape(-1)
        changes = bool((moved != 0).any() and ((s != 1).any() or (t != 0).any()))
        self.scaled(self.w if self.w is not None else self.s, s)
        self.loose_t = np.abs(s.reshape(-1)) * self.loose_t + (np.abs(moved) + np.abs(t)) * (4 * ULP * changes)
        self.t = moved + t
        if self.w is not None:
            self.w = s.reshape(-1, 1) * self.w
        else:
            self.s = self.s * s.reshape(self.s.shape)


def shape_of(text):
    return () if text == "scalar" else tuple(int(v) for v in text.split("x"))


def quantize(fmt, values, loose):
    """Raw integers of doubles; loose: how far each may be from the double that neurohls computed."""
    raw = fmt.quantize(values)
    if np.any(np.asarray(loose) > 0):
        values = exact(np.asarray(values, np.float64))
        for sign in (-1, 1):
            moved = np.asarray(values + sign * np.asarray(loose), np.float64)
            if (fmt.quantize(moved) != raw).any():
                raise Ambiguous("a folded parameter")
    return raw


def scales(values, n):
    """[n] doubles, from the list in the report or None."""
    if values is None:
        return np.ones(n)
    found = np.array([float.fromhex(v) for v in values])
    return np.full(n, found[0]) if len(found) == 1 else found


class Layer:
    def __init__(self, facts, steps, shape_in):
        self.facts, self.steps, self.name, self.op = facts, steps, facts["name"], facts["op"]
        self.shape_in, self.shape = shape_in, shape_of(facts["shape"])
        self.fmt, self.scale = Format(facts["result"]), float.fromhex(facts["scale_exact"])

    def run(self, x):
        """A Tensor from a Tensor."""
        if self.op in ("dense", "batchnorm"):
            return self.sums(x)
        if self.op == "transpose":
            return Tensor(np.transpose(x.raw, self.steps[0].perm), x.frac, x.scale)
        if self.op == "conv":
            return self.convolution(x)
        if self.op in ("avgpool", "maxpool"):
            return self.pool(x)
        if self.op == "reshape":
            return Tensor(x.raw.reshape(len(x.raw), *self.shape), x.frac, x.scale)
        step = self.steps[0]
        if step.kind == "argmax":
            return self.argmax(x, step)
        return self.elementwise(x, step)

    def order_behind(self, x):
        """The order of the result's elements, see Tensor."""
        if self.op in ("conv", "avgpool", "maxpool"):
            return np.arange(int(np.prod(self.shape))).reshape(self.shape[0], -1).T.reshape(-1)
        if self.op == "transpose":
            n, perm = int(np.prod(self.shape)), [k - 1 for k in self.steps[0].perm[1:]]
            place = np.empty(n, int)  # of an element of the input: its index in the result
            place[np.transpose(np.arange(n).reshape(self.shape_in), perm).reshape(-1)] = np.arange(n)
            return place[np.arange(n) if x.order is None else x.order]
        return None if self.op in ("dense", "argmax") else x.order

    def argmax(self, x, step):
        best = np.argmax(plain(x.raw), axis=step.axes[0]) if x.raw.dtype != object else first_maximum(x.raw, step.axes[0])
        return Tensor(self.fmt.cast(best.reshape(len(x.raw), *self.shape).astype(np.int64), 0), self.fmt.frac, 1.0)

    def elementwise(self, x, step):
        raw, frac, kind = x.raw, x.frac, step.kind
        if kind in functions.TABLES or kind in ("softmax", "log_softmax"):
            return self.table(x, step)
        if kind == "prelu" and self.op == "leaky_relu":  # one slope for all
            step, kind = model.Step("leaky_relu", step.name, step.shape, alpha=float(step.slope.reshape(-1)[0])), "leaky_relu"
        if kind == "prelu":
            return self.prelu(x, step)
        if kind in ("hard_sigmoid", "hard_swish", "square"):
            return self.product(x, step)
        if kind == "relu":
            raw = np.where(raw > 0, raw, raw * 0)
        elif kind == "abs":
            raw = np.abs(exact(raw))
        elif kind == "neg":
            raw = -exact(raw)
        elif kind == "thresholded_relu":
            bound, bound_frac = significant(step.alpha / x.scale, self.bits())
            left, right, _ = align(raw, frac, np.array(bound, object), bound_frac)
            raw = np.where(exact(left) > exact(right), raw, raw * 0)
        elif kind == "leaky_relu":
            alpha, alpha_frac = significant(step.alpha)
            slope = multiply(raw, np.array(alpha))
            whole, slope, frac = align(raw, frac, slope, frac + alpha_frac)
            raw = np.where(whole < 0, slope, whole)
        elif kind == "clip":
            for bound, pick in ((step.low, np.maximum), (step.high, np.minimum)):
                if np.isfinite(bound):
                    limit, limit_frac = significant(bound / x.scale)
                    raw, limit, frac = align(raw, frac, np.array(limit, object), limit_frac)
                    raw = pick(exact(raw), exact(limit))
        elif kind != "reshape":
            raise NotImplementedError(f"the oracle does not compute {kind}")
        return self.result(plain(raw), frac, x.scale / self.scale)

    def bits(self):
        """Significant bits of constants that must not be coarser than the result."""
        return min(53, max(16, self.fmt.bits + 4))

    def product(self, x, step):
        """Functions of products: hard_sigmoid, hard_swish, square."""
        if step.kind == "square":
            c, c_frac = significant(x.scale * x.scale, self.bits())
            return self.result(multiply(multiply(x.raw, x.raw), np.array(c)), 2 * x.frac + c_frac, 1)
        alpha, beta = (x.scale / 6, 0.5) if step.kind == "hard_swish" else (step.alpha * x.scale, step.beta)
        (a, a_frac), (b, b_frac) = significant(alpha, self.bits()), significant(beta, self.bits())
        line, b, frac = align(multiply(x.raw, np.array(a)), x.frac + a_frac, np.array(b, object), b_frac)
        h = np.minimum(np.maximum(exact(line) + exact(b), 0), 1 << frac if frac >= 0 else 0)
        if step.kind == "hard_sigmoid":
            return self.result(plain(h), frac, 1)
        kept = self.fmt.bits + 4
        if frac > kept:
            h, frac = (h + (1 << (frac - kept - 1))) >> (frac - kept), kept
        c, c_frac = significant(x.scale, self.bits()) if x.scale != 1 else (1, 0)
        return self.result(plain(multiply(multiply(x.raw, h), np.array(c))), x.frac + frac + c_frac, 1)

    def prelu(self, x, step):
        f = self.facts
        fmt, n = Format(f["weight"]["format"]), shape_of(f["weight"]["shape"])[0]
        given = scales(f["weight"]["scales"], n)
        channel = self.channel_of(n) if n > 1 else np.zeros(step.slope.size, int)
        if (given != 1).any():
            raise Disagreement(f"layer '{self.name}': slopes of scale {given}")
        w = fmt.quantize(step.slope.reshape(-1) / given[channel]).reshape(step.slope.shape)
        whole, slope, frac = align(x.raw, x.frac, multiply(x.raw, w), x.frac + fmt.frac)
        return self.result(plain(np.where(whole < 0, slope, whole)), frac, x.scale / self.scale)

    def table(self, x, step):
        parts = self.facts["parts"]
        if self.scale != 1:
            raise Disagreement(f"layer '{self.name}': a table of scale {self.scale}")
        if step.kind in ("softmax", "log_softmax"):
            raw = tables.softmax_like(step.kind, x.raw, x.frac, x.scale, step.axes, parts, self.fmt)
        else:
            if len(parts) != 1 or parts[0]["input_frac"] != x.frac:
                raise Disagreement(f"layer '{self.name}': its table is for {parts[0]['input_frac']} fractional bits, its input has {x.frac}")
            raw = tables.Table(parts[0], step.kind, x.scale, step.alpha, step.beta).run(x.raw)
        raw = np.clip(raw, self.fmt.bottom, self.fmt.top)  # a symmetric format has one value less than its table
        return Tensor(raw, self.fmt.frac, 1.0)

    def result(self, raw, frac, ratio):
        """Cast to the layer's format; a ratio of scales that is not 1 is a constant of 16 significant bits."""
        if ratio != 1:
            factor, factor_frac = significant(ratio)
            raw, frac = multiply(raw, np.array(factor)), frac + factor_frac
        return Tensor(self.fmt.cast(raw, frac), self.fmt.frac, self.scale)

    # --- dense and batchnorm

    def channel_of(self, n):
        """The channel of each element of a sample, for a batchnorm of n channels."""
        axis, n_axes = self.facts["axis"], self.facts["n_axes"]
        index = np.indices(self.shape_in).reshape(len(self.shape_in), -1)
        channel = np.zeros(index.shape[1], int)
        for k in range(axis, axis + n_axes):
            channel = channel * self.shape_in[k] + index[k]
        if channel.max() + 1 != n:
            raise Disagreement(f"layer '{self.name}': {n} factors along axes that have {channel.max() + 1} elements")
        return channel

    def sums(self, x):
        f = self.facts
        folded = Affine(self.shape_in)
        for step in self.steps:
            folded.then(step)
        fmt, n = Format(f["weight"]["format"]), shape_of(f["weight"]["shape"])[0]
        given = scales(f["weight"]["scales"], n)
        dense = folded.w is not None
        scale = given if dense else given[self.channel_of(n)] if n > 1 else np.full(folded.s.size, given[0])
        values = folded.w / scale[:, None] if dense else folded.s.reshape(-1) / scale
        w = quantize(fmt, values, np.abs(values) * folded.loose_w)
        unit = x.scale * scale
        frac = x.frac + fmt.frac
        accum = Format(f["accum"])
        if f["accum_exact"] and accum.frac != frac:
            raise Disagreement(f"layer '{self.name}': the exact accumulator has {accum.frac} fractional bits, its products {frac}")
        bias = self.bias(folded, unit, accum)
        flat = x.raw.reshape(len(x.raw), -1)
        if f["accum_exact"]:
            total = add(products(flat, w) if dense else multiply(flat, w), bias)
        else:
            order = slice(None) if x.order is None else x.order
            total = cast_sums(flat[:, order], w[:, order], bias, frac, accum) if dense else cast_elements(flat, w, bias, frac, accum)
        return self.requantized(total, accum.frac, x.scale * given)

    def convolution(self, x):
        """Sums over the taps ky, kx and the channels of the group, in that order, of weights that hold the affine maps behind them."""
        f, step = self.facts, self.steps[0]
        w, t = step.w, np.zeros(len(step.w)) if step.b is None else step.b
        folded = Affine((len(w),))
        loose_w, folded.t = 0.0, t
        for other in self.steps[1:]:
            s, o = (np.asarray(v).reshape(len(w), -1) for v in (other.s, other.t))
            if (s != s[:, :1]).any() or (o != o[:, :1]).any():
                raise Disagreement(f"layer '{self.name}': factors that differ within a channel are folded into a convolution")
            loose_w = 4 * ULP if (s != 1).any() else loose_w
            moved = s[:, 0] * folded.t
            changes = bool((moved != 0).any() and ((s != 1).any() or (o != 0).any()))
            folded.loose_t = np.abs(s[:, 0]) * folded.loose_t + (np.abs(moved) + np.abs(o[:, 0])) * (4 * ULP * changes)
            folded.t, w = moved + o[:, 0], w * s[:, 0].reshape(-1, *[1] * (w.ndim - 1))
        fmt, given = Format(f["weight"]["format"]), scales(f["weight"]["scales"], len(w))
        values = w.reshape(len(w), -1) / given[:, None]
        raw = quantize(fmt, values, np.abs(values) * loose_w).reshape(*w.shape[:2], -1)
        accum, frac = Format(f["accum"]), x.frac + fmt.frac
        if f["accum_exact"] and accum.frac != frac:
            raise Disagreement(f"layer '{self.name}': the exact accumulator has {accum.frac} fractional bits, its products {frac}")
        bias = np.broadcast_to(self.bias(folded, x.scale * given, accum), (len(w),))
        seen = model.taps(x.raw, step.win, 0)
        per_in, per_out, parts = w.shape[1], len(w) // step.groups, []
        for g in range(step.groups):
            part = seen[:, g * per_in:(g + 1) * per_in]  # [samples, channels, taps, pixels] -> [samples * pixels, taps * channels]
            flat = part.transpose(0, 3, 2, 1).reshape(-1, part.shape[1] * part.shape[2])
            rows = raw[g * per_out:(g + 1) * per_out].transpose(0, 2, 1).reshape(per_out, -1)
            own = bias[g * per_out:(g + 1) * per_out]
            parts.append(add(products(flat, rows), own) if f["accum_exact"] else cast_sums(flat, rows, own, frac, accum))
        total = np.concatenate(parts, axis=1)
        y = self.scaled(total, accum.frac, x.scale * given)
        y = y.reshape(len(x.raw), -1, len(w)).transpose(0, 2, 1).reshape(len(x.raw), *self.shape)
        return Tensor(y, self.fmt.frac, self.scale)

    def pool(self, x):
        step = self.steps[0]
        if self.op == "maxpool":
            low = min(int(v) for v in exact(x.raw).reshape(-1)) - 1
            raw = model.taps(x.raw, step.win, low).max(axis=2).reshape(len(x.raw), *self.shape)
            return Tensor(self.fmt.cast(raw, x.frac), self.fmt.frac, x.scale)
        raw, = room(reach(x.raw) + 32, x.raw)
        area = int(np.prod(step.win["kernel"]))
        total = model.taps(raw, step.win, 0).sum(axis=2).reshape(-1, 1)
        y = self.scaled(total, x.frac, np.array([1 / area]) * self.scale)
        return Tensor(y.reshape(len(x.raw), *self.shape), self.fmt.frac, self.scale)

    def bias(self, folded, unit, accum):
        """At the accumulator's resolution; a format of its own comes first."""
        f = self.facts
        t, loose = folded.t.reshape(-1), folded.loose_t
        if f["bias"] is None:
            return np.zeros(1, np.int64)
        at = accum if not f["accum_exact"] else Format(f"fixed<64,{64 - accum.frac},RND,SAT>")
        if f["bias_given"] is None:
            return quantize(at, t / unit, loose / unit)
        first = Format(f["bias_given"])
        raw = quantize(first, t, loose)
        if (unit == 1).all():
            return at.cast(raw, first.frac)
        return at.quantize(np.where(unit == 1, first.real(raw), first.real(raw) / unit))

    def requantized(self, total, frac, unit):
        """raw * multiplier, read with the shift's bits below those of the accumulator; unit [channels]."""
        q, ratio = self.facts["requantizer"], unit / self.scale
        if q is None:
            if (ratio != 1).any():
                raise Disagreement(f"layer '{self.name}': sums of scale {unit} become results of scale {self.scale} without a multiplier")
        else:
            m = np.array(q["multipliers"], np.int64)
            self.check_multipliers(m, q, ratio)
            if len(m) != total.shape[1]:
                m = m[self.channel_of(len(m))] if len(m) > 1 else np.full(total.shape[1], m[0])
            total, frac = multiply(total, m), frac + q["shift"]
        raw = self.fmt.cast(total, frac)
        return Tensor(raw.reshape(len(raw), *self.shape), self.fmt.frac, self.scale)

    def scaled(self, total, frac, unit):
        """The same of total [any, outputs], as raw integers."""
        q, ratio = self.facts["requantizer"], unit / self.scale
        if q is None:
            if (ratio != 1).any():
                raise Disagreement(f"layer '{self.name}': sums of scale {unit} become results of scale {self.scale} without a multiplier")
            return self.fmt.cast(total, frac)
        m = np.array(q["multipliers"], np.int64)
        self.check_multipliers(m, q, ratio)
        return self.fmt.cast(multiply(total, m), frac + q["shift"])

    def check_multipliers(self, m, q, ratio):
        """The multipliers are the ratios of scales, to the nearest integer of the greatest shift at which the largest has `bits` bits;
        a power of two that all share is left out."""
        shared = min((int(v) & -int(v)).bit_length() - 1 for v in m if v) if m.any() else 0
        if shared:
            raise Disagreement(f"layer '{self.name}': multipliers share a factor 2^{shared}")
        left_out = q["bits"] - int(m.max()).bit_length()
        if left_out < 0 or len(m) != len(ratio):
            raise Disagreement(f"layer '{self.name}': {len(m)} multipliers of up to {int(m.max()).bit_length()} bits")
        for k, r in enumerate(ratio):
            want = Fraction(float(r)) * Fraction(2) ** (q["shift"] + left_out)
            if abs((int(m[k]) << left_out) - want) > Fraction(1, 2):
                raise Disagreement(f"layer '{self.name}': multiplier {k} is {m[k]} with shift {q['shift']}, the ratio of scales {float(ratio[k])}")


def first_maximum(raw, axis):
    best = raw.max(axis=axis, keepdims=True)
    return np.argmax((raw == best).astype(np.int8), axis=axis)


def products(x, w):
    """x [samples, n_in] times w [n_out, n_in] transposed."""
    x, w = room(reach(x) + reach(w) + int(x.shape[1]).bit_length(), x, w)
    return x @ w.T


def cast_sums(x, w, bias, frac, accum):
    """Every product and every sum in the accumulator's format, inputs ascending."""
    total = np.broadcast_to(bias, (len(x), len(w))).copy()
    for i in range(x.shape[1]):
        product = accum.cast(multiply(x[:, i:i + 1], w[None, :, i]), frac)
        total = accum.cast(add(total, product), accum.frac)
    return total


def cast_elements(x, w, bias, frac, accum):
    return accum.cast(add(accum.cast(multiply(x, w), frac), bias), accum.frac)


# --- which steps of the model are which layers of the report

def targets(report):
    """{layer that is gone: layer that holds it now}, by the decisions in the report."""
    into = {}
    for item in report["decisions"]:
        found = re.search(r"^layer '(.*)': folded into '(.*?)'", item["message"])
        if found:
            into[found[1]] = found[2]
    return into


def groups(chain, report):
    """[(layer of the report, the steps of the model it stands for)], the input left out."""
    layers = report["layers"][1:]
    names, into = [f["name"] for f in layers], targets(report)
    members = {name: [] for name in names}
    steps = list(chain.steps)
    if report["options"]["output"] == "argmax" and steps[-1].kind != "argmax":
        shape = steps[-1].shape
        steps.append(model.Step("argmax", names[-1], [*shape[:-1], 1], axes=[len(shape)]))
    before = None
    for step in steps:
        home = step.name
        while home in into and home not in members:
            home = into[home]
        if home not in members and step.kind == "affine":
            home = before  # a constant added behind a matrix is its bias
        if home in members:
            members[home].append(step)
            if step.kind in ("matmul", "conv", "affine"):
                before = home
        elif step.kind not in ("reshape", "softmax"):
            raise Disagreement(f"the report does not say what became of '{step.name}'")
    for f in layers:
        if not members[f["name"]]:
            raise Disagreement(f"the model has no layer '{f['name']}'")
    parts = {t["layer"]: t["parts"] for unit in report["units"] for t in unit.get("tables", [])}
    return [(f | {"parts": parts.get(f["name"])}, members[f["name"]]) for f in layers]


class Network:
    def __init__(self, path, report):
        self.chain = model.Chain(path)
        self.input = report["layers"][0]
        self.fmt, self.scale = Format(self.input["result"]), float.fromhex(self.input["scale_exact"])
        self.layers, shape = [], self.chain.shape
        for facts, steps in groups(self.chain, report):
            self.layers.append(Layer(facts, steps, shape))
            shape = self.layers[-1].shape

    def quantize(self, reals):
        """The input's raw integers."""
        return self.fmt.quantize(np.asarray(reals, np.float64) / self.scale).reshape(len(reals), *self.chain.shape)

    def run(self, reals):
        """The outputs' raw integers [samples, elements], and every layer's Tensor by its name."""
        x = Tensor(self.quantize(reals), self.fmt.frac, self.scale)
        every = {self.input["name"]: x}
        for layer in self.layers:
            before, x = x, layer.run(x)
            x.order = layer.order_behind(before)
            every[layer.name] = x
        return x.raw.reshape(len(reals), -1), every
