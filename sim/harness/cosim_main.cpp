// Co-simulation of one design: all samples through the C kernels, then through the Verilated RTL, first
// without stalls, then with the stalls asked for; every output element is compared, with trace=1 every
// element of every stream.
//
//   cosim x=x.bin n=512 c=out_c.bin rtl=out_rtl.bin result=result.json stalls=none|random|long|both seed=1
//   trace=0|1
//         ii=<planned> latency=<planned> [waves=file.fst wave_samples=4] [streams=folder stream_frames=100]
//         [rtl_frames=100]
//
// x.bin, out_*.bin: int64 little-endian, [sample][step][element]. ii, latency: of a frame, see cosim.h. Exit
// status 0: result.json was written, whatever it says.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <new>
#include <string>
#include <vector>

#include "cosim.h"

namespace {

using Values = std::vector<int64_t>;

struct Options {
    std::string x, c, rtl, result, waves, streams, stalls = "none";
    int64_t n = 0, ii = 1, latency = 1, wave_samples = 4, stream_frames = INT64_MAX, rtl_frames = 0;
    uint64_t seed = 1;
    bool trace = false;

    int64_t frames() const { return n * nh_cosim_steps; }
    int64_t frames_of_rtl() const { return rtl_frames ? std::min(rtl_frames, frames()) : frames(); }
};

// xorshift64*: the same stimuli for the same seed on every machine.
struct Random {
    uint64_t state;
    explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) {
        if (!state) state = 1;
    }
    uint64_t next() {
        state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
        return state * 0x2545f4914f6cdd1du;
    }
    int64_t between(int64_t lo, int64_t hi) {
        return lo + static_cast<int64_t>((next() >> 11) % static_cast<uint64_t>(hi - lo + 1));
    }
};

// When one side of a stream is willing to transfer. RANDOM: with a probability that is drawn again from time
// to time. LONG: closed for longer than the gap between outputs, then open for a burst of transfers. MIXED:
// one or the other in turn.
enum class Stall { NONE, RANDOM, LONG, MIXED };

class Gate {
  public:
    Gate(Stall kind, uint64_t seed, int64_t gap, int64_t burst)
        : kind_(kind), random_(seed), gap_(gap), burst_(burst) {}

    bool open() {
        if (kind_ == Stall::NONE) return true;
        if (closed_ > 0) return closed_--, false;
        if (left_ <= 0) begin_phase();
        return long_ ? closed_ == 0 : (left_--, static_cast<int64_t>(random_.next() >> 61) < eighths_);
    }
    void transferred() {
        if (long_) left_--;
    }

  private:
    void begin_phase() {
        long_ = kind_ == Stall::LONG || (kind_ == Stall::MIXED && (random_.next() >> 63));
        left_ = long_ ? random_.between(1, burst_) : random_.between(1, 256);
        closed_ = long_ ? random_.between(gap_ / 2, 2 * gap_) : 0;
        static const int64_t choice[] = {1, 2, 4, 4, 6, 7, 8};
        eighths_ = choice[random_.between(0, 6)];
    }
    Stall kind_;
    Random random_;
    int64_t gap_, burst_;
    int64_t closed_ = 0, left_ = 0, eighths_ = 8;
    bool long_ = false;
};

struct Mismatch {
    bool found = false;
    int64_t frame = 0, stream = 0, element = 0, cycle = 0, expected = 0, got = 0;
};

struct Failure {
    std::string kind, where, text;
    int64_t cycle = 0;
};

// What one stream did in one run. starts: cycle of the first transfer of every frame.
struct Activity {
    int64_t beats = 0, transfers = 0, first_end = -1;
    std::vector<int64_t> starts;

    // Frame and beat of the transfer that happens now.
    int64_t frame() const { return transfers / beats; }
    int64_t beat() const { return transfers % beats; }
    void transfer(int64_t cycle) {
        if (beat() == 0) starts.push_back(cycle);
        transfers++;
        if (transfers == beats) first_end = cycle;
    }
    // Mean distance of starts in the second half of the run, when buffers have filled.
    double ii() const {
        size_t n = starts.size(), from = n >= 8 ? n / 2 : 0;
        if (n < 2) return 0;
        return static_cast<double>(starts[n - 1] - starts[from]) / static_cast<double>(n - 1 - from);
    }
};

