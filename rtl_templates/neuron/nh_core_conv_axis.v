// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// One axis of a convolution in the neuron core (docs/fabric.md, conv): the first tap through which an event meets the
// output region. One tap per cycle; u_q is the distance from the region's first pixel to the input pixel behind the
// tap, in units of 2^multiple, so a tap hits when u_q is a multiple of 2^skip and u_q / 2^skip is inside.
`default_nettype none
module nh_core_conv_axis #(
    parameter integer C = 4,   // bits of a coordinate, 1 .. 12
    parameter integer SA = 12  // bits of a synapse word's number
) (
    input wire clk,
    input wire [2*C+17:0] axis, // fields of the descriptor; they stay while an event is looked at
    input wire [SA-1:0] tap_words, // synapse words from one tap to the next
    input wire [C-1:0] at,
    output wire meets, // `at` may meet something: else the event needs no look
    input wire load,   // look at `at` from the next cycle on
    output wire hit,   // this tap meets, and stays
    output wire dead,  // no tap does
    output wire [C-1:0] pixel, // that it meets
    output wire [3:0] left,    // taps behind it
    output wire [SA-1:0] words // synapse words in front of it
);
    localparam integer UW = ((C > 4) ? C : 4) + 1; // at + pad is below 2^UW
    localparam [3:0] ONE = 1;

    generate
        if (C < 1 || C > 12 || SA < 1) begin : g_illegal_width
            nh_core_conv_axis_C_is_1_to_12 u_illegal ();
        end
    endgenerate

    wire [3:0] taps = axis[3:0];
    wire [1:0] multiple = axis[5:4];
    wire [1:0] skip = axis[7:6];
    wire [3:0] back = axis[11:8];
    wire signed [C+4:0] origin = axis[12 +: C+5];
    wire [C:0] size = axis[C+17 +: C+1];

    // 2^n - 1
    function [2:0] below;
        input [1:0] n;
        below = {n == 2'd3, n[1], n != 2'd0};
    endfunction

    wire signed [C+4:0] from = $signed({5'd0, at}) + origin;
    wire [C+4:0] units = from >> multiple;
    assign meets = !from[C+4] && (from[2:0] & below(multiple)) == 3'd0;

    reg [UW-1:0] u_q;
    reg [3:0] left_q;
    reg [SA-1:0] words_q;
    wire [UW-1:0] out = u_q >> skip;
    wire [UW:0] u_next = {1'b0, u_q} - {{(UW-3){1'b0}}, back};
    assign hit = (u_q[2:0] & below(skip)) == 3'd0 && {1'b0, out} < {{(UW-C){1'b0}}, size};
    assign dead = !hit && (left_q == 4'd0 || u_next[UW]);
    assign pixel = out[C-1:0];
    assign left = left_q;
    assign words = words_q;
    always @(posedge clk) begin
        if (load) begin
            u_q <= units[UW-1:0];
            left_q <= taps - ONE;
            words_q <= {SA{1'b0}};
        end else if (!hit) begin
            u_q <= u_next[UW-1:0];
            left_q <= left_q - ONE;
            words_q <= words_q + tap_words;
        end
    end

    wire unused = &{1'b0, units, out};
endmodule
`default_nettype wire
