"""nh_conv_mac against a plain convolution in Python: values under stalls, latency and rate as the header says.
Usage: conv_mac_bench.py [number of random parameter sets] [seed]"""
import random
import sys

import bench
import reference

KEYS = ("C_IN H_IN W_IN C_OUT H_OUT W_OUT KH KW STRIDE_H STRIDE_W PAD_H PAD_W DILATION_H DILATION_W GROUPS DEPTHWISE IN_LANES OUT_LANES "
        "X_W X_SIGNED W_W W_SIGNED ACC_W ACC_SIGNED EXACT PROD_SHIFT ROUND OVERFLOW ONES ROWS WEIGHT_BLOCK INPUT_BLOCK").split()
PLAIN = dict(zip(KEYS, [1, 4, 4, 1, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 8, 1, 8, 1, 24, 1, 1, 0, 0, 0, 0, 8, 1, 1]), WEIGHT_FILE="w.mem",
             BIAS_FILE="b.mem")


def corners():
    """One word; strides, dilation, padding on all sides; groups, depthwise; one row; spikes; wrapping sums; more to load than to do."""
    for more in (
            dict(H_IN=1, W_IN=1, H_OUT=1, W_OUT=1, KH=1, KW=1),
            dict(C_IN=2, C_OUT=2, H_IN=1, W_IN=1, H_OUT=1, W_OUT=1, KH=1, KW=1),
            dict(H_IN=7, W_IN=6, KH=3, KW=3, H_OUT=3, W_OUT=3, STRIDE_H=2, STRIDE_W=2, PAD_H=0, PAD_W=1),
            dict(H_IN=5, W_IN=5, KH=3, KW=3, H_OUT=5, W_OUT=5, PAD_H=2, PAD_W=2, DILATION_H=2, DILATION_W=2, C_IN=2, C_OUT=3, IN_LANES=2),
            dict(C_IN=12, C_OUT=4, GROUPS=2, IN_LANES=3, OUT_LANES=1, KH=2, KW=3, W_OUT=4, PAD_W=1),
            dict(C_IN=4, C_OUT=6, GROUPS=2, IN_LANES=1, OUT_LANES=3),
            dict(C_IN=3, C_OUT=3, GROUPS=3, IN_LANES=1, OUT_LANES=1, X_W=1, X_SIGNED=0),
            dict(C_IN=6, C_OUT=6, GROUPS=6, DEPTHWISE=1, IN_LANES=3, OUT_LANES=3, STRIDE_H=2, STRIDE_W=2, H_OUT=2, W_OUT=2),
            dict(C_IN=4, C_OUT=4, GROUPS=4, DEPTHWISE=1, IN_LANES=1, OUT_LANES=1, X_W=1, X_SIGNED=0, W_W=1, W_SIGNED=0, ACC_W=2),
            dict(C_IN=5, C_OUT=5, GROUPS=5, DEPTHWISE=1, IN_LANES=5, OUT_LANES=5, KH=3, KW=3, PAD_H=1, PAD_W=1, H_OUT=4, W_OUT=4),
            dict(C_IN=4, H_IN=1, W_IN=11, C_OUT=3, H_OUT=1, W_OUT=4, KH=1, KW=5, STRIDE_W=3, PAD_W=2, IN_LANES=4, OUT_LANES=3),
            dict(C_IN=2, H_IN=9, W_IN=1, C_OUT=2, H_OUT=5, W_OUT=1, KH=3, KW=1, STRIDE_H=2, PAD_H=1, X_W=1, X_SIGNED=0),
            dict(C_IN=2, C_OUT=4, H_IN=6, W_IN=6, H_OUT=3, W_OUT=3, KH=3, KW=3, STRIDE_H=2, STRIDE_W=2, PAD_H=1, PAD_W=1,
                 IN_LANES=2, OUT_LANES=2, X_W=1, X_SIGNED=0, W_W=6, ACC_W=6),
            dict(H_IN=2, W_IN=2, H_OUT=6, W_OUT=6, KH=1, KW=1, PAD_H=2, PAD_W=2),  # windows that see padding only
            dict(H_IN=6, W_IN=6, H_OUT=1, W_OUT=1, KH=2, KW=1),  # loads longer than it computes
            dict(C_IN=2, IN_LANES=2, ACC_W=9, EXACT=0, PROD_SHIFT=3, ROUND=6, OVERFLOW=1, PAD_H=1, PAD_W=1),
            dict(C_IN=2, C_OUT=2, GROUPS=2, DEPTHWISE=1, ACC_W=7, ACC_SIGNED=0, EXACT=0, PROD_SHIFT=2, ROUND=4, OVERFLOW=0),
            dict(H_IN=7, H_OUT=2, ROWS=3),  # rows that no window sees
            dict(H_IN=7, H_OUT=2, STRIDE_H=4, KH=2, ROWS=2),
            dict(H_IN=5, H_OUT=4, ROWS=2),
            dict(C_IN=4, C_OUT=4, GROUPS=4, DEPTHWISE=1, IN_LANES=2, OUT_LANES=2, W_W=1, W_SIGNED=0, ONES=1),
            dict(X_W=1, X_SIGNED=1, W_W=1, W_SIGNED=1, C_IN=3, IN_LANES=3)):
        p = dict(PLAIN, **more)
        yield p if "ROWS" in more else dict(p, ROWS=2 * p["H_IN"])


