#!/usr/bin/env python3
"""Every preset against the framework it is named after: small networks are made in the framework, exported by its own exporter (or written by the
nir package where it has none), run by the framework on random spikes, and read by neurohls; the spikes of its float path must be the framework's,
all of them. Prints a table of preset, options, neuron, framework version and differing spikes. Run it with a Python that has a framework and
h5py; those that cannot be imported are skipped with a sentence. An older version of a framework: PYTHONPATH=<its folder>.

    frameworks.py --neurohls build/bin/neurohls [--only NAME...]
"""
import argparse
import importlib
import importlib.metadata
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

import numpy as np

SKIPPED = 77
STEPS, SAMPLES, N_IN, N = 250, 2, 12, 20
ROWS = []


class Case:
    """One network: what the framework did with x, the NIR graph, and the configuration that means the same."""

    def __init__(self, neuron, defaults, graph, x, y, spiking="", known=None):
        """x [samples, steps, inputs], y [samples, steps, outputs]; known: why the framework's exporter makes this impossible, None = must be equal."""
        self.neuron, self.defaults, self.graph, self.x, self.y, self.spiking, self.known = neuron, defaults, graph, x, np.asarray(y), spiking, known


def spikes(rng, rate=0.4):
    return (rng.random((SAMPLES, STEPS, N_IN)) < rate).astype(np.float32)


def weights(rng, scale=0.35, shift=0.06, n_out=N, n_in=N_IN):
    return (rng.normal(size=(n_out, n_in)) * scale + shift).astype(np.float32)


def run_neurohls(neurohls, folder, case):
    import nir
    nir.write(folder / "model.nir", case.graph)
    np.save(folder / "x.npy", case.x.astype(np.float32))
    (folder / "net.yaml").write_text(f"""project: net
model: model.nir
target: generic
defaults: {{ {case.defaults} }}
spiking: {{ {', '.join(p for p in ('' if 'float:' in case.spiking else 'float: single', case.spiking) if p)} }}
calibrate: {{ data: x.npy }}
simulate: {{ inputs: x.npy }}
""")
    env = dict(os.environ, NEUROHLS_VERILATOR="/nonexistent", NEUROHLS_YOSYS="/nonexistent")
    done = subprocess.run([neurohls, "build", "net.yaml", "-o", "out", "--quiet", "--force"], cwd=folder, env=env, capture_output=True, text=True)
    result = folder / "out/sim/outputs_float.npy"
    if not result.exists():
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[-600:]}")
    return np.load(result).reshape(case.y.shape)


def version_of(*names):
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "?"


# ---- snnTorch

