// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Words of the host port into bytes, frames as in nh_frame_rx.v (docs/fabric.md, Bytes). Between frames a token goes
// out as one byte {1, token}, before the next word. restart drops the word in work and numbers the next frame 0;
// the byte that is offered stays. A byte per cycle, a word every SYMBOLS + 2 cycles; s_ready comes from a register.
`default_nettype none
module nh_frame_tx #(
    parameter integer WIDTH = 40 // bits of a word, >= 1
) (
    input wire clk,
    input wire rst,
    input wire restart,
    input wire s_valid,
    output wire s_ready,
    input wire [WIDTH-1:0] s_data,
    input wire token_valid,
    output wire token_ready,
    input wire [6:0] token,
    output wire m_valid,
    input wire m_ready,
    output wire [7:0] m_data
);
    localparam integer SYMBOLS = (WIDTH + 6) / 7;
    localparam integer COUNT_W = $clog2(SYMBOLS + 1);
    localparam [31:0] ALL = SYMBOLS;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (WIDTH < 1) begin : g_illegal
            nh_frame_tx_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg full_q;                   // symbol_q holds a word
    reg [COUNT_W-1:0] count_q;    // its symbols that are out
    reg [6:0] number_q;           // of the frame
    reg [6:0] crc_q;
    reg [7*SYMBOLS-1:0] symbol_q;
    reg valid_q;
    reg [7:0] byte_q;

    wire move = !valid_q || m_ready;
    wire begins = count_q == {COUNT_W{1'b0}};
    wire last = count_q == ALL[COUNT_W-1:0];
    wire take_token = move && begins && token_valid && !restart;
    wire take_symbol = move && full_q && !last && !take_token && !restart;
    wire take_check = move && last && !restart;

    assign s_ready = !full_q;
    assign token_ready = move && begins && !restart;
    assign m_valid = valid_q;
    assign m_data = byte_q;

    always @(posedge clk) begin
        if (rst) valid_q <= 1'b0;
        else if (move) valid_q <= take_token || take_symbol || take_check;
        if (rst || restart) begin
            full_q <= 1'b0;
            count_q <= {COUNT_W{1'b0}};
            number_q <= 7'd0;
        end else begin
            if (s_valid && s_ready) full_q <= 1'b1;
            else if (take_check) full_q <= 1'b0;
            if (take_check) count_q <= {COUNT_W{1'b0}};
            else if (take_symbol) count_q <= count_q + ONE;
            if (take_check) number_q <= number_q + 7'd1;
        end
    end

    wire [7*SYMBOLS-1:0] word;
    assign word[WIDTH-1:0] = s_data;
    generate
        if (7 * SYMBOLS > WIDTH) begin : g_fill
            assign word[7*SYMBOLS-1:WIDTH] = {(7*SYMBOLS-WIDTH){1'b0}};
        end
    endgenerate
    wire [6:0] crc_d;
    nh_frame_crc u_crc (
        .crc(begins ? number_q : crc_q),
        .symbol(symbol_q[6:0]),
        .next(crc_d)
    );
    wire [7*SYMBOLS+6:0] rest = {7'd0, symbol_q};
    always @(posedge clk) begin
        if (s_valid && s_ready) symbol_q <= word;
        else if (take_symbol) symbol_q <= rest[7*SYMBOLS+6:7];
        if (take_symbol) crc_q <= crc_d;
        if (move) byte_q <= take_token ? {1'b1, token} : take_check ? {1'b1, crc_q} : {1'b0, symbol_q[6:0]};
    end

    wire unused = &{1'b0, ALL, rest};

`ifdef FORMAL
`include "nh_frame_tx_fv.vh"
`endif
endmodule
`default_nettype wire
