"""nh_pool_max against a plain maximum in Python: values under stalls, latency and rate as the header says.
Usage: pool_max_bench.py [number of random parameter sets] [seed]"""
import random
import sys

import bench
import conv_mac_bench as conv

KEYS = "C H_IN W_IN H_OUT W_OUT KH KW STRIDE_H STRIDE_W PAD_H PAD_W DILATION_H DILATION_W LANES X_W X_SIGNED ROWS BLOCK".split()
PLAIN = dict(zip(KEYS, [1, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, 1, 1, 1, 8, 1, 8, 1]))


def corners():
    for more in (dict(H_IN=1, W_IN=1, H_OUT=1, W_OUT=1, KH=1, KW=1, ROWS=2), dict(C=6, LANES=3, X_SIGNED=0),
                 dict(C=2, KH=3, KW=3, PAD_H=1, PAD_W=1, ROWS=4), dict(X_W=1, X_SIGNED=0), dict(X_W=1, X_SIGNED=1),
                 dict(H_IN=7, H_OUT=2, STRIDE_H=4, ROWS=2), dict(H_IN=2, W_IN=2, H_OUT=4, W_OUT=4, KH=1, KW=1, PAD_H=1, PAD_W=1)):
        yield dict(PLAIN, **more)


def parameters(rng):
    h, w = rng.randint(1, 6), rng.randint(1, 6)
    kh, sh, ph, dh, ho = conv.extent(rng, h)
    kw, sw, pw, dw, wo = conv.extent(rng, w)
    c = rng.randint(1, 6)
    rows = rng.randint(min((kh - 1) * dh + 1, h), 2 * h)
    return dict(zip(KEYS, [c, h, w, ho, wo, kh, kw, sh, sw, ph, pw, dh, dw, conv.divisor(rng, c), rng.randint(1, 8), rng.randint(0, 1), rows,
                           rng.randint(0, 1)]))


def maxima(p, x):
    low = -(1 << (p["X_W"] - 1)) if p["X_SIGNED"] else 0
    y = []
    for oy in range(p["H_OUT"]):
        for ox in range(p["W_OUT"]):
            for c in range(p["C"]):
                taps = [low]
                for ky in range(p["KH"]):
                    for kx in range(p["KW"]):
                        iy = oy * p["STRIDE_H"] - p["PAD_H"] + ky * p["DILATION_H"]
                        ix = ox * p["STRIDE_W"] - p["PAD_W"] + kx * p["DILATION_W"]
                        if 0 <= iy < p["H_IN"] and 0 <= ix < p["W_IN"]:
                            taps.append(x[iy][ix][c])
                y.append(max(taps))
    return y


def check(p, rng, modes):
    lanes = p["LANES"]
    s, m = [], []
    for _ in range(4):
        x = [[[conv.some(rng, p["X_W"], p["X_SIGNED"]) for _ in range(p["C"])] for _ in range(p["W_IN"])] for _ in range(p["H_IN"])]
        flat, y = [v for row in x for pixel in row for v in pixel], maxima(p, x)
        s += [bench.pack(flat[k:k + lanes], p["X_W"]) for k in range(0, len(flat), lanes)]
        m += [bench.pack(y[k:k + lanes], p["X_W"]) for k in range(0, len(y), lanes)]
    body = bench.instance("nh_pool_max", p) + bench.STREAM
    # The same ring of rows as that of a depthwise convolution, a cycle faster behind it.
    as_conv = dict(p, C_IN=p["C"], C_OUT=p["C"], GROUPS=p["C"], IN_LANES=lanes, OUT_LANES=lanes, DEPTHWISE=1, EXACT=1)
    want_s, want_m = conv.schedule(as_conv, 4)
    with bench.Bench(body, lanes * p["X_W"], lanes * p["X_W"], s, m, patience=600 + 2 * len(want_m) * p["KH"] * p["KW"]) as b:
        got_s, got_m = b.cycles()
        assert [k - got_s[0] for k in got_s] == want_s, f"inputs are taken at {got_s}, not {want_s}"
        assert [k - got_s[0] for k in got_m] == [k - 1 for k in want_m], f"outputs come at {got_m}, not {want_m} less 1"
        b.stalls(rng.randint(1, 10 ** 6), modes)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    sets = [(p, bench.MODES) for p in corners()] + [(parameters(rng), [(1, 1), (2, 2)]) for _ in range(count)]
    for p, modes in sets:
        try:
            check(p, rng, modes)
        except AssertionError as e:
            sys.exit(f"FAIL nh_pool_max {p}\n{e}")
    print(f"nh_pool_max: {len(sets)} parameter sets, values under stalls, latency and rate: as stated")


if __name__ == "__main__":
    main()
