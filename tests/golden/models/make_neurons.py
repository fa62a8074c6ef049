#!/usr/bin/env python3
"""NIR files of the golden cases of numerics: h5py, in place."""
import os
import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, nodes, edges):
    with h5py.File(os.path.join(HERE, name), "w", libver="earliest") as f:
        f["version"] = "1.0.7"
        root = f.create_group("node")
        root["type"] = "NIRGraph"
        root.create_dataset("edges", data=np.array(edges, dtype=object), dtype=h5py.string_dtype())
        for key, node in nodes.items():
            group = root.create_group("nodes/" + key)
            for k, v in node.items():
                group[k] = v


def lif(**more):
    p = dict(tau=1e-3, r=10.0, v_leak=0.0, v_threshold=1.0)
    p.update(more)
    return dict(type="LIF", **{k: np.full(2, v, np.float32) for k, v in p.items()})


PORTS = dict(input=dict(type="Input", shape=np.array([2])), output=dict(type="Output", shape=np.array([2])))
FC = dict(type="Linear", weight=np.array([[0.5, -0.25], [0.25, 0.5]], np.float32))
REC = dict(type="Affine", weight=np.array([[0.5, 0.0], [0.0, 0.5]], np.float32), bias=np.array([0.5, 0.25], np.float32))
CHAIN = [("input", "fc"), ("fc", "lif"), ("lif", "output")]

write("lif.nir", dict(PORTS, fc=FC, lif=lif()), CHAIN)
write("lif_v_reset.nir", dict(PORTS, fc=FC, lif=lif(v_reset=-0.5, r=2.0)), CHAIN)
unequal = lif()
unequal["tau"] = np.array([1e-3, 2e-3], np.float32)
write("lif_two_taus.nir", dict(PORTS, fc=FC, lif=unequal), CHAIN)
write("loop_two_delays.nir", dict(PORTS, fc=FC, lif=lif(), back=dict(type="Delay", delay=np.array([1e-4, 2e-4])), rec=REC),
      CHAIN + [("lif", "back"), ("back", "rec"), ("rec", "lif")])
write("two_ways.nir", dict(PORTS, fc=FC, lif=lif(), side=FC, side_lif=lif(), out=lif()),
      [("input", "fc"), ("fc", "lif"), ("lif", "side"), ("side", "side_lif"), ("lif", "out"), ("side_lif", "out"), ("out", "output")])
write("loop_two_ways.nir", dict(PORTS, fc=FC, lif=lif(), side=FC, side_lif=lif(), back=dict(type="Delay", delay=np.array([1e-4, 1e-4])), rec=REC, out=lif()),
      [("input", "fc"), ("fc", "lif"), ("lif", "side"), ("side", "side_lif"), ("side_lif", "back"), ("back", "rec"), ("rec", "lif"), ("lif", "out"),
       ("side_lif", "out"), ("out", "output")])
write("lif_steps.nir", dict(PORTS, fc=FC, lif=lif(tau=5, r=1)), CHAIN)  # as Sinabs writes it
spyx = dict(PORTS, fc=FC, back=dict(type="Linear", weight=REC["weight"]), lif=lif(tau=4, r=0.75))
write("spyx_loop.nir", spyx, [("input", "fc"), ("fc", "back"), ("back", "lif"), ("lif", "back"), ("lif", "output")])  # as Spyx writes RLIF
IMAGE = dict(input=dict(type="Input", shape=np.array([1, 4, 4])), output=dict(type="Output", shape=np.array([8])))
CONV = dict(type="Conv2d", weight=np.full((2, 1, 3, 3), 0.25, np.float32), bias=np.zeros(2, np.float32), stride=np.array([1, 1]),
            padding=np.array([0, 0]), dilation=np.array([1, 1]), groups=1, input_shape=np.array([4, 4]))
IF = dict(type="IF", r=np.full((2, 2, 2), 1e4, np.float32), v_threshold=np.ones((2, 2, 2), np.float32))
FLAT = dict(type="Flatten", start_dim=0, end_dim=-1, input_type=np.array([2, 2, 2]))
write("image.nir", dict(IMAGE, conv=CONV, neurons=IF, flat=FLAT),
      [("input", "conv"), ("conv", "neurons"), ("neurons", "flat"), ("flat", "output")])
OTHER = dict(CONV, weight=np.full((4, 1, 3, 4), 0.25, np.float32), bias=np.zeros(4, np.float32))
write("two_images.nir", dict(IMAGE, conv=CONV, other=OTHER, flat=FLAT, flat_other=dict(FLAT, input_type=np.array([4, 2, 1])),
                             neurons=dict(type="IF", r=np.full(8, 1e4, np.float32), v_threshold=np.ones(8, np.float32))),
      [("input", "conv"), ("input", "other"), ("conv", "flat"), ("other", "flat_other"), ("flat", "neurons"), ("flat_other", "neurons"),
       ("neurons", "output")])
# No weights in front of the neurons to take their gain in: dt/tau * r = 2.75e-5 of the threshold.
write("lif_alone.nir", dict(PORTS, lif=lif(r=2.75e-4)), [("input", "lif"), ("lif", "output")])