struct Result {
    std::string name;
    int64_t cycles = 0, compared = 0, mismatches = 0;
    double seconds = 0;
    Mismatch first;
    Failure failure;
    Activity output;
    std::vector<Activity> input; // by port
    std::vector<Activity> stream;
    std::vector<int64_t> high_water;
};

int axi_bits(int width) { return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64; }
int64_t beats_of(int64_t n, int64_t beat) { return (n + beat - 1) / beat; }

// Element of `width` <= 64 bits at bit `at`, sign- or zero-extended.
int64_t get_bits(const nh_cosim_signal &s, int64_t at, int width, bool is_signed) {
    size_t byte = static_cast<size_t>(at / 8);
    int skip = static_cast<int>(at % 8);
    uint64_t low = 0, high = 0;
    memcpy(&low, s.byte + byte, std::min<size_t>(8, s.size - byte));
    if (s.size - byte > 8) high = s.byte[byte + 8];
    uint64_t v = skip ? low >> skip | high << (64 - skip) : low;
    if (width == 64) return static_cast<int64_t>(v);
    v &= (uint64_t{1} << width) - 1;
    if (is_signed && v >> (width - 1)) v |= ~uint64_t{0} << width;
    return static_cast<int64_t>(v);
}

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Expected values of every stream for the frames in flight, made in order by the C kernels. Streams may be
// far apart: a late delay offers a frame before its input has come, a feedback takes it after the output has
// left.
class Expected {
  public:
    explicit Expected(const Values &x) : x_(x) {}

    const int64_t *get(int64_t frame, int stream) {
        while (first_ + static_cast<int64_t>(frame_.size()) <= frame) make();
        return frame_[static_cast<size_t>(frame - first_)][static_cast<size_t>(stream)].data();
    }
    void drop_before(int64_t frame) {
        for (; first_ < frame && !frame_.empty(); first_++) frame_.pop_front();
    }

  private:
    void make() {
        int64_t frame = first_ + static_cast<int64_t>(frame_.size());
        std::vector<Values> all(static_cast<size_t>(nh_cosim_n_streams));
        std::vector<int64_t *> at;
        for (int k = 0; k < nh_cosim_n_streams; k++) {
            all[static_cast<size_t>(k)].resize(static_cast<size_t>(nh_cosim_streams[k].n));
            at.push_back(all[static_cast<size_t>(k)].data());
        }
        const int64_t *x = x_.data() + frame * nh_cosim_n_in;
        if (!nh_cosim_trace_frame(frame % nh_cosim_steps, x, at.data())) throw std::bad_alloc();
        frame_.push_back(std::move(all));
    }

    const Values &x_;
    std::deque<std::vector<Values>> frame_;
    int64_t first_ = 0; // frame number of frame_[0]
};

// One run of all samples through the RTL.
class Run {
  public:
    Run(const Options &o, const char *name, Stall stall, const Values &x, const Values &y, bool trace, int64_t gap)
        : o_(o), frames_(o.frames_of_rtl()), x_(x), y_(y), stall_(stall), trace_(trace), gap_(gap), expected_(x),
          junk_(o.seed + 77), out_(nh_cosim_streams[nh_cosim_output]), out_bits_(axi_bits(out_.width)), got_(y.size()) {
        r_.name = name;
        r_.input.resize(static_cast<size_t>(nh_cosim_n_inputs));
        int64_t at = 0;
        for (int k = 0; k < nh_cosim_n_inputs; k++) {
            const nh_cosim_input &port = nh_cosim_inputs[k];
            int64_t beats = beats_of(nh_cosim_streams[port.stream].n, port.beat);
            r_.input[static_cast<size_t>(k)].beats = beats;
            uint64_t seed = o.seed * 2 + 1 + (static_cast<uint64_t>(k) << 32);
            source_.push_back({port, nh_cosim_streams[port.stream], at, Gate(stall, seed, gap, 3 * beats), false});
            at += nh_cosim_streams[port.stream].n;
        }
        r_.output.beats = beats_of(out_.n, nh_cosim_out_beat);
        r_.stream.resize(static_cast<size_t>(nh_cosim_n_streams));
        for (size_t k = 0; k < r_.stream.size(); k++)
            r_.stream[k].beats = beats_of(nh_cosim_streams[k].n, nh_cosim_streams[k].beat);
    }