def snntorch_cases(rng):
    import nir
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir
    version = version_of("snntorch")
    # a PYTHONPATH version has its own dist-info
    version = getattr(snn, "__version__", version) or version

    def linear(w):
        layer = torch.nn.Linear(w.shape[1], w.shape[0], bias=False)
        layer.weight.data = torch.from_numpy(w)
        return layer

    def run(x, fc, neuron, n_state):
        out = []
        with torch.no_grad():
            for sample in torch.from_numpy(x):
                state = [torch.zeros(1, N) for _ in range(n_state)]
                for step in sample:
                    result = neuron(fc(step[None]), *state)
                    state = list(result) if n_state > 1 and len(result) == n_state else list(result[1:])
                    out.append(result[0][0].numpy())
        return np.array(out).reshape(SAMPLES, STEPS, N)

    beta, alpha, threshold = torch.linspace(0.6, 0.95, N), torch.linspace(0.3, 0.8, N), torch.linspace(0.7, 1.3, N)
    for reset in ("subtract", "zero", "none"):
        for delay in (True, False):
            timing = "" if delay else {"subtract": ", reset_timing: snntorch_sub", "zero": ", reset_timing: same", "none": ""}[reset]
            options = f"numerics: snntorch, reset: {reset}{timing}"
            for kind in ("Leaky", "Synaptic", "RLeaky", "RSynaptic"):
                if kind.startswith("R") and kind != "RLeaky" and not delay:
                    continue  # snnTorch: NameError
                x, w = spikes(rng), weights(rng, *((0.1, 0.02) if "Syn" in kind else ()))
                args = dict(threshold=threshold, reset_mechanism=reset)
                try:
                    if kind == "Leaky":
                        made = lambda hidden: snn.Leaky(beta=beta, init_hidden=hidden, **args, **({} if delay else {"reset_delay": False}))
                        y = run(x, linear(w), made(False), 1)
                    elif kind == "Synaptic":
                        made = lambda hidden: snn.Synaptic(alpha=alpha, beta=beta, init_hidden=hidden, **args, **({} if delay else {"reset_delay": False}))
                        y = run(x, linear(w), made(False), 2)
                    else:
                        back = weights(rng, 0.1, 0, N, N)
                        both = dict(linear_features=N, **args, **({} if delay else {"reset_delay": False}))
                        def made(hidden):
                            layer = snn.RLeaky(beta=beta, init_hidden=hidden, **both) if kind == "RLeaky" else snn.RSynaptic(alpha=alpha, beta=beta, init_hidden=hidden, **both)
                            layer.recurrent.weight.data = torch.from_numpy(back)
                            layer.recurrent.bias.data = torch.zeros(N)
                            return layer
                        y = run(x, linear(w), made(False), 2 if kind == "RLeaky" else 3)
                except TypeError as error:
                    if "reset_delay" in str(error):
                        continue  # a version without it
                    raise
                try:
                    graph = export_to_nir(torch.nn.Sequential(linear(w), made(True)), torch.from_numpy(x[0, :1]), ignore_dims=[0])
                except NotImplementedError:
                    continue  # RLeaky, before 1.0
                yield Case(f"{kind} reset_delay={delay}", options, graph, x, y)


# ---- Norse

def norse_cases(rng):
    import nir
    import norse.torch as norse
    import torch
    n = lambda v: np.full(N, v, np.float32)
    tau, theta, leak = np.linspace(0.004, 0.02, N).astype(np.float32), np.linspace(0.5, 1.2, N).astype(np.float32), np.linspace(-0.1, 0.2, N).astype(np.float32)

    def run(x, graph, dt, **more):
        net = norse.from_nir(graph, ignore_warnings=True, dt=dt, **more)
        out = []
        with torch.no_grad():
            for sample in torch.from_numpy(x):
                state = None
                for step in sample:
                    y, state = net(step[None], state)
                    out.append(y[0].numpy())
        return np.array(out).reshape(SAMPLES, STEPS, N)

    for name, node in (("LIF", lambda: nir.LIF(tau=tau, r=n(1), v_leak=leak, v_threshold=theta)), ("IF", lambda: nir.IF(r=n(1), v_threshold=theta)),
                       ("CubaLIF", lambda: nir.CubaLIF(tau_syn=tau[::-1].copy(), tau_mem=tau, r=n(3), v_leak=n(0), v_threshold=theta, w_in=n(2)))):
        x, w = spikes(rng), weights(rng, 1.5, 0.4) if name != "IF" else weights(rng)
        graph = nir.NIRGraph.from_list(nir.Input(np.array([N_IN])), nir.Affine(w, np.linspace(-0.05, 0.05, N).astype(np.float32)), node(), nir.Output(np.array([N])))
        yield Case(f"{name} (imported)", "numerics: norse", graph, x, run(x, graph, 1e-3), "dt: 1e-3")
    if True:
        import norse.torch.functional.reset as reset
        x, w = spikes(rng), weights(rng, 1.5, 0.4)
        graph = nir.NIRGraph.from_list(nir.Input(np.array([N_IN])), nir.Linear(w), nir.CubaLIF(tau_syn=tau, tau_mem=tau, r=n(1), v_leak=n(0), v_threshold=theta, w_in=n(2)), nir.Output(np.array([N])))
        if graph and hasattr(reset, "reset_subtract"):
            graph.nodes = {k: nir.Affine(w, np.zeros(N, np.float32)) if isinstance(v, nir.Linear) else v for k, v in graph.nodes.items()}
            yield Case("CubaLIF reset_subtract", "numerics: norse, reset: subtract", graph, x, run(x, graph, 1e-3, reset_method=reset.reset_subtract), "dt: 1e-3")


