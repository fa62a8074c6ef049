#!/usr/bin/python3
"""Every built-in neuron model (hls/neuron/models/*.neuron) in small networks of random weights, up to four models beside each other.

The RTL must equal the C kernels in every stream, with and without stalls. The float path must equal the program's text as the interpreter
below reads it (it shares no code with neurohls) within 1e-9; exact programs must give its integers in fixed point too, others may differ in 1
spike of 20, or by 5 % of the range of what is graded. Models of a differential equation follow spiking_model.py instead.

    neuron_models.py --neurohls build/bin/neurohls [--keep DIR] [NAME...]
"""
import argparse
import concurrent.futures
import math
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

try:
    import numpy as np
    import program
    import spiking_model
    import spiking_nets
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

MODELS = program.ROOT / "hls" / "neuron" / "models"
N_IN, N, STEPS, SAMPLES = 10, 6, 16, 3

# name: (guards, parameters, inputs and weights are integers of this size, or 0 for reals). A parameter is a number, or None: v_threshold of
# the file, which differs from neuron to neuron. Without guards and numbers the model goes by its name, else by its text.
TEXTS = {
    "binary": [({}, {}, 0)],
    "relu": [({}, {}, 0)],
    "scale": [({}, {"scale": 0.7}, 0)],
    "threshold": [({}, {"theta": None}, 0)],
    "sigma": [({}, {}, 0)],
    "delta": [({}, {"theta": None}, 0)],
    "sigma_delta": [({}, {"theta": None, "bias": 0.2}, 0)],
    "alif": [({}, {"alpha": 0.85, "rho": 0.9, "beta": 0.3, "theta": None}, 0)],
    "rf": [({}, {"c": 0.6, "s": 0.7, "theta": None}, 0)],
    "lava_delta": [({}, {"theta": None}, 9)],
    "lava_sigma": [({"wrap": "none"}, {}, 9), ({"wrap": "24"}, {}, 9)],
    "lava_sigma_delta": [({"wrap": w, "corrected": c, "bias": b}, {"theta": None} | ({"bias": -3} if b == "yes" else {}), 3000)
                         for w, c, b in (("none", "yes", "yes"), ("24", "no", "no"))],
    "lava_lif": [({"drive": "current", "memory": m, "u": u, "wrap": w, "bias": b},
                  {"v_keep": 3900 / 4096, "theta": None} | ({"u_keep": 3000 / 4096} if m == "yes" else {}) | ({"bias": 5} if b == "yes" else {}), 30)
                 for m, u, w, b in (("yes", "narrow", "none", "yes"), ("yes", "wide", "24", "no"), ("no", "none", "none", "no"))],
    "lava_alif": [({"wrap": w, "bias": b}, {"u_keep": 2800 / 4096, "v_keep": 3600 / 4096, "lift_keep": 3900 / 4096, "ref_keep": 3000 / 4096,
                                           "theta": None, "step": 9} | ({"bias": 7} if b == "yes" else {}), 40) for w, b in (("none", "yes"), ("24", "no"))],
    "lava_rf": [({"wrap": w, "kind": k}, {"c": 2500 / 4096, "s": 2900 / 4096, "theta": None}, 30) for w, k in (("none", "phase"), ("24", "iz"))],
}
ODES = {"if": "IF", "lif": "LIF", "cubalif": "CubaLIF", "i": "I", "li": "LI", "cubali": "CubaLI"}


# --- the interpreter ----------------------------------------------------------------------------------------------------------

def cast(v, text):
    """A number in a format without fractional bits."""
    size, _, *modes = re.fullmatch(r"fixed<(.*)>", text).group(1).split(",")
    how, over = (modes + ["TRN", "WRAP"][len(modes):])[:2]
    v, most = (math.trunc if how == "TRN_ZERO" else math.floor)(v), 1 << (int(size) - 1)
    if over == "SAT_SYM":
        return float(max(1 - most, min(most - 1, v)))
    return float((v + most) % (2 * most) - most)


