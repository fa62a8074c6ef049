"""nh_step_delay against Python: alone (latency, rate), shut until it is full (room), beside its own input, and closing a loop
z(t) = x(t) + z(t - delay), all under stalls. Usage: step_delay_bench.py [number of random parameter sets] [seed]"""
import random
import sys

import bench

SAMPLES = 3


def delays(p, rng):
    """Of every element of a frame."""
    count = p["WORDS"] * p["LANES"]
    if p["UNIFORM"]:
        return [p["MOST"]] * count
    return [rng.choice([p["LEAST"], p["MOST"], rng.randint(p["LEAST"], p["MOST"])]) for _ in range(count)]


def late(p, d, frames):
    """y of the frames x of whole samples."""
    y = []
    for t in range(len(frames)):
        y.append([frames[t - d[e]][e] if t % p["STEPS"] >= d[e] else 0 for e in range(len(d))])
    return y


def loop(p, d, frames):
    z = []
    for t, x in enumerate(frames):
        z.append([(x[e] + (z[t - d[e]][e] if t % p["STEPS"] >= d[e] else 0)) % 2 ** p["ELEM_W"] for e in range(len(d))])
    return z


def words(p, frames):
    n = p["LANES"]
    return [bench.pack(f[k:k + n], p["ELEM_W"]) for f in frames for k in range(0, len(f), n)]


def room(p):
    keep = min(p["MOST"], p["STEPS"] - 1) + (2 if p["WORDS"] > 1 else 4)
    return (keep if p["UNIFORM"] else 1 << (keep - 1).bit_length()) * p["WORDS"]


def unit(p, s, m):
    """An instance between streams of these prefixes."""
    return bench.instance("nh_step_delay", p) + (
        f" (.clk(clk), .rst(rst), .s_valid({s}_valid), .s_ready({s}_ready), .s_data({s}_data), .m_valid({m}_valid), .m_ready({m}_ready),"
        f" .m_data({m}_data));\n")


def stream(name, width, n=1):
    return f"wire [{n - 1}:0] {name}_valid, {name}_ready; wire [{width - 1}:0] {name}_data;\n"


def shut_body(p):
    """The sink gets nothing before the delay is full."""
    width = p["LANES"] * p["ELEM_W"]
    return (stream("d", width) + f"reg [31:0] n; wire open = n >= {room(p)};\n"
            "always @(posedge clk) n <= rst ? 0 : n + (s_valid & s_ready);\n"
            "assign m_valid = d_valid & open, d_ready = m_ready & open, m_data = d_data;\n" + unit(p, "s", "d"))


def beside_body(p):
    """{y, x} of the same word."""
    width = p["LANES"] * p["ELEM_W"]
    return (stream("f", width, 2) + stream("k", width) + stream("d", width)
            + f"assign m_data = {{d_data, k_data}};\nwire [{width - 1}:0] a_data = f_data; wire a_valid = f_valid[0]; wire a_ready;\n"
            f"nh_fork #(.WIDTH({width}), .N(2)) u_fork (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),"
            " .m_valid(f_valid), .m_ready(f_ready), .m_data(f_data));\nassign f_ready[0] = a_ready;\n"
            f"nh_skid #(.WIDTH({width})) u_skid (.clk(clk), .rst(rst), .s_valid(f_valid[1]), .s_ready(f_ready[1]), .s_data(f_data),"
            " .m_valid(k_valid), .m_ready(k_ready), .m_data(k_data));\n"
            "nh_join #(.N(2)) u_join (.s_valid({d_valid, k_valid}), .s_ready({d_ready, k_ready}), .m_valid(m_valid), .m_ready(m_ready));\n"
            + unit(p, "a", "d"))


def loop_body(p):
    """z = x + y leaves and enters the delay."""
    width, e = p["LANES"] * p["ELEM_W"], p["ELEM_W"]
    text = stream("d", width) + stream("f", width, 2) + stream("z", width)
    text += f"wire [{width - 1}:0] a_data = f_data; wire a_valid = f_valid[0]; wire a_ready;\n"
    for k in range(p["LANES"]):
        text += f"assign z_data[{k * e} +: {e}] = s_data[{k * e} +: {e}] + d_data[{k * e} +: {e}];\n"
    text += "nh_join #(.N(2)) u_join (.s_valid({d_valid, s_valid}), .s_ready({d_ready, s_ready}), .m_valid(z_valid), .m_ready(z_ready));\n"
    text += (f"nh_fork #(.WIDTH({width}), .N(2)) u_fork (.clk(clk), .rst(rst), .s_valid(z_valid), .s_ready(z_ready), .s_data(z_data),"
             " .m_valid(f_valid), .m_ready(f_ready), .m_data(f_data));\nassign f_ready = {m_ready, a_ready}, m_valid = f_valid[1],"
             " m_data = f_data;\n")
    return text + unit(p, "a", "d")


