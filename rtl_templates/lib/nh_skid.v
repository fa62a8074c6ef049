// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Two-entry skid buffer: s_ready comes from a register, so a chain of ready signals ends here.
// Latency 1 cycle, throughput 1 word per cycle.
`default_nettype none
module nh_skid #(
    parameter integer WIDTH = 8 // bits, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [WIDTH-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [WIDTH-1:0] m_data
);
    generate
        if (WIDTH < 1) begin : g_illegal
            nh_skid_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg valid_q;             // out_q holds a word
    reg spare_valid_q;       // spare_q holds the word after it
    reg [WIDTH-1:0] out_q;
    reg [WIDTH-1:0] spare_q;

    wire take = s_valid && s_ready;
    wire move = m_ready || !valid_q; // out_q is free at the next edge

    assign s_ready = !spare_valid_q;
    assign m_valid = valid_q;
    assign m_data = out_q;

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            spare_valid_q <= 1'b0;
        end else if (move) begin
            valid_q <= take || spare_valid_q;
            spare_valid_q <= 1'b0;
        end else if (take) begin
            spare_valid_q <= 1'b1;
        end
    end

    always @(posedge clk) begin
        if (move) out_q <= spare_valid_q ? spare_q : s_data;
        if (s_ready) spare_q <= s_data;
    end

`ifdef FORMAL
`include "nh_skid_fv.vh"
`endif
endmodule
`default_nettype wire
