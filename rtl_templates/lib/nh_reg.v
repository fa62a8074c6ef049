// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// One register stage: q takes d at the clock edge when en. No reset: it carries data, not control.
// Latency 1 cycle, throughput 1 word per cycle.
`default_nettype none
module nh_reg #(
    parameter integer WIDTH = 8 // bits, >= 1
) (
    input wire clk,
    input wire en,
    input wire [WIDTH-1:0] d,
    output reg [WIDTH-1:0] q
);
    generate
        if (WIDTH < 1) begin : g_illegal
            nh_reg_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    always @(posedge clk) if (en) q <= d;
endmodule
`default_nettype wire