OPS = {"MOV": lambda d, a: a, "LEAK": lambda d, a: d * a, "ADD": lambda d, a, b: a + b, "SUB": lambda d, a, b: a - b, "MUL": lambda d, a, b: a * b,
       "NEG": lambda d, a: -a, "ABS": lambda d, a: abs(a), "RELU": lambda d, a: max(a, 0.0), "GT": lambda d, a, b: float(a > b),
       "GE": lambda d, a, b: float(a >= b), "EQ": lambda d, a, b: float(a == b), "NOT": lambda d, a: 1 - a, "AND": lambda d, a, b: a * b,
       "SEL": lambda d, a, b, c: b if a else c, "RESET": lambda d, a, b: b if a else d, "SHR": lambda d, a, b: float(math.floor(a / 2 ** b))}


def resolved(name, guards):
    """The lines of a model whose guards hold, without them; a second input is the first, negated, as a layer of a NIR file has one."""
    lines = []
    for text in (MODELS / f"{name}.neuron").read_text().splitlines():
        conditions, text = re.fullmatch(r"(?:\[(.*?)\])?(.*)", text.split(";")[0].rstrip()).groups()
        if text.strip() and all(guards[k] in v.split("|") for k, v in (c.split("=") for c in (conditions or "").split(",") if c)):
            lines.append(text.strip())
    first = next(i for i, text in enumerate(lines) if text.startswith("input"))
    names = re.split(r",\s*", lines[first][6:])
    lines[first] = "input " + names[0]
    place = next(i for i, text in enumerate(lines) if text.split()[0] in OPS or text.startswith("CAST"))
    return lines[:place] + [f"NEG {n.split()[0]}, {names[0].split()[0]}" for n in names[1:]] + lines[place:]


class Program:
    def __init__(self, lines):
        self.lines, self.formats, self.state, self.is_exact = [], {}, [], "exact" in lines
        for text in lines:
            word, rest = text.split(None, 1) if " " in text else (text, "")
            parts = re.split(r",\s*(?![^<]*>)", rest)
            if word == "input":
                self.input = parts[0].split()[0]
            elif word == "state":
                self.state += [p.split()[0] for p in parts]
                self.formats |= {p.split()[0]: p.split()[1] for p in parts if "<" in p}
            elif word == "output":
                self.output, self.is_graded = rest.split()[0], "graded" in rest
            elif word in OPS or word == "CAST":
                self.lines.append((word, parts))

    def run(self, inputs, params):
        """inputs: [steps]; params: {name: number}."""
        state, out = dict.fromkeys(self.state, 0.0), []
        number = lambda text: float(eval(text.replace("^", "**")))
        for a in inputs:
            r = dict(params) | state | {self.input: a}
            for op, (d, *sources) in self.lines:
                if op == "CAST":
                    r[d] = cast(r[sources[0]], sources[1])
                else:
                    r[d] = OPS[op](r.get(d), *[r[s] if s in r else number(s) for s in sources])
                if d in self.formats:
                    r[d] = cast(r[d], self.formats[d])
            state = {s: r[s] for s in self.state}
            out.append(r[self.output])
        return np.array(out)


# --- networks -----------------------------------------------------------------------------------------------------------------

def by_text(name, lines, guards, params):
    """What a configuration says: the name of a model, or its text with numbers."""
    given = {k: v for k, v in params.items() if v is not None}
    if not guards and not given and lines == resolved(name, {}):
        return name
    for i, text in enumerate(lines):
        if text.startswith("param"):
            parts = [p + (f" = {given[p.split()[0]]!r}" if p.split()[0] in given else "") for p in re.split(r",\s*", text[6:])]
            lines = lines[:i] + ["param " + ", ".join(parts)] + lines[i + 1:]
    return "|\n" + "".join(f"      {text}\n" for text in lines).rstrip()


