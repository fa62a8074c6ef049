// The Verilated model behind byte pointers.
#include "cosim.h"

#include "Vnh.h"
#include "Vnh___024root.h"
#include "cosim_model.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

// Signals are used as little-endian bytes, which is how Verilator keeps them on a little-endian host.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the harness needs a little-endian host");

namespace {

struct Model {
    VerilatedContext context;
    Vnh *top = nullptr;
#if VM_TRACE
    VerilatedFstC *waves = nullptr;
#endif
};
Model *model;

template <typename T> nh_cosim_signal signal(T &s) { return {reinterpret_cast<uint8_t *>(&s), sizeof s}; }

} // namespace

void nh_cosim_rtl_open(uint64_t seed, const char *waves, nh_cosim_ports *p) {
#define COUNT(...) +1
    static nh_cosim_wires wires[0 NH_STREAMS(COUNT)];
    static nh_cosim_source sources[0 NH_INPUTS(COUNT)];
    static nh_cosim_fifo fifos[1 NH_FIFOS(COUNT)];
    model = new Model;
    model->context.randReset(2);
    model->context.randSeed(static_cast<int>(seed & 0x7fffffff) | 1);
#if VM_TRACE
    model->context.traceEverOn(waves != nullptr);
#else
    (void)waves;
#endif
    Vnh *top = model->top = new Vnh(&model->context, "top");
#if VM_TRACE
    if (waves) {
        model->waves = new VerilatedFstC;
        top->trace(model->waves, 99);
        model->waves->open(waves);
    }
#endif
    Vnh___024root *root = top->rootp;
    int k = 0, n_fifo = 0;
#define BIND(id, n, beat, width, is_signed, wire)                                                                      \
    wires[k++] = {signal(root->wire##_valid), signal(root->wire##_ready), signal(root->wire##_data)};
    NH_STREAMS(BIND)
#define BIND_FIFO(id, depth, wire)                                                                                     \
    fifos[n_fifo++] = {#id, depth, signal(root->wire##level), signal(root->wire##s_valid), signal(root->wire##s_ready)};
    NH_FIFOS(BIND_FIFO)
#if NH_MARKS_STEPS
#define USER(port) signal(root->port##_tuser)
#else
#define USER(port) {nullptr, 0}
#endif
#define BIND_SOURCE(k, stream, n, type, beat, port)                                                                    \
    sources[k] = {signal(root->port##_tdata), signal(root->port##_tvalid), signal(root->port##_tready),                \
                  signal(root->port##_tlast), USER(port)};
    NH_INPUTS(BIND_SOURCE)
    *p = {
        signal(root->clk),
        signal(root->rst),
        signal(root->m_axis_tdata),
        signal(root->m_axis_tvalid),
        signal(root->m_axis_tready),
        signal(root->m_axis_tlast),
        signal(root->frame_error),
#if NH_MARKS_STEPS
        signal(root->m_axis_tuser),
#else
        {nullptr, 0},
#endif
        sources,
        wires,
        fifos,
        n_fifo,
        NH_AHEAD
    };
}

void nh_cosim_rtl_eval(void) { model->top->eval(); }

void nh_cosim_rtl_dump(uint64_t time) {
#if VM_TRACE
    if (model->waves) model->waves->dump(time);
#else
    (void)time;
#endif
}

void nh_cosim_rtl_close_waves(void) {
#if VM_TRACE
    if (!model->waves) return;
    model->waves->close();
    delete model->waves;
    model->waves = nullptr;
#endif
}

void nh_cosim_rtl_close(void) {
    nh_cosim_rtl_close_waves();
    model->top->final();
    delete model->top;
    delete model;
    model = nullptr;
}
