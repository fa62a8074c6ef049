"""How far the fixed-point result of a node may be from the standard's, given the formats that report.json names.

    error <= slope of the operator x half a step of the input
           + what the constants lose in their formats
           + half a step of the result
           + what the standard's own result loses in its type: neurohls casts no intermediate value to half precision
and of tables their largest error: that which the report says, else the cells' half step times the steepest slope.
"""
import re

import numpy as np

# The steepest slope of the functions that are tables, over all of x.
SLOPE = {"Sigmoid": 0.25, "Tanh": 1, "Elu": 1, "Celu": 1, "Selu": 1.7581, "Softplus": 1, "Softsign": 1, "Erf": 1.1284, "Gelu": 1.13, "HardSwish": 1.5,
         "HardSigmoid": 1, "Mish": 1.09, "LogSoftmax": 2, "Softmax": 0.5}
# Of those that are steep somewhere: at the inputs themselves (magnitudes x, and the largest constant).
STEEP = {"Exp": lambda x, c: np.exp(x), "Log": lambda x, c: 1 / x, "Sqrt": lambda x, c: 0.5 / np.sqrt(x), "Reciprocal": lambda x, c: 1 / x ** 2,
         "Pow": lambda x, c: c * np.maximum(x, 1) ** max(c - 1, 0)}


def half_step(fmt, scale):
    """Half of the step of a format like fixed<32,4,RND,SAT>; a whole step where it truncates."""
    m = re.match(r"u?fixed<(\d+),(-?\d+)(?:,(\w+))?", fmt)
    step = 2.0 ** (int(m.group(2)) - int(m.group(1))) * scale
    return step if m.group(3) in (None, "TRN", "TRN_ZERO") else step / 2


def table_error(report, op):
    """The largest error of the tables: as the notes of the units say it, else from their cells."""
    worst = 0.0
    for unit in report["units"]:
        for note in unit.get("notes", []):
            if m := re.search(r"error (?:at most |of at most |up to )?([0-9.eE+-]+[0-9])", note):
                worst = max(worst, 1.1 * float(m.group(1)))  # it is printed with two digits
            elif m := re.search(r"cells of step ([0-9.eE+-]+[0-9])", note):
                worst = max(worst, float(m.group(1)) / 2 * SLOPE.get(op, 1))
    return worst


def number(case, name, absent):
    a = case.attributes.get(name)
    return absent if a is None else a.f if a.type == 1 else a.i


def constant_loss(report):
    """The largest errors of weights and biases in their formats."""
    loss = [0.0, 0.0]
    for layer in report["layers"]:
        for k, part in enumerate(("weight", "bias")):
            if layer.get(part):
                loss[k] = max(loss[k], float(layer[part].get("max_abs_error") or 0))
    return loss


def slope_and_terms(case):
    """Largest slope of the output by an input, and how many products one output sums."""
    op, x = case.op, np.abs(case.x.astype(float))
    other = [np.abs(np.asarray(v, float)) for v in case.constants.values() if np.asarray(v).dtype.kind in "fi"]
    most = max([float(c.max()) for c in other if c.size], default=1.0)
    if op in ("Gemm", "MatMul"):
        n = case.x.shape[0] if op == "Gemm" and number(case, "transA", 0) else case.x.shape[-1]
        return most * n * abs(number(case, "alpha", 1.0)), n, float(x.max())
    if op == "Mul":
        return most, 1, float(x.max())
    if op == "Div":
        return 1 / min(float(c.min()) for c in other), 1, float(x.max())
    if op == "BatchNormalization":
        var = np.asarray(case.constants["var"], float)
        gain = np.abs(np.asarray(case.constants["s"], float)) / np.sqrt(var + number(case, "epsilon", 1e-5))
        return float(gain.max()), 1, float(x.max())
    if op in STEEP:
        return float(np.max(STEEP[op](x, most))), 1, float(x.max())
    if op == "PRelu":
        return max(1.0, most), 1, float(x.max())
    return max(1.0, abs(number(case, "alpha", 1.0))) * SLOPE.get(op, 1), 1, float(x.max())


def bound(case, report):
    layers = report["layers"]
    slope, terms, most_x = slope_and_terms(case)
    weight, bias = constant_loss(report)
    error = slope * half_step(layers[0]["result"], layers[0]["scale"])
    error += terms * most_x * weight + bias
    for layer in layers[1:]:  # results, and bounds and slopes that are kept in the format of their layer
        error += 2 * half_step(layer["result"], layer["scale"])
    error += table_error(report, case.op)
    return error + lost_by_standard(case)


def lost_by_standard(case):
    """What the standard's result may lose in the type in which it was computed."""
    half = case.y.dtype == np.float16 or any(number(case, "to", 0) == t for t in (10, 16))
    return (2.0 ** -11 if half else 1e-6) * float(np.max(np.abs(case.y.astype(float)), initial=0))
