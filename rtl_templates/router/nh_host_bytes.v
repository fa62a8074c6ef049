// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// The host port over a byte stream, both ways (docs/fabric.md, Bytes): words are frames, and the host may only send
// as many as it has credits: a restart gives it DEPTH, every word that the fabric takes gives one back. So a byte
// comes only when there is room, with no other flow control. Tokens to the host, most urgent first: FF twice after a
// restart, FE when a frame was bad, 80 + n for n credits. `restart` is a pulse: what is behind this module is
// in reset in that cycle. The host may ask for it at any time, whatever state the fabric and the line are in.
`default_nettype none
module nh_host_bytes #(
    parameter integer HOST_W = 40, // bits of a word, >= 1
    parameter integer DEPTH = 8    // words that wait for the fabric, 1 .. 125
) (
    input wire clk,
    input wire rst,
    input wire rx_valid, // bytes from the host, always taken
    input wire [7:0] rx_data,
    output wire m_axis_tvalid, // words into the fabric
    input wire m_axis_tready,
    output wire [HOST_W-1:0] m_axis_tdata,
    input wire s_axis_tvalid, // words from the fabric; TLAST is in the op
    output wire s_axis_tready,
    input wire [HOST_W-1:0] s_axis_tdata,
    output wire tx_valid, // bytes to the host
    input wire tx_ready,
    output wire [7:0] tx_data,
    output wire restart
);
    localparam [31:0] FULL = DEPTH;
    localparam integer LEVEL_W = $clog2(DEPTH + 1);

    generate
        if (HOST_W < 1) begin : g_illegal_host
            nh_host_bytes_HOST_W_is_below_1 u_illegal ();
        end
        if (DEPTH < 1 || DEPTH > 125) begin : g_illegal_depth
            nh_host_bytes_DEPTH_is_outside_1_to_125 u_illegal ();
        end
    endgenerate

    wire word_valid;
    wire word_ready;
    wire [HOST_W-1:0] word;
    wire bad;
    nh_frame_rx #(.WIDTH(HOST_W)) u_rx (
        .clk(clk), .rst(rst), .s_valid(rx_valid), .s_data(rx_data), .overrun(word_valid && !word_ready),
        .m_valid(word_valid), .m_data(word), .restart(restart), .bad(bad)
    );
    wire [LEVEL_W-1:0] level;
    nh_fifo #(.WIDTH(HOST_W), .DEPTH(DEPTH), .LEVEL_W(LEVEL_W)) u_wait (
        .clk(clk), .rst(rst || restart), .s_valid(word_valid), .s_ready(word_ready), .s_data(word),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_data(m_axis_tdata), .level(level)
    );

    reg [1:0] again_q; // FF to send
    reg told_q;        // FE was sent
    reg [6:0] owed_q;  // credits to send
    wire taken = m_axis_tvalid && m_axis_tready;
    wire is_again = again_q != 2'd0;
    wire is_stop = bad && !told_q;
    wire token_valid = is_again || is_stop || owed_q != 7'd0;
    wire token_ready;
    wire [6:0] token = is_again ? 7'h7f : is_stop ? 7'h7e : owed_q;
    wire sent = token_valid && token_ready;
    wire paid = sent && !is_again && !is_stop;

    always @(posedge clk) begin
        if (rst) begin
            again_q <= 2'd0;
            told_q <= 1'b1; // nobody has asked for anything yet
            owed_q <= 7'd0;
        end else if (restart) begin
            again_q <= 2'd2;
            told_q <= 1'b0;
            owed_q <= FULL[6:0];
        end else begin
            if (sent && is_again) again_q <= again_q - 2'd1;
            if (sent && !is_again && is_stop) told_q <= 1'b1;
            if (paid) owed_q <= {6'd0, taken};
            else if (taken && owed_q != FULL[6:0]) owed_q <= owed_q + 7'd1;
        end
    end

    nh_frame_tx #(.WIDTH(HOST_W)) u_tx (
        .clk(clk), .rst(rst), .restart(restart),
        .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_data(s_axis_tdata),
        .token_valid(token_valid), .token_ready(token_ready), .token(token),
        .m_valid(tx_valid), .m_ready(tx_ready), .m_data(tx_data)
    );

    wire unused = &{1'b0, FULL, level};

`ifdef FORMAL
`include "nh_host_bytes_fv.vh"
`endif
endmodule
`default_nettype wire
