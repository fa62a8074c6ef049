#!/usr/bin/python3
"""Every key of the table of keys (neurohls check --schema) changes what check says of a network, or is refused or warned of, in networks of
three kinds. A key that this file has no value for fails."""
import copy
import json
import pathlib
import shutil
import struct
import subprocess
import unittest

from neurohls_case import PROGRAM, Case

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS, SNN = ROOT / "configs/examples/digits", ROOT / "configs/examples/digits_snn"
DATA = {"simulate": {"inputs": "x_test.npy", "labels": "y_test.npy", "scale": 0.0625, "samples": 8},
        "calibrate": {"data": "x_cal.npy", "scale": 0.0625, "samples": 8}}
TIME = {"spiking": {"time_steps": 6, "encoding": "rate"}, **DATA}
BASES = {
    "dense": {"project": "p", "model": "digits.onnx", "target": "icebreaker", "io": "stream", "input": {"bits": 5},
              "defaults": {"strategy": "resource", "reuse_factor": 320}, **DATA},
    "unrolled": {"project": "p", "model": "digits.onnx", "target": "icebreaker", "input": {"bits": 5}, "defaults": {"strategy": "latency"}, **DATA},
    "spiking": {"project": "p", "model": "digits_snn.nir", "target": "icebreaker", "input": {"format": "ufixed<1,1>"},
                "defaults": {"strategy": "resource", "reuse_factor": "auto", "reset": "zero"}, "budget": {"multipliers": 8}, **TIME},
    "fabric": {"project": "p", "model": "digits_snn.nir", "target": "hx8k", "input": {"format": "ufixed<1,1>"},
               "defaults": {"strategy": "event", "reset": "zero"}, "fabric": {"limits": "hx8k"}, **TIME},
}
PROGRAM_TEXT = "model mine\ninput a volt\nstate v volt\nparam theta volt\noutput s spike\n    ADD v, v, a\n    GT s, v, theta\n    RESET v, s\n"
# Another value than the base's and the default for every key; a list: several are tried, one must change something.
VALUES = {
    "config": {"project": "q", "model": "none.onnx",
               "target": "ecp5-25k", "clock_mhz": 31, "io": ["stream", "parallel"], "beat": 4, "output": ["argmax", "nothing"]},
    "input": {"format": "ufixed<9,3>", "bits": 11, "scale": 0.03},
    "layer": {"strategy": ["latency", "resource"], "reuse_factor": 64, "weight": "fixed<5,1>", "bias": "fixed<9,3>", "result": "fixed<9,5>",
              "accum": "fixed<20,12>", "weight_bits": 5, "result_bits": 9, "scale": "arbitrary", "granularity": "per_channel", "multiplier_bits": 9,
              "table_size": 64, "cores": 2, "tiles": [[[0, 1], [1, 1]]], "region": [[0, 0, 1, 2]], "numerics": "snntorch", "integrator": "exp",
              "input_gain": "unit", "reset": "subtract", "reset_timing": "next", "spike": "before_update", "compare": "ge", "spikes_per_step": 2,
              "v_min": "minus_threshold", "syn_order": "old", "recurrent_bias": "yes", "layer_delay": 2, "dt": 5e-4, "state": "fixed<20,8>",
              "state_bits": 9, "decay_bits": 5, "neuron_model": "mine.neuron"},
    "budget": {"rate_hz": 20000, "ii_cycles": 1000, "multipliers": 3},
    "spiking": {"time_steps": 5, "dt": 5e-4, "encoding": "latency", "readout": "first_spike", "float": "single", "seed": 7, "max_count": 2, "bin": 2e-3,
                "repeat_input": True, "reference": "reference.npy", "input_shape": [[8, 8]], "reset_interval": 3, "reset_offset": 1, "num_layers": 1,
                "skip_layers": 1, "input_message_bits": 4, "input_bias": True, "sigma_delta_corrected": True},
    "fabric": {"limits": "loihi2-like", "mesh": [[3, 1]], "lanes": 2, "neurons": 48, "axons": 100, "synapse_kib": 2, "convs": 1, "routes": 40, "groups": 6,
               "params": 48, "delays": 8, "queue": 8, "sparse": True, "weight_bits": 9, "accum_bits": 18, "accumulators": 2, "payload_bits": 4,
               "guard_bits": 3, "conv_y_bits": 3, "conv_x_bits": 3, "conv_c_bits": 3, "contexts": 1, "share": "never", "neurons_used": 50,
               "axons_used": 10, "synapses_used": 50, "moves": 17, "baud": 230400},
    "calibrate": {"data": "x_test.npy", "scale": 0.5, "method": ["mse", "percentile"], "percentile": 90, "samples": 2},
    "simulate": {"inputs": "x_cal.npy", "labels": "y_other.npy", "scale": 0.5, "samples": 2, "stalls": "both", "rtl_limit": 1, "seed": 9, "trace": True,
                 "waves": True, "rtl": False},
    "require": {"max_accuracy_drop": 0.5, "min_agreement": 0.5, "min_sqnr_db": 3, "max_error": 0.5, "min_fmax_mhz": 5, "fit": True},
}
# What acts when the network is simulated, and what the top level for a board or synthesis takes: check does not show it. Tests of sim,
# report, emit and flow have these.
LATER = {"simulate": {"inputs", "labels", "scale", "samples", "stalls", "rtl_limit", "seed", "trace", "waves", "rtl"},
         "require": {"max_accuracy_drop", "min_agreement", "min_sqnr_db", "max_error", "min_fmax_mhz", "fit"},
         "spiking": {"readout", "float", "seed", "reference"}, "fabric": {"baud"}, "config": {"project", "target", "clock_mhz"}}