def timing(p, b):
    """Alone: word w of step t-LEAST to word w of step t, and the rate from there on."""
    s, m = b.cycles()
    first = p["LEAST"] * p["WORDS"]
    if p["LEAST"] == 0:
        assert m[0] - s[0] == 4, f"latency {m[0] - s[0]}, not 4"
    gaps = {c - a for a, c in zip(m[first:], m[first + 1:])}
    assert gaps <= {1}, f"words {gaps} cycles apart, not 1"
    waits = min(a - c for a, c in zip(m[first:], s))
    assert waits >= 4 or p["LEAST"] >= 1, f"a word after {waits} cycles"


def check(p, rng):
    d = delays(p, rng)
    frames = [[rng.getrandbits(p["ELEM_W"]) for _ in d] for _ in range(p["STEPS"] * SAMPLES)]
    while len(frames) * p["WORDS"] < room(p) + 4:
        frames += [[rng.getrandbits(p["ELEM_W"]) for _ in d] for _ in range(p["STEPS"])]
    width = p["LANES"] * p["ELEM_W"]
    rom = [bench.pack(d[k:k + p["LANES"]], max(1, p["MOST"].bit_length())) for k in range(0, len(d), p["LANES"])]
    mems = [("d.mem", rom, max(1, p["MOST"].bit_length()) * p["LANES"])]
    x, y = words(p, frames), words(p, late(p, d, frames))
    modes = [(1, 1), (2, 2), (0, 1), (1, 0)]
    if p["LEAST"] < p["STEPS"]:  # else its zeros never end
        ahead = y + [0] * (p["LEAST"] * p["WORDS"])  # of the sample that does not come
        for body in (bench.instance("nh_step_delay", p) + bench.STREAM, shut_body(p)):
            with bench.Bench(body, width, width, x, ahead, mems, patience=300) as b:
                if body.startswith("nh_step_delay"):
                    timing(p, b)
                b.stalls(rng.randint(1, 10 ** 6), modes)
    with bench.Bench(beside_body(p), width, 2 * width, x, [a | c << width for a, c in zip(x, y)], mems, patience=300) as b:
        b.stalls(rng.randint(1, 10 ** 6), modes)
    if p["LEAST"] >= 1:
        with bench.Bench(loop_body(p), width, width, x, words(p, loop(p, d, frames)), mems, patience=300) as b:
            b.stalls(rng.randint(1, 10 ** 6), modes)


def sets(count, rng):
    for lanes, w, steps, most, least, uniform in (
            (1, 1, 1, 0, 0, 1), (1, 1, 4, 1, 1, 1), (2, 3, 5, 0, 0, 1), (1, 4, 6, 3, 3, 1), (2, 2, 3, 5, 5, 1), (3, 2, 7, 2, 0, 0),
            (1, 1, 5, 3, 1, 0), (2, 3, 4, 7, 0, 0), (2, 2, 4, 6, 3, 0), (1, 5, 1, 2, 0, 0), (2, 1, 9, 4, 2, 0), (1, 2, 2, 1, 1, 0),
            (1, 3, 5, 0, 0, 0), (2, 2, 4, 6, 4, 0), (1, 7, 12, 9, 1, 0), (2, 1, 7, 3, 0, 0), (1, 2, 5, 1, 0, 0)):
        yield dict(ELEM_W=rng.choice([1, 4]) if w > 2 else 5, LANES=lanes, WORDS=w, STEPS=steps, MOST=most, LEAST=least, UNIFORM=uniform,
                   BLOCK=rng.randint(0, 1), FILE="d.mem")
    for _ in range(count):
        least = rng.choice([0, 0, 1, 1, 2, rng.randint(0, 8)])
        uniform = rng.randint(0, 1)
        yield dict(ELEM_W=rng.randint(1, 6), LANES=rng.randint(1, 4), WORDS=rng.randint(1, 7), STEPS=rng.randint(1, 10),
                   MOST=least + (0 if uniform else rng.randint(0, 6)), LEAST=least, UNIFORM=uniform, BLOCK=rng.randint(0, 1), FILE="d.mem")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    done = 0
    for p in sets(count, rng):
        try:
            check(p, rng)
        except AssertionError as e:
            sys.exit(f"FAIL nh_step_delay {p}\n{e}")
        done += 1
    print(f"nh_step_delay: {done} parameter sets alone, full, beside its input and in a loop, under stalls: as stated")


if __name__ == "__main__":
    main()
