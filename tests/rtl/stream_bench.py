"""The small stream templates against Python, under stalls, with latency and rate: nh_skid nh_fifo nh_pipe nh_beat_rom
nh_axis_in nh_axis_out nh_pins_in nh_pins_out nh_fork nh_join nh_step_count. Usage: stream_bench.py [seed]"""
import random
import sys

import bench
import reference

WORDS = 60


def check(name, p, body, s_w, m_w, s, m, latency, period=1, mems=(), frame_s=1, frame_m=1):
    """latency: cycles from the last s transfer of the first frame to the first m transfer, None: neither it nor the rate is checked;
    period: cycles per frame."""
    with bench.Bench(body, s_w, m_w, s, m, mems, patience=300) as b:
        if latency is None:
            return b.stalls(11)
        ts, tm = b.cycles()
        assert tm[0] - ts[frame_s - 1] == latency, f"latency {tm[0] - ts[frame_s - 1]}, not {latency}"
        starts = tm[::frame_m]
        gaps = {starts[k + 1] - starts[k] for k in range(len(starts) - 1)}
        assert gaps == {period}, f"a frame every {gaps} cycles, not {period}"
        b.stalls(11)


def words(rng, width, count=WORDS):
    return [rng.getrandbits(width) for _ in range(count)]


def skid(rng):
    for width in (1, 8, 33):
        x = words(rng, width)
        yield dict(WIDTH=width), bench.instance("nh_skid", dict(WIDTH=width)) + bench.STREAM, width, width, x, x, 1, {}


def fifo(rng):
    """The level beside each word is compared with transfers in minus transfers out."""
    for depth in (1, 2, 3, 5, 8, 33):
        level_w = depth.bit_length()
        x = words(rng, 8)
        p = dict(WIDTH=8, DEPTH=depth, LEVEL_W=level_w)
        body = (f"wire [{level_w - 1}:0] level; reg [31:0] count = 0; wire [7:0] q; wire ok = level == count;\n"
                "always @(posedge clk) count <= rst ? 0 : count + (s_valid & s_ready) - (m_valid & m_ready);\n"
                "assign m_data = ok ? q : 8'hxx;\n"
                + bench.instance("nh_fifo", p) + bench.STREAM.replace(".m_data(m_data)", ".m_data(q), .level(level)"))
        yield p, body, 8, 8, x, x, 1, dict(period=2 if depth == 1 else 1)


def pipe(rng):
    """With DEPTH registers of data beside it."""
    for depth in (0, 1, 2, 6):
        x = words(rng, 8)
        p = dict(DEPTH=depth)
        body = "wire en; wire [7:0] d0 = s_data;\n"
        for k in range(depth):
            body += f"wire [7:0] d{k + 1}; nh_reg #(.WIDTH(8)) u_reg{k} (.clk(clk), .en(en), .d(d{k}), .q(d{k + 1}));\n"
        body += f"assign m_data = d{depth};\n"
        body += bench.instance("nh_pipe", p) + (" (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .en(en), "
                                                ".m_valid(m_valid), .m_ready(m_ready));")
        yield p, body, 8, 8, x, x, depth, {}


def beat_rom(rng):
    for depth, block in ((1, 0), (5, 0), (16, 1)):
        x, rom = words(rng, 8), words(rng, 6, depth)
        p = dict(WIDTH=8, WORD_W=6, DEPTH=depth, BLOCK=block, FILE="rom.mem")
        m = [v | rom[k % depth] << 8 for k, v in enumerate(x)]
        body = bench.instance("nh_beat_rom", p) + bench.STREAM.replace("m_data(m_data)", "m_data(m_data[7:0]), .m_word(m_data[13:8])")
        yield p, body, 8, 14, x, m, 1, dict(mems=[("rom.mem", rom, 6)])