    void go() {
        const char *waves = stall_ == Stall::NONE && !o_.waves.empty() ? o_.waves.c_str() : nullptr;
        nh_cosim_rtl_open(o_.seed, waves, &p_);
        r_.high_water.assign(static_cast<size_t>(p_.n_fifo), 0);
        double start = now();
        reset();
        simulate();
        if (r_.failure.kind.empty()) drain();
        r_.seconds = now() - start;
        if (r_.failure.kind.empty() && *p_.frame_error.byte)
            fail("frame_error", "s_axis", "frame_error is set although every TLAST and TUSER was in its place");
        nh_cosim_rtl_close();
    }
    const Result &result() const { return r_; }
    const Values &got() const { return got_; }

  private:
    void fail(const char *kind, const std::string &where, const std::string &text) {
        r_.failure = {kind, where, text, r_.cycles};
    }

    // First half of a cycle: inputs are set, everything combinational settles. Second half: the clock edge.
    void settle() {
        *p_.clk.byte = 0;
        nh_cosim_rtl_eval();
        nh_cosim_rtl_dump(static_cast<uint64_t>(r_.cycles) * 2);
    }
    void edge() {
        *p_.clk.byte = 1;
        nh_cosim_rtl_eval();
        nh_cosim_rtl_dump(static_cast<uint64_t>(r_.cycles) * 2 + 1);
        r_.cycles++;
    }

    void reset() {
        for (int k = 0; k < nh_cosim_n_inputs; k++) *p_.source[k].valid.byte = *p_.source[k].last.byte = 0;
        *p_.m_ready.byte = 0;
        *p_.rst.byte = 1;
        for (int i = 0; i < 4; i++) settle(), edge();
        *p_.rst.byte = 0;
    }

    // One input port. held: valid was raised and the transfer has not happened: it must stay.
    struct Source {
        nh_cosim_input port;
        nh_cosim_stream stream;
        int64_t at; // of its elements in a frame of x
        Gate gate;
        bool held;
    };

    // Elements of the transfer; padding and unused bits are zero without stalls and junk with them: the RTL
    // must ignore both.
    void present(const Source &s, const Activity &a, const nh_cosim_source &p) {
        int64_t frame = a.frame(), beat = a.beat();
        size_t bytes = static_cast<size_t>(axi_bits(s.stream.width) / 8);
        for (int64_t e = 0; e < s.port.beat; e++) {
            int64_t element = beat * s.port.beat + e;
            uint64_t v = stall_ == Stall::NONE ? 0 : junk_.next();
            if (element < s.stream.n) {
                uint64_t x = static_cast<uint64_t>(x_[static_cast<size_t>(frame * nh_cosim_n_in + s.at + element)]);
                uint64_t mask = s.stream.width == 64 ? ~uint64_t{0} : (uint64_t{1} << s.stream.width) - 1;
                v = (x & mask) | (v & ~mask);
            }
            memcpy(p.data.byte + static_cast<size_t>(e) * bytes, &v, bytes);
        }
        *p.last.byte = beat == a.beats - 1;
        if (p.user.byte) *p.user.byte = frame % nh_cosim_steps == 0;
    }

    // What each port offers in this cycle.
    void offer() {
        for (size_t k = 0; k < source_.size(); k++) {
            Source &s = source_[k];
            if (!s.held && r_.input[k].frame() < frames_ && s.gate.open()) {
                s.held = true;
                present(s, r_.input[k], p_.source[k]);
            }
            *p_.source[k].valid.byte = s.held;
        }
    }

    // What was taken.
    bool watch_inputs() {
        bool moved = false;
        for (size_t k = 0; k < source_.size(); k++) {
            if (!source_[k].held || !*p_.source[k].ready.byte) continue;
            r_.input[k].transfer(r_.cycles);
            source_[k].gate.transferred();
            source_[k].held = false;
            moved = true;
        }
        return moved;
    }

