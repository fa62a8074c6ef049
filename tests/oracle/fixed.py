"""Fixed-point numbers as docs/config.md defines them ("Number formats"), on arrays of exact integers.

An array is of int64 where a bound on its values proves that nothing can leave 62 bits, and of Python integers otherwise; `exact` and
`plain` convert between them. Nothing here knows how neurohls computes."""
import math
from fractions import Fraction

import numpy as np

SAFE_BITS = 62


def reach(a):
    """The bits of the largest magnitude in an array."""
    if a.size == 0:
        return 1
    if a.dtype == object:
        return max(int(v).bit_length() for v in a.reshape(-1))
    return max(int(a.max()).bit_length(), int(a.min()).bit_length())


def exact(a):
    """The same integers as Python integers, which have no size."""
    return np.asarray(a).astype(object)


def plain(a):
    """The same integers as int64 where they fit."""
    return a.astype(np.int64) if a.dtype == object and reach(a) <= SAFE_BITS else a


def room(bits, *arrays):
    """The arrays in a type that holds results of so many bits."""
    return [a if bits <= SAFE_BITS and a.dtype != object else exact(a) for a in arrays]


def shift_left(a, bits):
    if bits == 0:
        return a
    a, = room(reach(a) + bits, a)
    return a * (1 << bits)


def align(a, frac_a, b, frac_b):
    """Two arrays at the finer of two resolutions, and that resolution."""
    frac = max(frac_a, frac_b)
    return shift_left(a, frac - frac_a), shift_left(b, frac - frac_b), frac


def add(a, b):
    a, b = room(max(reach(a), reach(b)) + 1, a, b)
    return a + b


def multiply(a, b):
    a, b = room(reach(a) + reach(b), a, b)
    return a * b


class Format:
    """fixed<W,I,ROUND,OVERFLOW>: a raw integer means raw * 2^-frac."""

    def __init__(self, text):
        name, arguments = text.strip().rstrip(">").split("<")
        arguments = [a.strip() for a in arguments.split(",")]
        name = name.removeprefix("ap_")
        self.text, self.signed, self.bits = text, not name.startswith("u"), int(arguments[0])
        whole = self.bits
        if name.endswith("fixed"):
            whole, arguments = int(arguments[1]), arguments[1:]
        self.round = arguments[1] if len(arguments) > 1 else "TRN"
        self.overflow = arguments[2] if len(arguments) > 2 else "WRAP"
        self.frac = self.bits - whole

    def __repr__(self):
        return self.text

    @property
    def top(self):
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @property
    def bottom(self):
        if not self.signed:
            return 0
        return -self.top if self.overflow == "SAT_SYM" else -(1 << (self.bits - 1))

    def cast(self, raw, frac):
        """The array of raw integers that raw * 2^-frac becomes in this format."""
        drop = frac - self.frac
        return plain(self.fit(shift_left(raw, -drop) if drop <= 0 else rounded(raw, drop, self.round)))

    def fit(self, raw):
        """raw is at the format's own resolution."""
        low, high = raw < self.bottom, raw > self.top
        if not (low | high).any():
            return raw
        if self.overflow == "SAT_ZERO":
            return np.where(low | high, raw * 0, raw)
        if self.overflow == "WRAP":
            raw = exact(raw)
            wrapped = raw % (1 << self.bits)
            return np.where(wrapped > self.top, wrapped - (1 << self.bits), wrapped)
        return np.where(low, self.bottom, np.where(high, self.top, exact(raw)))

    def quantize(self, values):
        """The raw integers of an array of doubles; each double is the binary fraction that it is."""
        flat = [self.quantize_one(v) for v in np.asarray(values, np.float64).reshape(-1)]
        return plain(np.array(flat, object).reshape(np.shape(values)))

    def quantize_one(self, value):
        """value: a double, or a Fraction whose denominator is a power of two."""
        value = Fraction(value)
        drop = value.denominator.bit_length() - 1
        raw = np.array(value.numerator, object).reshape(1)
        return int(self.cast(raw, drop)[0])

    def real(self, raw):
        return np.asarray(raw, np.float64) * 2.0 ** -self.frac


def rounded(raw, drop, mode):
    """raw / 2^drop as an integer."""
    raw, = room(drop + 1, raw)
    low = raw >> drop
    rest = raw - low * (1 << drop)
    half = 1 << (drop - 1)
    if mode == "TRN":
        return low
    if mode == "TRN_ZERO":
        return low + ((raw < 0) & (rest != 0))
    tie = rest == half
    up = {"RND": tie, "RND_MIN_INF": tie & False, "RND_ZERO": tie & (raw < 0), "RND_INF": tie & (raw > 0),
          "RND_CONV": tie & (low % 2 == 1)}[mode]
    return low + ((rest > half) | up)


def significant(value, bits=16):
    """A real constant with so many significant bits: (raw, frac), nearest, ties to even."""
    if value == 0:
        return 0, 0
    exponent = math.frexp(value)[1]
    scaled = Fraction(value) * Fraction(2) ** (bits - exponent)
    return round(scaled), bits - exponent
