// Datapath of a toy neuron for core_bench.py: LANES copies, LATENCY cycles. Parameters from bit 0: threshold[8], shift[3]. Models with an
// even number of bits 1:
// v += a - (v >> shift), out and v = 0 when v >= threshold; others: v = a, out = v != 0 (or v itself, cut).
// a: the first accumulator, less the second one where there are two.
`default_nettype none
module core_toy_dp #(
    parameter integer LANES = 1,
    parameter integer ACCS = 1,
    parameter integer ACC_W = 16,
    parameter integer STATE_W = 16,
    parameter integer PARAM_W = 11,
    parameter integer PAYLOAD_W = 1,
    parameter integer MODEL_W = 2,
    parameter integer LATENCY = 3
) (
    input wire clk,
    input wire [MODEL_W-1:0] model,
    input wire [LANES*ACCS*ACC_W-1:0] acc,
    input wire [LANES*STATE_W-1:0] state,
    input wire [LANES*PARAM_W-1:0] param,
    output wire [LANES*STATE_W-1:0] next,
    output wire [LANES*PAYLOAD_W-1:0] out
);
    localparam integer W = LANES * (STATE_W + PAYLOAD_W);
    wire [LANES*STATE_W-1:0] next_d;
    wire [LANES*PAYLOAD_W-1:0] out_d;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            wire signed [STATE_W-1:0] first = $signed(acc[l*ACCS*ACC_W +: ACC_W]);
            wire signed [STATE_W-1:0] second = $signed(acc[(l*ACCS+ACCS-1)*ACC_W +: ACC_W]);
            wire signed [STATE_W-1:0] a = ACCS > 1 ? first - second : first;
            wire signed [STATE_W-1:0] v = state[l*STATE_W +: STATE_W];
            wire [2:0] shift = param[l*PARAM_W+8 +: 3];
            wire signed [STATE_W-1:0] theta = $signed({1'b0, param[l*PARAM_W +: 8]});
            wire signed [STATE_W-1:0] leak = v >>> shift;
            wire signed [STATE_W-1:0] sum = v + a - leak;
            wire fires = sum >= theta;
            wire signed [STATE_W-1:0] shown = ^model ? a : fires ? sum : {STATE_W{1'b0}};
            assign next_d[l*STATE_W +: STATE_W] = ^model ? a : fires ? {STATE_W{1'b0}} : sum;
            wire signed [STATE_W+PAYLOAD_W-1:0] wide = shown;
            if (PAYLOAD_W == 1) assign out_d[l] = ^model ? a != 0 : fires;
            else assign out_d[l*PAYLOAD_W +: PAYLOAD_W] = wide[PAYLOAD_W-1:0];
        end
        if (LATENCY == 0) begin : g_now
            assign {next, out} = {next_d, out_d};
        end else begin : g_later
            reg [W*LATENCY-1:0] q;
            always @(posedge clk) q <= {q, next_d, out_d};
            assign {next, out} = q[W*LATENCY-1 -: W];
        end
    endgenerate
endmodule
`default_nettype wire