def seen(p):
    """Rows of the frame that a window sees at most."""
    return min((p["KH"] - 1) * p["DILATION_H"] + 1, p["H_IN"])


def extent(rng, size):
    """(kernel, stride, pad, dilation, outputs) of one direction."""
    k, dilation, stride, pad = rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 3), rng.randint(0, 2)
    most = (size + 2 * pad - dilation * (k - 1) - 1) // stride + 1
    return k, stride, pad, dilation, max(1, most + rng.choice([0, 0, 0, -1, 1]))


def divisor(rng, n):
    return rng.choice([d for d in range(1, n + 1) if n % d == 0])


def parameters(rng):
    h, w = rng.randint(1, 6), rng.randint(1, 6)
    kh, sh, ph, dh, ho = extent(rng, h)
    kw, sw, pw, dw, wo = extent(rng, w)
    depthwise = int(rng.random() < 0.3)
    if depthwise:
        groups = c_in = c_out = rng.randint(1, 6)
        il = ol = divisor(rng, groups)
    else:
        groups, a, b = rng.choice([1, 1, 2, 3]), rng.randint(1, 4), rng.randint(1, 4)
        c_in, c_out, il, ol = groups * a, groups * b, divisor(rng, a), divisor(rng, b)
    x_w = rng.choice([1, 1, rng.randint(1, 8)])
    ones = int(depthwise and rng.random() < 0.3)
    cast = [1, 1, 0, 0, 0] if rng.random() < 0.7 else [rng.randint(0, 1), 0, rng.randint(-3, 9), rng.randint(0, 6), rng.randint(0, 3)]
    rows = rng.randint(min((kh - 1) * dh + 1, h), 2 * h)
    values = [c_in, h, w, c_out, ho, wo, kh, kw, sh, sw, ph, pw, dh, dw, groups, depthwise, il, ol, x_w, rng.randint(0, 1),
              1 if ones else rng.randint(1, 8), 0 if ones else rng.randint(0, 1), rng.randint(1, 24), *cast, ones, rows, rng.randint(0, 1),
              rng.randint(0, 1)]
    return dict(PLAIN, **dict(zip(KEYS, values)))


