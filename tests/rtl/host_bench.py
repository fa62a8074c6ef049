"""nh_host_bytes and nh_host_uart with words looped back behind them, each plus the number of words since the fabric's
reset, against frames made here, under stalls: every word comes back once and in
order; after a byte that is lost, added or changed, or a frame that is lost, nothing more, until a restart. Usage: host_bench.py [seed]"""
import random
import sys

import bench

# A host that keeps to its credits. s_data = {counts, wait, gate, byte}: gate = only with a credit; wait = when every frame that counts is
# back. Tokens stay here; m_data = bytes of frames.
HOST = """
    reg [7:0] credits = 0, on_way = 0; reg lone = 1;
    wire open = s_data[9] ? on_way == 0 && !busy : !s_data[8] || credits != 0;
    wire give = s_valid && open, sent = give && to_ready;
    assign s_ready = open && to_ready;
    wire token = from_valid && lone && from_data[7], got = from_valid && from_ready;
    wire stop = token && from_data == 8'hfe, again = token && from_data == 8'hff;
    assign m_valid = from_valid && !token, m_data = from_data, from_ready = token || m_ready;
    wire restarts = sent && s_data[9:0] == 10'h2ff;
    always @(posedge clk) begin
        if (got) lone <= from_data[7];
        if (rst) begin credits <= 0; on_way <= 0; lone <= 1; end
        else begin
            credits <= (restarts || again) ? 0 : credits + (token && !stop ? from_data[6:0] : 0) - (sent && s_data[8] ? 1 : 0);
            on_way <= on_way + (sent && s_data[10]) - (got && !token && from_data[7]);
        end
    end
"""
BYTES = """
    wire from_valid, from_ready, wv, wr, rv, rr, again_rst; wire [7:0] from_data; wire [{top}:0] w, r;
    wire to_ready = 1; wire busy = 0;
    nh_host_bytes #(.HOST_W({width}), .DEPTH({depth})) u_dut (.clk(clk), .rst(rst), .rx_valid(give), .rx_data(s_data[7:0]),
        .m_axis_tvalid(wv), .m_axis_tready(wr), .m_axis_tdata(w), .s_axis_tvalid(rv), .s_axis_tready(rr), .s_axis_tdata(r),
        .tx_valid(from_valid), .tx_ready(from_ready), .tx_data(from_data), .restart(again_rst));
    reg [15:0] n; always @(posedge clk) n <= rst || again_rst ? 0 : n + (wv && wr);
    nh_skid #(.WIDTH({width})) u_loop (.clk(clk), .rst(rst || again_rst), .s_valid(wv), .s_ready(wr), .s_data(w + n),
        .m_valid(rv), .m_ready(rr), .m_data(r));
"""
# The bench's line is 3 % slower than the fabric's on the way in, as fast on the way out, and its bytes wait in a FIFO.
UART = """
    wire to_ready, from_valid, from_ready, wv, wr, rv, rr, frst, rx, tx, bv; wire [7:0] from_data, bd; wire [{top}:0] w, r;
    reg [15:0] quiet = 0; wire busy = quiet != 0; // bytes are on the line
    always @(posedge clk) quiet <= rst ? 0 : (!to_ready || bv || from_valid) ? 30 * {div} : busy ? quiet - 1 : 0;
    nh_uart_tx #(.DIV({slow})) u_a (.clk(clk), .rst(rst), .s_valid(give), .s_ready(to_ready), .s_data(s_data[7:0]), .tx(rx));
    nh_host_uart #(.HOST_W({width}), .DEPTH({depth}), .DIV({div})) u_dut (.clk(clk), .rx(rx), .tx(tx), .fabric_rst(frst),
        .m_axis_tvalid(wv), .m_axis_tready(wr), .m_axis_tdata(w), .s_axis_tvalid(rv), .s_axis_tready(rr), .s_axis_tdata(r));
    reg [15:0] n; always @(posedge clk) n <= frst ? 0 : n + (wv && wr);
    nh_skid #(.WIDTH({width})) u_loop (.clk(clk), .rst(frst), .s_valid(wv), .s_ready(wr), .s_data(w + n),
        .m_valid(rv), .m_ready(rr), .m_data(r));
    nh_uart_rx #(.DIV({div})) u_b (.clk(clk), .rst(rst), .rx(tx), .m_valid(bv), .m_data(bd));
    nh_fifo #(.WIDTH(8), .DEPTH(512), .LEVEL_W(10)) u_fifo (.clk(clk), .rst(rst), .s_valid(bv), .s_ready(), .s_data(bd),
        .m_valid(from_valid), .m_ready(from_ready), .m_data(from_data), .level());
"""


