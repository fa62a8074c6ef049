// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// The step marker of an AXI4-Stream: first is 1 during the first of STEPS frames of BEATS
// transfers.
// error is sticky until reset: user, sampled with take, was not first.
// first: latency 0 (registered count of transfers taken). error: latency 1. 1 transfer per cycle.
`default_nettype none
module nh_step_count #(
    parameter integer BEATS = 2, // transfers per frame, >= 1
    parameter integer STEPS = 2  // frames per sample, >= 1
) (
    input wire clk,
    input wire rst,
    input wire take,
    input wire user,
    output wire first,
    output wire error
);
    localparam integer BEAT_W = (BEATS > 1) ? $clog2(BEATS) : 1;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam [31:0] BEAT_TOP = BEATS - 1;
    localparam [31:0] STEP_TOP = STEPS - 1;
    localparam [BEAT_W-1:0] BEAT_ONE = 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;

    generate
        if (BEATS < 1) begin : g_illegal_beats
            nh_step_count_BEATS_is_below_1 u_illegal ();
        end
        if (STEPS < 1) begin : g_illegal_steps
            nh_step_count_STEPS_is_below_1 u_illegal ();
        end
    endgenerate

    reg [BEAT_W-1:0] beat_q;
    reg [STEP_W-1:0] step_q;
    reg error_q;

    wire last_beat = beat_q == BEAT_TOP[BEAT_W-1:0];
    wire last_step = step_q == STEP_TOP[STEP_W-1:0];

    assign first = step_q == {STEP_W{1'b0}};
    assign error = error_q;

    always @(posedge clk) begin
        if (rst) begin
            beat_q <= {BEAT_W{1'b0}};
            step_q <= {STEP_W{1'b0}};
            error_q <= 1'b0;
        end else if (take) begin
            beat_q <= last_beat ? {BEAT_W{1'b0}} : beat_q + BEAT_ONE;
            if (last_beat) step_q <= last_step ? {STEP_W{1'b0}} : step_q + STEP_ONE;
            error_q <= error_q || (user != first);
        end
    end

    wire unused = &{1'b0, BEAT_TOP, STEP_TOP};

`ifdef FORMAL
`include "nh_step_count_fv.vh"
`endif
endmodule
`default_nettype wire