# ---- Sinabs

def sinabs_cases(rng):
    import sinabs.layers as sl
    import torch
    from sinabs.activation import MembraneReset, MembraneSubtract, MultiSpike, SingleSpike
    from sinabs.nir import to_nir

    def case(neuron, defaults, make, scale):
        x, w = spikes(rng), weights(rng, *scale)
        fc = torch.nn.Linear(N_IN, N, bias=False)
        fc.weight.data = torch.from_numpy(w)
        with torch.no_grad():
            y = make(False)(fc(torch.from_numpy(x))).numpy()
            net = torch.nn.Sequential(fc, make(True))  # what stands in networks that are exported: time and batch are one dimension
            net(torch.from_numpy(x[0]))
            graph = to_nir(net, torch.from_numpy(x[0]))
        return Case(neuron, f"numerics: sinabs{defaults}", graph, x, y)

    taus, ones = torch.linspace(4.0, 25.0, N), torch.ones(N)
    for fn, count in ((MultiSpike, ""), (SingleSpike, ", spikes_per_step: 1, compare: ge")):
        for fall, reset in ((MembraneSubtract(), ""), (MembraneReset(), ", reset: zero")):
            for low, v_min in ((None, "none"), (-1.0, "minus_threshold")):
                more = f"{count}{reset}, v_min: {v_min}"
                name = f"{fn.__name__} {type(fall).__name__} min_v_mem={low}"
                yield case(f"IAF {name}", more, lambda s: (sl.IAFSqueeze if s else sl.IAF)(**({'batch_size': 1} if s else {}), spike_fn=fn, reset_fn=fall, min_v_mem=low), ())
                for norm, gain in ((False, ", input_gain: unit"), (True, ", input_gain: one_minus_alpha")):
                    yield case(f"LIF norm_input={norm} {name}", more + gain, lambda s: (sl.LIFSqueeze if s else sl.LIF)(**({'batch_size': 1} if s else {}), tau_mem=taus, spike_threshold=ones, spike_fn=fn, reset_fn=fall, min_v_mem=low, norm_input=norm),
                               (0.35, 0.06) if not norm else (3.0, 0.6))
    yield case("IAF as imported", "", lambda s: (sl.IAFSqueeze if s else sl.IAF)(**({'batch_size': 1} if s else {}), min_v_mem=-1.0), ())
    yield case("LIF norm_input=False", "", lambda s: (sl.LIFSqueeze if s else sl.LIF)(**({'batch_size': 1} if s else {}), tau_mem=taus, spike_threshold=ones, norm_input=False), ())
    yield case("ExpLeak", "", lambda s: (sl.ExpLeakSqueeze if s else sl.ExpLeak)(**({'batch_size': 1} if s else {}), tau_mem=taus), ())


# ---- Rockpool

def rockpool_cases(rng):
    import torch
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import ExpSynTorch, LIFNeuronTorch, LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir

    def case(neuron, make, scale=(), defaults="", spiking="", known=None):
        x, w = spikes(rng), weights(rng, *scale)
        net = Sequential(LinearTorch((N_IN, N), has_bias=False, weight=torch.from_numpy(w.T.copy())), make())
        with torch.no_grad():
            y, _, _ = net(torch.from_numpy(x))
        graph = to_nir(net)
        for node in graph.nodes.values():
            if hasattr(node, "tau") and torch.is_tensor(node.tau):
                node.tau = node.tau.detach()  # Rockpool leaves a gradient on it, which nir.write cannot store
        return Case(neuron, f"numerics: rockpool{defaults}", graph, x, y.numpy(), spiking, known)

    taus = torch.linspace(0.005, 0.03, N)
    for dt in (1e-3, 1e-4):
        f = dt / 1e-3
        yield case(f"LIFTorch dt={dt:g}", lambda: LIFTorch(N, tau_mem=taus * f, tau_syn=taus.flip(0) * f, dt=dt, bias=torch.zeros(N)), (0.1, 0.02))
        yield case(f"LIFNeuronTorch dt={dt:g}", lambda: LIFNeuronTorch(N, tau_mem=taus * f, dt=dt, bias=torch.zeros(N)))
        yield case(f"ExpSynTorch dt={dt:g}", lambda: ExpSynTorch(N, tau=taus * f, dt=dt))
    yield case("LIFTorch max_spikes_per_dt=1", lambda: LIFTorch(N, tau_mem=taus, tau_syn=taus, dt=1e-3, bias=torch.zeros(N), max_spikes_per_dt=torch.tensor(1)), (0.3, 0.1),
               ", spikes_per_step: 1")


