"""nh_neuron_state in a loop with a little neuron (next state = 3*state + data + 1) of several latencies, against Python: values under
stalls, latency 1, one word per cycle where WORDS allow it, else one step per turn of the loop. Usage: neuron_state_bench.py [seed]"""
import random
import sys

import bench

SAMPLES = 3
DATA_W, STATE_W = 5, 9


def expected(p, data):
    """{next state, state, data} of every word."""
    state, out = [0] * p["WORDS"], []
    for k, x in enumerate(data):
        w, t = k % p["WORDS"], k // p["WORDS"] % p["STEPS"]
        if t == 0 or (p["RESET_PERIOD"] and t % p["RESET_PERIOD"] == p["RESET_PHASE"]):
            state[w] = 0
        after = (3 * state[w] + x + 1) % 2 ** STATE_W
        out.append(x | state[w] << DATA_W | after << (DATA_W + STATE_W))
        state[w] = after
    return out


def body(p, depth):
    """The neuron is a pipeline of depth stages (0 = wires): its word is taken when the sink takes it."""
    all_w = DATA_W + 2 * STATE_W
    text = (f"wire v, r, en; wire [{DATA_W - 1}:0] d; wire [{STATE_W - 1}:0] st; wire [{STATE_W - 1}:0] nx = 3 * st + d + 1;\n"
            f"wire [{all_w - 1}:0] d0 = {{nx, st, d}}; assign m_data = d{depth};\n")
    for k in range(depth):
        text += f"wire [{all_w - 1}:0] d{k + 1}; nh_reg #(.WIDTH({all_w})) u_reg{k} (.clk(clk), .en(en), .d(d{k}), .q(d{k + 1}));\n"
    text += (f"nh_pipe #(.DEPTH({depth})) u_pipe (.clk(clk), .rst(rst), .s_valid(v), .s_ready(r), .en(en), .m_valid(m_valid),"
             " .m_ready(m_ready));\n")
    return text + bench.instance("nh_neuron_state", p) + (
        " (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data), .m_valid(v), .m_ready(r), .m_data(d),"
        f" .m_state(st), .n_take(m_valid & m_ready), .n_state(m_data[{all_w - 1}:{DATA_W + STATE_W}]));")


def check(p, depth, rng):
    data = [rng.getrandbits(DATA_W) for _ in range(max(40, p["WORDS"] * p["STEPS"] * SAMPLES))]
    with bench.Bench(body(p, depth), DATA_W, DATA_W + 2 * STATE_W, data, expected(p, data), patience=300) as b:
        s, m = b.cycles()
        assert m[0] - s[0] == 1 + depth, f"latency {m[0] - s[0]}, not {1 + depth}"
        turn = 2 + depth  # from s to s of the same word: to n_take, and one cycle more
        words = p["WORDS"]
        if words >= turn:
            assert {b - a for a, b in zip(m, m[1:])} == {1}, "not one word per cycle"
        else:
            assert {b - a for a, b in zip(m, m[words:])} == {turn}, f"a step does not take {turn} cycles"
        b.stalls(rng.randint(1, 10 ** 6))


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    sets = [(1, 1, 0, 0, 0), (1, 4, 0, 0, 0), (1, 4, 0, 0, 3), (1, 7, 3, 1, 2), (2, 5, 1, 0, 0), (2, 7, 3, 2, 1), (3, 1, 0, 0, 2),
            (3, 6, 2, 0, 5), (4, 5, 4, 3, 2), (5, 9, 4, 1, 3), (5, 3, 8, 1, 0), (8, 6, 5, 0, 4), (5, 10, 5, 0, 9)]
    for words, steps, period, phase, depth in sets:
        p = dict(DATA_W=DATA_W, STATE_W=STATE_W, WORDS=words, STEPS=steps, RESET_PERIOD=period, RESET_PHASE=phase, BLOCK=rng.randint(0, 1))
        try:
            check(p, depth, rng)
        except AssertionError as e:
            sys.exit(f"FAIL nh_neuron_state {p}, neuron of {depth} stages\n{e}")
    print(f"nh_neuron_state: {len(sets)} parameter sets, values under stalls, latency and rate: as stated")


if __name__ == "__main__":
    main()
