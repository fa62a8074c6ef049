// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Synchronous ROM: q takes word addr at the clock edge when en. FILE is read by $readmemh, one word
// per line.
// Latency 1 cycle, throughput 1 word per cycle.
// rom_style "logic" is what Yosys calls a ROM built of LUTs.
`default_nettype none
module nh_rom #(
    parameter integer WIDTH = 8,   // bits, >= 1
    parameter integer DEPTH = 2,   // words, >= 1
    parameter integer BLOCK = 1,   // 1 = block RAM, 0 = logic
    parameter FILE = "nh_rom.mem"  // DEPTH words
) (
    input wire clk,
    input wire en,
    input wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] addr, // below DEPTH; ignored when DEPTH is 1
    output reg [WIDTH-1:0] q
);
    generate
        if (WIDTH < 1) begin : g_illegal_width
            nh_rom_WIDTH_is_below_1 u_illegal ();
        end
        if (DEPTH < 1) begin : g_illegal_depth
            nh_rom_DEPTH_is_below_1 u_illegal ();
        end
        if (BLOCK != 0 && BLOCK != 1) begin : g_illegal_block
            nh_rom_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    generate
        if (DEPTH == 1) begin : g_constant
            reg [WIDTH-1:0] mem [0:0];
            initial $readmemh(FILE, mem);
            always @(posedge clk) if (en) q <= mem[0];
            wire unused = &{1'b0, addr};
        end else if (BLOCK != 0) begin : g_block
            (* rom_style = "block" *)
            reg [WIDTH-1:0] mem [0:DEPTH-1];
            initial $readmemh(FILE, mem);
            always @(posedge clk) if (en) q <= mem[addr];
        end else begin : g_logic
            (* rom_style = "logic" *)
            reg [WIDTH-1:0] mem [0:DEPTH-1];
            initial $readmemh(FILE, mem);
            always @(posedge clk) if (en) q <= mem[addr];
        end
    endgenerate
endmodule
`default_nettype wire