class Case:
    """Up to four models: input -> dense -> model -> dense, all summed (for more than one model, this is the model `add`)."""

    def __init__(self, models, seed, numerics="snntorch"):
        self.net = net = spiking_nets.Net(random.Random(seed), STEPS, 1e-3)
        self.models, self.config, self.made, self.numerics = models, "", {}, {}
        self.default = numerics
        net.nodes["input"] = {"type": "Input", "shape": (N_IN,), "values": {}}
        ends = []
        for name, *variant in models:
            size = variant[2] if variant else 0
            weight = net.normal(N, N_IN, scale=3 if numerics == "norse" else 0.7)
            if size:
                weight = np.round(net.draw.uniform(-size, size, (N, N_IN))).astype(np.float32)
            dense = net.add("Linear", (N,), ["input"], weight=weight)
            node = self.add(name, variant, dense, size)
            ends.append(net.add("Linear", (4,), [node], weight=np.round(net.normal(4, N, scale=2)) / 4))
        net.output = net.add("Flatten", (4,), ends, start_dim=0, end_dim=-1, input_type=np.array([4]))
        net.x = (net.draw.random((SAMPLES, STEPS, N_IN)) < 0.4).astype(float)
        net.no_bias_at_0 = lambda _: False

    def add(self, name, variant, dense, size):
        net = self.net
        if name in ODES:
            node = spiking_nets.add_neuron(net, ODES[name], [dense])
            self.numerics[node] = {"numerics": self.default} | ({"spikes_per_step": 5} if self.default == "sinabs" else {})
            return node
        guards, params, _ = variant
        theta = np.round(net.draw.uniform(2, 9, N)) if size else net.draw.uniform(0.3, 3 if name == "rf" else 1.1, N)
        node = net.add("IF", (N,), [dense], r=np.full(N, 1 / net.dt, np.float32), v_threshold=theta.astype(np.float32))
        lines = resolved(name, guards)
        self.config += f"  {node}:\n    neuron_model: {by_text(name, lines, guards, params)}\n"
        self.made[node] = (Program(lines), dense, params, theta.astype(np.float32).astype(float))
        return node

    def label(self):
        return ", ".join(name + "".join(f" {k}={v}" for k, v in (variant[0] if variant else {}).items()) for name, *variant in self.models)

    def outputs(self, k):
        """Sample k: {node: [steps, N]} of the models that are texts."""
        found = {}
        for node, (text, dense, params, theta) in self.made.items():
            sums = self.net.x[k] @ self.net.nodes[dense]["values"]["weight"].astype(float).T
            found[node] = np.stack([text.run(sums[:, i], {p: theta[i] if v is None else v for p, v in params.items()}) for i in range(N)], 1)
        return found

    def write(self, folder):
        spiking_nets.write_nir(self.net, folder / "net.nir")
        np.save(folder / "x.npy", self.net.x)
        return ("project: net\nmodel: net.nir\ntarget: generic\nclock_mhz: 100\nio: stream\nbeat: 2\n"
                f"defaults: {{ strategy: resource, reuse_factor: {2 * N_IN}, weight_bits: 14, state_bits: 28, decay_bits: 16, result_bits: 16, "
                f"numerics: {self.default}{', spikes_per_step: 5' if self.default == 'sinabs' else ''} }}\nlayers:\n{self.config}  {{}}\n".replace("layers:\n  {}\n", "layers: {}\n").replace("\n  {}\n", "\n")
                + f"spiking: {{ dt: {self.net.dt} }}\ncalibrate: {{ data: x.npy }}\nsimulate: {{ inputs: x.npy, stalls: both, trace: true, seed: 3 }}\n")

    def expected(self, k, outputs):
        """What leaves the network in sample k."""
        known = {node: value for node, value in outputs.items()}
        net = self.net
        if self.numerics:
            return spiking_model.run(net, net.x[k], self.numerics)
        last = [a for a, b in net.edges if b == net.output]
        return sum(known[a] @ net.nodes[b]["values"]["weight"].astype(float).T for a, b in net.edges if b in last)


