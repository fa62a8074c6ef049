"""Tables, softmax and log_softmax in exact integers, from docs/arithmetic.md and the facts of each table in report.json.

Values of the functions come from 60 decimal digits; the coefficients of a segment are made when an input falls into it."""
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np

import functions
from fixed import Format, exact, plain, significant


def floor_shift(v, bits):
    return v >> bits if bits >= 0 else v << -bits


def nearest_half_up(v, frac, to):
    """RND to `to` bits; fewer stay as they are: (value, fractional bits)."""
    n = frac - to
    return ((v + (1 << (n - 1))) >> n, to) if n > 0 else (v, frac)


def hold(v, low, high):
    return max(low, min(high, v))


BEYOND = 1 << 256


def even(value, bits):
    """round(value * 2^bits) of a Decimal; an infinite one (the logarithm of 0) is beyond every format."""
    if value.is_infinite():
        return -BEYOND if value < 0 else BEYOND
    with localcontext() as context:
        context.prec = functions.DIGITS + 20
        return int((value * Decimal(2) ** bits).to_integral_value(ROUND_HALF_EVEN))


class Table:
    """One part: raw integers in, raw integers in the format `result` out."""

    def __init__(self, facts, name, scale, alpha=0.0, beta=0.0):
        self.f, self.name, self.scale, self.alpha, self.beta = facts, name, Fraction(scale), alpha, beta
        self.result = Format(facts["result"])
        self.octaves = facts["spacing"] == "octaves"
        self.known, self.segment = {}, {}
        self.rising = functions.RISING[name](alpha, beta) if name in functions.RISING else None

    def real(self, b):
        return Fraction(b) * self.scale / Fraction(2) ** self.f["input_frac"]

    def rounded(self, b, bits):
        return even(functions.value(self.name, self.real(b), self.alpha, self.beta), bits)

    def at(self, b):
        limit = 1 << (self.result.bits + 1 + self.f["frac"] - self.result.frac)
        return hold(self.rounded(b, self.f["frac"]), -limit, limit)

    def coefficients(self, s):
        """[k0, k1 ...] of a segment."""
        if s in self.segment:
            return self.segment[s]
        degree = self.f["degree"]
        if self.octaves:
            k = -self.f["step_log2"]
            j = s >> k
            a = Fraction(2) ** j * (1 + Fraction(s & ((1 << k) - 1), 1 << k))
            length = Fraction(2) ** (j - k)
        else:
            length = Fraction(2) ** self.f["step_log2"]
            a = s * length
        if degree == 0:
            centre = a + max(length - 1, 0) / 2
            if self.rising is None:
                found = [hold(self.rounded(centre, self.result.frac), self.result.bottom, self.result.top)]
            else:
                found = [self.at(centre)]
        else:
            v = [self.at(a + length * i / degree) for i in range(degree + 1)]
            if degree == 1:
                found = [v[0], v[1] - v[0]]
            elif degree == 2:
                found = [v[0], -3 * v[0] + 4 * v[1] - v[2], 2 * v[0] - 4 * v[1] + 2 * v[2]]
            else:
                found = [v[0], -11 * v[0] + 18 * v[1] - 9 * v[2] + 2 * v[3], 18 * v[0] - 45 * v[1] + 36 * v[2] - 9 * v[3],
                         -9 * v[0] + 27 * v[1] - 27 * v[2] + 9 * v[3]]
        self.segment[s] = found
        return found

    def place(self, x):
        """(segment, t, fractional bits of t)."""
        f = self.f
        if self.octaves:
            k, top = -f["step_log2"], f["top"]
            u = max(abs(x) if self.name in functions.ODD else x, 1)
            j = u.bit_length() - 1
            m = floor_shift(u, j - top)
            s = (j << k) + (floor_shift(m, top - k) - (1 << k))
            t, bits = m & ((1 << (top - k)) - 1) if top > k else 0, max(top - k, 0)
        else:
            d = f["step_log2"]
            x = hold(x, f["first"] << d, ((f["first"] + f["segments"]) << d) - 1)
            s, t, bits = x >> d, x & ((1 << d) - 1), d
        kept = min(f["t_bits"], bits)
        return s, t >> (bits - kept), kept

    def one(self, x):
        f, frac = self.f, self.f["frac"]
        if self.octaves and (x == 0 or x < 0 and self.name not in functions.ODD):
            return {"least": self.result.bottom, "zero": 0, "most": self.result.top}[functions.OCTAVES_OF_ZERO[self.name]]
        s, t, t_bits = self.place(x)
        k = self.coefficients(s)
        work = frac + (f["degree"] == 3)
        p, bits = k[-1], work if len(k) > 1 else frac if self.rising is not None else self.result.frac
        for i in range(len(k) - 2, -1, -1):
            product, product_bits = nearest_half_up(p * t, bits + t_bits, work)
            mine = frac if i == 0 else work
            bits = max(mine, product_bits)
            p = (k[i] << (bits - mine)) + (product << (bits - product_bits))
        if self.octaves and self.name in functions.ODD and x < 0:
            p = -p
        if self.rising is not None and x > 0:
            c, c_frac = significant(self.rising * float(self.scale), min(53, max(16, self.result.bits + 4)))
            c, c_frac = int(c) * x, c_frac + f["input_frac"]
            both = max(bits, c_frac)
            p, bits = (p << (both - bits)) + (c << (both - c_frac)), both
        p, bits = nearest_half_up(p, bits, self.result.frac)
        return hold(p << (self.result.frac - bits), self.result.bottom, self.result.top)

    def run(self, raw):
        """An array of integers through the table."""
        out = []
        for x in exact(raw).reshape(-1):
            x = int(x)
            if x not in self.known:
                self.known[x] = self.one(x)
            out.append(self.known[x])
        return plain(np.array(out, object).reshape(np.shape(raw)))