def convolution(p, x, w, b):
    """y[oy][ox][o] of x[iy][ix][c], w[o][c of its group][ky][kx]."""
    a, n = p["C_IN"] // p["GROUPS"], p["C_OUT"] // p["GROUPS"]
    y = []
    for oy in range(p["H_OUT"]):
        for ox in range(p["W_OUT"]):
            for o in range(p["C_OUT"]):
                xs, ws = [], []
                for ky in range(p["KH"]):
                    for kx in range(p["KW"]):
                        iy = oy * p["STRIDE_H"] - p["PAD_H"] + ky * p["DILATION_H"]
                        ix = ox * p["STRIDE_W"] - p["PAD_W"] + kx * p["DILATION_W"]
                        if 0 <= iy < p["H_IN"] and 0 <= ix < p["W_IN"]:
                            xs += [x[iy][ix][o // n * a + c] for c in range(a)]
                            ws += [w[o][c][ky][kx] for c in range(a)]
                y += reference.dense(xs, [ws], [b[o]], p)
    return y


def some(rng, width, signed):
    low, high = reference.limits(width, signed)
    return rng.choice([low, high, rng.randint(low, high), rng.randint(low, high)])


def weight_words(p, w):
    il, ol, a = p["IN_LANES"], p["OUT_LANES"], p["C_IN"] // p["GROUPS"]
    for og in range(p["C_OUT"] // ol):
        for ky in range(p["KH"]):
            for kx in range(p["KW"]):
                for j in range(1 if p["DEPTHWISE"] else a // il):
                    lanes = [0] if p["DEPTHWISE"] else range(j * il, (j + 1) * il)
                    yield bench.pack([w[og * ol + o][c][ky][kx] for o in range(ol) for c in lanes], p["W_W"])


def case(p, rng):
    il, ol, a = p["IN_LANES"], p["OUT_LANES"], p["C_IN"] // p["GROUPS"]
    weight = lambda: 1 if p["ONES"] else some(rng, p["W_W"], p["W_SIGNED"])
    w = [[[[weight() for _ in range(p["KW"])] for _ in range(p["KH"])] for _ in range(a)] for _ in range(p["C_OUT"])]
    b = [reference.fitted(some(rng, min(p["ACC_W"], 10), p["ACC_SIGNED"]), p["ACC_W"], p["ACC_SIGNED"], 3 if p["EXACT"] else p["OVERFLOW"])
         for _ in range(p["C_OUT"])]
    s, m = [], []
    for _ in range(4):
        x = [[[some(rng, p["X_W"], p["X_SIGNED"]) for _ in range(p["C_IN"])] for _ in range(p["W_IN"])] for _ in range(p["H_IN"])]
        flat = [v for row in x for pixel in row for v in pixel]
        y = convolution(p, x, w, b)
        s += [bench.pack(flat[k:k + il], p["X_W"]) for k in range(0, len(flat), il)]
        m += [bench.pack(y[k:k + ol], p["ACC_W"]) for k in range(0, len(y), ol)]
    words = list(weight_words(p, w))
    mems = [("w.mem", words, ol * (1 if p["DEPTHWISE"] else il) * p["W_W"]),
            ("b.mem", [bench.pack(b[k:k + ol], p["ACC_W"]) for k in range(0, len(b), ol)], ol * p["ACC_W"])]
    body = bench.instance("nh_conv_mac", p) + bench.STREAM
    return bench.Bench(body, il * p["X_W"], ol * p["ACC_W"], s, m, mems, patience=600 + 2 * len(words) * p["H_OUT"] * p["W_OUT"])


def schedule(p, frames):
    """(cycles of s transfers, cycles of m transfers), nothing stalled: the rows of the header of nh_window, one after the other."""
    row = p["W_IN"] * p["C_IN"] // p["IN_LANES"]
    window = p["KH"] * p["KW"] * (1 if p["DEPTHWISE"] else p["C_IN"] // p["GROUPS"] // p["IN_LANES"])
    groups, tree = p["C_OUT"] // p["OUT_LANES"], 1 if not p["EXACT"] else 0 if p["DEPTHWISE"] else (p["IN_LANES"] - 1).bit_length()
    span, h = (p["KH"] - 1) * p["DILATION_H"] + 1, p["H_IN"]
    clamp = lambda y: min(max(y, 0), h)
    s, m, complete, freed = [], [], [], []

    def write(until):
        """Rows are written while there is room; False: the ring is full before row `until`."""
        while len(complete) <= until:
            k = len(complete)
            if k >= p["ROWS"] and k - p["ROWS"] >= len(freed):
                return False
            begin = max(s[-1] + 1 if s else 0, freed[k - p["ROWS"]] + 1 if k >= p["ROWS"] else 0)
            s.extend(range(begin, begin + row))
            complete.append(s[-1])
        return True

    issued = -1
    for f in range(frames):
        for oy in range(p["H_OUT"]):
            top = oy * p["STRIDE_H"] - p["PAD_H"]
            need = f * h + max(clamp(top + span), clamp(top) + 1 if top < 0 else 0) - 1
            begin = issued + 1
            if clamp(top) < h:
                assert write(need)
                begin = max(begin, complete[need] + 1)
            if freed:
                begin = max(begin, freed[-1] + 1)
            for _ in range(p["W_OUT"] * groups):
                m.append(begin + window - 1 + 3 + tree)
                begin += window
            issued = begin - 1
            last = oy == p["H_OUT"] - 1
            for k in range(f * h + clamp(top), f * h + (h if last else clamp(top + p["STRIDE_H"]))):
                assert write(k)
                freed.append(max(issued, complete[k] + 1))
    return s, m


def check(p, rng, modes):
    with case(p, rng) as b:
        s, m = b.cycles()
        want_s, want_m = schedule(p, 4)
        assert [k - s[0] for k in s] == want_s, f"inputs are taken at {[k - s[0] for k in s]}, not {want_s}"
        assert [k - s[0] for k in m] == want_m, f"outputs come at {[k - s[0] for k in m]}, not {want_m}"
        if p["ROWS"] == 2 * p["H_IN"]:
            per, groups, frame = len(m) // 4, p["C_OUT"] // p["OUT_LANES"], len(s) // 4
            window = p["KH"] * p["KW"] * (1 if p["DEPTHWISE"] else p["C_IN"] // p["GROUPS"] // p["IN_LANES"])
            cycles = max(p["H_OUT"] * p["W_OUT"] * groups * window, frame)
            assert m[4 * per - 1] - m[3 * per - 1] == cycles, f"a frame every {m[4 * per - 1] - m[3 * per - 1]} cycles, not {cycles}"
        b.stalls(rng.randint(1, 10 ** 6), modes)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    sets = [(p, bench.MODES) for p in corners()] + [(parameters(rng), [(1, 1), (2, 2)]) for _ in range(count)]
    for p, modes in sets:
        try:
            check(p, rng, modes)
        except AssertionError as e:
            sys.exit(f"FAIL nh_conv_mac {p}\n{e}")
    print(f"nh_conv_mac: {len(sets)} parameter sets, values under stalls, latency and rate: as stated")


if __name__ == "__main__":
    main()