def check(case, built):
    """None, or what is wrong."""
    if not built.rtl():
        return f"RTL: {built.sim['mismatches']} of {built.sim['compared']} values differ: {built.sim['first_mismatch']}"
    outputs = [case.outputs(k) for k in range(SAMPLES)]
    got = built.array("outputs_float").reshape(SAMPLES, STEPS, -1)
    want = np.stack([case.expected(k, outputs[k]) for k in range(SAMPLES)])
    if np.any(np.abs(got - want) > 1e-9 * (1 + np.abs(want))):
        at = tuple(np.argwhere(np.abs(got - want) > 1e-9 * (1 + np.abs(want)))[0])
        return f"float: sample, step, output {list(map(int, at))}: {got[at]}, the model says {want[at]}"
    for node, (text, *_) in case.made.items():
        raw, lsb = built.layer(node)
        if raw is None and not text.state and text.is_graded:
            continue  # has no array; what leaves the network shows it
        if raw is None:
            return f"{node} has no array"
        real, exact = raw.reshape(SAMPLES, STEPS, N) * lsb, np.stack([o[node] for o in outputs])
        if not exact.any():
            return f"{node} is silent: the test shows nothing"
        if text.is_exact and np.any(real != exact):
            return f"fixed: {node} differs in {np.count_nonzero(real != exact)} of {exact.size} values"
        if np.count_nonzero(np.abs(real - exact) > 0.05 * np.ptp(exact)) > 0.05 * exact.size:
            return f"fixed: {node} is off in {np.count_nonzero(np.abs(real - exact) > 0.05 * np.ptp(exact))} of {exact.size} values"
    rows = [row for row in built.sim["time"]["spikes"] if row["layer"] in case.numerics]
    for row in rows:
        if row["spikes_float"] == 0 or row["differing"] > 0.05 * row["spikes_float"] + 4:
            return f"fixed: {row['layer']} differs in {row['differing']} of {row['spikes_float']} spikes"
    return None


def cases():
    exact = [(name, *v) for name, variants in TEXTS.items() for v in variants if v[2]]
    reals = [(name, *v) for name, variants in TEXTS.items() for v in variants if not v[2]]
    groups = [(models[i:i + 4], "snntorch") for models in (reals, exact) for i in range(0, len(models), 4)]
    odes = [(name,) for name in ODES]
    groups += [(odes[:3], "snntorch"), (odes[3:], "snntorch"), (odes[:3], "sinabs"), (odes[:2] + odes[4:5], "norse")]
    missing = {path.stem for path in MODELS.glob("*.neuron")} - set(TEXTS) - set(ODES) - {"add"}
    if missing:
        raise SystemExit(f"models without a case: {sorted(missing)}")
    return [Case(models, 20 + i, numerics) for i, (models, numerics) in enumerate(groups)]


def one(neurohls, case, number, keep):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(keep) / str(number) if keep else pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            built = program.build(neurohls, folder, case.write(folder))
        except program.Failure as failure:
            return str(failure)
        return check(case, built)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--keep")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if not shutil.which("verilator"):
        print("skipped: verilator is not there")
        return program.SKIPPED
    chosen = [c for c in cases() if not args.names or any(name in args.names for name, *_ in c.models)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        keep = args.keep and os.path.abspath(args.keep)
        problems = list(pool.map(lambda p: one(os.path.abspath(args.neurohls), p[1], p[0], keep), enumerate(chosen)))
    for case, problem in zip(chosen, problems):
        print(f"{'FAIL' if problem else 'ok  '} {case.default}: {case.label()}{': ' + problem if problem else ''}")
    failed = sum(p is not None for p in problems)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
