// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Memory of the neuron core: one write port, one read port, registered output that holds while re is 0.
// Latency 1 cycle. A word that is read in the cycle of its write is undefined.
`default_nettype none
module nh_core_ram #(
    parameter integer WIDTH = 8,  // bits, >= 1
    parameter integer DEPTH = 16, // words, >= 1
    parameter integer BLOCK = 1   // 1: block RAM, 0: as the tool likes
) (
    input wire clk,
    input wire we,
    input wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] waddr,
    input wire [WIDTH-1:0] wdata,
    input wire re,
    input wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] raddr,
    output wire [WIDTH-1:0] q
);
    generate
        if (WIDTH < 1) begin : g_illegal_width
            nh_core_ram_WIDTH_is_below_1 u_illegal ();
        end
        if (DEPTH < 1) begin : g_illegal_depth
            nh_core_ram_DEPTH_is_below_1 u_illegal ();
        end
        if (BLOCK < 0 || BLOCK > 1) begin : g_illegal_block
            nh_core_ram_BLOCK_is_0_or_1 u_illegal ();
        end
    endgenerate

    reg [WIDTH-1:0] mem_q;
    assign q = mem_q;
    generate
        if (BLOCK != 0) begin : g_block
            (* ram_style = "block", no_rw_check *)
            reg [WIDTH-1:0] mem [0:DEPTH-1];
            always @(posedge clk) if (we) mem[waddr] <= wdata;
            always @(posedge clk) if (re) mem_q <= mem[raddr];
        end else begin : g_auto
            (* no_rw_check *)
            reg [WIDTH-1:0] mem [0:DEPTH-1];
            always @(posedge clk) if (we) mem[waddr] <= wdata;
            always @(posedge clk) if (re) mem_q <= mem[raddr];
        end
    endgenerate
endmodule
`default_nettype wire