def axis_in(rng):
    """s word = {tlast, tdata}; m word = {frame_error one transfer later, data}. One frame in three has TLAST early or missing."""
    for beat, elem_w, axi_w, beats in ((1, 8, 8, 1), (1, 3, 8, 4), (3, 10, 16, 5)):
        s, m, error = [], [], 0
        for k in range(WORDS):
            x = words(rng, elem_w, beat)
            junk = [v | rng.getrandbits(axi_w - elem_w) << elem_w if axi_w > elem_w else v for v in x]
            last = int(k % beats == beats - 1)
            wrong = int(k >= WORDS // 2 and rng.random() < 0.2)
            s.append(bench.pack(junk, axi_w) | (last ^ wrong) << (beat * axi_w))
            m.append(bench.pack(x, elem_w) | error << (beat * elem_w))
            error |= wrong
        p = dict(BEAT=beat, ELEM_W=elem_w, AXI_ELEM_W=axi_w, BEATS=beats)
        body = bench.instance("nh_axis_in", p) + (
            f" (.clk(clk), .rst(rst), .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(s_data[{beat * axi_w - 1}:0]),"
            f" .s_axis_tlast(s_data[{beat * axi_w}]), .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data[{beat * elem_w - 1}:0]),"
            f" .frame_error(m_data[{beat * elem_w}]));")
        yield p, body, beat * axi_w + 1, beat * elem_w + 1, s, m, 0, {}


def axis_out(rng):
    for beat, elem_w, signed, axi_w, beats in ((1, 8, 1, 8, 1), (1, 3, 0, 8, 4), (3, 10, 1, 16, 5), (2, 1, 1, 8, 3)):
        s, m = [], []
        for k in range(WORDS):
            low, high = reference.limits(elem_w, signed)
            x = [rng.randint(low, high) for _ in range(beat)]
            s.append(bench.pack(x, elem_w))
            m.append(bench.pack(x, axi_w) | int(k % beats == beats - 1) << (beat * axi_w))
        p = dict(BEAT=beat, ELEM_W=elem_w, ELEM_SIGNED=signed, AXI_ELEM_W=axi_w, BEATS=beats)
        body = bench.instance("nh_axis_out", p) + (
            f" (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data), .m_axis_tvalid(m_valid),"
            f" .m_axis_tready(m_ready), .m_axis_tdata(m_data[{beat * axi_w - 1}:0]), .m_axis_tlast(m_data[{beat * axi_w}]));")
        yield p, body, beat * elem_w, beat * axi_w + 1, s, m, 1, {}


def pins(rng, inward):
    """Words of {last, data} on the wide side; the pins carry {last, pin word}."""
    for pin_w, width in ((4, 16), (8, 3), (8, 8), (1, 9), (8, 100)):
        count = -(-width // pin_w)
        wide, narrow = [], []
        for _ in range(10):
            x, last = rng.getrandbits(width), rng.getrandbits(1)
            wide.append(x | last << width)
            for k in range(count):
                part = (x >> (k * pin_w)) & ((1 << pin_w) - 1)
                early = rng.getrandbits(1) if inward else 0  # pin_last means something on the last pin word only
                narrow.append(part | (last if k == count - 1 else early) << pin_w)
        name, p = ("nh_pins_in" if inward else "nh_pins_out"), dict(PIN_W=pin_w, WIDTH=width)
        s, m, s_w, m_w = (narrow, wide, pin_w, width) if inward else (wide, narrow, width, pin_w)
        sp, mp, st, mt = ("pin_", "m_t", "pin_", "m_t") if inward else ("s_t", "pin_", "s_t", "pin_")
        body = bench.instance(name, p) + (
            f" (.clk(clk), .rst(rst), .{sp}valid(s_valid), .{sp}ready(s_ready), .{st}data(s_data[{s_w - 1}:0]), .{st}last(s_data[{s_w}]),"
            f" .{mp}valid(m_valid), .{mp}ready(m_ready), .{mt}data(m_data[{m_w - 1}:0]), .{mt}last(m_data[{m_w}]));")
        yield p, body, s_w + 1, m_w + 1, s, m, 1, dict(period=count + 1, **{"frame_s" if inward else "frame_m": count})


def fork_join(rng):
    """nh_fork, a FIFO per consumer, nh_join: every consumer must have seen every word once. Gated: each FIFO is shut now and then, at
    its own times, on both sides."""
    for n, gated in ((1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (5, 1)):
        x = words(rng, 8)
        body = f"wire [{n - 1}:0] fv, fr, jv, jr; wire [7:0] fd; reg [31:0] r = 1;\n"
        body += "always @(posedge clk) r <= {r[30:0], r[31] ^ r[21] ^ r[1] ^ r[0]};\n"
        for k in range(n):
            open_in, open_out = (f"r[{3 * k}]", f"(r[{3 * k + 1}] | r[{3 * k + 2}])") if gated else ("1'b1", "1'b1")
            body += (f"wire [7:0] q{k}; wire v{k}, r{k}; assign fr[{k}] = r{k} & {open_in}; reg h{k} = 0;\n"
                     f"always @(posedge clk) h{k} <= !rst & jv[{k}] & !jr[{k}];\n"  # what was offered stays
                     f"assign jv[{k}] = v{k} & (h{k} | {open_out}), m_data[{8 * k} +: 8] = q{k};\n"
                     f"nh_fifo #(.WIDTH(8), .DEPTH(2), .LEVEL_W(2)) u_fifo{k} (.clk(clk), .rst(rst), .s_valid(fv[{k}] & {open_in}),"
                     f" .s_ready(r{k}), .s_data(fd), .m_valid(v{k}), .m_ready(jr[{k}] & jv[{k}]), .m_data(q{k}), .level());\n")
        body += bench.instance("nh_fork", dict(WIDTH=8, N=n)) + (" (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready),"
                                                                ".s_data(s_data), .m_valid(fv), .m_ready(fr), .m_data(fd));\n")
        body += bench.instance("nh_join", dict(N=n)) + " (.s_valid(jv), .s_ready(jr), .m_valid(m_valid), .m_ready(m_ready));"
        m = [bench.pack([v] * n, 8) for v in x]
        yield dict(N=n, gated=gated), body, 8, 8 * n, x, m, None if gated else 1, {}


def step_count(rng):
    """m word = {error one transfer later, first}; the marker is wrong now and then in the second half."""
    for beats, steps in ((1, 1), (1, 4), (3, 1), (3, 4)):
        s, m, error = [], [], 0
        for k in range(WORDS):
            first = int(k // beats % steps == 0)
            wrong = int(k >= WORDS // 2 and rng.random() < 0.2)
            s.append(first ^ wrong)
            m.append(first | error << 1)
            error |= wrong
        p = dict(BEATS=beats, STEPS=steps)
        body = ("assign m_valid = s_valid, s_ready = m_ready;\n" + bench.instance("nh_step_count", p)
                + " (.clk(clk), .rst(rst), .take(s_valid & s_ready), .user(s_data), .first(m_data[0]), .error(m_data[1]));")
        yield p, body, 1, 2, s, m, 0, {}


TEMPLATES = {"nh_skid": skid, "nh_fifo": fifo, "nh_pipe": pipe, "nh_beat_rom": beat_rom, "nh_axis_in": axis_in, "nh_axis_out": axis_out,
             "nh_pins_in": lambda rng: pins(rng, True), "nh_pins_out": lambda rng: pins(rng, False),
             "nh_fork nh_join": fork_join, "nh_step_count": step_count}


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    for name, cases in TEMPLATES.items():
        count = 0
        for p, body, s_w, m_w, s, m, latency, more in cases(rng):
            try:
                check(name, p, body, s_w, m_w, s, m, latency, **more)
            except AssertionError as e:
                sys.exit(f"FAIL {name} {p}\n{e}")
            count += 1
        print(f"{name}: {count} parameter sets under stalls, latency and rate: as stated")


main()