def lines(raw, axes):
    """[lines, n] of an array [samples, ...] along axes, and what puts them back."""
    rest = [k for k in range(raw.ndim) if k not in axes]
    moved = raw.transpose(*rest, *axes)
    n = int(np.prod([raw.shape[k] for k in axes]))

    def back(flat):
        return flat.reshape(moved.shape).transpose(np.argsort([*rest, *axes]))
    return exact(moved).reshape(-1, n), back


def part(parts, suffix):
    """None: there is no such table, as the function of the one value that can come is known (a line of one element)."""
    return next((p for p in parts if p["table"].endswith(suffix)), None)


def softmax_like(kind, raw, frac, scale, axes, parts, result):
    """softmax or log_softmax of raw integers; the raw integers of the format `result`."""
    x, back = lines(raw, axes)
    n, r_bits = x.shape[1], result.frac
    d = x.max(axis=1, keepdims=True) - x
    e_bits = min(max(r_bits + 3 + (n - 1).bit_length(), 10), 52)
    out = []
    if n > 1:
        exp = Table(part(parts, "exp"), "negative_exp", scale)
        assert exp.result.frac == e_bits and exp.f["input_frac"] == frac, "the exponentials are not those of docs/arithmetic.md"
        e = exact(exp.run(d))
        total = e.sum(axis=1)
    if n == 1:
        one = 0 if kind == "log_softmax" else hold(floor_shift(1 << 64, 64 - r_bits), result.bottom, result.top)
        out = np.full(x.shape, one, object)
    elif kind == "softmax":
        reciprocal = Table(part(parts, "reciprocal"), "reciprocal", 1)
        most = n.bit_length() - 1
        q_bits = min(max(r_bits + 4, 8), 52)
        for row, s in zip(e, total):
            j = int(s).bit_length() - 1 - e_bits
            r = reciprocal.one(int(s) << (most - j))
            r, _ = nearest_half_up(r, q_bits + j, q_bits)
            out.append([hold(nearest_half_up(int(v) * r, e_bits + q_bits, r_bits)[0], result.bottom, result.top) for v in row])
    else:
        log = Table(part(parts, "log"), "log", 1)
        c, c_frac = significant(float(scale), min(53, max(16, result.bits + 4))) if scale != 1 else (1, 0)
        for row, s in zip(d, total):
            value = log.one(int(s))
            for v in row:
                far, far_frac = int(v) * c, frac + c_frac
                both = max(far_frac, log.result.frac)
                y = -((far << (both - far_frac)) + (value << (both - log.result.frac)))
                y, bits = nearest_half_up(y, both, r_bits)
                out.append(hold(y << (r_bits - bits), result.bottom, result.top))
    return plain(back(np.array(out, object)))