    void simulate() {
        Gate sink(stall_, o_.seed * 2 + 2, gap_, 3 * r_.output.beats);
        int64_t idle = 0, limit = 8 * (o_.ii + o_.latency) + 8 * gap_ + 10000;
        while (r_.output.frame() < frames_ && r_.failure.kind.empty()) {
            offer();
            bool ready = sink.open();
            check_valid_alone(ready);
            *p_.m_ready.byte = ready;
            settle();
            bool moved = watch_streams();
            moved |= watch_inputs();
            if (watch_output()) {
                sink.transferred();
                moved = true;
            }
            idle = moved ? 0 : idle + 1;
            if (idle > limit) diagnose_hang();
            edge();
            if (r_.output.frame() >= o_.wave_samples * nh_cosim_steps) nh_cosim_rtl_close_waves();
        }
    }

    // Now and then: TVALID must be the same whether TREADY is high or not.
    void check_valid_alone(bool ready) {
        if (stall_ == Stall::NONE || !ready || junk_.next() >> 61) return;
        *p_.m_ready.byte = 0;
        nh_cosim_rtl_eval();
        bool valid = *p_.m_valid.byte;
        *p_.m_ready.byte = 1;
        nh_cosim_rtl_eval();
        if (valid != (*p_.m_valid.byte != 0)) fail("protocol", "m_axis", "TVALID waits for TREADY");
    }

    // After the last output nothing may come out but what late delays make of the next sample's first steps.
    void drain() {
        int64_t ahead = p_.ahead < nh_cosim_steps ? p_.ahead * r_.output.beats : INT64_MAX;
        for (int k = 0; k < nh_cosim_n_inputs; k++) *p_.source[k].valid.byte = 0;
        *p_.m_ready.byte = 1;
        for (int64_t i = 0; i < o_.ii + o_.latency + 16 && r_.failure.kind.empty(); i++) {
            settle();
            if (*p_.m_valid.byte && ahead-- <= 0) fail("extra", "m_axis", "an output that no input asked for");
            edge();
        }
    }

    bool watch_streams() {
        bool moved = false;
        for (int k = 0; k < nh_cosim_n_streams; k++) {
            const nh_cosim_wires &w = p_.stream[k];
            if (!(*w.valid.byte & *w.ready.byte)) continue;
            Activity &a = r_.stream[static_cast<size_t>(k)];
            if (trace_ && a.frame() < frames_) compare_stream(k, a);
            a.transfer(r_.cycles);
            moved = true;
        }
        for (int i = 0; i < p_.n_fifo; i++) {
            int64_t level = get_bits(p_.fifo[i].level, 0, static_cast<int>(p_.fifo[i].level.size) * 8, false);
            level += *p_.fifo[i].valid.byte & *p_.fifo[i].ready.byte; // the word that comes needs room beside those
            r_.high_water[static_cast<size_t>(i)] = std::max(r_.high_water[static_cast<size_t>(i)], level);
        }
        return moved;
    }

    void compare_stream(int k, const Activity &a) {
        const nh_cosim_stream &s = nh_cosim_streams[k];
        const int64_t *want = expected_.get(a.frame(), k);
        int64_t first = a.beat() * s.beat;
        for (int64_t e = 0; e < s.beat && first + e < s.n; e++)
            compare(a.frame(), k, first + e, want[first + e],
                    get_bits(p_.stream[k].data, e * s.width, s.width, s.is_signed));
    }

    // Transfer of the AXI output; also that valid and data hold until ready.
    bool watch_output() {
        bool valid = *p_.m_valid.byte, ready = *p_.m_ready.byte;
        if (waiting_ && !valid) return fail("protocol", "m_axis", "TVALID fell before TREADY"), false;
        if (waiting_ && (memcmp(before_.data(), p_.m_data.byte, before_.size()) || last_before_ != *p_.m_last.byte))
            return fail("protocol", "m_axis", "TDATA or TLAST changed while TVALID waited for TREADY"), false;
        if (waiting_ && user_before_ != user())
            return fail("protocol", "m_axis", "TUSER changed while TVALID waited for TREADY"), false;
        waiting_ = valid && !ready;
        if (waiting_) {
            before_.assign(p_.m_data.byte, p_.m_data.byte + p_.m_data.size);
            last_before_ = *p_.m_last.byte;
            user_before_ = user();
        }
        if (!valid || !ready) return false;
        take_output();
        return true;
    }

