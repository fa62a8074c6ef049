"""What the templates must compute, in exact rationals: independent of the C and the Verilog."""
import math
from fractions import Fraction

HALF = Fraction(1, 2)


def rounded(value, mode):
    """A rational to an integer, by the definition of each mode of ap_fixed."""
    floor = math.floor(value)
    rest = value - floor
    if mode == 0:  # TRN
        return floor
    if mode == 1:  # TRN_ZERO
        return math.trunc(value)
    if rest != HALF:
        return floor + (rest > HALF)
    up = {2: True, 3: value < 0, 4: value > 0, 5: False, 6: floor % 2 == 1}[mode]  # a tie
    return floor + up


def limits(width, signed):
    return (-2 ** (width - 1), 2 ** (width - 1) - 1) if signed else (0, 2 ** width - 1)


def fitted(value, width, signed, mode):
    """An integer into `width` bits."""
    low, high = limits(width, signed)
    if mode == 3 and signed:
        low = -high
    if mode == 0:
        value %= 2 ** width
        return value - 2 ** width if signed and value > high else value
    if low <= value <= high:
        return value
    return 0 if mode == 2 else high if value > high else low


def cast(raw, shift, width, signed, round_mode, overflow):
    """nh_cast."""
    return fitted(rounded(Fraction(raw) / Fraction(2) ** shift, round_mode), width, signed, overflow)


def dense(x, w, b, p):
    """nh_dense_mac on one vector: raw accumulators."""
    out = []
    for weights, acc in zip(w, b):
        if p["EXACT"]:
            out.append(acc + sum(a * c for a, c in zip(x, weights)))
            continue
        for a, c in zip(x, weights):
            term = cast(a * c, p["PROD_SHIFT"], p["ACC_W"], p["ACC_SIGNED"], p["ROUND"], p["OVERFLOW"])
            acc = fitted(acc + term, p["ACC_W"], p["ACC_SIGNED"], p["OVERFLOW"])
        out.append(acc)
    return out
