#!/usr/bin/python3
"""Faults planted in what emits networks in time, one at a time: C kernels, event runtime, units, memory files, templates. Co-simulation (or a
tool that reads the output) must catch every one, or the fixed-point spikes leave those of spiking_model.py.

The sources are copied once; each mutant is rebuilt in turn, and its binary builds the networks below, two mutants at a time. Exit 1 when a
mutant survives or no longer compiles.

    step_mutants.py [--work DIR] [--list] [--quick] [NAME...]
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import numpy as np

import emitter_mutants
import program
import random_spiking
import spiking_nets

# (name, file, text, what stands there instead); its code must stand there exactly once, white space aside.
MUTANTS = [
    ("C: a step is not counted", "hls/emit/c_driver.c", "    state->step++;\\n}", "}"),
    ("C: samples do not start anew", "hls/emit/c_driver.c", "{ memset(state, 0, sizeof *state); }", "{ state->step = 0; }"),
    ("C: the ring takes frames one slot on", "hls/emit/c_driver.c", "memcpy(state->%s_ring[state->step %%", "memcpy(state->%s_ring[(state->step + 1) %%"),
    ("C: a loop's frame is never read", "hls/emit/c_driver.c", "if (g->unit[i].kind == NH_UNIT_DELAY && g->unit[i].delay.is_late) read_delay",
     "if (g->unit[i].kind == NH_UNIT_FORK && g->unit[i].delay.is_late) read_delay"),
    ("C: biases of dense layers are lost", "hls/emit/c_event.c", "bias[o] = m->b ? (int64_t)m->b[o] : 0;", "bias[o] = 0;"),
    ("C: biases of convolutions are lost", "hls/emit/c_event.c", "bias[o] = (int64_t)v->b[o];", "bias[o] = 0;"),
    ("C: kernels are not mirrored", "hls/emit/c_event.c", "for (int64_t kx = v->kw - 1; kx >= 0; kx--)", "for (int64_t kx = 0; kx < v->kw; kx++)"),
    ("C: groups take the first channels' weights", "hls/emit/c_event.c", "((i / cig * cog + o) * cig + i % cig)", "(o * cig + i % cig)"),
    ("C: counts count as one", "hls/emit/c_event.c", "return x.width_bits == 1 && !x.is_signed;", "return x.width_bits <= 4;"),
    ("C: sums are too narrow", "hls/emit/c_event.c", "*bytes = worst <= INT16_MAX ? 2", "*bytes = worst <= 3 * INT16_MAX ? 2"),
    ("C: states stay", "hls/emit/c_neuron.c", '%ss%d[e] = n%d;\\n", in, k, k', '%s(void)n%d;\\n", in, k'),
    ("C: parameters of neurons go round with the channels", "hls/emit/c_neuron.c", 'v->param[k].n == period ? "r" : "e"',
     'v->param[k].n == period ? "r / 2" : "e"'),
    ("C: delays read one slot off", "hls/emit/c_neuron.c", "slot + %\" PRId64 \" - late : slot - late", "slot + %\" PRId64 \" - late : slot"),
    ("C: no delay is a step late", "hls/emit/c_neuron.c", '"late == 0 ? x[e] : "', '""'),
    ("events: the last positions are left out", "sim/runtime/nh_event.h", "    for (; i < n; i++) {\n        list[found]", "    for (; i + 1 < n; i++) {\n        list[found]"),
    ("events: four positions of the table are wrong", "sim/runtime/nh_event.h", "NH_EVENT_FOUR(1, 3, 0, 0), NH_EVENT_FOUR(0, 1, 3, 0),",
     "NH_EVENT_FOUR(1, 3, 0, 0), NH_EVENT_FOUR(0, 2, 3, 0),"),
    ("events: every part has the first weights", "sim/runtime/nh_event.h", "const W *w = NAME##_w + from * (ROW); ", "const W *w = NAME##_w + 0 * (ROW);    "),
    ("events: the block of four is a vector short", "sim/runtime/nh_event.h", "for (; o + 4 * LANES <= (ROW); o += 4 * LANES) NAME##_block4(",
     "for (; o + 4 * LANES <= (ROW); o += 4 * LANES) NAME##_block1("),
    ("events: rows between strides get the spike", "sim/runtime/nh_event.h", "if (oy < 0 || oy % (SH) != 0 ||", "if (oy < 0 ||"),
    ("events: columns between strides get the spike", "sim/runtime/nh_event.h", "if (ox < 0 || ox % (SW) != 0 ||", "if (ox < 0 ||"),
    ("events: dilation is forgotten", "sim/runtime/nh_event.h", "px + (PW)-kx * (DW)", "px + (PW)-kx"),
    ("events: groups share their outputs", "sim/runtime/nh_event.h", "(C_OUT) + group * COG, w +", "(C_OUT) + 0 * group, w +"),
    ("events: a kernel cut at the left begins at its first column", "sim/runtime/nh_event.h", "w + begin * COG, (size_t)(end - begin) * COG", "w, (size_t)(end - begin) * COG"),
    ("memory: weights of a group begin with the first output", "hls/emit/mem.c", "c->w[(o * per_group + i) * taps + tap]", "c->w[(o % c->out_lanes * per_group + i) * taps + tap]"),
    ("memory: biases of convolutions are lost", "hls/emit/mem.c", "c->b ? (int64_t)c->b[o] : 0, c->acc.width_bits", "0, c->acc.width_bits"),
    ("memory: every neuron has the first one's parameters", "hls/emit/mem.c", "n->param[k].raw[e % n->param[k].n]", "n->param[k].raw[0]"),
    ("memory: neurons of a word share parameters", "hls/emit/mem.c", "n->param[k].raw[e % n->param[k].n]", "n->param[k].raw[e / n->lanes * n->lanes % n->param[k].n]"),
    ("memory: every element has the first one's delay", "hls/emit/mem.c", "u->steps[e % u->n_steps]", "u->steps[0]"),
    ("RTL: paddings are swapped", "hls/emit/rtl_conv.c", '{"PAD_H", c->pad_h}', '{"PAD_H", c->pad_w}'),
    ("RTL: dilations are swapped", "hls/emit/rtl_conv.c", '{"DILATION_W", c->dilation_w}', '{"DILATION_W", c->dilation_h}'),
    ("RTL: strides are swapped", "hls/emit/rtl_conv.c", '{"STRIDE_W", c->stride_w}', '{"STRIDE_W", c->stride_h}'),
    ("RTL: inputs of convolutions are unsigned", "hls/emit/rtl_conv.c", '{"X_SIGNED", c->x.is_signed}', '{"X_SIGNED", 0}'),
    ("RTL: joined streams are in reverse", "hls/emit/rtl_neuron.c", '"s%d_data, %s", i, data);', '"%s, s%d_data", data, i);'),
    ("RTL: parameters repeat too early", "hls/emit/rtl_neuron.c", "return repeats ? period / n->lanes : n->words;", "return repeats ? 1 : n->words / 2 + 1;"),
    ("RTL: lanes share the first lane's state", "hls/emit/rtl_neuron.c", "at = lane * b->state_lane;", "at = 0;"),
    ("RTL: lanes share the first lane's parameters", "hls/emit/rtl_neuron.c", "at = b->param_at + lane * b->param_lane;", "at = b->param_at;"),
    ("RTL: samples are a step longer", "hls/emit/rtl_neuron.c", 'nh_vlog_param(v, "WORDS", n->words);\n    nh_vlog_param(v, "STEPS", j->g->steps);',
     'nh_vlog_param(v, "WORDS", n->words);\n    nh_vlog_param(v, "STEPS", j->g->steps + 1);'),
    ("RTL: states come back while the output waits", "hls/emit/rtl_neuron.c", '"n_take", "y_valid && y_ready"', '"n_take", "y_valid"'),
    ("RTL: valid comes a cycle before the neurons", "hls/emit/rtl_neuron.c", "nh_rtl_pipe(j, v, n->dp->latency_cycles, from", "nh_rtl_pipe(j, v, n->dp->latency_cycles - 1, from"),
    ("RTL: delays last a step more", "hls/emit/rtl_delay.c", 'nh_vlog_param(v, "LEAST", t->is_late ? least_delay(t) : 0);', 'nh_vlog_param(v, "LEAST", least_delay(t) + 1);'),
    ("RTL: consumers of a fork wait for the others' ready", "hls/emit/rtl_fork.c", '"m%d_ready, %s", i, ready', '"%s, m%d_ready", ready, i'),
    ("RTL: a fork offers every word to the first alone", "hls/emit/rtl_fork.c", '"fork_valid[%d]", i', '"fork_valid[%d]", 0 * i'),
    ("nh_fork: who took a word gets it again", "rtl_templates/lib/nh_fork.v", "{N{s_valid}} & ~took_q", "{N{s_valid}}"),
    ("nh_fork: the word leaves with the first who takes it", "rtl_templates/lib/nh_fork.v", "assign s_ready = &(took_q | m_ready);", "assign s_ready = |(took_q | m_ready);"),
    ("nh_join: a stream moves without the others", "rtl_templates/lib/nh_join.v", "m_ready && (&others)", "m_ready"),
    ("nh_step_count: the marker is in the last step", "rtl_templates/lib/nh_step_count.v", "assign first = step_q == {STEP_W{1'b0}};", "assign first = last_step;"),
    ("nh_step_count: every transfer is a step", "rtl_templates/lib/nh_step_count.v", "if (last_beat) step_q <=", "step_q <="),
    ("nh_neuron_state: states outlive the sample", "rtl_templates/neuron/nh_neuron_state.v", "zero_q <= planned || step_q == {STEP_W{1'b0}};", "zero_q <= planned;"),
    ("nh_neuron_state: a state is read before it is written", "rtl_templates/neuron/nh_neuron_state.v", " && outstanding_q != ALL[OUT_W-1:0];", ";"),
    ("nh_neuron_state: the last word shares the first one's place", "rtl_templates/neuron/nh_neuron_state.v", "waddr_q <= last_write ? ADDR_ZERO : waddr_q + ADDR_ONE",
     "waddr_q <= last_write ? ADDR_ONE : waddr_q + ADDR_ONE"),
    ("nh_step_delay: the first step is silent too", "rtl_templates/neuron/nh_step_delay.v", "age1_q < delay", "age1_q <= delay"),
    ("nh_step_delay: slots are a step off", "rtl_templates/neuron/nh_step_delay.v", "rslot1_q - wide[SLOT_W-1:0]", "rslot1_q - wide[SLOT_W-1:0] - SLOT_ONE"),
    ("nh_step_delay: it overflows", "rtl_templates/neuron/nh_step_delay.v", "assign s_ready = !keep || !full_q;", "assign s_ready = 1'b1;"),
    ("nh_step_delay: the end of a sample frees nothing", "rtl_templates/neuron/nh_step_delay.v", "rest2_q ? REST[HELD_W-1:0] + HELD_ONE : HELD_ONE", "HELD_ONE"),
    ("nh_step_delay: a loop starts with the last sample's frames", "rtl_templates/neuron/nh_step_delay.v", "early_q <= last_step ? LEAST != 0 : late[DELAY_W+1];", "early_q <= late[DELAY_W+1];"),
    ("nh_window: a row comes into a full ring", "rtl_templates/conv/nh_window.v", "assign s_ready = level_q != LEVEL_TOP[COUNT_W-1:0];", "assign s_ready = 1'b1;"),
    ("nh_window: padding is what the memory holds", "rtl_templates/conv/nh_window.v", "in_frame_q ? word_q : {WORD_W{1'b0}}", "word_q"),
    ("nh_mac_core: windows add up", "rtl_templates/dense/nh_mac_core.v", "first_q[SUM] ? bias[o*ACC_W +: ACC_W] : acc_q", "first_q[SUM] ? acc_q + bias[o*ACC_W +: ACC_W] : acc_q"),
    ("nh_mac_core: the bias is the first group's", "rtl_templates/dense/nh_mac_core.v", "group_q <= last_group ? {GROUP_W{1'b0}} : group_q + GROUP_ONE", "group_q <= {GROUP_W{1'b0}}"),
    ("nh_mac_core: products are unsigned", "rtl_templates/dense/nh_mac_core.v", "assign prod = $signed(a) * $signed(w);", "assign prod = a * w;"),
    ("nh_conv_walk: rows outside are inside", "rtl_templates/conv/nh_conv_walk.v", "((LAST_Y < H_IN && PAD_H == 0) || y_q <= Y_TOP[Y_W-1:0])", "(LAST_Y < H_IN + 9 || y_q <= Y_TOP[Y_W-1:0])"),
    ("nh_conv_walk: columns outside are inside", "rtl_templates/conv/nh_conv_walk.v", "((LAST_X < W_IN && PAD_W == 0) || x_pos_q <= X_TOP[X_POS_W-1:0])", "(LAST_X < W_IN + 9 || x_pos_q <= X_TOP[X_POS_W-1:0])"),
    ("nh_conv_walk: a kernel row is next to the one before", "rtl_templates/conv/nh_conv_walk.v", "localparam integer SLOT_KY = DILATION_H % ROWS;", "localparam integer SLOT_KY = (DILATION_H + 1) % ROWS;"),
    ("nh_conv_walk: conv groups begin at the same channel", "rtl_templates/conv/nh_conv_walk.v", "TO_GROUP = SLOT_BACK * SLOT_WORDS + J - BACK;", "TO_GROUP = SLOT_BACK * SLOT_WORDS - BACK;"),
    ("nh_conv_walk: rows of outputs are one stride short", "rtl_templates/conv/nh_conv_walk.v", "TO_OY = SLOT_OY * SLOT_WORDS + NEXT - W_OUT", "TO_OY = NEXT - W_OUT"),
]

# What --quick plants: each emitter, the event runtime, and each kind of unit.
QUICK = ["C: samples do not start anew", "C: biases of dense layers are lost", "C: sums are too narrow", "C: delays read one slot off", "C: states stay",
         "events: every part has the first weights", "events: dilation is forgotten", "memory: every element has the first one's delay",
         "RTL: lanes share the first lane's state", "RTL: joined streams are in reverse", "nh_fork: who took a word gets it again",
         "nh_neuron_state: states outlive the sample", "nh_step_delay: slots are a step off", "nh_window: padding is what the memory holds"]


def image(rng):
    """Signed graded inputs, convolutions of every kind of step (groups, stride, dilation, uneven padding, counts in), a fork, sums of two and
    three streams, delays that differ, recurrence, parameters per channel and per neuron."""
    net = spiking_nets.Net(rng, 7, 1e-3)
    net.nodes["input"] = {"type": "Input", "shape": (2, 6, 7), "values": {}}

    def conv(source, out, kernel, stride, pad, dilation, groups):
        channels, *size = net.shape(source)
        shape = [spiking_nets.conv_size(*v) for v in zip(size, kernel, stride, pad, dilation)]
        fan = channels // groups * kernel[0] * kernel[1]
        return net.add("Conv2d", (out, *shape), [source], weight=net.normal(out, channels // groups, *kernel, scale=1.8 / fan ** 0.5),
                       bias=net.normal(out, scale=0.15), stride=np.array(stride), padding=np.array(pad), dilation=np.array(dilation), groups=groups,
                       input_shape=np.array(size))

    def dense(source, n_out, kind="Affine", before=None):
        n_in = net.shape(source)[0]
        values = {"weight": net.normal(n_out, n_in, scale=1.8 / n_in ** 0.5)} | ({"bias": net.normal(n_out, scale=0.15)} if kind == "Affine" else {})
        return net.add(kind, (n_out,), [source], before, **values)

    def per(shape, low, high, axis):
        v = net.draw.uniform(low, high, {"all": (1,), "channel": (shape[0], *[1] * (len(shape) - 1)), "neuron": shape}[axis])
        return (v * np.ones(shape)).astype(np.float32)

    def flat(source):
        shape = net.shape(source)
        return net.add("Flatten", (int(np.prod(shape)),), [source], start_dim=0, end_dim=-1, input_type=np.array(shape))

    def leaky(sources, axis):
        shape, dt = net.shape(sources[0]), net.dt
        tau = per(shape, 3 * dt, 12 * dt, axis)
        return net.add("LIF", shape, sources, tau=tau, r=(tau / dt).astype(np.float32), v_leak=per(shape, -0.1, 0.1, axis),
                       v_threshold=per(shape, 0.6, 1.2, "all"))

    first = leaky([conv("input", 4, (3, 2), (1, 1), (1, 0), (1, 1), 1)], "channel")
    spikes = conv(first, 4, (2, 3), (2, 1), (0, 1), (1, 2), 2)
    pooled = net.add("SumPool2d", (4, 3, 3), [first], kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0]))
    counts = conv(pooled, 4, (3, 2), (1, 1), (1, 1), (1, 1), 1)
    second = leaky([spikes, counts], "channel")
    direct = dense(flat(counts), 7, "Linear")  # a second reader: the biases of counts stay in the convolution
    steps = net.draw.integers(0, 4, net.shape(second))
    late = net.add("Delay", net.shape(second), [second], delay=steps * net.dt)
    a, b = dense(flat(late), 7), dense(flat(second), 7, "Linear")
    shape, dt = (7,), net.dt
    tau_syn = per(shape, 2 * dt, 5 * dt, "neuron")
    third = net.add("CubaLIF", shape, [a, b], tau_mem=per(shape, 3 * dt, 9 * dt, "neuron"), tau_syn=tau_syn, w_in=(tau_syn / dt).astype(np.float32),
                    r=per(shape, 4, 9, "neuron"), v_leak=np.zeros(shape, np.float32), v_threshold=per(shape, 0.6, 1.2, "neuron"))
    back = dense(third, 7, before=third)
    net.edges.append((back, third))
    net.late |= {(third, back)}
    fourth = net.add("IF", shape, [a, direct], r=np.full(shape, 1 / dt, np.float32), v_threshold=np.ones(shape, np.float32))  # likewise of a
    end = dense(third, 3)
    other = dense(fourth, 3, "Linear")
    tau = per((3,), 4 * dt, 9 * dt, "neuron")
    net.output = net.add("LI", (3,), [end, other], tau=tau, r=(tau / dt).astype(np.float32), v_leak=np.zeros(3, np.float32))
    net.real_input = True
    net.x = np.round(net.draw.uniform(-1, 1.5, (3, net.steps, 2 * 6 * 7)) * 32) / 32
    return net


def line(rng):
    """Many spikes in, sums in parts, every width of the blocks of outputs."""
    net = spiking_nets.Net(rng, 5, 1e-3)
    net.nodes["input"] = {"type": "Input", "shape": (403,), "values": {}}
    # The first row and the second step make the largest sum that the weights' format allows in every part.
    w = (net.draw.uniform(0.6, 1, (163, 403)) * net.draw.choice([-1, 1], (163, 403)) * 0.1).astype(np.float32)
    w[0] = np.abs(w[0])
    one = net.add("Affine", (163,), ["input"], weight=w, bias=net.normal(163, scale=0.1))
    spikes = net.add("IF", (163,), [one], r=np.full(163, 1 / net.dt, np.float32), v_threshold=np.ones(163, np.float32))
    two = net.add("Linear", (6,), [spikes], weight=net.normal(6, 163, scale=0.2))
    net.output = net.add("LIF", (6,), [two], tau=np.full(6, 5e-3, np.float32), r=np.full(6, 5, np.float32), v_leak=np.zeros(6, np.float32),
                         v_threshold=np.ones(6, np.float32))
    net.real_input = False
    net.x = (net.draw.random((2, net.steps, 403)) < 0.3).astype(float)
    net.x[:, 1] = 1
    return net


def short(rng):
    """Nothing that takes longer than a step of a few words: neurons read the states that they have just written, delays fill up."""
    net = spiking_nets.Net(rng, 9, 1e-3)
    net.nodes["input"] = {"type": "Input", "shape": (3,), "values": {}}
    values = {"tau": np.full(3, 6e-3, np.float32), "r": np.full(3, 6, np.float32), "v_leak": np.zeros(3, np.float32)}
    spikes = net.add("LIF", (3,), ["input"], v_threshold=np.ones(3, np.float32), **values)
    late = net.add("Delay", (3,), [spikes], delay=np.array([2, 0, 1]) * net.dt)
    net.output = net.add("LI", (3,), [late], **values)
    net.real_input = False
    net.x = (net.draw.random((3, net.steps, 3)) < 0.6).astype(float)
    return net


# name: (network, seed, widths, width of the ports, reuse factors). The fast first convolution of image waits for one of its two readers.
NETS = {"image": (image, 3, "weight_bits: 12, state_bits: 30, decay_bits: 18", 3, {"conv2d1": 6, "conv2d3": 48, "sumpool2d4": 4, "conv2d5": 48}),
        "line": (line, 4, "weight_bits: 8, state_bits: 24, decay_bits: 16", 7, {}),
        "short": (short, 5, "weight_bits: 8, state_bits: 24, decay_bits: 16", 1, {})}


def write(name, folder):
    """The network in folder, and its numerics."""
    draw, seed, widths, beat, reuse = NETS[name]
    net = draw(random.Random(seed))
    net.no_bias_at_0 = lambda _: False
    folder.mkdir(parents=True, exist_ok=True)
    spiking_nets.write_nir(net, folder / "net.nir")
    np.save(folder / "x.npy", net.x)
    (folder / "net.yaml").write_text(
        f"project: net\nmodel: net.nir\ntarget: generic\nclock_mhz: 100\nio: stream\nbeat: {beat}\nbudget: {{ multipliers: 60 }}\n"
        f"defaults: {{ strategy: resource, reuse_factor: auto, numerics: snntorch, {widths} }}\n"
        f"layers: {{ {', '.join(f'{layer}: {{ reuse_factor: {r} }}' for layer, r in reuse.items())} }}\n"
        f"spiking: {{ dt: {net.dt} }}\ncalibrate: {{ data: x.npy }}\nsimulate: {{ inputs: x.npy, stalls: both, trace: true, seed: 5 }}\n")
    return net, {n: {"numerics": "snntorch"} for n, node in net.nodes.items() if node["type"] in spiking_nets.SPIKING + spiking_nets.INTEGRATING}


def judge(neurohls, folder):
    """What caught the mutant, or None."""
    for name in NETS:
        net, numerics = write(name, folder / name)
        try:
            built = program.build(neurohls, folder / name, (folder / name / "net.yaml").read_text())
        except program.Failure as failure:
            return f"{name}: {str(failure).splitlines()[0][:110]}"
        problem = random_spiking.compare(net, numerics, built, not net.real_input)
        if problem:
            return f"{name}: {problem[:110]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or (QUICK if args.quick else [m[0] for m in MUTANTS])
    if args.list:
        print("\n".join(m[0] for m in MUTANTS))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        return hunt(pathlib.Path(args.work or temporary), [m for m in MUTANTS if m[0] in names])


def hunt(work, mutants):
    tree, begin = work / "tree", time.monotonic()
    emitter_mutants.copy_tree(tree)
    made = emitter_mutants.build(tree)
    if made.returncode != 0:
        print(f"the unmutated tree does not build: {made.stdout[-2000:]}")
        return 1

    def kept(number):  # the binary, which carries all templates, away from the tree that changes next
        binary = work / str(number) / "neurohls"
        binary.parent.mkdir(exist_ok=True)
        shutil.copy2(tree / "build/bin/neurohls", binary)
        return binary

    clean = kept("clean")
    problem = judge(clean, clean.parent)
    if problem:
        print(f"the unmutated tree fails: {problem}")
        return 1
    failed, waiting = [], {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, mutant in enumerate(mutants):
            with emitter_mutants.planted(tree, mutant) as fault:
                binary = None if fault else kept(number)
            if fault:
                failed.append(mutant[0])
                print(f"FAIL mutant '{mutant[0]}': {fault}", flush=True)
            else:
                waiting[pool.submit(judge, binary, binary.parent)] = mutant[0]
        for done in concurrent.futures.as_completed(waiting):
            caught = done.result()
            failed += [] if caught else [waiting[done]]
            print(f"{'ok  ' if caught else 'FAIL'} mutant '{waiting[done]}': {caught or 'survives'}", flush=True)
    print(f"{len(mutants) - len(failed)} passed, {len(failed)} failed, {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FileNotFoundError as missing:
        if missing.filename not in ("cmake", "verilator"):
            raise
        print(f"skipped: {missing.filename} is not there")
        sys.exit(program.SKIPPED)
