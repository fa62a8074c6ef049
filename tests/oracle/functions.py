"""Functions of one variable: in 60 decimal digits, for tables, and in double precision, for the float side. Parameters: alpha, beta."""
import math
from decimal import Decimal, localcontext

import numpy as np

DIGITS = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640629")
ONE, TWO = Decimal(1), Decimal(2)


def sigmoid(x, *_):
    return ONE / (ONE + (-x).exp()) if x >= 0 else x.exp() / (ONE + x.exp())


def tanh(x, *_):
    e = (-TWO * abs(x)).exp()
    return ((ONE - e) / (ONE + e)).copy_sign(x)


def erf(x, *_):
    if abs(x) > 13:
        return ONE.copy_sign(x)
    term = total = x
    n = 0
    while abs(term) > Decimal(10) ** -(DIGITS + 5):
        n += 1
        term = term * TWO * x * x / (2 * n + 1)
        total += term
    return TWO / PI.sqrt() * (-x * x).exp() * total


def softplus(x, *_):
    return max(x, Decimal(0)) + (ONE + (-abs(x)).exp()).ln()


def gelu_tanh(x, *_):
    return x * sigmoid(TWO * (TWO / PI).sqrt() * (x + Decimal("0.044715") * x * x * x))


TABLES = {
    "sigmoid": sigmoid, "tanh": tanh, "erf": erf, "softplus": softplus, "gelu_tanh": gelu_tanh,
    "softsign": lambda x, *_: x / (ONE + abs(x)),
    "exp": lambda x, *_: x.exp(),
    "negative_exp": lambda x, *_: (-x).exp(),
    "log": lambda x, *_: x.ln(),
    "sqrt": lambda x, *_: x.sqrt() if x > 0 else Decimal(0),
    "reciprocal": lambda x, *_: ONE / x if x else Decimal("Infinity"),
    "elu": lambda x, a, b: x if x > 0 else a * (x.exp() - ONE),
    "selu": lambda x, a, b: b * (x if x > 0 else a * (x.exp() - ONE)),
    "celu": lambda x, a, b: x if x > 0 else a * ((x / a).exp() - ONE),
    "silu": lambda x, a, b: x * sigmoid(a * x),
    "mish": lambda x, a, b: x * tanh(softplus(x)),
    "gelu": lambda x, a, b: x * (ONE + erf(x / TWO.sqrt())) / TWO,
}
# What is added to the table exactly: factor times max(x, 0).
RISING = {name: lambda a, b: 1.0 for name in ("elu", "celu", "softplus", "silu", "mish", "gelu", "gelu_tanh")} | {"selu": lambda a, b: b}
OCTAVES_OF_ZERO = {"log": "least", "sqrt": "zero", "reciprocal": "most", "softsign": "zero"}
ODD = {"reciprocal", "softsign"}


def value(name, x, alpha, beta):
    """The Decimal of a table's function at a Decimal or Fraction, without its rising part."""
    with localcontext() as context:
        context.prec = DIGITS
        if not isinstance(x, Decimal):
            x = Decimal(x.numerator) / Decimal(x.denominator)
        y = TABLES[name](x, Decimal(alpha), Decimal(beta))
        if name in RISING and x > 0:
            y -= Decimal(RISING[name](alpha, beta)) * x
        return y


def stable_sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def float_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


math_erf = np.vectorize(math.erf, otypes=[np.float64])

FLOAT = {
    "relu": lambda x, a, b: np.maximum(x, 0),
    "leaky_relu": lambda x, a, b: np.where(x > 0, x, a * x),
    "abs": lambda x, a, b: np.abs(x),
    "neg": lambda x, a, b: -x,
    "square": lambda x, a, b: x * x,
    "sigmoid": lambda x, a, b: stable_sigmoid(x),
    "tanh": lambda x, a, b: np.tanh(x),
    "erf": lambda x, a, b: math_erf(x),
    "softsign": lambda x, a, b: x / (1 + np.abs(x)),
    "exp": lambda x, a, b: np.exp(x),
    "log": lambda x, a, b: np.where(x > 0, np.log(np.maximum(x, 1e-300)), -np.inf),
    "sqrt": lambda x, a, b: np.sqrt(np.maximum(x, 0)),
    "reciprocal": lambda x, a, b: 1 / x,
    "softplus": lambda x, a, b: float_softplus(x),
    "elu": lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
    "selu": lambda x, a, b: b * np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
    "celu": lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0) / a)),
    "silu": lambda x, a, b: x * stable_sigmoid(a * x),
    "mish": lambda x, a, b: x * np.tanh(float_softplus(x)),
    "gelu": lambda x, a, b: x * (1 + math_erf(x / math.sqrt(2))) / 2,
    "gelu_tanh": lambda x, a, b: x * stable_sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)),
    "hard_sigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "hard_swish": lambda x, a, b: x * np.clip(x / 6 + 0.5, 0, 1),
    "thresholded_relu": lambda x, a, b: np.where(x > a, x, 0),
}
