#!/usr/bin/python3
"""Write the tiny ONNX models and arrays of the golden and system cases, beside this script."""
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, load_model_from_string, numpy_helper

HERE = pathlib.Path(__file__).parent


def save(name, nodes, constants, n_in, n_out, check=True):
    """constants: {name: array}; the graph's input is 'x', its output 'y'."""
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", n_in])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", n_out])],
        [numpy_helper.from_array(np.asarray(a), k) for k, a in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="golden")
    model.ir_version = 7
    if check:
        checker.check_model(model)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def gemm(x, name, y):
    return helper.make_node("Gemm", [x, name + ".w", name + ".b"], [y], name=name, transB=1)


def dense_constants(name, w, b):
    return {name + ".w": np.array(w, np.float32), name + ".b": np.array(b, np.float32)}


FC1 = dense_constants("fc1", [[0.5, -0.25, 1, 0], [0.75, 0.5, -1, 0.25], [-0.5, 1.75, 0.125, -1]], [0.5, -0.25, 0])
FC2 = dense_constants("fc2", [[1, -0.5, 0.25], [-0.75, 0.5, 1]], [0.125, -0.5])


def two_layers():
    save("two_layers", [gemm("x", "fc1", "a"), helper.make_node("Relu", ["a"], ["h"], name="relu1"),
                        gemm("h", "fc2", "y")], FC1 | FC2, 4, 2)


def batch_norm():
    one = np.ones(3, np.float32)
    save("batch_norm", [gemm("x", "fc1", "a"),
                        helper.make_node("BatchNormalization", ["a", "s", "b", "m", "v"], ["y"], name="bn1")],
         FC1 | {"s": 2 * one, "b": one, "m": 0 * one, "v": one}, 4, 3)


def dense_softmax():
    save("dense_softmax", [gemm("x", "fc1", "a"), helper.make_node("Softmax", ["a"], ["y"], name="softmax1", axis=-1)], FC1, 4, 3)


def leaky():
    save("leaky", [helper.make_node("LeakyRelu", ["x"], ["y"], name="leaky1", alpha=0.25)], {}, 4, 4)


def only_names():
    save("identity", [helper.make_node("Identity", ["x"], ["y"], name="same")], {}, 4, 4)


def huge_values():
    save("huge_values", [helper.make_node("MatMul", ["x", "w"], ["h"], name="fc1"),
                         helper.make_node("MatMul", ["h", "v"], ["y"], name="fc2")],
         {"w": np.full((4, 2), 1e200), "v": np.full((2, 2), 1e200)}, 4, 2, check=False)


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def wide():
    """A layer of 512 x 1024 weights, all the same byte. The file is that of a model up to where the weights begin: they are
    the last 2^19 bytes, and a case adds them itself."""
    w, n = TensorProto(name="w", data_type=TensorProto.INT8, dims=[1024, 512]), 1024 * 512
    graph = helper.make_graph(
        [helper.make_node("Cast", ["w"], ["f"], name="cast", to=TensorProto.FLOAT),
         helper.make_node("MatMul", ["x", "f"], ["y"], name="fc1")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1024])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    model.ClearField("graph")
    tensor = field(5, w.SerializeToString(deterministic=True) + field(9, b"\1" * n))
    whole = model.SerializeToString(deterministic=True) + field(7, graph.SerializeToString(deterministic=True) + tensor)
    checker.check_model(load_model_from_string(whole))
    (HERE / "wide.onnx.head").write_bytes(whole[:-n])


def hostile_names():
    """Names that would end a string, a line, a shell word, a path or a comment if they got out."""
    names = ['../../../etc/passwd', 'a"; $(touch owned); `id` \' \\', 'line\nbreak */ endmodule\r\t\x1b[31m']
    nodes = [helper.make_node("Gemm", ["x", "fc1.w", "fc1.b"], ["../h"], name=names[0], transB=1),
             helper.make_node("Relu", ["../h"], ["h\n2"], name=names[1]),
             helper.make_node("Gemm", ["h\n2", "fc2.w", "fc2.b"], ["y"], name=names[2], transB=1)]
    save("hostile_names", nodes, FC1 | FC2, 4, 2)


def exponential():
    save("exponential", [helper.make_node("Exp", ["x"], ["y"], name="exp1")], {}, 4, 4)


def arrays():
    """Samples for two_layers, read with scale 1/4, and the classes that the float network gives them."""
    x = np.random.default_rng(7).integers(-8, 8, (24, 4)).astype(np.int8)
    hidden = np.maximum(x / 4 @ FC1["fc1.w"].T + FC1["fc1.b"], 0)
    np.save(HERE / "x.npy", x)
    np.save(HERE / "y.npy", np.argmax(hidden @ FC2["fc2.w"].T + FC2["fc2.b"], 1).astype(np.uint8))
    np.save(HERE / "labels_10.npy", np.full(24, 10, np.uint8))


if __name__ == "__main__":
    two_layers()
    dense_softmax()
    batch_norm()
    leaky()
    only_names()
    huge_values()
    wide()
    hostile_names()
    exponential()
    arrays()
