// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Bytes into words of the host port (docs/fabric.md, Bytes): SYMBOLS bytes of 7 bits, low first, then a byte with
// bit 7 that closes the frame and carries a CRC-7 over the frame's number and its bits. A byte that was lost, added
// or changed, or a frame that was lost, makes `bad`: from then on no word is given until a restart (the byte FF
// where a frame would begin). So a host's words come all and in order up to some point, and none behind it.
// A byte per cycle is always taken; m_valid and restart are pulses, 1 cycle after the byte that closes the frame.
`default_nettype none
module nh_frame_rx #(
    parameter integer WIDTH = 40 // bits of a word, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    input wire [7:0] s_data,
    input wire overrun, // the word was not taken: as if it had been lost
    output wire m_valid,
    output wire [WIDTH-1:0] m_data,
    output wire restart,
    output wire bad
);
    localparam integer SYMBOLS = (WIDTH + 6) / 7;
    localparam integer COUNT_W = $clog2(SYMBOLS + 1);
    localparam [31:0] ALL = SYMBOLS;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (WIDTH < 1) begin : g_illegal
            nh_frame_rx_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg [COUNT_W-1:0] count_q;    // symbols of the frame so far
    reg [6:0] number_q;           // of the frame
    reg [6:0] crc_q;
    reg [7*SYMBOLS-1:0] symbol_q;
    reg valid_q;
    reg restart_q;
    reg bad_q;

    wire closes = s_data[7];
    wire full = count_q == ALL[COUNT_W-1:0];
    wire begins = count_q == {COUNT_W{1'b0}};
    wire again = s_valid && begins && s_data == 8'hff;
    wire good = s_valid && closes && full && s_data[6:0] == crc_q && !bad_q;
    wire wrong = s_valid && (closes ? !good && !again : full);

    assign m_valid = valid_q;
    assign m_data = symbol_q[WIDTH-1:0];
    assign restart = restart_q;
    assign bad = bad_q;

    always @(posedge clk) begin
        if (rst) begin
            count_q <= {COUNT_W{1'b0}};
            number_q <= 7'd0;
            valid_q <= 1'b0;
            restart_q <= 1'b0;
            bad_q <= 1'b1; // silent until the first restart
        end else begin
            valid_q <= good && !overrun;
            restart_q <= again;
            if (s_valid) count_q <= closes ? {COUNT_W{1'b0}} : full ? count_q : count_q + ONE;
            if (again) number_q <= 7'd0;
            else if (good) number_q <= number_q + 7'd1;
            if (again) bad_q <= 1'b0;
            else if (wrong || overrun) bad_q <= 1'b1;
        end
    end

    wire [6:0] crc_d;
    nh_frame_crc u_crc (
        .crc(begins ? number_q : crc_q),
        .symbol(s_data[6:0]),
        .next(crc_d)
    );
    wire [7*SYMBOLS+6:0] symbol_d = {s_data[6:0], symbol_q};
    always @(posedge clk) begin
        if (s_valid && !closes) symbol_q <= symbol_d[7*SYMBOLS+6:7];
        if (s_valid && !closes) crc_q <= crc_d;
    end

    wire unused = &{1'b0, ALL, symbol_q, symbol_d};

`ifdef FORMAL
`include "nh_frame_rx_fv.vh"
`endif
endmodule
`default_nettype wire
