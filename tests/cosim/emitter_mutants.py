#!/usr/bin/python3
"""Faults planted in the emitters, one at a time: co-simulation (or a tool that reads the output) must catch every one.

The sources are copied, mutated and rebuilt; each mutant builds a small network that uses every path of the emitters: unrolled and
shared layers, arbitrary scales per channel, tables, casts, both directions of gears. Exit 1 when a mutant survives.

    emitter_mutants.py [--work DIR] [--list]
"""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "mutants"))
import plant  # noqa: E402

# (name, file, text, what stands there instead); its code must stand there exactly once, white space aside.
MUTANTS = [
    ("adders subtract", "hls/emit/dp_rtl.c", "n->op == NH_DP_ADD ? '+' : '-'", "n->op == NH_DP_ADD ? '-' : '-'"),
    ("signed operands are extended with zeros", "hls/emit/dp_rtl.c", "if (fill > 0 && !n->is_signed)", "if (fill > 0)"),
    ("select takes the other branch", "hls/emit/dp_rtl.c", '"%s ? %s : %s", operand(c, n->a, n->stage, 0, 1), ta, tb',
     '"%s ? %s : %s", operand(c, n->a, n->stage, 0, 1), tb, ta'),
    ("casts drop one bit less", "hls/emit/dp_rtl.c", 'nh_vlog_param(c->v, "SHIFT", drop)', 'nh_vlog_param(c->v, "SHIFT", drop - 1)'),
    ("casts truncate", "hls/emit/dp_rtl.c", 'nh_vlog_param(c->v, "ROUND", n->fmt.round)', 'nh_vlog_param(c->v, "ROUND", 0)'),
    ("casts wrap", "hls/emit/dp_rtl.c", 'nh_vlog_param(c->v, "OVERFLOW", n->fmt.overflow)', 'nh_vlog_param(c->v, "OVERFLOW", 0)'),
    ("comparisons forget the sign", "hls/emit/dp_rtl.c", 'is_signed ? "$signed(%s) %s $signed(%s)" : "%s %s %s"', '"%s %s %s"'),
    ("valid comes a cycle early", "hls/emit/rtl_datapath.c", "nh_rtl_pipe(j, v, u->dp->latency_cycles,", "nh_rtl_pipe(j, v, u->dp->latency_cycles - 1,"),
    ("inputs of the multipliers are unsigned", "hls/emit/rtl_mac.c", '"X_SIGNED", m->x.is_signed', '"X_SIGNED", 0'),
    ("lanes of the post datapath are swapped", "hls/emit/rtl_post.c", 'nh_rtl_lane(j, "y_data", at.lanes, i, y_bits)',
     'nh_rtl_lane(j, "y_data", at.lanes, at.lanes - 1 - i, y_bits)'),
    ("output elements are not sign-extended", "hls/emit/rtl_top.c", '"ELEM_SIGNED", s->fmt.is_signed', '"ELEM_SIGNED", 0'),
    ("C forgets the bias", "hls/emit/c_unit.c", '%s a%d = %s_b[o + t + %d]', '%s a%d = 0 * %s_b[o + t + %d]'),
    ("C truncates where it should round", "sim/runtime/nh_fx.h", "case NH_ROUND_RND: return half;", "case NH_ROUND_RND: return false;"),
    ("C multiplies the first input only", "hls/emit/c_unit.c", "w[i + %d * N_IN] * (int32_t)xs[i]", "w[i + %d * N_IN] * (int32_t)xs[0]"),
]