    bool user() const { return p_.m_user.byte && *p_.m_user.byte; }

    void take_output() {
        int64_t frame = r_.output.frame(), beat = r_.output.beat();
        for (int64_t e = 0; e < nh_cosim_out_beat; e++) {
            int64_t element = beat * nh_cosim_out_beat + e;
            int64_t got = get_bits(p_.m_data, e * out_bits_, out_bits_, out_.is_signed), want = 0;
            if (element < out_.n) {
                want = y_[static_cast<size_t>(frame * out_.n + element)];
                got_[static_cast<size_t>(frame * out_.n + element)] = got;
            }
            compare(frame, nh_cosim_n_streams, element, want, got);
        }
        if (*p_.m_last.byte != (beat == r_.output.beats - 1))
            fail("tlast", "m_axis",
                 beat == r_.output.beats - 1 ? "TLAST is missing on the last transfer of a frame"
                                             : "TLAST before the last transfer of a frame");
        if (p_.m_user.byte && user() != (frame % nh_cosim_steps == 0))
            fail("tuser", "m_axis",
                 user() ? "TUSER after the first step of a sample" : "TUSER is missing in the first step of a sample");
        r_.output.transfer(r_.cycles);
        if (trace_ && r_.output.beat() == 0) drop_expected();
    }

    // What every stream has passed.
    void drop_expected() {
        int64_t least = r_.output.frame();
        for (const Activity &a : r_.stream) least = std::min(least, a.frame());
        expected_.drop_before(least);
    }

    // Keeps the mismatch of the earliest frame, there of the most upstream stream: the cause, not its
    // consequences.
    void compare(int64_t frame, int stream, int64_t element, int64_t want, int64_t got) {
        r_.compared++;
        if (want == got) return;
        r_.mismatches++;
        Mismatch &f = r_.first;
        if (f.found && (f.frame < frame || (f.frame == frame && f.stream <= stream))) return;
        f = {true, frame, stream, element, r_.cycles, want, got};
    }

    bool offers(int k) const { return *p_.stream[k].valid.byte && !*p_.stream[k].ready.byte; }
    bool starves(int k) const {
        return !*p_.stream[k].valid.byte && r_.stream[static_cast<size_t>(k)].frame() < frames_;
    }

    // Has the unit's input not brought the frame that the unit's outputs are in? It may stand in a gear.
    bool is_due(int input, int unit) const {
        int64_t frame = frames_;
        for (int i = 0; i < nh_cosim_n_streams; i++)
            if (nh_cosim_links[i].src == unit) frame = std::min(frame, r_.stream[static_cast<size_t>(i)].frame());
        return r_.stream[static_cast<size_t>(input)].frame() <= frame;
    }

    // A stream for which the state of k waits, -1 when there is none: k waits for its producer, which waits
    // for an input that starves or an output that is not taken; or it waits for its consumer, which waits
    // for another input or cannot give its output away.
    int waits_for(int k) const {
        bool offered = offers(k);
        int unit = offered ? nh_cosim_links[k].dst : nh_cosim_links[k].src;
        if (unit < 0) return -1;
        for (int i = 0; i < nh_cosim_n_streams; i++)
            if (i != k && nh_cosim_links[i].dst == unit && starves(i) && is_due(i, unit)) return i;
        for (int i = 0; i < nh_cosim_n_streams; i++)
            if (i != k && nh_cosim_links[i].src == unit && offers(i)) return i;
        if (offered) return -1;
        for (int i = 0; i < nh_cosim_n_streams; i++)
            if (nh_cosim_links[i].dst == unit && offers(i)) return i;
        return -1;
    }

    // From the output back to the stream where the waiting begins. A circle ends after as many steps as
    // there are streams.
    void diagnose_hang() {
        int k = nh_cosim_output, next;
        for (int step = 0; step < nh_cosim_n_streams && (next = waits_for(k)) >= 0; step++) k = next;
        const char *name = nh_cosim_streams[k].name;
        if (waits_for(k) >= 0)
            fail("hang", name, "waits for itself: every unit of a circle waits for another");
        else if (offers(k))
            fail("hang", name, "offers a transfer that its consumer never takes");
        else if (starves(k))
            fail("hang", name, "waits for its producer, which has stopped");
        else
            fail("hang", "m_axis", "every stream delivered, but outputs are missing");
    }

