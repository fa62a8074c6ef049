// mesh_tb PACKETS SEED: random unicast, multicast and host traffic with short and long stalls through a mesh of routers
// (mesh_tb.v). Every copy must come exactly once, and in order for each source and destination; which copies there must
// be is computed from the packet's rectangle alone, whatever lies outside the mesh does not count. Then the throughput
// of a full load of unicast packets.
#include "Vmesh_tb.h"
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <deque>

static const int COLUMNS = MESH_X, ROWS = MESH_Y, TILES = COLUMNS * ROWS, HOST = TILES,
                 PORTS = TILES + 1;                       // a port per core, and the host
static const int FLIT_W = 36, DATA_W = 26, NUMBER_W = 21; // data: source, number of the packet
static const long QUIET_CYCLES = 100000;                  // without a flit: hangs

struct Bench {
    Vmesh_tb dut;
    uint64_t random;
    std::deque<uint64_t> expected[PORTS][PORTS]; // [source][destination]
    uint64_t head[PORTS];                        // flit that a source offers
    bool full[PORTS];
    int stall[PORTS];
    uint32_t number[PORTS];
    long cycle, sent, copies, last_copy;
};

// Marsaglia's xorshift64.
static uint32_t draw(Bench &b, uint32_t below) {
    b.random ^= b.random << 13;
    b.random ^= b.random >> 7;
    b.random ^= b.random << 17;
    return uint32_t(b.random >> 24) % below;
}

static uint64_t get(const uint32_t *words, int bit) {
    uint64_t value = 0;
    for (int i = 0; i < FLIT_W; i++) value |= uint64_t(words[(bit + i) / 32] >> ((bit + i) % 32) & 1) << i;
    return value;
}

static void put(uint32_t *words, int bit, uint64_t value) {
    for (int i = 0; i < FLIT_W; i++) {
        uint32_t mask = 1u << ((bit + i) % 32);
        uint32_t &word = words[(bit + i) / 32];
        word = (value >> i & 1) ? word | mask : word & ~mask;
    }
}

// A new packet of a source: 1 in 8 to the host, 3 in 8 any rectangle (also empty, also outside the mesh), the others to
// one tile.
static uint64_t packet(Bench &b, int source, bool mixed) {
    uint64_t data = uint64_t(source) << NUMBER_W | (b.number[source]++ & ((1u << NUMBER_W) - 1));
    uint64_t kind = draw(b, 2);
    uint32_t pick = mixed ? draw(b, 8) : 7;
    if (pick == 0) {
        uint64_t flit = data | (kind | 2) << (FLIT_W - 2);
        if (source != HOST) b.expected[source][HOST].push_back(flit); // from the host it has nowhere to go
        return flit;
    }
    uint32_t x0 = draw(b, COLUMNS), y0 = draw(b, ROWS), x1 = x0, y1 = y0;
    if (pick <= 2) {
        x1 = x0 + draw(b, 4 - x0);
        y1 = y0 + draw(b, 4 - y0);
    } else if (pick == 3) {
        x0 = draw(b, 4), x1 = draw(b, 4), y0 = draw(b, 4), y1 = draw(b, 4);
    }
    uint64_t flit = data | uint64_t(y1) << DATA_W | uint64_t(y0) << (DATA_W + 2) | uint64_t(x1) << (DATA_W + 4) |
                    uint64_t(x0) << (DATA_W + 6) | kind << (FLIT_W - 2);
    for (int tile = 0; tile < TILES; tile++) {
        uint32_t x = uint32_t(tile % COLUMNS), y = uint32_t(tile / COLUMNS);
        if (x0 <= x && x <= x1 && y0 <= y && y <= y1) b.expected[source][tile].push_back(flit);
    }
    return flit;
}