# ---- SpikingJelly

def spikingjelly_cases(rng):
    import torch
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    def case(name, make, scale=()):
        x, w = spikes(rng), weights(rng, *scale)
        net = torch.nn.Sequential(layer.Linear(N_IN, N, bias=False), make())
        net[0].weight.data = torch.from_numpy(w)
        functional.set_step_mode(net, "s")
        out = []
        with torch.no_grad():
            for sample in torch.from_numpy(x):
                functional.reset_net(net)
                out += [net(step[None])[0].numpy() for step in sample]
        functional.reset_net(net)
        return Case(name, "numerics: spikingjelly", export_to_nir(net, torch.from_numpy(x[0, :1])), x, np.array(out).reshape(SAMPLES, STEPS, N))

    for v_reset in (0.0, -0.2):
        yield case(f"IFNode v_reset={v_reset}", lambda: neuron.IFNode(v_threshold=1.1, v_reset=v_reset))
        for decay in (True, False):
            yield case(f"LIFNode decay_input={decay} v_reset={v_reset}", lambda: neuron.LIFNode(tau=3.0, decay_input=decay, v_threshold=0.9, v_reset=v_reset),
                       (1.0, 0.2) if decay else ())
        yield case(f"ParametricLIFNode v_reset={v_reset}", lambda: neuron.ParametricLIFNode(init_tau=3.0, v_threshold=0.9, v_reset=v_reset), (1.0, 0.2))
    if hasattr(neuron, "CUBALIFNode"):
        yield case("CUBALIFNode", lambda: neuron.CUBALIFNode(c_decay=0.5, v_decay=0.75, v_threshold=1.0, v_reset=0.0), (0.1, 0.02))


# ---- Spyx

def spyx_cases(rng):
    import jax.numpy as jnp
    import spyx.nn as snn
    from flax import nnx
    from spyx.nir import to_nir
    shape_in, shape_out = {"input": np.array([N_IN])}, {"output": np.array([N])}

    def case(name, make, scale=(), dt=1, known=None, spiking=""):
        x, w = spikes(rng), weights(rng, *scale)
        fc = nnx.Linear(N_IN, N, use_bias=False, rngs=nnx.Rngs(0))
        fc.kernel[...] = jnp.array(w.T)
        net = snn.Sequential(fc, make())
        y, _ = snn.run(net, jnp.array(x.transpose(1, 0, 2)))
        return Case(name, "numerics: spyx", to_nir(net, shape_in, shape_out, dt=dt), x, np.asarray(y).transpose(1, 0, 2), spiking, known)

    betas, alphas = jnp.linspace(0.6, 0.95, N), jnp.linspace(0.3, 0.8, N)

    def with_beta(layer, **values):
        for key, value in values.items():
            getattr(layer, key).value = value
        return layer

    rngs = nnx.Rngs(1)
    for dt in (1, 1e-3):
        yield case(f"IF dt={dt:g}", lambda: snn.IF((N,), threshold=1.1), dt=dt)
        yield case(f"LIF dt={dt:g}", lambda: with_beta(snn.LIF((N,), threshold=0.9, rngs=rngs), beta=betas), dt=dt)
        yield case(f"CuBaLIF dt={dt:g}", lambda: with_beta(snn.CuBaLIF((N,), threshold=1.0, rngs=rngs), beta=betas, alpha=alphas), (0.1, 0.02), dt=dt)
    if hasattr(snn, "PSU_LIF"):
        yield case("PSU_LIF", lambda: with_beta(snn.PSU_LIF((N,), rngs=rngs), beta=betas))
    for kind in ("RIF", "RLIF", "RCuBaLIF"):
        def made(kind=kind):
            layer = getattr(snn, kind)((N,), rngs=nnx.Rngs(2))
            layer.recurrent_w[...] = jnp.array(weights(np.random.default_rng(3), 0.1, 0, N, N))
            return layer
        yield case(kind, made, (0.1, 0.02) if "CuBa" in kind else (),
                   known="Spyx writes the input in front of the recurrent weights, and its loop has no delay")