    const Options &o_;
    const int64_t frames_;
    const Values &x_, &y_;
    Stall stall_;
    bool trace_;
    int64_t gap_;
    Expected expected_;
    Random junk_;
    const nh_cosim_stream &out_;
    int out_bits_;
    std::vector<Source> source_;
    Values got_;
    Result r_;
    nh_cosim_ports p_{};
    bool waiting_ = false;
    uint8_t last_before_ = 0;
    bool user_before_ = false;
    std::vector<uint8_t> before_;
};

bool read_values(const std::string &path, Values *v) {
    FILE *f = fopen(path.c_str(), "rb");
    if (!f) return perror(path.c_str()), false;
    size_t got = fread(v->data(), sizeof(int64_t), v->size(), f);
    fclose(f);
    if (got != v->size()) return fprintf(stderr, "%s: too short\n", path.c_str()), false;
    return true;
}

bool write_values(const std::string &path, const Values &v) {
    FILE *f = fopen(path.c_str(), "wb");
    if (!f) return perror(path.c_str()), false;
    bool ok = fwrite(v.data(), sizeof(int64_t), v.size(), f) == v.size();
    return (fclose(f) == 0 && ok) || (perror(path.c_str()), false);
}

// Names are identifiers and sentences of this file: nothing to escape.
void print_activity(FILE *f, const char *name, const Activity &a) {
    fprintf(f,
            "{\"name\": \"%s\", \"transfers\": %" PRId64 ", \"first_start\": %" PRId64 ", \"first_end\": %" PRId64
            ", \"ii\": %.6f}",
            name, a.transfers, a.starts.empty() ? -1 : a.starts[0], a.first_end, a.ii());
}

const char *stream_name(int64_t k) { return k < nh_cosim_n_streams ? nh_cosim_streams[k].name : "m_axis"; }

void print_run(FILE *f, const Result &r) {
    fprintf(f,
            "{\"name\": \"%s\", \"cycles\": %" PRId64 ", \"seconds\": %.6f, \"compared\": %" PRId64
            ", \"mismatches\": %" PRId64,
            r.name.c_str(), r.cycles, r.seconds, r.compared, r.mismatches);
    if (r.first.found)
        fprintf(f,
                ",\n \"first\": {\"sample\": %" PRId64 ", \"step\": %" PRId64
                ", \"stream\": \"%s\", \"element\": %" PRId64 ", \"cycle\": %" PRId64 ", \"expected\": %" PRId64
                ", \"got\": %" PRId64 "}",
                r.first.frame / nh_cosim_steps, r.first.frame % nh_cosim_steps, stream_name(r.first.stream),
                r.first.element, r.first.cycle, r.first.expected, r.first.got);
    if (!r.failure.kind.empty())
        fprintf(f, ",\n \"failure\": {\"kind\": \"%s\", \"where\": \"%s\", \"text\": \"%s\", \"cycle\": %" PRId64 "}",
                r.failure.kind.c_str(), r.failure.where.c_str(), r.failure.text.c_str(), r.failure.cycle);
    fprintf(f, ",\n \"streams\": [");
    print_activity(f, "s_axis", r.input[0]); // of several the first one counts
    for (size_t k = 0; k < r.stream.size(); k++)
        fprintf(f, ",\n  "), print_activity(f, nh_cosim_streams[k].name, r.stream[k]);
    fprintf(f, ",\n  "), print_activity(f, "m_axis", r.output);
    fprintf(f, "],\n \"high_water\": [");
    for (size_t i = 0; i < r.high_water.size(); i++) fprintf(f, "%s%" PRId64, i ? ", " : "", r.high_water[i]);
    fprintf(f, "]}");
}

