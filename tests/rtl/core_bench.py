"""nh_neuron_core with a toy datapath against a model of docs/fabric.md, in Verilator: random memories through configuration flits, random
events, ticks, states and counters by READ, under stalls. Usage: core_bench.py [number of random parameter sets] [seed]"""
import os
import random
import sys
import tempfile

import conv_axes
import templates

HERE = os.path.dirname(os.path.abspath(__file__))
CONTROL, AXON, SYNAPSE, CONV, GROUP, PARAM, ROUTE, STATE, COUNTER = range(9)


def clog2(n):
    return max(1, (n - 1).bit_length())


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def pack(fields):
    """[(value, bits)] from bit 0: (word, bits)."""
    word = at = 0
    for value, bits in fields:
        assert 0 <= value < 1 << bits, fields
        word |= value << at
        at += bits
    return word, at


class Core:
    """The contract, event by event, in Python integers."""

    def __init__(self, p, rng):
        self.p, self.rng = p, rng
        self.nw = p["NEURONS"] // p["LANES"]
        self.wa, self.sa, self.pa = clog2(self.nw), clog2(p["SYNAPSES"]), clog2(p["PARAMS"])
        self.nb, self.dl = clog2(self.nw * p["LANES"]) + 1, clog2(p["DELAYS"])
        self.conv = [None] * p["CONVS"]
        self.stim, self.want = [], []
        self.count = [0] * 9
        self.bursts = 0

    # ---- Random program.

    def program(self, kind):
        p, rng, n = self.p, self.rng, self.p["LANES"]
        half = 1 << (p["WEIGHT_W"] - 1)
        self.synapse = [([rng.randint(-half, half - 1) for _ in range(n * p["ACCS"])], rng.randrange(self.nw)) for _ in range(p["SYNAPSES"])]
        self.axon = [self.random_axon(kind) for _ in range(p["AXONS"])]
        self.conv = [conv_axes.random_conv(p, self.nw, rng) for _ in range(p["CONVS"])]
        self.param = [[(rng.choice([rng.randint(1, 60), rng.randint(0, 255)]), rng.randint(0, 7)) for _ in range(n)]
                      for _ in range(p["PARAMS"])]
        left, self.group = self.nw - rng.randint(0, min(2, self.nw - 1)), []
        for g in range(rng.randint(1, p["GROUPS"])):
            words = rng.choice([0, 1, 1, left, rng.randint(0, left)]) if left else 0
            per_word = rng.randint(0, 1) if words <= p["PARAMS"] else 0
            first = rng.randint(0, p["PARAMS"] - (max(1, words) if per_word else 1))
            self.group.append((words, first, per_word, rng.choice([0, 0, 1, rng.randrange(2 ** p["MODEL_W"])])))
            left -= words
        self.words = sum(g[0] for g in self.group)
        self.route = [self.random_route() for _ in range(rng.randint(0, p["ROUTES"]))]
        self.start, self.period = rng.choice([0, 0, 1, 2]), rng.choice([1, 1, 2, 3])
        self.reset_period = rng.choice([0, 1, 2, 3, 70])
        self.reset_phase = rng.randrange(min(max(1, self.reset_period), 4))

    def random_axon(self, kind):
        p, rng = self.p, self.rng
        most = min(self.nw, p["SYNAPSES"])
        words = {"short": lambda: 1, "mixed": lambda: rng.choice([0, 1, 1, 2, 3, most, rng.randint(1, most)])}[kind]()
        words = min(words, most)
        sparse = p["SPARSE"] * rng.randint(0, 1)
        acc = 0 if sparse else rng.choice([0, rng.randint(0, self.nw - max(1, words))])
        return (rng.randint(0, p["SYNAPSES"] - max(1, words)), acc, words, sparse, int(rng.random() < 0.9))

    def random_route(self):
        p, rng = self.p, self.rng
        first = rng.randrange(max(1, self.words))  # what was never swept is not defined
        words = rng.randint(0, self.words - first)
        rect = [rng.getrandbits(b) for b in (p["XB"], p["XB"], p["YB"], p["YB"])]
        limit = rng.choice([words * p["LANES"], rng.randint(0, words * p["LANES"])])
        pixels = (0, 1, 1)
        if p["CONVS"] and rng.random() < 0.7:
            pixels = (1, rng.choice([1, 2, 3, rng.randint(1, self.nw)]), rng.choice([1, 2, 1 << p["CX"], rng.randint(1, 1 << p["CX"])]))
            pixels = (1, min(pixels[1], self.nw), pixels[2])
            limit = rng.choice([pixels[1] * p["LANES"], rng.randint(0, pixels[1] * p["LANES"])])
        return (first, words, rng.randrange(p["DELAYS"]), rng.randint(0, 1), rect, rng.getrandbits(p["ADDR_W"]), limit, *pixels)

    # ---- Flits in.

    def flit(self, data, kind):
        p = self.p
        junk = self.rng.getrandbits(2 * p["XB"] + 2 * p["YB"])
        self.stim.append(kind << (p["DATA_W"] + 2 * p["XB"] + 2 * p["YB"]) | junk << p["DATA_W"] | data)

    def op(self, code):
        self.stim.append(code << self.flit_w())

    def flit_w(self):
        p = self.p
        return p["DATA_W"] + 2 * p["XB"] + 2 * p["YB"] + 2

    def config(self, op, low):
        self.flit(op << (self.p["DATA_W"] - 2) | low, 1)

    def load(self, memory, words, first=0):
        """words: [(word, bits)]"""
        self.config(0, memory << 20 | first)
        for word, bits in words:
            for k in range(0, bits, 16):
                self.config(1, word >> k & 0xffff)

    def load_all(self):
        p = self.p
        self.load(CONTROL, [(v, 16) for v in (len(self.group), len(self.route), self.start, self.period, self.words,
                                               self.reset_period, self.reset_phase)])
        self.load(AXON, [pack([(s, self.sa), (a, self.wa), (w, self.wa + 1), (x, 1), (v, 1)]) for s, a, w, x, v in self.axon])
        lane = lambda ws, bits: [(w & ((1 << bits) - 1), bits) for w in ws]
        self.load(SYNAPSE, [pack(lane(ws, p["WEIGHT_W"]) + ([(a, self.wa)] if p["SPARSE"] else [])) for ws, a in self.synapse])
        if self.conv:
            self.load(CONV, [pack(conv_axes.fields(v, p, self.sa, self.wa)) for v in self.conv])
        self.load(GROUP, [pack([(w, self.wa + 1), (f, self.pa), (e, 1), (m, self.p["MODEL_W"])]) for w, f, e, m in self.group])
        self.load(PARAM, [pack(lane([t | s << 8 for t, s in row], p["PARAM_W"])) for row in self.param])
        self.load(ROUTE, [pack([(f, self.wa), (w, self.wa + 1), (d, self.dl), (h, 1), (r[0], p["XB"]), (r[1], p["XB"]), (r[2], p["YB"]),
                                (r[3], p["YB"]), (c, 1), (b, p["ADDR_W"]), (n, self.nb)] + ([(pw, self.wa + 1), (wi, p["CX"] + 1)] if p["CONVS"] else []))
                          for f, w, d, h, r, b, n, c, pw, wi in self.route])

    def init(self):
        self.op(2)
        self.acc = [[0] * self.p["LANES"] * self.p["ACCS"] for _ in range(self.nw)]
        self.state = [[0] * self.p["LANES"] for _ in range(self.nw)]
        self.ticks, self.history = 0, []

    def send_event(self, addr):
        """The payload's value."""
        p = self.p
        payload = 1 if p["PAYLOAD_W"] == 1 else self.rng.getrandbits(p["PAYLOAD_W"])
        self.flit(payload << p["ADDR_W"] | addr, 0)
        self.count[0] += 1
        return 1 if p["PAYLOAD_W"] == 1 else signed(payload, p["PAYLOAD_W"])

    def add(self, word, acc, value):
        self.count[2] += 1
        for l, w in enumerate(self.synapse[word][0]):
            self.acc[acc][l] = signed(self.acc[acc][l] + w * value, self.p["ACC_W"])

    def event(self, axon=None):
        p, rng = self.p, self.rng
        if axon is None:
            axon = rng.randrange(1 << p["ADDR_W"] - (p["CONVS"] > 0)) if rng.random() < 0.1 else rng.choice(self.hot)
        value = self.send_event(axon)
        if axon >= p["AXONS"] or not self.axon[axon][4]:
            self.count[1] += 1
            return axon
        first, acc, words, sparse, _ = self.axon[axon]
        for i in range(words):
            self.add(first + i, self.synapse[first + i][1] if sparse else acc + i, value)
        return axon

    def conv_event(self, number=None, place=None):
        p, rng = self.p, self.rng
        bits = clog2(p["CONVS"])
        number = rng.randrange(1 << bits) if number is None else number
        v = self.conv[number] if number < p["CONVS"] else None
        y, x, c = place or conv_axes.random_place(v, p, rng)
        low = ((number << p["CY"] | y) << p["CX"] | x) << p["CC"] | c
        between = rng.getrandbits(p["ADDR_W"]) >> bits + p["CY"] + p["CX"] + p["CC"] << bits + p["CY"] + p["CX"] + p["CC"]
        value = self.send_event(between | 1 << p["ADDR_W"] - 1 | low)
        if v is None or not v["valid"] or c >= v["channels"]:
            self.count[1] += 1
            return
        for word, acc in conv_axes.words(v, y, x, c):
            self.add(word, acc, value)

    # ---- Ticks.

    def neuron(self, acc, v, param, model):
        p = self.p
        wrap = lambda x: signed(x, p["STATE_W"])
        model = model.bit_count() & 1
        a, (theta, shift) = wrap(acc[0] - acc[1] if len(acc) > 1 else acc[0]), param
        s = wrap(v + a - (v >> shift))
        fires = s >= theta
        graded = a if model else s if fires else 0
        out = int(a != 0 if model else fires) if p["PAYLOAD_W"] == 1 else graded & ((1 << p["PAYLOAD_W"]) - 1)
        return (a if model else 0 if fires else s), out

    def tick(self):
        p = self.p
        self.op(1)
        t, self.ticks = self.ticks, self.ticks + 1
        if t < self.start or (t - self.start) % self.period:
            return
        outs, n = [[0] * p["LANES"] for _ in range(self.nw)], 0
        accs = p["ACCS"]
        resets = self.reset_period and len(self.history) % self.reset_period == self.reset_phase
        for words, first, per_word, model in self.group:
            for i in range(words):
                for l in range(p["LANES"]):
                    self.state[n][l], outs[n][l] = self.neuron(self.acc[n][l * accs:(l + 1) * accs], 0 if resets else self.state[n][l],
                                                               self.param[first + i * per_word][l], model)
                self.acc[n] = [0] * p["LANES"] * accs
                n += 1
        self.history.append(outs)
        self.count[4] += self.sweep_cycles()
        self.count[5] += n
        self.count[6] += sum(o != 0 for row in outs for o in row)
        self.send()

    def sweep_cycles(self):
        """A word per cycle, whatever the network does; an empty group one cycle, at the end beside the last words on their way."""
        sizes = [g[0] for g in self.group]
        if not any(sizes):
            return 2 + len(sizes)
        trailing = next(k for k in range(len(sizes)) if sizes[-1 - k])
        last = 2 + sum(sizes) + sizes.count(0) - trailing
        return max(last + 3 + self.p["DP_LATENCY"], last + trailing)

    def burst(self):
        """Events one after the other, unstalled: the engine takes a synapse word per cycle, an event without any costs one."""
        full = [a for a, row in enumerate(self.axon) if row[2] and row[4]]
        if not full:
            return
        cycles = 0
        for k in range(30):
            axon = self.event(self.rng.choice(full) if k in (0, 29) else None)
            row = self.axon[axon] if axon < self.p["AXONS"] else (0, 0, 0, 0, 0)
            cycles += max(1, row[2] * row[4])
        self.count[3] = cycles + 3 + int(self.p["SPARSE"] or self.p["PAYLOAD_W"] > 1)
        self.op(3)
        self.read(COUNTER, 3, [self.count[3] & 0xffff, self.count[3] >> 16])

    def conv_burst(self):
        """The same with events of one convolution: a synapse word per cycle, however many taps meet nothing, when every event has at least
        as many words as there are taps to look at. Before them the descriptor is read."""
        for number, v in enumerate(self.conv):
            places = conv_axes.dense_places(v, self.p) if v["valid"] and v["channels"] else []
            if not places:
                continue
            chosen = [self.rng.choice(places) for _ in range(30)]
            for y, x, _ in chosen:
                self.conv_event(number, (y, x, self.rng.randrange(v["channels"])))
            cycles = sum(words for *_, words in chosen) + conv_axes.looks(v, *chosen[0][:2])
            late = int(self.p["SPARSE"] or self.p["PAYLOAD_W"] > 1)
            self.count[3] += cycles + 6 + late
            self.op(3)
            self.read(COUNTER, 3, [self.count[3] & 0xffff, self.count[3] >> 16])
            self.bursts += 1
            return

    def address(self, base, k, conv, pixel_words, width):
        """Of neuron k of a route, and its number that the limit is for."""
        p = self.p
        if not conv:
            return (base + k) % (1 << p["ADDR_W"]), k
        pixel, lane = divmod(k, pixel_words * p["LANES"])
        add = lambda v, at, bits, n: v & ~((1 << bits) - 1 << at) | ((v >> at) + n) % (1 << bits) << at
        base = add(base, 0, p["CC"], lane)
        base = add(base, p["CC"], p["CX"], pixel % width)
        return add(base, p["CC"] + p["CX"], p["CY"], pixel // width), lane

    def send(self):
        p = self.p
        for first, words, delay, host, r, base, limit, *pixels in self.route:
            if delay >= len(self.history):
                continue
            outs = self.history[-1 - delay]
            for k in range(words * p["LANES"]):
                i, l = divmod(k, p["LANES"])
                out = outs[first + i][l]
                addr, place = self.address(base, k, *pixels)
                if out == 0 or place >= limit:
                    continue
                data = out << p["ADDR_W"] | addr
                rect = pack([(r[3], p["YB"]), (r[2], p["YB"]), (r[1], p["XB"]), (r[0], p["XB"])])[0]
                kind = 2 << 2 * p["XB"] + 2 * p["YB"]
                self.want.append((kind if host else rect) << p["DATA_W"] | data)
                self.count[7] += 1

    # ---- READ.

    def read(self, memory, word, chunks, how=(0, 0, 0, 0)):
        self.config(2, memory << 20 | word)
        p = self.p
        for k, c in enumerate(chunks):
            self.want.append((how[k] if k < len(how) else 0) << self.flit_w() | 3 << (self.flit_w() - 2) | c)

    def read_states(self, words):
        bits = self.p["LANES"] * self.p["STATE_W"]
        for w in words:
            value = pack([(v & ((1 << self.p["STATE_W"]) - 1), self.p["STATE_W"]) for v in self.state[w]])[0]
            self.read(STATE, w, [value >> k & 0xffff for k in range(0, bits, 16)])

    def read_counters(self):
        for c in range(9):
            how = {3: (1, 1), 8: (2, 3)}.get(c, (0, 0))
            self.read(COUNTER, c, [self.count[c] & 0xffff, self.count[c] >> 16], how)


def script(p, rng):
    core = Core(p, rng)
    for sample in range(6):
        core.program(["mixed", "short"][sample % 2])
        core.hot = list(range(p["AXONS"])) if sample != 1 else rng.sample(range(p["AXONS"]), min(3, p["AXONS"]))
        core.op(3)
        core.op(4)
        core.load_all()
        core.read(ROUTE, 0, [0])
        core.init()
        if sample == 0:
            core.burst()
            core.conv_burst()
        core.op(5)
        for _ in range(6):
            for _ in range(rng.choice([0, 5, 40])):
                core.conv_event() if p["CONVS"] and rng.random() < 0.6 else core.event()
            core.tick()
            if rng.random() < 0.4:
                core.op(3)
                core.read_states([w for w in range(core.words) if rng.random() < 0.5])
                core.read_counters()
                if rng.random() < 0.2:
                    core.init()
        core.op(3)
        core.read_states(range(core.words))
        core.read_counters()
    core.op(6)
    return core


def simulate(p, rng):
    core = script(p, rng)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("stim", core.stim), ("want", core.want + [0])):
            with open(os.path.join(folder, name + ".mem"), "w") as f:
                f.writelines(f"{row:x}\n" for row in rows)
        sizes = dict(p, STIMS=len(core.stim), WANTS=len(core.want) + 1)
        with open(os.path.join(folder, "core_sizes.vh"), "w") as f:
            f.writelines(f"localparam integer {k} = {v};\n" for k, v in sizes.items())
            f.write("`define CORE nh_neuron_core #(" + ", ".join(f".{k}({v})" for k, v in p.items()) + ")\n")
        code, text = templates.run(["verilator", "--binary", "-Wno-fatal", "-Wno-WIDTH", "-Wno-INITIALDLY", "-Wno-BLKSEQ", "-Wno-lint",
                                    "--top-module", "core_tb", *templates.library(), "-I.", "-CFLAGS", "-O0", "--x-assign", "unique",
                                    "--x-initial", "unique", os.path.join(HERE, "core_toy_dp.v"), os.path.join(HERE, "core_tb.v")],
                                   cwd=folder)
        assert code == 0, text
        for source, sink in ((0, 0), (1, 1), (2, 2), (0, 2)):
            code, text = templates.run(["obj_dir/Vcore_tb", f"+source={source}", f"+sink={sink}", f"+seed={rng.randint(1, 10 ** 6)}",
                                        f"+verilator+seed+{rng.randint(1, 10 ** 6)}", "+verilator+rand+reset+2"], cwd=folder)
            assert code == 0 and "PASS" in text and "FAIL" not in text, f"source {source} sink {sink}: {text[-600:]}"
    return len(core.want), core.bursts


