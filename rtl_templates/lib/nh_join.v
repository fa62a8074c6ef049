// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// N streams as one: a word leaves when every stream has one, and all leave together. The data do
// not pass through here: they are side by side.
// Latency 0 cycles, throughput 1 word per cycle. s_ready follows m_ready and the other streams'
// s_valid combinationally.
`default_nettype none
module nh_join #(
    parameter integer N = 2 // streams, >= 1
) (
    input wire [N-1:0] s_valid,
    output wire [N-1:0] s_ready,
    output wire m_valid,
    input wire m_ready
);
    localparam [N-1:0] ONE = 1;

    generate
        if (N < 1) begin : g_illegal
            nh_join_N_is_below_1 u_illegal ();
        end
    endgenerate

    assign m_valid = &s_valid;

    genvar i;
    generate
        for (i = 0; i < N; i = i + 1) begin : g_stream
            wire [N-1:0] others; // this stream counts as valid
            assign others = s_valid | (ONE << i);
            assign s_ready[i] = m_ready && (&others);
        end
    endgenerate

`ifdef FORMAL
`include "nh_join_fv.vh"
`endif
endmodule
`default_nettype wire