# ---- Nengo: no exporter; neurons of one ensemble, whose currents are the sums of connections to them

def nengo_cases(rng):
    import nengo
    import nir
    dt = 1e-3
    tau, theta, leak = np.full(N, 0.01, np.float32), np.linspace(0.5, 1.2, N).astype(np.float32), np.linspace(-0.1, 0.2, N).astype(np.float32)

    def run(x, w, neuron, bias, synapse=None, back=None):
        out = []
        for sample in x.astype(np.float64):
            with nengo.Network(seed=0) as net:
                source = nengo.Node(lambda t, sample=sample: sample[int(round(t / dt)) - 1])
                layer = nengo.Ensemble(N, 1, neuron_type=neuron, gain=np.ones(N), bias=bias) if neuron else None
                into = layer.neurons if neuron else nengo.Node(size_in=N)
                nengo.Connection(source, into, transform=w.astype(np.float64), synapse=synapse)
                if back is not None:
                    nengo.Connection(layer.neurons, layer.neurons, transform=back.astype(np.float64) * dt, synapse=0)  # spikes are 1/dt
                probe = nengo.Probe(into, synapse=None)
            with nengo.Simulator(net, dt=dt, progress_bar=False) as simulator:
                simulator.run_steps(STEPS)
            out.append(np.round(simulator.data[probe] * dt) if neuron else simulator.data[probe])
        return np.array(out)

    def lif():
        return nengo.LIF(tau_rc=float(tau[0]), tau_ref=0, min_voltage=-np.inf, initial_state={"voltage": nengo.dists.Choice([0])})

    def chain(w, node, back=None):
        nodes = {"input": nir.Input(np.array([N_IN])), "fc": nir.Affine(w, np.zeros(N, np.float32)), "n": node, "output": nir.Output(np.array([N]))}
        edges = [("input", "fc"), ("fc", "n"), ("n", "output")]
        if back is not None:
            nodes["back"] = nir.Affine(back, np.zeros(N, np.float32))
            edges += [("n", "back"), ("back", "n")]
        return nir.NIRGraph(nodes=nodes, edges=edges)

    one, zero, t = np.ones(N, np.float32), np.zeros(N, np.float32), theta[:, None]
    exact = "float: double, dt: 1e-3"
    x, w, back = spikes(rng), weights(rng, 1.5, 0.4), weights(rng, 0.5, 0, N, N)
    # a threshold of Nengo is 1: everything is divided by theta
    yield Case("LIF tau_ref=0", "numerics: nengo", chain(w, nir.LIF(tau=tau, r=one, v_leak=leak, v_threshold=theta)), x,
               run(x, w / t, lif(), leak / theta), exact)
    yield Case("LIF in a loop, synapse=0", "numerics: nengo", chain(w, nir.LIF(tau=tau, r=one, v_leak=zero, v_threshold=theta), back), x,
               run(x, w / t, lif(), zero, back=back / t), exact)
    # a Lowpass gives what it gets to the neuron in the next step
    for syn in (2, 5):
        low = nengo.Lowpass(-dt / np.log(1 - 1 / syn))
        node = nir.CubaLIF(tau_syn=np.full(N, syn * dt), tau_mem=tau, r=one, v_leak=zero, v_threshold=theta, w_in=one)
        yield Case(f"LIF behind Lowpass, 1/{syn} a step", "numerics: nengo, layer_delay: 1", chain(w, node), x, run(x, w / t, lif(), zero, low), exact)
    yield Case("Lowpass alone (LI)", "numerics: nengo, layer_delay: 1", chain(w, nir.LI(tau=tau, r=one, v_leak=zero)), x,
               run(x, w, None, zero, nengo.Lowpass(float(tau[0]))), exact)
    x, w = spikes(rng), np.abs(weights(rng, 60, 5))
    yield Case("SpikingRectifiedLinear", "numerics: nengo, reset: subtract, compare: ge, spikes_per_step: n", chain(w, nir.IF(r=one, v_threshold=one)), x,
               run(x, w, nengo.SpikingRectifiedLinear(initial_state={"voltage": nengo.dists.Choice([0])}), zero), exact)


