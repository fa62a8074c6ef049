#!/usr/bin/python3
"""Train the network of configs/examples/digits and write its files there.

Data: Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998,
CC BY 4.0), the 1,797 images of 8x8 pixels (0..16) that scikit-learn packages.
Split: every fifth image (index % 5 == 0), 360 in all, is held out for the test; 1,437 are trained on.
Network: 64 - 32 (ReLU) - 10, input = pixel / 16, trained here with plain numpy: Adam on softmax cross-entropy, images
shifted by up to a third of a pixel and disturbed by contrast and noise (the amounts were chosen on parts of the training
images, never on the test), decoupled weight decay. Fixed seed, float64, one thread: the same
numpy gives the same bytes.

    OMP_NUM_THREADS=1 scripts/train/digits.py [--out configs/examples/digits]
"""
import argparse
import os
import pathlib

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

SEED, HIDDEN, EPOCHS, BATCH, N_CALIBRATION = 1, 32, 300, 64, 256


def load():
    digits = load_digits()
    x = digits.data.astype(np.uint8)
    y = digits.target.astype(np.uint8)
    test = np.arange(len(x)) % 5 == 0
    return x[~test], y[~test], x[test], y[test]


def augment(rng, x):
    """Shift each image by a random part of a pixel (bilinear), scale its contrast a little, add noise."""
    n = len(x)
    img = np.pad(x.reshape(n, 8, 8), ((0, 0), (1, 1), (1, 1)))
    dy, dx = rng.uniform(-0.35, 0.35, (2, n, 1, 1))
    out = 0
    for sy in (-1, 0, 1):
        for sx in (-1, 0, 1):
            weight = np.maximum(0, 1 - abs(dy - sy)) * np.maximum(0, 1 - abs(dx - sx))
            out = out + weight * img[:, 1 + sy:9 + sy, 1 + sx:9 + sx]
    out = out * rng.uniform(0.8, 1.2, (n, 1, 1)) + rng.normal(0, 0.1, out.shape)
    return np.clip(out, 0, 1).reshape(n, 64)


def forward(p, x):
    h = np.maximum(x @ p["fc1.weight"].T + p["fc1.bias"], 0)
    return h, h @ p["fc2.weight"].T + p["fc2.bias"]


def gradients(p, x, y):
    h, z = forward(p, x)
    e = np.exp(z - z.max(1, keepdims=True))
    dz = e / e.sum(1, keepdims=True)
    dz[np.arange(len(y)), y] -= 1
    dz /= len(y)
    dh = dz @ p["fc2.weight"] * (h > 0)
    return {"fc1.weight": dh.T @ x, "fc1.bias": dh.sum(0), "fc2.weight": dz.T @ h, "fc2.bias": dz.sum(0)}


def train(x, y):
    rng = np.random.default_rng(SEED)
    p = {"fc1.weight": rng.normal(0, np.sqrt(2 / 64), (HIDDEN, 64)), "fc1.bias": np.zeros(HIDDEN),
         "fc2.weight": rng.normal(0, np.sqrt(2 / HIDDEN), (10, HIDDEN)), "fc2.bias": np.zeros(10)}
    m = {k: np.zeros_like(v) for k, v in p.items()}
    v = {k: np.zeros_like(w) for k, w in p.items()}
    step = 0
    n_steps = EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for i in range(len(x) // BATCH):
            pick = order[i * BATCH:(i + 1) * BATCH]
            grad = gradients(p, augment(rng, x[pick]), y[pick])
            step += 1
            rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * step / n_steps))
            for k, g in grad.items():
                m[k] += 0.1 * (g - m[k])
                v[k] += 0.001 * (g * g - v[k])
                move = (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
                p[k] -= rate * (move + (1e-2 * p[k] if k.endswith("weight") else 0))
    return {k: w.astype(np.float32) for k, w in p.items()}


def export(p, path):
    nodes = [helper.make_node("Gemm", ["pixels", "fc1.weight", "fc1.bias"], ["hidden"], name="fc1", transB=1),
             helper.make_node("Relu", ["hidden"], ["hidden_relu"], name="relu1"),
             helper.make_node("Gemm", ["hidden_relu", "fc2.weight", "fc2.bias"], ["logits"], name="fc2", transB=1)]
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(p[k], k) for k in sorted(p)])
    model = helper.make_model(graph, producer_name="neurohls scripts/train/digits.py",
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).parents[2] / "configs" / "examples" / "digits")
    out = parser.parse_args().out
    x_train, y_train, x_test, y_test = load()
    p = train(x_train / 16, y_train)
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        right = (forward(p, x / 16)[1].argmax(1) == y).sum()
        print(f"{name}: {right} of {len(y)} right, {100 * right / len(y):.2f} %")
    out.mkdir(parents=True, exist_ok=True)
    export(p, out / "digits.onnx")
    np.save(out / "x_cal.npy", x_train[:N_CALIBRATION])
    np.save(out / "x_test.npy", x_test)
    np.save(out / "y_test.npy", y_test)


if __name__ == "__main__":
    main()
