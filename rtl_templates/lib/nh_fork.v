// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// One stream to N consumers: each takes every word once, as soon as it can; the word leaves the
// stream when all have taken it. Who took it is not offered it again.
// Latency 0 cycles, throughput 1 word per cycle. s_ready follows m_ready combinationally.
`default_nettype none
module nh_fork #(
    parameter integer WIDTH = 8, // bits, >= 1
    parameter integer N = 2      // consumers, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [WIDTH-1:0] s_data,
    output wire [N-1:0] m_valid,
    input wire [N-1:0] m_ready,
    output wire [WIDTH-1:0] m_data
);
    generate
        if (WIDTH < 1) begin : g_illegal_width
            nh_fork_WIDTH_is_below_1 u_illegal ();
        end
        if (N < 1) begin : g_illegal_n
            nh_fork_N_is_below_1 u_illegal ();
        end
    endgenerate

    reg [N-1:0] took_q; // consumers that have the word which still waits

    assign s_ready = &(took_q | m_ready);
    assign m_valid = {N{s_valid}} & ~took_q;
    assign m_data = s_data;

    always @(posedge clk) begin
        if (rst || s_ready) took_q <= {N{1'b0}};
        else took_q <= took_q | (m_valid & m_ready);
    end

`ifdef FORMAL
`include "nh_fork_fv.vh"
`endif
endmodule
`default_nettype wire
