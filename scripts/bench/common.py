"""Shared by the benchmarks: run neurohls on a config made on the fly, measure wall time and peak memory, print tables. What a benchmark
lacks it says in one sentence, and ends with exit status 3; models and data that are not part of the repository end it as "skipped"."""
import importlib
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SHARED = os.path.join(ROOT, "..", "shared")


def lacks(sentence):
    print(f"{os.path.basename(sys.argv[0])}: {sentence}", file=sys.stderr)
    sys.exit(3)


def need(*modules):
    """Import Python modules; one is returned by itself. Debian has each as python3-MODULE."""
    try:
        found = [importlib.import_module(m) for m in modules]
    except ImportError as e:
        name = (e.name or str(e)).partition(".")[0]
        lacks(f"Python's {name} is missing: apt-get install {' '.join('python3-' + m for m in modules)}, or scripts/install.sh")
    return found[0] if len(found) == 1 else found


def need_tool(name):
    if not shutil.which(name):
        lacks(f"{name} is missing; neurohls doctor says how to install it")
    return name


def program(variable, names, how):
    """The path in an environment variable, or the first of the names below the repository that is there."""
    paths = [os.environ[variable]] if os.environ.get(variable) else [os.path.join(ROOT, n) for n in names]
    for path in paths:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    lacks(f"{paths[0]} is not a program: {how}, or set {variable}")


def neurohls_path():
    return program("NEUROHLS", ["build/bin/neurohls"], "build neurohls first (scripts/demo.sh)")


def golden(*parts):
    path = os.path.join(SHARED, "golden", *parts)
    if not os.path.exists(path):
        print(f"skipped: {os.path.join('../shared/golden', *parts)} is not there")
        sys.exit(0)
    return path


def run(args, cwd, env=None):
    """(exit status, wall seconds, peak MB of the largest child, stderr) of neurohls with args."""
    before = time.monotonic()
    child = subprocess.Popen([neurohls_path(), *args], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **(env or {})})
    err = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, time.monotonic() - before, usage.ru_maxrss / 1024, err


def build(folder, config, *args):
    """Write config.yaml, run `neurohls build`, return (report, wall seconds)."""
    with open(os.path.join(folder, "config.yaml"), "w") as f:
        f.write(config)
    status, seconds, _, err = run(["build", "config.yaml", "-o", "out", "--force", *args], folder)
    if status not in (0, 1):
        sys.exit(f"neurohls failed ({status}):\n{err}")
    with open(os.path.join(folder, "out", "report.json")) as f:
        return json.load(f), seconds


def save_dense(path, shapes, seed=0, relu=True, scale=None):
    """An ONNX chain of dense layers with seeded weights; shapes: [n0, n1, ...]."""
    np, onnx = need("numpy", "onnx")
    from onnx import TensorProto, helper, numpy_helper
    rng = np.random.default_rng(seed)
    nodes, inits, at = [], [], "x"
    for k in range(len(shapes) - 1):
        w = (rng.standard_normal((shapes[k + 1], shapes[k]), dtype=np.float32) * (scale or shapes[k] ** -0.5)).astype(np.float32)
        inits += [numpy_helper.from_array(w, f"w{k}"), numpy_helper.from_array(np.zeros(shapes[k + 1], np.float32), f"b{k}")]
        nodes.append(helper.make_node("Gemm", [at, f"w{k}", f"b{k}"], [f"y{k}"], name=f"fc{k}", transB=1))
        at = f"y{k}"
        if relu and k + 2 < len(shapes):
            nodes.append(helper.make_node("Relu", [at], [f"r{k}"], name=f"relu{k}"))
            at = f"r{k}"
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", s]) for n, s in (("x", shapes[0]), (at, shapes[-1]))]
    graph = helper.make_graph(nodes, "net", [io[0]], [io[1]], inits)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


def table(head, rows):
    widths = [max(len(str(r[k])) for r in [head, *rows]) for k in range(len(head))]
    for r in [head, ["-" * w for w in widths], *rows]:
        print("| " + " | ".join(str(c).ljust(w) for c, w in zip(r, widths)) + " |")