def model(folder):
    import onnx  # not at the top: step_mutants.py does without
    from onnx import TensorProto, helper, numpy_helper
    rng = np.random.default_rng(7)
    nodes, inits, at = [], [], "x"
    sizes = [9, 12, 7, 6]
    for k, act in enumerate(["Relu", "Sigmoid", None]):
        w = rng.standard_normal((sizes[k + 1], sizes[k])).astype(np.float32)
        b = rng.standard_normal(sizes[k + 1]).astype(np.float32)
        inits += [numpy_helper.from_array(w, f"w{k}"), numpy_helper.from_array(b, f"b{k}")]
        nodes.append(helper.make_node("Gemm", [at, f"w{k}", f"b{k}"], [f"y{k}"], name=f"fc{k}", transB=1))
        at = f"y{k}"
        if act:
            nodes.append(helper.make_node(act, [at], [f"a{k}"], name=f"act{k}"))
            at = f"a{k}"
    nodes.append(helper.make_node("LeakyRelu", [at], ["z"], name="leaky", alpha=0.3))
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", s]) for n, s in (("x", sizes[0]), ("z", sizes[-1]))]
    onnx.save(helper.make_model(helper.make_graph(nodes, "net", [io[0]], [io[1]], inits), opset_imports=[helper.make_opsetid("", 13)]),
              os.path.join(folder, "net.onnx"))
    np.save(os.path.join(folder, "x.npy"), rng.uniform(-4, 4, (60, sizes[0])))
    with open(os.path.join(folder, "net.yaml"), "w") as f:
        f.write("""
project: net
model: net.onnx
target: generic
clock_mhz: 300
io: stream
beat: 2
input: { format: "fixed<8,3,RND,SAT>" }
defaults: { weight_bits: 6, result_bits: 7, table_size: 64 }
layers:
  fc0: { strategy: resource, reuse_factor: 20, scale: arbitrary, granularity: per_channel }
  act0: { scale: arbitrary }
  fc1: { strategy: latency }
  fc2: { strategy: resource, reuse_factor: 11 }
  leaky: { result: "fixed<6,2,RND_CONV,SAT>" }
simulate: { inputs: x.npy, stalls: both }
""")


def copy_tree(tree):
    shutil.copytree(ROOT, tree, ignore=lambda folder, names: {n for n in names if n == ".git" or (folder == ROOT and n.startswith("build"))},
                    dirs_exist_ok=True)


@contextlib.contextmanager
def planted(tree, mutant):
    """The tree built with one fault, until the end of the block; gives what kept it from being there, or None."""
    name, path, old, new = mutant
    text = open(os.path.join(ROOT, path)).read()
    faulty, why_not = plant.replace_once(text, old, new)
    if why_not:
        yield f"{path}: {why_not}"
        return
    with open(os.path.join(tree, path), "w") as f:
        f.write(faulty)
    try:
        yield None if build(tree).returncode == 0 else "does not compile"
    finally:
        with open(os.path.join(tree, path), "w") as f:
            f.write(text)


def build(tree):
    subprocess.run(["cmake", "-G", "Ninja", "-S", ".", "-B", "build", "-DNH_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Debug"], cwd=tree, check=True, capture_output=True)
    return subprocess.run(["cmake", "--build", "build"], cwd=tree, capture_output=True, text=True)


def simulate(tree, folder):
    return subprocess.run([os.path.join(tree, "build", "bin", "neurohls"), "build", "net.yaml", "-o", "out", "--until", "sim", "--force", "--quiet"],
                          cwd=folder, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(m[0] for m in MUTANTS))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        work = args.work or temporary
        tree, folder = os.path.join(work, "tree"), os.path.join(work, "net")
        copy_tree(tree)
        os.makedirs(folder, exist_ok=True)
        model(folder)
        made = build(tree)
        if made.returncode != 0:
            print(f"the unmutated tree does not build: {made.stdout[-2000:]}")
            return 1
        clean = simulate(tree, folder)
        if clean.returncode != 0:
            print(f"the unmutated tree fails ({clean.returncode}): {clean.stderr[-2000:]}")
            return 1
        caught = 0
        for mutant in MUTANTS:
            with planted(tree, mutant) as fault:
                code = None if fault else simulate(tree, folder).returncode
            print(f"{'ok  ' if code else 'FAIL'} mutant '{mutant[0]}': {fault or f'exit {code}'}", flush=True)
            caught += bool(code)
        print(f"{caught} passed, {len(MUTANTS) - caught} failed")
        return 0 if caught == len(MUTANTS) else 1


if __name__ == "__main__":
    sys.exit(main())
