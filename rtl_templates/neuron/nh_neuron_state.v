// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// State memory beside a stream: word w of a step (w counts accepted words modulo WORDS) leaves with
// state word w; its next state comes back in order with n_take, and is there when word w of the
// next step is read. m_state is 0 in step 0 of every sample of STEPS steps, and in step t of a
// sample when RESET_PERIOD > 0 and t % RESET_PERIOD == RESET_PHASE.
//
// Latency 1 cycle, throughput 1 word per cycle. A word waits while WORDS words are read but not
// written back, so WORDS words need at least the time from s to the n_take of one, plus 1 cycle.
// s_ready follows m_ready combinationally.
// n_take: at most one per cycle, the earliest in the cycle in which its word leaves at m. Read and
// write never meet at an address: it is read only when nothing of it is outstanding.
`default_nettype none
module nh_neuron_state #(
    parameter integer DATA_W = 8,       // bits of the stream, >= 1
    parameter integer STATE_W = 8,      // bits of a state word, >= 1
    parameter integer WORDS = 2,        // words per step, >= 1
    parameter integer STEPS = 2,        // steps per sample, >= 1
    parameter integer RESET_PERIOD = 0, // steps, >= 0; 0 = only at the start of a sample
    parameter integer RESET_PHASE = 0,  // 0 to RESET_PERIOD-1
    parameter integer BLOCK = 1         // 1 = block RAM, 0 = as the synthesis tool likes
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [DATA_W-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [DATA_W-1:0] m_data,
    output wire [STATE_W-1:0] m_state,
    input wire n_take,
    input wire [STATE_W-1:0] n_state
);
    localparam integer ADDR_W = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer OUT_W = $clog2(WORDS + 1);
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam [31:0] TOP = WORDS - 1;
    localparam [31:0] ALL = WORDS;
    localparam [31:0] STEP_TOP = STEPS - 1;
    localparam [ADDR_W-1:0] ADDR_ZERO = 0;
    localparam [ADDR_W-1:0] ADDR_ONE = 1;
    localparam [OUT_W-1:0] OUT_ONE = 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;

    generate
        if (DATA_W < 1 || STATE_W < 1) begin : g_illegal_width
            nh_neuron_state_a_width_is_below_1 u_illegal ();
        end
        if (WORDS < 1 || STEPS < 1) begin : g_illegal_words
            nh_neuron_state_WORDS_or_STEPS_is_below_1 u_illegal ();
        end
        if (RESET_PERIOD < 0) begin : g_illegal_period
            nh_neuron_state_RESET_PERIOD_is_below_0 u_illegal ();
        end
        if (RESET_PHASE < 0 || RESET_PHASE > ((RESET_PERIOD > 0) ? RESET_PERIOD - 1 : 0)) begin :
                g_illegal_phase
            nh_neuron_state_RESET_PHASE_is_outside_RESET_PERIOD u_illegal ();
        end
        if (BLOCK != 0 && BLOCK != 1) begin : g_illegal_block
            nh_neuron_state_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Words: read, write, outstanding.

    reg valid_q;
    reg [DATA_W-1:0] data_q;
    reg [ADDR_W-1:0] raddr_q;
    reg [ADDR_W-1:0] waddr_q;
    reg [OUT_W-1:0] outstanding_q; // words read and not written back
    reg zero_q;
    reg [STATE_W-1:0] state_q;

    wire take = s_valid && s_ready;
    wire last_read = raddr_q == TOP[ADDR_W-1:0];
    wire last_write = waddr_q == TOP[ADDR_W-1:0];

    assign s_ready = (m_ready || !valid_q) && outstanding_q != ALL[OUT_W-1:0];
    assign m_valid = valid_q;
    assign m_data = data_q;
    assign m_state = zero_q ? {STATE_W{1'b0}} : state_q;

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            raddr_q <= ADDR_ZERO;
            waddr_q <= ADDR_ZERO;
            outstanding_q <= {OUT_W{1'b0}};
        end else begin
            if (m_ready || !valid_q) valid_q <= take;
            if (take) raddr_q <= last_read ? ADDR_ZERO : raddr_q + ADDR_ONE;
            if (n_take) waddr_q <= last_write ? ADDR_ZERO : waddr_q + ADDR_ONE;
            if (take && !n_take) outstanding_q <= outstanding_q + OUT_ONE;
            if (n_take && !take) outstanding_q <= outstanding_q - OUT_ONE;
        end
    end

    // ---- Steps: of the sample, and since the last planned reset.

    reg [STEP_W-1:0] step_q;
    wire last_step = step_q == STEP_TOP[STEP_W-1:0];
    wire planned; // reset in this step
    always @(posedge clk) begin
        if (rst) step_q <= {STEP_W{1'b0}};
        else if (take && last_read) step_q <= last_step ? {STEP_W{1'b0}} : step_q + STEP_ONE;
    end
    generate
        if (RESET_PERIOD < 2) begin : g_same
            assign planned = RESET_PERIOD == 1;
        end else begin : g_period
            localparam integer PERIOD_W = $clog2(RESET_PERIOD);
            localparam [31:0] PERIOD_TOP = RESET_PERIOD - 1;
            localparam [31:0] PHASE = RESET_PHASE;
            localparam [PERIOD_W-1:0] PERIOD_ZERO = 0;
            localparam [PERIOD_W-1:0] PERIOD_ONE = 1;
            reg [PERIOD_W-1:0] period_q; // step of the sample modulo RESET_PERIOD
            wire wrap = last_step || period_q == PERIOD_TOP[PERIOD_W-1:0];
            assign planned = period_q == PHASE[PERIOD_W-1:0];
            always @(posedge clk) begin
                if (rst) period_q <= PERIOD_ZERO;
                else if (take && last_read) period_q <= wrap ? PERIOD_ZERO : period_q + PERIOD_ONE;
            end
            wire unused = &{1'b0, PERIOD_TOP, PHASE};
        end
    endgenerate

    always @(posedge clk) begin
        if (take) begin
            data_q <= s_data;
            zero_q <= planned || step_q == {STEP_W{1'b0}};
        end
    end

    generate
        if (BLOCK != 0) begin : g_block
            (* ram_style = "block", no_rw_check *)
            reg [STATE_W-1:0] mem [0:WORDS-1];
            always @(posedge clk) if (n_take) mem[waddr_q] <= n_state;
            always @(posedge clk) if (take) state_q <= mem[raddr_q];
        end else begin : g_auto
            (* no_rw_check *)
            reg [STATE_W-1:0] mem [0:WORDS-1];
            always @(posedge clk) if (n_take) mem[waddr_q] <= n_state;
            always @(posedge clk) if (take) state_q <= mem[raddr_q];
        end
    endgenerate

    wire unused = &{1'b0, TOP, ALL, STEP_TOP};

`ifdef FORMAL
`include "nh_neuron_state_fv.vh"
`endif
endmodule
`default_nettype wire
