"""Run one stream module with given words in stream_tb.v (Icarus): functional check under stalls and the cycles of transfers."""
import os
import re
import tempfile

import templates

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 2), (1, 2)]


def pack(values, width):
    """Elements, the first in the low bits, as one integer."""
    word = 0
    for i, v in enumerate(values):
        word |= (v & ((1 << width) - 1)) << (i * width)
    return word


def write_mem(file, words, width):
    with open(file, "w") as f:
        f.writelines(f"{w & ((1 << width) - 1):0{(width + 3) // 4}x}\n" for w in words)


def instance(name, parameters):
    """Instance of a template in the module dut; ports by the name of a signal there, unless given in `ports`."""
    generics = ", ".join(f'.{k}("{v}")' if isinstance(v, str) else f".{k}({v})" for k, v in parameters.items())
    return f"{name} #({generics}) u_{name}"


def dut(s_w, m_w, body):
    return (f"module dut (input wire clk, rst, s_valid, output wire s_ready, input wire [{s_w - 1}:0] s_data,\n"
            f"            output wire m_valid, input wire m_ready, output wire [{m_w - 1}:0] m_data);\n{body}\nendmodule\n")


STREAM = " (.clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data)," \
         " .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data));"


class Bench:
    """with Bench(body, s_w, m_w, s_words, m_words, mems) as b: b.stalls(seed); b.cycles()"""

    def __init__(self, body, s_w, m_w, s_words, m_words, mems=(), patience=1000):
        self.body, self.s_w, self.m_w, self.s, self.m = body, s_w, m_w, s_words, m_words
        self.mems, self.patience = mems, patience

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory()
        folder = self.dir.name
        with open(os.path.join(folder, "top.v"), "w") as f:
            f.write(dut(self.s_w, self.m_w, self.body))
            f.write(f"module top ();\n    stream_tb #(.S_W({self.s_w}), .M_W({self.m_w}), .S_WORDS({len(self.s)}), "
                    f".M_WORDS({len(self.m)}), .PATIENCE({self.patience})) u ();\nendmodule\n")
        write_mem(os.path.join(folder, "s.mem"), self.s, self.s_w)
        write_mem(os.path.join(folder, "m.mem"), self.m, self.m_w)
        for file, words, width in self.mems:
            write_mem(os.path.join(folder, file), words, width)
        code, text = templates.run(["iverilog", "-g2005", "-s", "top", "-o", "sim", *templates.library(), "top.v",
                                    os.path.join(HERE, "stream_tb.v")], cwd=folder)
        if code:
            raise AssertionError("iverilog: " + text)
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def run(self, **plusargs):
        code, text = templates.run(["vvp", "-n", "sim", *(f"+{k}={v}" for k, v in plusargs.items())], cwd=self.dir.name)
        if code or not re.search("^PASS$", text, re.M):
            raise AssertionError(f"{plusargs}: {text[-400:]}")
        return text

    def stalls(self, seed, modes=MODES):
        """Every way of stalling, and one reset in the middle."""
        for k, (source, sink) in enumerate(modes):
            self.run(source=source, sink=sink, seed=seed + k)
        self.run(source=1, sink=1, seed=seed, reset_at=15 + seed % 40)

    def cycles(self, gap=1):
        """(cycles of s transfers, cycles of m transfers) when the sink never stalls and a word comes every `gap` cycles."""
        text = self.run(log=1, source=0 if gap == 1 else 3, gap=gap)
        return ([int(c) for c in re.findall(r"^S (\d+)", text, re.M)], [int(c) for c in re.findall(r"^M (\d+)", text, re.M)])
