// A fabric under Verilator, its host port on standard input and output: words of HOST_BYTES, little-endian.
//
//   fabric HOST_BYTES FLIT_BITS SEED none|random|long MARKS
//
// The clock runs from a SYNC in the input to its mark in the output, and stands in between: so the cycles do not depend
// on who is how fast at the other end. MARKS gets a line per op: '<' when it was taken or '>' when its mark was given,
// op, cycle. Ends with the input; exit status 1: nothing was taken or given for a million cycles.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <sys/prctl.h>
#include <csignal>

#include "Vfabric.h"
#include "verilated.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "signals are used as little-endian bytes");

namespace {

enum { OP_SYNC = 3, WORD_MOST = 64 };

// Not ready, or nothing to give, for a while: short or long.
struct Stalls {
    uint64_t state;
    int mode, left = 0;
    bool busy = false;
    uint32_t next() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<uint32_t>(state >> 33);
    }
    bool stalled() {
        if (mode == 0) return false;
        if (left-- <= 0) {
            busy = !busy;
            left = static_cast<int>(next() % (mode == 1 ? 4 : busy ? 400 : 100));
        }
        return busy;
    }
};

struct Port {
    size_t bytes;
    unsigned flit_bits;
    std::vector<uint8_t> batch;

    unsigned op(const uint8_t *word) const {
        unsigned v = 0;
        for (unsigned i = 0; i < 4; i++) v |= (word[(flit_bits + i) / 8] >> ((flit_bits + i) % 8) & 1u) << i;
        return v;
    }
    // Words up to a SYNC. false: the input has ended.
    bool read() {
        uint8_t word[WORD_MOST];
        batch.clear();
        do {
            if (std::fread(word, 1, bytes, stdin) != bytes) return false;
            batch.insert(batch.end(), word, word + bytes);
        } while (op(word) != OP_SYNC);
        return true;
    }
};

struct Bench {
    Vfabric &top;
    Port &port;
    Stalls give, take;
    FILE *marks;
    uint64_t cycle = 0, last = 0;

    void edge() {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        cycle++;
    }
    void mark(char way, unsigned op) const {
        if (op != 0) std::fprintf(marks, "%c %u %llu\n", way, op, static_cast<unsigned long long>(cycle));
    }
    // One batch; false: it hangs.
    bool run() {
        size_t at = 0;
        last = cycle;
        for (bool done = false; !done; cycle++) {
            if (cycle - last > 1000000) return false;
            if (!top.s_axis_tvalid && at < port.batch.size() && !give.stalled()) {
                top.s_axis_tvalid = 1;
                std::memcpy(&top.s_axis_tdata, &port.batch[at], port.bytes);
            }
            top.m_axis_tready = !take.stalled();
            top.clk = 0;
            top.eval();
            bool in = top.s_axis_tvalid && top.s_axis_tready, back = top.m_axis_tvalid && top.m_axis_tready;
            if (back) {
                uint8_t word[WORD_MOST] = {0};
                std::memcpy(word, &top.m_axis_tdata, port.bytes);
                std::fwrite(word, 1, port.bytes, stdout);
                if (top.m_axis_tlast) mark('>', port.op(word));
                done = top.m_axis_tlast && port.op(word) == OP_SYNC;
            }
            if (in) mark('<', port.op(&port.batch[at]));
            if (in || back) last = cycle;
            top.clk = 1;
            top.eval();
            if (in) {
                at += port.bytes;
                top.s_axis_tvalid = 0;
            }
        }
        return true;
    }
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const uint64_t seed = std::strtoull(argv[3], nullptr, 10);
    const int mode = std::strcmp(argv[4], "none") == 0 ? 0 : std::strcmp(argv[4], "random") == 0 ? 1 : 2;
    Port port{static_cast<size_t>(std::atoi(argv[1])), static_cast<unsigned>(std::atoi(argv[2])), {}};
    FILE *marks = std::fopen(argv[5], "w");
    if (!marks) return 2;
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(static_cast<int>(seed & 0x7fffffff) | 1);
    Vfabric top(&context);
    Bench bench{top, port, {seed * 2 + 1, mode}, {seed * 2 + 2, mode}, marks};
    top.rst = 1;
    top.s_axis_tvalid = 0;
    top.m_axis_tready = 0;
    for (int i = 0; i < 8; i++) bench.edge();
    top.rst = 0;
    bool ok = true;
    while (ok && port.read()) {
        ok = bench.run();
        std::fflush(stdout);
    }
    std::fclose(marks);
    top.final();
    return ok ? 0 : 1;
}
