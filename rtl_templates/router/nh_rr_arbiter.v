// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Round-robin arbiter: grant is one-hot and for a request; the grant stays while it is not taken (requests
// must stay until then), and the input after the one taken comes first next. So a waiting input
// is granted after at most N - 1 others. Latency 0.
`default_nettype none
module nh_rr_arbiter #(
    parameter integer N = 5 // inputs, >= 1
) (
    input wire clk,
    input wire rst,
    input wire [N-1:0] req,
    input wire take, // the grant is used
    output wire [N-1:0] grant
);
    localparam [N-1:0] EVERY = {N{1'b1}};

    generate
        if (N < 1) begin : g_illegal_n
            nh_rr_arbiter_N_is_below_1 u_illegal ();
        end
    endgenerate

    reg [N-1:0] first_q; // the inputs from the next one in turn up to N - 1

    wire [N-1:0] ahead = req & first_q;
    wire [N-1:0] pool = (ahead != {N{1'b0}}) ? ahead : req;
    wire [N-1:0] from; // the granted one and those above: no arithmetic, a carry chain is dearer
    generate
        genvar i;
        for (i = 0; i < N; i = i + 1) begin : g_input
            assign from[i] = |pool[i:0];
            assign grant[i] = pool[i] && (pool & ~(EVERY << i)) == {N{1'b0}};
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) first_q <= {N{1'b1}};
        else if (req != {N{1'b0}}) first_q <= take ? (from & ~grant) : from;
    end

`ifdef FORMAL
`include "nh_rr_arbiter_fv.vh"
`endif
endmodule
`default_nettype wire