# ---- Lava: no exporter of NIR (its own files, .net, are compared in tests/cosim/lava_golden.py); Dense and LIF of lava-nc

def lava_cases(rng):
    import nir
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io import sink, source
    from lava.proc.lif.process import LIF
    dt = 1e-4

    def run(tag, x, w, **values):
        out = []
        for sample in x.astype(int):
            spikes_in, fc = source.RingBuffer(data=sample.T), Dense(weights=w)
            layer, spikes_out = LIF(shape=(N,), **values), sink.RingBuffer(shape=(N,), buffer=STEPS)
            spikes_in.s_out.connect(fc.s_in)
            fc.a_out.connect(layer.a_in)
            layer.s_out.connect(spikes_out.a_in)
            layer.run(condition=RunSteps(num_steps=STEPS), run_cfg=Loihi2SimCfg(select_tag=tag))
            out.append(spikes_out.data.get().T.copy())
            layer.stop()
        return np.array(out)

    def chain(w, node):
        return nir.NIRGraph.from_list(nir.Input(np.array([N_IN])), nir.Affine(w.astype(np.float32), np.zeros(N, np.float32)), node, nir.Output(np.array([N])))

    def all_of(v):
        return np.full(N, v, np.float32)

    # per step: what is lost of v and of u; gains of 1
    for dv, du in ((1 / 16, 1), (1 / 4, 1 / 8), (1 / 32, 1 / 2)):
        x, w, theta = spikes(rng), weights(rng, 0.35 * du, 0.06 * du), 1.1
        if du == 1:
            node = nir.LIF(tau=all_of(dt / dv), r=all_of(1 / dv), v_leak=all_of(0), v_threshold=all_of(theta))
        else:
            node = nir.CubaLIF(tau_syn=all_of(dt / du), tau_mem=all_of(dt / dv), r=all_of(1 / dv), w_in=all_of(1 / du), v_leak=all_of(0), v_threshold=all_of(theta))
        yield Case(f"LIF floating_pt dv={dv:g} du={du:g}", "numerics: lava, compare: gt", chain(w, node), x,
                   run("floating_pt", x, w.astype(float), vth=float(np.float32(theta)), dv=dv, du=du), "float: double")
    # Loihi's integers; the weights of Dense are even
    for dv, du in ((163, 4095), (1000, 511), (82, 2047)):
        x, theta = spikes(rng), 401
        w = 2 * rng.integers(-40, 60, (N, N_IN)) // (1 if du == 4095 else 2) // 2 * 2
        w[0, 0] = 126
        if du == 4095:
            node = nir.LIF(tau=all_of(dt * 4096 / dv), r=all_of(4096 / dv), v_leak=all_of(0), v_threshold=all_of(theta))
        else:
            node = nir.CubaLIF(tau_syn=all_of(dt * 4096 / (du + 1)), tau_mem=all_of(dt * 4096 / dv), r=all_of(4096 / dv), w_in=all_of(4096 / (du + 1)),
                               v_leak=all_of(0), v_threshold=all_of(theta))
        yield Case(f"LIF bit_accurate_loihi dv={dv} du={du}", "numerics: lava", chain(w, node), x,
                   run("fixed_pt", x, w, vth=theta, dv=dv, du=du))
        try:
            import torch
            from lava.lib.dl.slayer.neuron import cuba
        except ImportError:
            continue  # lava-dl is a package of its own
        neurons = cuba.Neuron(threshold=theta / 64, current_decay=(du + 1) / 4096, voltage_decay=dv / 4096)  # its numbers are in 1/64
        with torch.no_grad():
            y = neurons(torch.from_numpy((x @ w.T / 64).transpose(0, 2, 1).astype(np.float32))).numpy().transpose(0, 2, 1)
        yield Case(f"slayer CUBA (lava-dl {version_of('lava-dl')}) dv={dv} du={du + 1}", "numerics: lava, layer_delay: 0", chain(w, node), x, y)


