// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Sweep of the neuron core (docs/fabric.md): at a tick that is the core's, every word of every group goes to the
// datapath, one word per cycle, groups back to back (an empty group costs one cycle); what comes back DP_LATENCY
// cycles after dp_valid is written. INIT writes zeros to the words in use instead. Nothing here can wait.
// In sweep k after INIT the datapath sees states of 0 when the reset period is above 0 and k % period == phase.
// Word n is read (sweep_valid, sweep_addr: also the accumulator) 2 cycles before its dp_valid. A sweep of W words
// keeps busy for W + DP_LATENCY + 5 cycles.
// READ of a state: the word rd_addr is at state_low 3 cycles after rd_load, 16 bits lower after every rd_shift,
// while rd_hold.
`default_nettype none
module nh_core_sweep #(
    parameter integer LANES = 1,
    parameter integer WORDS = 256,   // words of neurons
    parameter integer GROUPS = 4,
    parameter integer PARAMS = 256,  // words of parameters
    parameter integer DELAYS = 1,    // power of two
    parameter integer STATE_W = 16,  // bits of a neuron
    parameter integer PARAM_W = 16,  // bits of a neuron
    parameter integer MODEL_W = 2,   // bits of a model's number, 1 .. 8
    parameter integer DP_LATENCY = 3 // cycles, >= 0
) (
    input wire clk,
    input wire rst,
    input wire tick,
    input wire init,
    output wire busy,
    output wire clears, // busy with INIT
    output wire done, // last cycle of a sweep, not of INIT
    output wire [((DELAYS > 1) ? $clog2(DELAYS) : 1)-1:0] slot, // of this sweep or the last one
    output wire [((DELAYS > 1) ? $clog2(DELAYS) : 1)-1:0] age,  // sweeps before it since INIT, at most DELAYS - 1
    input wire control_we,
    input wire [2:0] control_waddr,
    input wire [15:0] control_wdata,
    input wire group_we,
    input wire [((GROUPS > 1) ? $clog2(GROUPS) : 1)-1:0] group_waddr,
    input wire [((WORDS > 1) ? $clog2(WORDS) : 1)+((PARAMS > 1) ? $clog2(PARAMS) : 1)+MODEL_W+1:0] group_wdata,
    input wire param_we,
    input wire [((PARAMS > 1) ? $clog2(PARAMS) : 1)-1:0] param_waddr,
    input wire [LANES*PARAM_W-1:0] param_wdata,
    input wire rd_load,
    input wire rd_hold,
    input wire rd_shift,
    input wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0] rd_addr,
    output wire [15:0] state_low,
    output wire sweep_valid,
    output wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0] sweep_addr,
    output wire dp_valid,
    output wire [MODEL_W-1:0] dp_model,
    output wire [LANES*STATE_W-1:0] dp_state,
    output wire [LANES*PARAM_W-1:0] dp_param,
    input wire [LANES*STATE_W-1:0] dp_next,
    output wire back, // a word is written back, not by INIT
    output wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0] back_addr
);
    localparam integer WA = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer PA = (PARAMS > 1) ? $clog2(PARAMS) : 1;
    localparam integer GA = (GROUPS > 1) ? $clog2(GROUPS) : 1;
    localparam integer DL = (DELAYS > 1) ? $clog2(DELAYS) : 1;
    localparam integer GROUP_W = WA + PA + 2 + MODEL_W;
    localparam integer STATES_W = LANES * STATE_W;
    localparam [WA-1:0] WA_ONE = 1;
    localparam [WA:0] LEFT_ONE = 1;
    localparam [GA-1:0] GA_ONE = 1;
    localparam [GA:0] GROUP_ONE = 1;

    generate
        if (LANES < 1 || WORDS < 1 || GROUPS < 1 || PARAMS < 1) begin : g_illegal_size
            nh_core_sweep_sizes_are_at_least_1 u_illegal ();
        end
        if (DELAYS < 1 || (DELAYS & (DELAYS - 1)) != 0) begin : g_illegal_delays
            nh_core_sweep_DELAYS_is_no_power_of_two u_illegal ();
        end
        if (STATE_W < 1 || PARAM_W < 1 || DP_LATENCY < 0) begin : g_illegal_width
            nh_core_sweep_STATE_W_PARAM_W_DP_LATENCY u_illegal ();
        end
        if (MODEL_W < 1 || MODEL_W > 8) begin : g_illegal_model
            nh_core_sweep_MODEL_W_is_outside_1_to_8 u_illegal ();
        end
    endgenerate

    // ---- Control words, and which ticks are ours.

    reg [GA:0] groups_q;
    reg [15:0] start_q;
    reg [15:0] period_q;
    reg [WA:0] words_q;
    reg [15:0] reset_period_q;
    reg [15:0] reset_phase_q;
    reg [15:0] ticks_q;  // until the next sweep
    reg [15:0] resets_q; // sweeps until the next one that resets
    reg fresh_q;         // this sweep resets
    wire due = ticks_q == 16'd0;
    wire begin_sweep = tick && due;
    wire resets = resets_q == 16'd0;
    always @(posedge clk) begin
        if (control_we && control_waddr == 3'd0) groups_q <= control_wdata[GA:0];
        if (control_we && control_waddr == 3'd2) start_q <= control_wdata;
        if (control_we && control_waddr == 3'd3) period_q <= control_wdata;
        if (control_we && control_waddr == 3'd4) words_q <= control_wdata[WA:0];
        if (control_we && control_waddr == 3'd5) reset_period_q <= control_wdata;
        if (control_we && control_waddr == 3'd6) reset_phase_q <= control_wdata;
        if (init) resets_q <= reset_phase_q;
        else if (begin_sweep) resets_q <= (resets ? reset_period_q : resets_q) - 16'd1;
        if (begin_sweep) fresh_q <= resets && reset_period_q != 16'd0;
        if (init) ticks_q <= start_q;
        else if (tick) ticks_q <= (due ? period_q : ticks_q) - 16'd1;
    end

    // ---- Groups: the next one waits at the output of its memory.

    wire [GROUP_W-1:0] group;
    reg [GA-1:0] group_q;
    reg [GA:0] groups_left_q;
    reg f_valid_q;
    reg n_valid_q;
    reg [WA:0] left_q;
    wire last = left_q == LEFT_ONE;
    wire f_take = f_valid_q && (!n_valid_q || last);
    wire some_left = groups_left_q != {(GA+1){1'b0}};
    wire fetch = some_left && (!f_valid_q || f_take);
    wire [WA:0] f_words = group[WA:0];

    nh_core_ram #(
        .WIDTH(GROUP_W),
        .DEPTH(GROUPS),
        .BLOCK(0)
    ) u_group (
        .clk(clk),
        .we(group_we),
        .waddr(group_waddr),
        .wdata(group_wdata),
        .re(fetch),
        .raddr(group_q),
        .q(group)
    );
    always @(posedge clk) begin
        if (rst) begin
            groups_left_q <= {(GA+1){1'b0}};
            f_valid_q <= 1'b0;
        end else begin
            if (begin_sweep) groups_left_q <= groups_q;
            else if (fetch) groups_left_q <= groups_left_q - GROUP_ONE;
            if (fetch) f_valid_q <= 1'b1;
            else if (f_take) f_valid_q <= 1'b0;
        end
    end
    always @(posedge clk) begin
        if (begin_sweep) group_q <= {GA{1'b0}};
        else if (fetch) group_q <= group_q + GA_ONE;
    end

    // ---- The word that is read now.

    reg init_q;
    reg [WA-1:0] n_q;
    reg [PA-1:0] param_q;
    reg per_word_q;
    reg [MODEL_W-1:0] model_q;
    wire [PA-1:0] param_step;
    assign sweep_valid = n_valid_q;
    assign sweep_addr = n_q;
    generate
        if (PA > 1) begin : g_step
            assign param_step = {{(PA-1){1'b0}}, per_word_q};
        end else begin : g_step_1
            assign param_step = per_word_q;
        end
    endgenerate
    always @(posedge clk) begin
        if (rst) n_valid_q <= 1'b0;
        else if (init) n_valid_q <= words_q != {(WA+1){1'b0}};
        else if (f_take) n_valid_q <= f_words != {(WA+1){1'b0}};
        else if (last) n_valid_q <= 1'b0;
    end
    always @(posedge clk) begin
        if (init || begin_sweep) init_q <= init;
        if (init) left_q <= words_q;
        else if (f_take) left_q <= f_words;
        else left_q <= left_q - LEFT_ONE;
        if (f_take) begin
            param_q <= group[WA+1 +: PA];
            per_word_q <= group[WA+1+PA];
            model_q <= group[GROUP_W-1 -: MODEL_W];
        end else begin
            param_q <= param_q + param_step;
        end
        if (init || begin_sweep) n_q <= {WA{1'b0}};
        else if (rd_load) n_q <= rd_addr;
        else if (n_valid_q) n_q <= n_q + WA_ONE;
    end

    // ---- Memory, register, datapath, written back.

    reg valid1_q;
    reg valid2_q;
    reg [MODEL_W-1:0] model1_q;
    reg [MODEL_W-1:0] model2_q;
    reg [STATES_W-1:0] state_q;
    reg [LANES*PARAM_W-1:0] params_q;
    reg [WA-1:0] back_q;
    wire [STATES_W-1:0] stored;
    wire [STATES_W-1:0] state = (fresh_q && valid1_q) ? {STATES_W{1'b0}} : stored; // a READ is in no sweep
    wire [LANES*PARAM_W-1:0] params;
    wire back_valid;
    wire away; // words between dp_valid and back_valid
    assign dp_valid = valid2_q;
    assign dp_model = model2_q;
    assign dp_state = state_q;
    assign dp_param = params_q;
    assign back = back_valid && !init_q;
    assign back_addr = back_q;

    always @(posedge clk) begin
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end else begin
            valid1_q <= n_valid_q;
            valid2_q <= valid1_q;
        end
    end
    generate
        if (DP_LATENCY == 0) begin : g_back_now
            assign back_valid = valid2_q;
            assign away = 1'b0;
        end else begin : g_back
            reg [DP_LATENCY-1:0] valid_q;
            wire [DP_LATENCY:0] shifted = {valid_q, valid2_q};
            always @(posedge clk) valid_q <= rst ? {DP_LATENCY{1'b0}} : shifted[DP_LATENCY-1:0];
            assign back_valid = valid_q[DP_LATENCY-1];
            assign away = |valid_q;
            wire unused = shifted[DP_LATENCY];
        end
        if (STATES_W > 16) begin : g_shift
            always @(posedge clk) begin
                if (rd_shift) state_q <= {16'd0, state_q[STATES_W-1:16]};
                else if (!rd_hold) state_q <= state;
            end
            assign state_low = state_q[15:0];
        end else begin : g_short
            wire [STATES_W+15:0] padded = {16'd0, state_q};
            always @(posedge clk) if (!rd_hold) state_q <= state;
            assign state_low = padded[15:0];
            wire unused = &{1'b0, rd_shift, padded[STATES_W+15:16]};
        end
    endgenerate
    always @(posedge clk) begin
        model1_q <= model_q;
        model2_q <= model1_q;
        params_q <= params;
        if (init || begin_sweep) back_q <= {WA{1'b0}};
        else if (back_valid) back_q <= back_q + WA_ONE;
    end

    nh_core_ram #(
        .WIDTH(STATES_W),
        .DEPTH(WORDS)
    ) u_state (
        .clk(clk),
        .we(back_valid),
        .waddr(back_q),
        .wdata(init_q ? {STATES_W{1'b0}} : dp_next),
        .re(1'b1),
        .raddr(n_q),
        .q(stored)
    );
    nh_core_ram #(
        .WIDTH(LANES * PARAM_W),
        .DEPTH(PARAMS)
    ) u_param (
        .clk(clk),
        .we(param_we),
        .waddr(param_waddr),
        .wdata(param_wdata),
        .re(1'b1),
        .raddr(param_q),
        .q(params)
    );

    // ---- Busy until the last word is back.

    reg busy_q;
    wire end_sweep = busy_q && !some_left && !f_valid_q && !n_valid_q && !valid1_q && !valid2_q && !away;
    assign busy = busy_q;
    assign clears = init_q;
    assign done = end_sweep && !init_q;
    always @(posedge clk) begin
        if (rst) busy_q <= 1'b0;
        else if (init || begin_sweep) busy_q <= 1'b1;
        else if (end_sweep) busy_q <= 1'b0;
    end

    // ---- Where the spikes go.

    generate
        if (DELAYS > 1) begin : g_slot
            localparam [DL-1:0] DL_ONE = 1;
            reg [DL-1:0] slot_q;
            reg [DL-1:0] age_q;
            reg first_q; // no sweep since INIT
            assign slot = slot_q;
            assign age = age_q;
            always @(posedge clk) begin
                if (rst) slot_q <= {DL{1'b0}};
                else if (begin_sweep) slot_q <= slot_q + DL_ONE;
                if (begin_sweep) age_q <= first_q ? {DL{1'b0}} : (&age_q) ? age_q : age_q + DL_ONE;
                if (rst || init) first_q <= 1'b1;
                else if (begin_sweep) first_q <= 1'b0;
            end
        end else begin : g_slot_0
            assign slot = {DL{1'b0}};
            assign age = {DL{1'b0}};
        end
    endgenerate

    wire unused = &{1'b0, control_wdata};

`ifdef FORMAL
`include "nh_core_sweep_fv.vh"
`endif
endmodule
`default_nettype wire
