// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Valid bits and clock enable of a DEPTH-stage datapath that stalls as a whole: its registers move
// when en.
// Latency DEPTH cycles, throughput 1 word per cycle. s_ready and en follow m_ready combinationally.
`default_nettype none
module nh_pipe #(
    parameter integer DEPTH = 1 // stages, >= 0; 0 = wires
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    output wire en,
    output wire m_valid,
    input wire m_ready
);
    generate
        if (DEPTH < 0) begin : g_illegal
            nh_pipe_DEPTH_is_below_0 u_illegal ();
        end
    endgenerate

    generate
        if (DEPTH == 0) begin : g_wires
            assign en = m_ready;
            assign m_valid = s_valid;
            wire unused = &{1'b0, clk, rst};
        end else begin : g_stages
            reg [DEPTH-1:0] valid_q;
            wire [DEPTH:0] valid_d = {valid_q, s_valid};

            assign en = m_ready || !valid_q[DEPTH-1];
            assign m_valid = valid_q[DEPTH-1];

            always @(posedge clk) begin
                if (rst) valid_q <= {DEPTH{1'b0}};
                else if (en) valid_q <= valid_d[DEPTH-1:0];
            end
            wire unused = &{1'b0, valid_d[DEPTH]};
        end
    endgenerate
    assign s_ready = en;

`ifdef FORMAL
`include "nh_pipe_fv.vh"
`endif
endmodule
`default_nettype wire
