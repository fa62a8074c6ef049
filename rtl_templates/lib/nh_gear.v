// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Change the beat of a stream of frames: N elements per frame come in S_BEAT and leave in M_BEAT
// elements per transfer. The last transfer of a frame is padded: ignored on input, zero on output.
// Latency 2 cycles from the transfer that completes an output word; a frame every
// max(ceil(N/S_BEAT), ceil(N/M_BEAT)) cycles. s_ready comes from registers: an nh_skid stands on
// the narrower side.
//
// Three engines:
//   NARROW  an input word is a whole number of output words, or the frame: load, shift down
//   WIDEN   an output word is a whole number of input words, or the frame: fill slots
//   ANY     else: a buffer in which new words are placed above those still held; it counts in
//           units, the greatest common divisor of the beats
`default_nettype none
module nh_gear #(
    parameter integer ELEM_W = 8, // bits per element, >= 1
    parameter integer N = 4,      // elements per frame, >= 1
    parameter integer S_BEAT = 1, // elements per transfer in, >= 1
    parameter integer M_BEAT = 2  // elements per transfer out, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [S_BEAT*ELEM_W-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [M_BEAT*ELEM_W-1:0] m_data
);
    function integer gcd;
        input integer a;
        input integer b;
        integer x, y, t;
        begin
            x = a;
            y = b;
            while (y != 0) begin
                t = x % y;
                x = y;
                y = t;
            end
            gcd = x;
        end
    endfunction

    localparam integer S_W = S_BEAT * ELEM_W;
    localparam integer M_W = M_BEAT * ELEM_W;
    localparam integer S_WORDS = (N + S_BEAT - 1) / S_BEAT; // transfers per frame
    localparam integer M_WORDS = (N + M_BEAT - 1) / M_BEAT;
    localparam integer S_REST = N - (S_WORDS - 1) * S_BEAT; // elements in the last transfer
    localparam integer NARROW =
        (S_BEAT >= M_BEAT && (S_WORDS == 1 || S_BEAT % M_BEAT == 0)) ? 1 : 0;
    localparam integer WIDEN =
        (S_BEAT < M_BEAT && (M_WORDS == 1 || M_BEAT % S_BEAT == 0)) ? 1 : 0;

    generate
        if (ELEM_W < 1) begin : g_illegal_elem
            nh_gear_ELEM_W_is_below_1 u_illegal ();
        end
        if (N < 1) begin : g_illegal_n
            nh_gear_N_is_below_1 u_illegal ();
        end
        if (S_BEAT < 1 || M_BEAT < 1) begin : g_illegal_beat
            nh_gear_BEAT_is_below_1 u_illegal ();
        end
    endgenerate

    // The stream as the engine sees it: one side is a port, the other the far side of the skid.
    wire in_valid, in_ready, out_valid, out_ready;
    wire [S_W-1:0] in_data;
    wire [M_W-1:0] out_data;

    generate
        if (S_BEAT >= M_BEAT) begin : g_skid_out
            assign in_valid = s_valid;
            assign s_ready = in_ready;
            assign in_data = s_data;
            nh_skid #(
                .WIDTH(M_W)
            ) u_skid (
                .clk(clk),
                .rst(rst),
                .s_valid(out_valid),
                .s_ready(out_ready),
                .s_data(out_data),
                .m_valid(m_valid),
                .m_ready(m_ready),
                .m_data(m_data)
            );
        end else begin : g_skid_in
            assign m_valid = out_valid;
            assign out_ready = m_ready;
            assign m_data = out_data;
            nh_skid #(
                .WIDTH(S_W)
            ) u_skid (
                .clk(clk),
                .rst(rst),
                .s_valid(s_valid),
                .s_ready(s_ready),
                .s_data(s_data),
                .m_valid(in_valid),
                .m_ready(in_ready),
                .m_data(in_data)
            );
        end
    endgenerate

    wire take = in_valid && in_ready;

    // Position in the frame on the input side, and the input word with its padding cleared.
    wire last;
    wire [S_W-1:0] clean;
    generate
        if (S_WORDS == 1) begin : g_one_word
            assign last = 1'b1;
        end else begin : g_words
            localparam integer COUNT_W = $clog2(S_WORDS);
            localparam [31:0] TOP = S_WORDS - 1;
            localparam [COUNT_W-1:0] ONE = 1;
            reg [COUNT_W-1:0] count_q;
            assign last = count_q == TOP[COUNT_W-1:0];
            always @(posedge clk) begin
                if (rst) count_q <= {COUNT_W{1'b0}};
                else if (take) count_q <= last ? {COUNT_W{1'b0}} : count_q + ONE;
            end
            wire unused = &{1'b0, TOP};
        end
        if (S_REST == S_BEAT) begin : g_whole
            assign clean = in_data;
        end else begin : g_mask
            localparam integer REST_W = S_REST * ELEM_W;
            assign clean = {in_data[S_W-1:REST_W] & {(S_W-REST_W){!last}}, in_data[REST_W-1:0]};
        end
    endgenerate

    generate
        if (NARROW != 0) begin : g_narrow
            // Output words of a full and of the last input word.
            localparam integer FULL = ((S_WORDS == 1) ? N + M_BEAT - 1 : S_BEAT) / M_BEAT;
            localparam integer REST = (S_REST + M_BEAT - 1) / M_BEAT;
            localparam integer LEFT_W = $clog2(FULL + 1);
            localparam integer SHIFT_W = FULL * M_W;
            localparam integer WIDE_W = SHIFT_W + S_W + M_W;
            localparam [31:0] FULL_32 = FULL;
            localparam [31:0] REST_32 = REST;
            localparam [LEFT_W-1:0] ONE = 1;
            reg [LEFT_W-1:0] left_q; // words in shift_q
            reg [SHIFT_W-1:0] shift_q;
            wire [WIDE_W-1:0] load_d = {{(WIDE_W-S_W){1'b0}}, clean};
            wire [WIDE_W-1:0] shift_d = {{(WIDE_W-SHIFT_W){1'b0}}, shift_q};

            assign in_ready = (left_q == {LEFT_W{1'b0}}) || (left_q == ONE && out_ready);
            assign out_valid = left_q != {LEFT_W{1'b0}};
            assign out_data = shift_q[M_W-1:0];

            always @(posedge clk) begin
                if (rst) left_q <= {LEFT_W{1'b0}};
                else if (take) left_q <= last ? REST_32[LEFT_W-1:0] : FULL_32[LEFT_W-1:0];
                else if (out_valid && out_ready) left_q <= left_q - ONE;
            end
            always @(posedge clk) begin
                if (take) shift_q <= load_d[SHIFT_W-1:0];
                else if (out_ready) shift_q <= shift_d[M_W +: SHIFT_W];
            end
            wire unused = &{1'b0, FULL_32, REST_32, load_d, shift_d};
        end
        if (WIDEN != 0) begin : g_widen
            localparam integer SLOTS = (M_WORDS == 1) ? S_WORDS : M_BEAT / S_BEAT;
            localparam integer SLOT_W = (SLOTS > 1) ? $clog2(SLOTS) : 1;
            localparam [31:0] TOP = SLOTS - 1;
            localparam [SLOT_W-1:0] ONE = 1;
            localparam integer ALL_W = SLOTS * S_W;
            localparam integer PAD_W = (ALL_W > M_W) ? ALL_W : M_W;
            reg full_q;
            reg [SLOT_W-1:0] slot_q; // where the next input word goes
            wire [ALL_W-1:0] all;
            wire [PAD_W-1:0] padded;

            wire complete = last || slot_q == TOP[SLOT_W-1:0];
            wire start = slot_q == {SLOT_W{1'b0}};

            assign in_ready = !full_q || out_ready;
            assign out_valid = full_q;
            assign out_data = padded[M_W-1:0];

            if (PAD_W > ALL_W) begin : g_pad
                assign padded = {{(PAD_W-ALL_W){1'b0}}, all};
            end else begin : g_no_pad
                assign padded = all;
            end

            always @(posedge clk) begin
                if (rst) begin
                    full_q <= 1'b0;
                    slot_q <= {SLOT_W{1'b0}};
                end else if (in_ready) begin
                    full_q <= take && complete;
                    if (take) slot_q <= complete ? {SLOT_W{1'b0}} : slot_q + ONE;
                end
            end

            genvar i;
            for (i = 0; i < SLOTS; i = i + 1) begin : g_slot
                localparam [31:0] INDEX = i;
                reg [S_W-1:0] slot_data_q;
                assign all[i*S_W +: S_W] = slot_data_q;
                if (i == 0) begin : g_first
                    always @(posedge clk) if (take && start) slot_data_q <= clean;
                end else begin : g_later
                    always @(posedge clk) begin
                        if (take && start) slot_data_q <= {S_W{1'b0}};
                        else if (take && slot_q == INDEX[SLOT_W-1:0]) slot_data_q <= clean;
                    end
                end
                wire unused = &{1'b0, INDEX};
            end
            wire unused = &{1'b0, TOP, padded};
        end
        if (NARROW == 0 && WIDEN == 0) begin : g_any
            localparam integer UNIT = gcd(S_BEAT, M_BEAT);
            localparam integer UNIT_W = UNIT * ELEM_W;
            localparam integer S_UNITS = S_BEAT / UNIT;
            localparam integer M_UNITS = M_BEAT / UNIT;
            // The last input word of a frame fills its output word up: it starts REST_AT units
            // after a word boundary.
            localparam integer REST_AT = ((S_WORDS - 1) * S_UNITS) % M_UNITS;
            localparam integer REST_UNITS = (S_REST + UNIT - 1) / UNIT;
            localparam integer REST_END = (REST_AT + REST_UNITS + M_UNITS - 1) / M_UNITS * M_UNITS;
            localparam integer REST = REST_END - REST_AT; // units the last input word counts for
            localparam integer MOST = (REST > S_UNITS) ? REST : S_UNITS;
            localparam integer ROOM = 2 * M_UNITS - 1 + MOST;             // units held at most
            localparam integer HELD_W = $clog2(ROOM + 1);
            localparam integer ROOM_W = ROOM * UNIT_W;
            localparam [31:0] S_32 = S_UNITS;
            localparam [31:0] M_32 = M_UNITS;
            localparam [31:0] REST_32 = REST;
            localparam [31:0] LIMIT_32 = 2 * M_UNITS - 1;
            reg [HELD_W-1:0] held_q;    // units in buffer_q, from the bottom; those above are zero
            reg [ROOM_W-1:0] buffer_q;

            wire give = out_valid && out_ready;
            wire [HELD_W-1:0] kept = give ? held_q - M_32[HELD_W-1:0] : held_q;
            wire [HELD_W-1:0] added = last ? REST_32[HELD_W-1:0] : S_32[HELD_W-1:0];

            assign out_valid = held_q >= M_32[HELD_W-1:0];
            assign out_data = buffer_q[M_W-1:0];
            assign in_ready = kept <= LIMIT_32[HELD_W-1:0];

            // The input word is moved up by held_q units, one stage per bit of held_q; the word
            // that goes out leaves below it.
            genvar b;
            for (b = 0; b <= HELD_W; b = b + 1) begin : g_place
                wire [ROOM_W+M_W-1:0] word;
                if (b == 0) begin : g_in
                    wire [ROOM_W+M_W+S_W-1:0] wide = {{(ROOM_W+M_W){1'b0}}, clean & {S_W{take}}};
                    assign word = wide[ROOM_W+M_W-1:0];
                    wire unused = &{1'b0, wide};
                end else begin : g_move
                    wire [ROOM_W+M_W-1:0] below = g_place[b-1].word;
                    assign word = held_q[b-1] ? below << ((1 << (b - 1)) * UNIT_W) : below;
                end
            end
            wire [ROOM_W+M_W-1:0] joined = g_place[HELD_W].word | {{M_W{1'b0}}, buffer_q};

            always @(posedge clk) begin
                if (rst) begin
                    held_q <= {HELD_W{1'b0}};
                    buffer_q <= {ROOM_W{1'b0}};
                end else begin
                    held_q <= take ? kept + added : kept;
                    buffer_q <= give ? joined[M_W +: ROOM_W] : joined[ROOM_W-1:0];
                end
            end
            wire unused = &{1'b0, S_32, M_32, REST_32, LIMIT_32};
        end
    endgenerate

`ifdef FORMAL
`include "nh_gear_fv.vh"
`endif
endmodule
`default_nettype wire