# ---- The frameworks

FRAMEWORKS = {"snntorch": ("snnTorch", ("snntorch",), snntorch_cases), "norse": ("Norse", ("norse",), norse_cases), "sinabs": ("Sinabs", ("sinabs",), sinabs_cases),
              "rockpool": ("Rockpool", ("rockpool",), rockpool_cases), "spikingjelly": ("SpikingJelly", ("spikingjelly",), spikingjelly_cases),
              "spyx": ("Spyx", ("spyx",), spyx_cases), "nengo": ("Nengo", ("nengo",), nengo_cases),
              "lava": ("Lava", ("lava.proc.lif.process", "lava-nc"), lava_cases)}


def check(neurohls, name, index):
    """Runs all cases of a framework: (cases, those that are wrong)."""
    title, packages, cases = FRAMEWORKS[name]
    version, wrong, n = version_of(*packages), [], 0
    for case in cases(np.random.default_rng(100 + index)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                got = run_neurohls(neurohls, pathlib.Path(folder), case)
                if np.issubdtype(case.y.dtype, np.floating) and not np.array_equal(case.y, np.round(case.y)):
                    differ = int((np.abs(got - case.y) > 1e-5 * max(1, np.abs(case.y).max())).sum())
                else:
                    differ = int((got != case.y).sum())
                problem = ""
            except (RuntimeError, OSError) as error:
                differ, problem = -1, str(error)
        n += 1
        verdict = "ok" if differ == 0 else "known: " + case.known if case.known else "WRONG " + problem
        print(f"{title} {version:10s} | {case.neuron:62s} | {case.defaults:72s} | {differ:6d} of {case.y.size} ({int((case.y > 0).sum())} spikes) | {verdict}", flush=True)
        ROWS.append((title, version, case.neuron, case.defaults, differ))
        if differ != 0 and not case.known:
            wrong.append(case.neuron)
        if not (case.y > 0).any():
            wrong.append(f"{case.neuron}: the framework never spikes, which tests nothing")
    return n, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurohls", required=True)
    parser.add_argument("--only", nargs="*", choices=list(FRAMEWORKS), default=list(FRAMEWORKS))
    args = parser.parse_args()
    ran, failed = 0, []
    for index, name in enumerate(FRAMEWORKS):
        if name not in args.only:
            continue
        try:
            importlib.import_module("nir")
            importlib.import_module(FRAMEWORKS[name][1][0])
        except Exception as error:  # a framework that cannot be imported fails in its own ways
            print(f"skipped: {FRAMEWORKS[name][0]} cannot be imported here ({type(error).__name__}: {error})")
            continue
        try:
            n, wrong = check(os.path.abspath(args.neurohls), name, index)
        except Exception:
            traceback.print_exc()
            n, wrong = 0, [f"{name}: the framework's own calls fail"]
        ran += n
        failed += [f"{name}: {w}" for w in wrong]
    if ran == 0 and not failed:
        print("skipped: none of the frameworks is installed for this Python")
        return SKIPPED
    print(f"{ran} networks, {len(failed)} wrong" + "".join(f"\n  {w}" for w in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