static void arrive(Bench &b, uint64_t flit, int at) {
    uint64_t source = (flit & ((1ull << DATA_W) - 1)) >> NUMBER_W;
    if (source >= PORTS || b.expected[source][at].empty() || b.expected[source][at].front() != flit) {
        printf("FAIL mesh: cycle %ld, port %d: flit %09" PRIx64 " is not the next one of source %d\n", b.cycle, at,
               flit, int(source));
        exit(1);
    }
    b.expected[source][at].pop_front();
    b.copies++;
    b.last_copy = b.cycle;
}

// One cycle; a source makes a new packet with probability 1/gap while `open`.
static void step(Bench &b, bool open, bool mixed, uint32_t gap) {
    uint32_t valid = 0, ready = 0;
    for (int p = 0; p < PORTS; p++) {
        if (!b.full[p] && open && (mixed || p != HOST) && draw(b, gap) == 0) {
            b.head[p] = packet(b, p, mixed);
            b.full[p] = true;
            b.sent++;
        }
        if (p < TILES) put(&b.dut.s_data[0], p * FLIT_W, b.head[p]);
        valid |= uint32_t(b.full[p]) << p;
        if (b.stall[p] > 0)
            b.stall[p]--;
        else if (mixed && draw(b, 2000) == 0)
            b.stall[p] = 200 + int(draw(b, 800));
        ready |= uint32_t(!mixed || (b.stall[p] == 0 && draw(b, 3) != 0)) << p;
    }
    b.dut.clk = 0;
    b.dut.s_valid = valid & ((1u << TILES) - 1);
    b.dut.m_ready = ready & ((1u << TILES) - 1);
    b.dut.h_valid = valid >> HOST;
    b.dut.g_ready = ready >> HOST;
    b.dut.h_data = b.head[HOST];
    b.dut.eval();
    uint32_t taken = valid & (b.dut.s_ready | uint32_t(b.dut.h_ready) << HOST);
    uint32_t given = ready & (b.dut.m_valid | uint32_t(b.dut.g_valid) << HOST);
    for (int p = 0; p < PORTS; p++) {
        if (taken >> p & 1) b.full[p] = false;
        if (given >> p & 1) arrive(b, p == HOST ? uint64_t(b.dut.g_data) : get(&b.dut.m_data[0], p * FLIT_W), p);
    }
    b.dut.clk = 1;
    b.dut.eval();
    b.cycle++;
    if (b.cycle - b.last_copy > QUIET_CYCLES) {
        printf("FAIL mesh: nothing has arrived for %ld cycles\n", QUIET_CYCLES);
        exit(1);
    }
}

// Until the mesh is idle; then nothing may be missing.
static void drain(Bench &b) {
    bool left = true;
    while (left || !b.dut.idle) {
        step(b, false, true, 1);
        left = false;
        for (int p = 0; p < PORTS; p++) left = left || b.full[p];
    }
    for (auto &row : b.expected)
        for (auto &queue : row)
            if (!queue.empty()) {
                printf("FAIL mesh: idle, and %zu copies are lost\n", queue.size());
                exit(1);
            }
}

int main(int argc, char **argv) {
    static Bench b;
    long packets = argc > 1 ? atol(argv[1]) : 50000;
    b.random = 88172645463325252ull + (argc > 2 ? strtoull(argv[2], nullptr, 10) : 1);
    b.dut.rst = 1;
    for (int k = 0; k < 4; k++) { // nothing is offered yet
        b.dut.clk = k & 1;
        b.dut.eval();
    }
    b.dut.rst = 0;
    while (b.sent < packets) step(b, true, true, b.cycle / 5000 % 2 ? 1 : 12); // full load and light load in turn
    drain(b);
    printf("mesh %d x %d: %ld packets, %ld copies in %ld cycles: none lost, doubled or reordered\n", COLUMNS, ROWS,
           b.sent, b.copies, b.cycle);
    for (int k = 0; k < 1000; k++) step(b, true, false, 1);
    long before = b.copies;
    for (int k = 0; k < 10000; k++) step(b, true, false, 1);
    printf("mesh %d x %d: saturation of uniform unicast %.3f flits per tile and cycle\n", COLUMNS, ROWS,
           double(b.copies - before) / 10000 / TILES);
    drain(b);
    return 0;
}