def crc7(bits):
    """Remainder of the polynomial x^7 + x^3 + 1, high bit first."""
    rest = 0
    for bit in bits:
        rest = (rest << 1 | 0) ^ (0x89 if (rest >> 6 & 1) ^ bit else 0)
        rest &= 0x7f
    return rest


def frame(word, number, width):
    symbols = [(word >> at) & 0x7f for at in range(0, width, 7)]
    bits = [((s ^ number if k == 0 else s) >> i) & 1 for k, s in enumerate(symbols) for i in range(6, -1, -1)]
    return symbols + [0x80 | crc7(bits)]


def damaged(rng, good, number, width):
    """A frame that must stop the receiver, or None: a frame that is lost."""
    kind = rng.randrange(4)
    bad = list(good)
    if kind == 0:
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(7)
    elif kind == 1:
        del bad[rng.randrange(len(bad) - 1)]
    elif kind == 2:
        bad.insert(rng.randrange(len(bad)), rng.getrandbits(7))
    else:
        return frame(rng.getrandbits(width), (number + 1 + rng.randrange(3)) & 127, width)
    return bad


def stimulus(rng, width, depth, runs):
    """Runs of frames; each ends with damage and frames that must be dropped, and begins with a restart in whatever state that left."""
    s, m = [], []
    for run in range(runs):
        s += [1 << 9] * (-(-width // 7) + 1) + [1 << 9 | 0xff] * 2
        count = rng.choice([1, 5, 140 if run == 0 else 12])
        for number in range(count):
            word = rng.getrandbits(width)
            good = frame(word, number & 127, width)
            s += [b | (1 << 8 if k == 0 else 0) | (1 << 10 if k == len(good) - 1 else 0) for k, b in enumerate(good)]
            m += frame((word + number) % (1 << width), number & 127, width)
        dropped = [damaged(rng, frame(rng.getrandbits(width), count & 127, width), count & 127, width)]
        dropped += [frame(rng.getrandbits(width), (count + rng.randrange(2)) & 127, width) for _ in range(rng.randrange(depth))]
        s += [1 << 9 | b if k == 0 else b for bad in dropped for k, b in enumerate(bad)]
        s += rng.choice([[], [1], [1, 2]])  # and a frame cut short
    return s, m


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    for name, body, width, depth, div, runs, modes in (("bytes", BYTES, 40, 8, 0, 12, bench.MODES), ("bytes", BYTES, 12, 1, 0, 12, bench.MODES),
                                                       ("bytes", BYTES, 49, 3, 0, 8, bench.MODES), ("uart", UART, 40, 4, 35, 3, [(0, 0), (1, 1)])):
        s, m = stimulus(rng, width, depth, runs)
        text = body.format(width=width, top=width - 1, depth=depth, div=div, slow=round(div * 1.03)) + HOST
        # Nets come before their use: the host model's are declared first.
        text = "    wire give;\n" + text.replace("wire give = s_valid && open, sent", "assign give = s_valid && open; wire sent")
        try:
            with bench.Bench(text, 11, 8, s, m, patience=60000 if div else 3000) as b:
                b.stalls(17, modes)
        except AssertionError as e:
            sys.exit(f"FAIL nh_host_{name} HOST_W={width} DEPTH={depth}\n{e}")
        print(f"nh_host_{name} HOST_W={width} DEPTH={depth}: {len(m)} bytes back of {len(s)}, {runs} restarts, under stalls: as stated", flush=True)


main()
