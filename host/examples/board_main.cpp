// A fabric for a board (<project>_board: clk, rx, tx) under Verilator, the bytes of its serial line on standard input
// and output.
//
//   board CYCLES_PER_BIT
//
// The clock runs while anything moves on the line or has a moment ago; then it waits for the input, and looks again
// every millisecond, since the fabric may be at work with nothing to say. Ends with the input.
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "Vboard.h"
#include "verilated.h"

namespace {

enum { BITS = 10 }; // of a byte: start, 8 of data, stop

// Bytes to the fabric. A byte is a frame of BITS bits, the first lowest.
struct Sender {
    int div;
    unsigned frame = 1;
    int bits = 0, left = 0;
    bool busy() const { return bits > 0; }
    void begin(uint8_t byte) {
        frame = 0x200u | static_cast<unsigned>(byte) << 1;
        bits = BITS;
        left = div;
    }
    // The line in this cycle.
    uint8_t cycle() {
        if (!busy()) return 1;
        uint8_t level = frame & 1u;
        if (--left == 0) {
            frame >>= 1;
            left = div;
            bits--;
        }
        return level;
    }
};

// Bytes from the fabric, each bit looked at in its middle.
struct Receiver {
    int div;
    unsigned frame = 0;
    int bits = 0, left = 0;
    bool busy() const { return bits > 0; }
    // True: `frame` has a byte in bits 1 to 8.
    bool cycle(bool level) {
        if (!busy()) {
            if (level) return false;
            frame = 0;
            bits = BITS;
            left = div / 2;
        }
        if (--left > 0) return false;
        frame |= static_cast<unsigned>(level) << (BITS - bits);
        left = div;
        return --bits == 0 && level;
    }
};

void cycle(Vboard &top) {
    top.clk = 0;
    top.eval();
    top.clk = 1;
    top.eval();
}

bool give(uint8_t byte) {
    ssize_t n;
    while ((n = write(STDOUT_FILENO, &byte, 1)) < 0 && errno == EINTR) continue;
    return n == 1;
}

// 1: a byte, 0: none in wait_ms, -1: the input has ended.
int take(int wait_ms, uint8_t *byte) {
    pollfd p = {STDIN_FILENO, POLLIN, 0};
    if (poll(&p, 1, wait_ms) <= 0) return 0;
    return read(STDIN_FILENO, byte, 1) == 1 ? 1 : -1;
}

} // namespace

int main(int argc, char **argv) {
    const int div = argc == 2 ? std::atoi(argv[1]) : 0;
    if (div < 4) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    VerilatedContext context;
    context.randReset(2);
    Vboard top(&context);
    Sender to{div};
    Receiver from{div};
    const int moment = 100 * BITS * div; // 100 bytes' time
    uint8_t byte = 0;
    // Like a board, it has its power before anybody talks to it.
    top.rx = 1;
    for (int i = 0; i < 100; i++) cycle(top);
    for (int quiet = 0, look = 0;;) {
        if (!to.busy() && --look <= 0) {
            int got = take(quiet > moment ? 1 : 0, &byte);
            if (got < 0) break;
            if (got > 0) to.begin(byte);
            look = quiet > moment ? moment : BITS * div; // so that a poll costs little beside the cycles
        }
        if (to.busy()) look = 0; // the next byte may follow at once
        quiet = to.busy() || from.busy() ? 0 : quiet + (quiet <= moment);
        top.rx = to.cycle();
        cycle(top);
        if (from.cycle(top.tx) && !give(static_cast<uint8_t>(from.frame >> 1))) break;
    }
    top.final();
    return 0;
}
