// A fabric under Verilator: words of a file into s_axis, what comes out of m_axis into another.
//
//   fabric stimulus.bin outputs.bin HOST_BYTES MARKS SEED none|random|long
//
// stimulus.bin: words of HOST_BYTES, little-endian. outputs.bin: per transfer the cycle (uint64), TLAST (uint8), the word; it ends
// after MARKS transfers with TLAST. Exit status 1: nothing was taken or given for a million cycles.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "Vfabric.h"
#include "verilated.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "signals are used as little-endian bytes");

namespace {

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

std::vector<uint8_t> read(const char *path) {
    std::vector<uint8_t> all;
    FILE *f = std::fopen(path, "rb");
    if (!f) std::exit(2);
    uint8_t part[65536];
    for (size_t n; (n = std::fread(part, 1, sizeof part, f)) > 0;) all.insert(all.end(), part, part + n);
    std::fclose(f);
    return all;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    std::vector<uint8_t> stimulus = read(argv[1]);
    FILE *out = std::fopen(argv[2], "wb");
    const size_t bytes = static_cast<size_t>(std::atoi(argv[3])), n = stimulus.size() / bytes;
    const uint64_t seed = std::strtoull(argv[5], nullptr, 10);
    uint64_t marks = std::strtoull(argv[4], nullptr, 10);
    const int mode = std::strcmp(argv[6], "none") == 0 ? 0 : std::strcmp(argv[6], "random") == 0 ? 1 : 2;
    Stalls give{seed * 2 + 1, mode}, take{seed * 2 + 2, mode};
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(static_cast<int>(seed & 0x7fffffff) | 1);
    Vfabric top(&context);
    auto edge = [&] {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    };
    top.rst = 1;
    top.s_axis_tvalid = 0;
    top.m_axis_tready = 0;
    for (int i = 0; i < 8; i++) edge();
    top.rst = 0;
    size_t at = 0;
    uint64_t last = 0;
    for (uint64_t cycle = 0; marks > 0; cycle++) {
        if (cycle - last > 1000000) return 1;
        if (!top.s_axis_tvalid && at < n && !give.stalled()) {
            top.s_axis_tvalid = 1;
            std::memcpy(&top.s_axis_tdata, &stimulus[at * bytes], bytes);
        }
        top.m_axis_tready = !take.stalled();
        top.clk = 0;
        top.eval();
        bool in = top.s_axis_tvalid && top.s_axis_tready, back = top.m_axis_tvalid && top.m_axis_tready;
        if (back) {
            uint8_t word[64] = {0}, tlast = top.m_axis_tlast;
            std::memcpy(word, &top.m_axis_tdata, bytes);
            std::fwrite(&cycle, 8, 1, out);
            std::fwrite(&tlast, 1, 1, out);
            std::fwrite(word, 1, bytes, out);
            marks -= tlast;
        }
        if (in || back) last = cycle;
        top.clk = 1;
        top.eval();
        if (in) {
            at++;
            top.s_axis_tvalid = 0;
        }
    }
    std::fclose(out);
    top.final();
    return 0;
}