def complete(p):
    p = dict(ACCS=1, MODEL_W=2, CONVS=0, CY=0, CX=0, CC=0, STATE_W=16, PARAM_W=11, ACC_W=16, WEIGHT_W=6, XB=1, YB=2, QUEUE=8, GROUPS=4, PARAMS=6, ROUTES=3,
             DP_LATENCY=3) | p
    coordinates = clog2(p["CONVS"]) + p["CY"] + p["CX"] + p["CC"]
    p["ADDR_W"] = 1 + max(clog2(p["AXONS"]), coordinates) if p["CONVS"] else clog2(p["AXONS"])
    p["DATA_W"] = max(26, p["ADDR_W"] + p["PAYLOAD_W"])
    return p


def sets(count, rng):
    for lanes, neurons, synapses, payload, sparse, convs, cy, cx, cc in ((1, 60, 200, 1, 0, 4, 3, 3, 2), (4, 160, 300, 1, 1, 3, 4, 5, 3),
                                                                        (2, 90, 128, 8, 0, 1, 3, 2, 1)):
        yield complete(dict(LANES=lanes, NEURONS=neurons, AXONS=20, SYNAPSES=synapses, MODEL_W=3, SPARSE=sparse, PAYLOAD_W=payload, DELAYS=2, CONVS=convs,
                            GROUPS=8, ROUTES=8, CY=cy, CX=cx, CC=cc))
    for lanes, neurons, axons, synapses, sparse, payload, delays, accs in (
            (1, 16, 20, 64, 0, 1, 1, 1), (4, 32, 16, 50, 0, 1, 4, 1), (8, 64, 33, 80, 0, 1, 1, 1), (1, 9, 20, 64, 1, 1, 4, 2), (4, 20, 13, 40, 1, 8, 4, 2),
            (1, 12, 16, 33, 0, 8, 1, 1), (8, 64, 16, 40, 1, 1, 4, 1), (1, 1, 1, 1, 0, 1, 2, 1)):
        yield complete(dict(LANES=lanes, ACCS=accs, NEURONS=neurons, AXONS=axons, SYNAPSES=synapses, SPARSE=sparse, PAYLOAD_W=payload,
                            DELAYS=delays))
    for _ in range(count):
        lanes = rng.randint(1, 9)
        conv = dict(CONVS=rng.randint(1, 5), CY=rng.randint(1, 5), CX=rng.randint(1, 5), CC=rng.randint(1, 4)) if rng.randint(0, 1) else {}
        yield complete(dict(LANES=lanes, ACCS=rng.choice([1, 1, 2]), NEURONS=lanes * rng.randint(1, 20), AXONS=rng.randint(1, 70), SYNAPSES=rng.randint(1, 200),
                            SPARSE=rng.randint(0, 1), PAYLOAD_W=rng.choice([1, 1, 2, 5, 20]), DELAYS=rng.choice([1, 2, 4, 8]),
                            WEIGHT_W=rng.randint(2, 9), ACC_W=rng.randint(8, 24), STATE_W=rng.randint(9, 40), PARAM_W=rng.randint(11, 20),
                            XB=rng.randint(1, 3), YB=rng.randint(1, 3), QUEUE=rng.choice([2, 4, 16]), GROUPS=rng.randint(1, 6),
                            PARAMS=rng.randint(1, 20), MODEL_W=rng.choice([1, 2, 3]), ROUTES=rng.randint(1, 5), DP_LATENCY=rng.randint(0, 5), **conv))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    done = flits = bursts = 0
    for p in sets(count, rng):
        try:
            more, burst = simulate(p, rng)
        except AssertionError as e:
            sys.exit(f"FAIL nh_neuron_core {p}\n{e}")
        done, flits, bursts = done + 1, flits + more, bursts + burst
    print(f"nh_neuron_core: {done} parameter sets, {flits} flits each under four kinds of stalls, {bursts} convolutions at a word per cycle: as the model")
    if not bursts:
        sys.exit("FAIL nh_neuron_core: no convolution whose words could be timed")


if __name__ == "__main__":
    main()
