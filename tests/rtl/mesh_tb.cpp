// mesh_tb PACKETS SEED: random traffic with stalls through a 4x4 mesh of routers; every copy must come exactly once, in order per
// source and destination. The expected copies come from the rectangle of the packet alone. Then the throughput at full load.
#include "Vmesh_tb.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
static uint64_t state;
static uint32_t rnd() { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return uint32_t(state >> 20); }
static const int TILES = 16, HOST = 16;
static const uint64_t MASK = (1ull << 36) - 1;
static std::deque<uint64_t> expected[17][17]; // [source][destination]
static uint64_t get(const uint32_t *w, int bit) {
    uint64_t v = 0;
    for (int i = 0; i < 36; i++) v |= uint64_t(w[(bit + i) / 32] >> ((bit + i) % 32) & 1) << i;
    return v;
}
static void put(uint32_t *w, int bit, uint64_t v) {
    for (int i = 0; i < 36; i++) { uint32_t m = 1u << ((bit + i) % 32); if (v >> i & 1) w[(bit + i) / 32] |= m; else w[(bit + i) / 32] &= ~m; }
}
static uint64_t packet(int source, uint32_t number, bool unicast) {
    uint64_t data = (uint64_t(source) << 21) | (number & 0x1fffff);
    uint32_t pick = rnd() % 8;
    if (!unicast && pick == 0 && source != HOST) { expected[source][HOST].push_back(data | 1ull << 35); return data | 1ull << 35; }
    uint32_t x0 = rnd() % 4, y0 = rnd() % 4, x1 = x0, y1 = y0;
    if (!unicast && pick < 4) { x1 = x0 + rnd() % (4 - x0); y1 = y0 + rnd() % (4 - y0); }
    uint64_t flit = data | uint64_t(y1) << 26 | uint64_t(y0) << 28 | uint64_t(x1) << 30 | uint64_t(x0) << 32;
    for (uint32_t y = y0; y <= y1; y++) for (uint32_t x = x0; x <= x1; x++) expected[source][y * 4 + x].push_back(flit);
    return flit;
}
static void arrive(uint64_t flit, int at) {
    int source = int(flit >> 21 & 31);
    if (source > 16 || expected[source][at].empty() || expected[source][at].front() != flit) {
        printf("FAIL at %d: flit %09llx of %d is lost, double or out of order\n", at, (unsigned long long)flit, source); exit(1);
    }
    expected[source][at].pop_front();
}
int main(int argc, char **argv) {
    long packets = argc > 1 ? atol(argv[1]) : 50000, cycle = 0, got = 0, last = 0, mark = 0;
    state = 88172645463325252ull + (argc > 2 ? strtoull(argv[2], 0, 10) : 1);
    Vmesh_tb d; uint64_t head[17] = {0}; bool full[17] = {false}; uint32_t number[17] = {0}; int stall[17] = {0};
    for (int phase = 0; phase < 2; phase++) {
        long sent = 0, total = phase ? 20000 : packets, begin = got, ended = 0; mark = cycle;
        for (; ; cycle++) {
            d.rst = phase == 0 && cycle < 2; d.clk = 0;
            uint32_t sv = 0, mr = 0; bool left = false;
            for (int p = 0; p < 17; p++) {
                if (!full[p] && !d.rst && sent < total && (phase ? p != HOST : rnd() % 4 == 0)) { head[p] = packet(p, number[p]++, phase); full[p] = true; sent++; }
                left |= full[p];
                if (p < TILES) put(&d.s_data[0], p * 36, head[p] & MASK);
                sv |= uint32_t(full[p]) << p;
                if (stall[p] > 0) stall[p]--; else if (!phase && rnd() % 2000 == 0) stall[p] = 200 + int(rnd() % 800);
                mr |= uint32_t(phase || (stall[p] == 0 && rnd() % 3)) << p;
            }
            d.s_valid = sv & 0xffff; d.h_valid = sv >> 16; d.h_data = head[16]; d.m_ready = mr & 0xffff; d.g_ready = mr >> 16; d.eval();
            if (!d.rst) {
                for (int p = 0; p < TILES; p++) if (d.m_valid >> p & mr >> p & 1) { arrive(get(&d.m_data[0], p * 36), p); got++; last = cycle; }
                if (d.g_valid && d.g_ready) { arrive(d.g_data, HOST); got++; last = cycle; }
                uint32_t took = sv & (d.s_ready | uint32_t(d.h_ready) << 16);
                for (int p = 0; p < 17; p++) if (took >> p & 1) full[p] = false;
            }
            if (sent < total) ended = cycle;
            bool done = sent == total && !left && d.idle && cycle > 4;
            d.clk = 1; d.eval();
            if (done) break;
            if (cycle - last > 100000) { printf("FAIL: nothing moves\n"); return 1; }
        }
        for (auto &row : expected) for (auto &q : row) if (!q.empty()) { printf("FAIL: lost\n"); return 1; }
        printf(phase ? "saturation, uniform unicast: %ld flits in %ld cycles, %.3f per tile and cycle (%ld until the last was sent)\n"
                     : "%ld copies delivered in %ld cycles (%.3f per tile and cycle, %ld)\n", got - begin, cycle - mark,
               double(got - begin) / double(cycle - mark) / TILES, ended - mark);
    }
    printf("none lost, doubled or reordered: %ld packets\n", packets);
}
