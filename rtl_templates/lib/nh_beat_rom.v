// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Pass a stream through and put word k of a ROM beside transfer k; k counts accepted transfers
// modulo DEPTH.
// Latency 1 cycle, throughput 1 word per cycle. s_ready follows m_ready combinationally.
`default_nettype none
module nh_beat_rom #(
    parameter integer WIDTH = 8,       // bits of data, >= 1
    parameter integer WORD_W = 8,      // bits of a ROM word, >= 1
    parameter integer DEPTH = 2,       // words, >= 1
    parameter integer BLOCK = 0,       // 1 = block RAM, 0 = logic
    parameter FILE = "nh_beat_rom.mem" // DEPTH words
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [WIDTH-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [WIDTH-1:0] m_data,
    output wire [WORD_W-1:0] m_word
);
    localparam integer ADDR_W = (DEPTH > 1) ? $clog2(DEPTH) : 1;
    localparam [31:0] TOP = DEPTH - 1;
    localparam [ADDR_W-1:0] ONE = 1;

    generate
        if (WIDTH < 1) begin : g_illegal_width
            nh_beat_rom_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg valid_q;
    reg [WIDTH-1:0] data_q;
    reg [ADDR_W-1:0] addr_q;

    wire take = s_valid && s_ready;

    assign s_ready = m_ready || !valid_q;
    assign m_valid = valid_q;
    assign m_data = data_q;

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            addr_q <= {ADDR_W{1'b0}};
        end else begin
            if (s_ready) valid_q <= s_valid;
            if (take) addr_q <= (addr_q == TOP[ADDR_W-1:0]) ? {ADDR_W{1'b0}} : addr_q + ONE;
        end
    end

    always @(posedge clk) if (take) data_q <= s_data;

    nh_rom #(
        .WIDTH(WORD_W),
        .DEPTH(DEPTH),
        .BLOCK(BLOCK),
        .FILE(FILE)
    ) u_rom (
        .clk(clk),
        .en(take),
        .addr(addr_q),
        .q(m_word)
    );

    wire unused = &{1'b0, TOP};

`ifdef FORMAL
`include "nh_beat_rom_fv.vh"
`endif
endmodule
`default_nettype wire