PLACES = {"config": [], "layer": ["defaults"]}


def npy(shape, values):
    """An array of bytes."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + bytes(values)


class Keys(Case):
    def setUp(self):
        super().setUp()
        for path in (DIGITS / "digits.onnx", SNN / "digits_snn.nir", SNN / "x_cal.npy", SNN / "x_test.npy", SNN / "y_test.npy"):
            shutil.copy(path, self.dir)
        (self.dir / "mine.neuron").write_text(PROGRAM_TEXT)
        (self.dir / "y_other.npy").write_bytes(npy("(360,)", [1] * 360))
        (self.dir / "reference.npy").write_bytes(npy("(8, 6, 10)", [0] * 480))
        schema = json.loads(subprocess.run([PROGRAM, "check", "--schema"], check=True, capture_output=True, text=True).stdout)
        self.sections = {"config": schema, **schema["$defs"]}

    def keys(self):
        """(section, key) of every key that is no section itself."""
        return [(name, key) for name, section in self.sections.items() for key, value in section["properties"].items()
                if "$ref" not in value and value.get("type") != "object"]

    def outcome(self, config):
        """Exit status, what check prints, and what it says without lines and columns."""
        self.config.write_text(json.dumps(config))
        done = subprocess.run([PROGRAM, "check", "--json", "-v", self.config.name], cwd=self.dir, capture_output=True, text=True, env=self.env)
        said = [json.loads(line) for line in done.stderr.splitlines()]
        return done.returncode, done.stdout, [{k: v for k, v in row.items() if k not in ("line", "col")} for row in said]

    def test_every_key_of_the_schema_has_a_value_here_and_no_other(self):
        self.assertEqual({(s, k) for s, row in VALUES.items() for k in row}, set(self.keys()))
        for section, keys in LATER.items():
            self.assertLessEqual(keys, set(VALUES[section]))

    def check_base(self, base):
        unchanged, plain = [], self.outcome(BASES[base])
        self.assertEqual(plain[0], 0, plain[2])
        for section, key in self.keys():
            value = VALUES[section][key]
            changed = False
            for one in value if isinstance(value, list) else [value]:
                config = copy.deepcopy(BASES[base])
                inner = config
                for step in PLACES.get(section, [section]):
                    inner = inner.setdefault(step, {})
                if section == "budget":
                    inner.clear()
                inner[key] = one
                changed = changed or self.outcome(config) != plain
            if not changed and key not in LATER.get(section, ()):
                unchanged.append(f"{section}: {key}")
        self.assertEqual(unchanged, [])

    def test_dense(self):
        self.check_base("dense")

    def test_unrolled(self):
        self.check_base("unrolled")

    def test_spiking(self):
        self.check_base("spiking")

    def test_fabric(self):
        self.check_base("fabric")


if __name__ == "__main__":
    unittest.main()