bool write_result(const Options &o, double per_second, const std::vector<Result> &runs) {
    FILE *f = fopen(o.result.c_str(), "w");
    if (!f) return perror(o.result.c_str()), false;
    fprintf(f, "{\"samples\": %" PRId64 ", \"fixed_per_second\": %.1f, \"runs\": [", o.n, per_second);
    for (size_t i = 0; i < runs.size(); i++) fprintf(f, i ? ",\n" : "\n"), print_run(f, runs[i]);
    fprintf(f, "]}\n");
    return fclose(f) == 0 || (perror(o.result.c_str()), false);
}

bool parse(int argc, char **argv, Options *o) {
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (!equals) return false;
        std::string key(argv[i], static_cast<size_t>(equals - argv[i])), value(equals + 1);
        std::string *text = key == "x"         ? &o->x
                            : key == "c"       ? &o->c
                            : key == "rtl"     ? &o->rtl
                            : key == "result"  ? &o->result
                            : key == "waves"   ? &o->waves
                            : key == "stalls"  ? &o->stalls
                            : key == "streams" ? &o->streams
                                               : nullptr;
        int64_t *number = key == "n"               ? &o->n
                          : key == "ii"            ? &o->ii
                          : key == "latency"       ? &o->latency
                          : key == "wave_samples"  ? &o->wave_samples
                          : key == "stream_frames" ? &o->stream_frames
                          : key == "rtl_frames"    ? &o->rtl_frames
                                                   : nullptr;
        if (text)
            *text = value;
        else if (number)
            *number = atoll(value.c_str());
        else if (key == "seed")
            o->seed = strtoull(value.c_str(), nullptr, 10);
        else if (key == "trace")
            o->trace = value == "1";
        else
            return false;
    }
    return o->n > 0;
}

// The batched kernel over all samples, repeated until the clock can tell its speed.
bool run_kernels(const Options &o, const Values &x, Values *y, double *per_second) {
    double total = 0;
    int64_t done = 0;
    for (int round = 0; round < 1000 && (round == 0 || total < 0.05); round++) {
        double seconds = 0;
        if (!nh_cosim_batch(x.data(), y->data(), static_cast<size_t>(o.n), &seconds)) return false;
        total += seconds;
        done += o.n;
    }
    *per_second = static_cast<double>(done) / std::max(total, 1e-9);
    int64_t traced = std::min(o.stream_frames, o.frames());
    if (!o.streams.empty() && !nh_cosim_write_streams(o.streams.c_str(), x.data(), traced)) return false;
    return write_values(o.c, *y);
}

bool run_rtl(const Options &o, const Values &x, const Values &y, std::vector<Result> *runs) {
    struct Plan {
        const char *name;
        Stall stall;
    };
    std::vector<Plan> plan = {{"free", Stall::NONE}};
    if (o.stalls == "random" || o.stalls == "both") plan.push_back({"random", Stall::RANDOM});
    if (o.stalls == "long" || o.stalls == "both") plan.push_back({"long", Stall::LONG});
    if (o.stalls == "both") plan.push_back({"mixed", Stall::MIXED});
    int64_t gap = std::max<int64_t>({o.ii, o.latency, 8});
    for (const Plan &p : plan) {
        Run run(o, p.name, p.stall, x, y, o.trace, gap);
        run.go();
        if (p.stall == Stall::NONE && !write_values(o.rtl, run.got())) return false;
        runs->push_back(run.result());
        const Result &r = runs->back();
        if (r.mismatches && !o.trace) {
            // The same run again, watching every stream, to name where it began.
            Run again(o, p.name, p.stall, x, y, true, gap);
            again.go();
            if (again.result().first.found) runs->back().first = again.result().first;
        }
        if (!r.failure.kind.empty()) break;
    }
    return true;
}

} // namespace

int main(int argc, char **argv) {
    Options o;
    if (!parse(argc, argv, &o)) return fprintf(stderr, "cosim: key=value arguments, see cosim_main.cpp\n"), 2;
    Values x(static_cast<size_t>(o.frames() * nh_cosim_n_in)),
        y(static_cast<size_t>(o.frames() * nh_cosim_streams[nh_cosim_output].n));
    double per_second = 0;
    std::vector<Result> runs;
    if (!read_values(o.x, &x) || !run_kernels(o, x, &y, &per_second) || !run_rtl(o, x, y, &runs)) return 1;
    return write_result(o, per_second, runs) ? 0 : 1;
}
