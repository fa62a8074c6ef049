"""The node tests of the ONNX standard as networks that neurohls can read: one input stays an input, the others become constants.

A test is used in several ways, each a case of its own:
  NAME/INPUT          the input's first dimension is the batch, as everywhere in neurohls (an input of rank 1 is a sample without one)
  NAME/INPUT/batch1   the input gets a batch dimension of 1 in front, and axes, permutations and shapes count from there
  .../leaky           either of them with LeakyRelu (alpha 0.5) behind it: operators that move no number are networks of nothing alone
Results of more than a thousand elements of an operator of single elements are taken row by row, as a batch.
INPUT is the input that stays one; tests with several floating-point inputs are used once with each of the first two.
"""
import collections
import copy
import os
import sys
import warnings

import numpy as np

Case = collections.namedtuple("Case", "name model x y constants attributes op")

# Operators whose result does not depend on how many dimensions stand in front, once their axes are counted from there.
POLYMORPHIC = {"ArgMax", "Add", "Cast", "Clip", "Concat", "Div", "Dropout", "Elu", "Erf", "Gather", "Gelu", "HardSigmoid", "HardSwish", "Identity",
               "LeakyRelu", "LogSoftmax", "MatMul", "Mish", "Mul", "PRelu", "Relu", "Reshape", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign",
               "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Abs", "Neg", "Exp", "Log", "Pow", "Reciprocal", "Celu",
               "ThresholdedRelu", "Max", "Min"}
# One element in, one element out, and no second operand.
SINGLE = {"Abs", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Mish", "Neg", "Reciprocal", "Relu", "Selu",
          "Sigmoid", "Softplus", "Softsign", "Sqrt", "Tanh", "ThresholdedRelu"}
# Those that compute nothing.
VIEWS = {"Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}


def collect():
    """The standard's tests, always with the same numbers."""
    for name, kind in (("float", float), ("int", int), ("bool", bool), ("object", object)):
        if name not in np.__dict__:
            setattr(np, name, kind)  # onnx 1.12 writes np.float, which NumPy has no more
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases
        stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
        try:
            return collect_testcases(None)
        finally:
            sys.stdout.close()
            sys.stdout = stdout


def is_data(info, value):
    return info.type.HasField("tensor_type") and isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64, np.float16) and value.size > 0


def shifted(node, constants, opset):
    """Axes of the node counted one further; False when it cannot be said so. A constant of axes is counted further too."""
    for a in node.attribute:
        if a.name in ("axis", "axes"):
            if a.name == "axis" and a.i >= 0:
                a.i += 1
            for k, v in enumerate(a.ints):
                a.ints[k] = v + 1 if v >= 0 else v
        elif a.name == "perm":
            perm = [0] + [v + 1 for v in a.ints]
            del a.ints[:]
            a.ints.extend(perm)
    names = {a.name for a in node.attribute}
    if node.op_type == "Transpose" and "perm" not in names:
        return False
    if node.op_type in ("Concat", "Gather", "ArgMax") and "axis" not in names:
        return False
    if node.op_type in ("Softmax", "LogSoftmax") and opset < 13:
        return False
    if node.op_type == "Reshape":
        shape = constants.get(node.input[1])
        if shape is None or any(a.name == "allowzero" for a in node.attribute):
            return False
        constants[node.input[1]] = np.concatenate([[1], shape]).astype(np.int64)
    if node.op_type in ("Squeeze", "Unsqueeze"):
        axes = constants.get(node.input[1]) if len(node.input) > 1 else None
        if axes is None:
            return False
        constants[node.input[1]] = np.where(axes >= 0, axes + 1, axes).astype(np.int64)
    return True


def network(test, keep, value, constants, y):
    """The test's model with one input, and its first output alone."""
    from onnx import numpy_helper
    model = copy.deepcopy(test.model)
    graph = model.graph
    kept = next(i for i in graph.input if i.name == keep)
    del kept.type.tensor_type.shape.dim[:]
    for d in value.shape:
        kept.type.tensor_type.shape.dim.add().dim_value = d
    for i in [i for i in graph.input if i.name != keep]:
        graph.input.remove(i)
    for name, array in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    for o in model.opset_import:  # the operators of these tests are the same in 7, the oldest set that is read
        if not o.domain and o.version < 7:
            o.version = 7
    del graph.output[1:]
    out = graph.output[0].type.tensor_type
    del out.shape.dim[:]
    for d in np.shape(y):
        out.shape.dim.add().dim_value = d
    return model


def with_leaky(case):
    """The case with LeakyRelu behind it."""
    from onnx import helper
    model = copy.deepcopy(case.model)
    out = model.graph.output[0].name
    model.graph.node.append(helper.make_node("LeakyRelu", [out], ["leaky"], name="leaky", alpha=0.5))
    model.graph.output[0].name = "leaky"
    return case._replace(name=case.name + "/leaky", model=model, y=np.where(case.y < 0, case.y / 2, case.y))


def of_test(test, operators):
    """Cases of one test, and those of views with something behind them."""
    for case in plain_cases(test, operators):
        yield case
        if case.op in VIEWS and case.y.dtype.kind == "f":
            yield with_leaky(case)


def plain_cases(test, operators):
    """Cases of one test of the standard; none when it has no operator that is named, or nothing that can be data."""
    graph = test.model.graph
    ops = [n.op_type for n in graph.node]
    if not set(ops) & operators or not test.data_sets:
        return
    inputs, outputs = test.data_sets[0]
    given = list(zip(graph.input, inputs))
    if len(given) != len(graph.input) or not isinstance(outputs[0], np.ndarray):
        return
    opset = max((o.version for o in test.model.opset_import if not o.domain), default=1)
    read = {name for n in graph.node for name in n.input}
    data = [i.name for i, v in given if i.name in read and is_data(i, v)][:2]
    if ops[0] in ("BatchNormalization", "Clip", "Dropout"):
        data = data[:1]  # the others are parameters
    for keep in data:
        x = next(v for i, v in given if i.name == keep)
        constants = {i.name: v for i, v in given if i.name != keep and isinstance(v, np.ndarray) or i.name != keep and np.isscalar(v)}
        if len(constants) != len(given) - 1:
            continue
        op = ops[0] if len(ops) == 1 else "+".join(ops)
        attributes = {a.name: a for n in graph.node for a in n.attribute}
        y = outputs[0]
        if op in SINGLE and x.size > 1000:
            x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
        if x.ndim > 0:
            yield Case(f"{test.name}/{keep}", network(test, keep, x, constants, y), x, y, constants, attributes, op)
        if len(ops) == 1 and ops[0] in POLYMORPHIC and x.size <= 1000:
            moved, x1, y1 = dict(constants), x[None], y[None]
            model = network(test, keep, x1, {}, y1)
            if not shifted(model.graph.node[0], moved, opset):
                continue
            model = network(test, keep, x1, moved, y1)
            changed = copy.deepcopy(test.model.graph.node[0])
            shifted(changed, dict(constants), opset)
            model.graph.node[0].CopyFrom(changed)
            yield Case(f"{test.name}/{keep}/batch1", model, x1, y1, moved, {a.name: a for a in changed.attribute}, op)


def all_cases(operators):
    for test in sorted(collect(), key=lambda t: t.name):
        yield from of_test(test, operators)
