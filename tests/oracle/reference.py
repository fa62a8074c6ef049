"""The float side: what the standard says a model gives, by ONNX Runtime or onnx.reference where they are installed, else by model.py."""
import numpy as np

import model


def floats(path, x):
    """(outputs [samples, elements] of reals x [samples, ...], who computed them)."""
    x = np.asarray(x, np.float32)
    try:
        import onnxruntime
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        y, who = session.run(None, {session.get_inputs()[0].name: x})[0], "onnxruntime"
    except ImportError:
        try:
            from onnx.reference import ReferenceEvaluator
            session = ReferenceEvaluator(path)
            y, who = session.run(None, {session.input_names[0]: x})[0], "onnx.reference"
        except ImportError:
            y, who = model.Chain(path).floats(x.astype(np.float64)), "NumPy"
    return np.asarray(y, np.float64).reshape(len(x), -1), who
