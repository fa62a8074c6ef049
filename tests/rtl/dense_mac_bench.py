"""nh_dense_mac against exact rationals: values under stalls, II = REUSE exactly, latency as the header says.
Usage: dense_mac_bench.py [number of random parameter sets] [seed]"""
import math
import random
import sys

import bench
import reference

VECTORS = 6


def parameters(rng):
    n_in, n_out = rng.randint(1, 12), rng.randint(1, 12)
    in_lanes, out_lanes = rng.randint(1, n_in), rng.randint(1, n_out)
    exact = rng.random() < 0.6
    if not exact and rng.random() < 0.5:
        in_lanes = 1
    steps = -(-n_in // in_lanes) * -(-n_out // out_lanes)
    p = dict(N_IN=n_in, N_OUT=n_out, IN_LANES=in_lanes, OUT_LANES=out_lanes, REUSE=steps + rng.choice([0, 0, 1, 2, rng.randint(0, 40)]),
             X_W=rng.randint(1, 9), X_SIGNED=rng.randint(0, 1), W_W=rng.randint(1, 9), W_SIGNED=rng.randint(0, 1))
    if exact:
        bound = n_in * 2 ** (p["X_W"] + p["W_W"]) + 200
        p.update(ACC_W=bound.bit_length() + 1 + rng.randint(0, 3), ACC_SIGNED=1, EXACT=1, PROD_SHIFT=0, ROUND=0, OVERFLOW=0)
    else:
        p.update(ACC_W=rng.randint(1, 12), ACC_SIGNED=rng.randint(0, 1), EXACT=0, PROD_SHIFT=rng.randint(-3, 14),
                 ROUND=rng.randint(0, 6), OVERFLOW=rng.randint(0, 3))
    p.update(WEIGHT_BLOCK=rng.randint(0, 1), INPUT_BLOCK=rng.randint(0, 1), WEIGHT_FILE="w.mem", BIAS_FILE="b.mem")
    return p


def corners():
    """Sets that a random draw may miss: one word, one group, R = 1, R = J*G, the two words of J = 1; sums that overflow."""
    small = dict(X_W=8, X_SIGNED=1, W_W=8, W_SIGNED=1, ACC_W=24, ACC_SIGNED=1, EXACT=1, PROD_SHIFT=0, ROUND=0, OVERFLOW=0,
                 WEIGHT_BLOCK=1, INPUT_BLOCK=1, WEIGHT_FILE="w.mem", BIAS_FILE="b.mem")
    for n_in, n_out, il, ol, pad in [(1, 1, 1, 1, 0), (1, 1, 1, 1, 3), (3, 2, 3, 2, 0), (3, 2, 3, 2, 1), (4, 2, 4, 1, 0), (4, 5, 4, 1, 0),
                                     (5, 1, 1, 1, 0), (5, 1, 1, 1, 9), (5, 3, 2, 1, 0), (7, 5, 3, 2, 0), (2, 2, 1, 1, 0), (9, 9, 9, 2, 0),
                                     (4, 40, 4, 1, 0)]:
        steps = -(-n_in // il) * -(-n_out // ol)
        yield dict(N_IN=n_in, N_OUT=n_out, IN_LANES=il, OUT_LANES=ol, REUSE=steps + pad, **small)
    for overflow in range(4):
        for signed in (0, 1):
            yield dict(small, N_IN=6, N_OUT=4, IN_LANES=1 + overflow % 2, OUT_LANES=2, REUSE=12, X_W=4, W_W=4, ACC_W=5, ACC_SIGNED=signed,
                       EXACT=0, PROD_SHIFT=2, ROUND=4, OVERFLOW=overflow)


def some(rng, width, signed):
    low, high = reference.limits(width, signed)
    return rng.choice([low, high, 0, rng.randint(low, high), rng.randint(low, high)])


def case(p, rng):
    """(bench, transfers per vector in, out)"""
    il, ol = p["IN_LANES"], p["OUT_LANES"]
    j, g = -(-p["N_IN"] // il), -(-p["N_OUT"] // ol)
    w = [[some(rng, p["W_W"], p["W_SIGNED"]) for _ in range(p["N_IN"])] for _ in range(p["N_OUT"])]
    low, high = (-100, 100) if p["EXACT"] else reference.limits(p["ACC_W"], p["ACC_SIGNED"])
    if p["OVERFLOW"] == 3 and p["ACC_SIGNED"]:
        low = -high
    b = [rng.randint(low, high) for _ in range(p["N_OUT"])]
    weight = lambda o, i: w[o][i] if o < p["N_OUT"] and i < p["N_IN"] else 0
    rom = [bench.pack([weight(gg * ol + o, jj * il + i) for o in range(ol) for i in range(il)], p["W_W"])
           for gg in range(g) for jj in range(j)]
    biases = [bench.pack((b + [0] * ol)[gg * ol:(gg + 1) * ol], p["ACC_W"]) for gg in range(g)]
    s, m = [], []
    for _ in range(VECTORS):
        x = [some(rng, p["X_W"], p["X_SIGNED"]) for _ in range(p["N_IN"])]
        y = reference.dense(x, w, b, p) + [0] * ol
        padded = x + [rng.getrandbits(p["X_W"]) for _ in range(il)]  # unused lanes may carry anything
        s += [bench.pack(padded[k * il:(k + 1) * il], p["X_W"]) for k in range(j)]
        m += [bench.pack(y[k * ol:(k + 1) * ol], p["ACC_W"]) for k in range(g)]
    mems = [("w.mem", rom, il * ol * p["W_W"]), ("b.mem", biases, ol * p["ACC_W"])]
    body = bench.instance("nh_dense_mac", p) + bench.STREAM
    return bench.Bench(body, il * p["X_W"], ol * p["ACC_W"], s, m, mems, patience=300 + 2 * p["REUSE"]), j, g


def intervals(m, g):
    ends = m[g - 1::g]
    return {ends[k + 1] - ends[k] for k in range(len(ends) - 1)}


def check(p, rng):
    unit, j, g = case(p, rng)
    with unit as b:
        s, m = b.cycles()
        tree = math.ceil(math.log2(p["IN_LANES"])) if p["EXACT"] else 1
        first = (j if g == 1 else 2 * j) + 2 + tree
        last = (j if g == 1 else (g + 1) * j) + 2 + tree
        assert m[0] - s[0] == first, f"first output after {m[0] - s[0]} cycles, not {first}"
        assert m[g - 1] - s[0] == last, f"last output after {m[g - 1] - s[0]} cycles, not {last}"
        assert intervals(m, g) == {p["REUSE"]}, f"II {intervals(m, g)}, not {p['REUSE']}"
        gap = p["REUSE"] // j  # a producer that needs all the time there is
        _, m = b.cycles(gap)
        assert intervals(m, g) == {p["REUSE"]}, f"II {intervals(m, g)} with a word every {gap} cycles, not {p['REUSE']}"
        b.stalls(rng.randint(1, 10 ** 6))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    sets = list(corners()) + [parameters(rng) for _ in range(count)]
    for p in sets:
        try:
            check(p, rng)
        except AssertionError as e:
            sys.exit(f"FAIL nh_dense_mac {p}\n{e}")
    print(f"nh_dense_mac: {len(sets)} parameter sets, values under {len(bench.MODES) + 2} ways of stalling, II and latency: as stated")


if __name__ == "__main__":
    main()
