// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// A wide stream out through few pins: each word leaves as ceil(WIDTH/PIN_W) pin words, low first,
// the last one zero-padded; pin_last stands on the last pin word of a word that had s_tlast.
// Latency 1 cycle to the first pin word, throughput one word every ceil(WIDTH/PIN_W)+1 cycles.
// s_tready comes from a register.
`default_nettype none
module nh_pins_out #(
    parameter integer PIN_W = 4, // bits per pin word, >= 1
    parameter integer WIDTH = 16 // bits per word, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_tvalid,
    output wire s_tready,
    input wire [WIDTH-1:0] s_tdata,
    input wire s_tlast,
    output wire pin_valid,
    input wire pin_ready,
    output wire [PIN_W-1:0] pin_data,
    output wire pin_last
);
    localparam integer WORDS = (WIDTH + PIN_W - 1) / PIN_W;
    localparam integer COUNT_W = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer SHIFT_W = WORDS * PIN_W;
    localparam [31:0] TOP = WORDS - 1;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (PIN_W < 1) begin : g_illegal_pin
            nh_pins_out_PIN_W_is_below_1 u_illegal ();
        end
        if (WIDTH < 1) begin : g_illegal_width
            nh_pins_out_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg valid_q;
    reg last_q;
    reg [COUNT_W-1:0] count_q;
    reg [SHIFT_W-1:0] shift_q;
    wire [SHIFT_W+PIN_W-1:0] shift_d = {{PIN_W{1'b0}}, shift_q};
    wire [SHIFT_W+PIN_W-1:0] load_d = {{(SHIFT_W+PIN_W-WIDTH){1'b0}}, s_tdata};

    wire end_word = count_q == TOP[COUNT_W-1:0];

    assign s_tready = !valid_q;
    assign pin_valid = valid_q;
    assign pin_data = shift_q[PIN_W-1:0];
    assign pin_last = last_q && end_word;

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            count_q <= {COUNT_W{1'b0}};
        end else if (!valid_q) begin
            valid_q <= s_tvalid;
        end else if (pin_ready) begin
            valid_q <= !end_word;
            count_q <= end_word ? {COUNT_W{1'b0}} : count_q + ONE;
        end
    end

    always @(posedge clk) begin
        if (!valid_q) begin
            shift_q <= load_d[SHIFT_W-1:0];
            last_q <= s_tlast;
        end else if (pin_ready) begin
            shift_q <= shift_d[SHIFT_W+PIN_W-1:PIN_W];
        end
    end

    wire unused = &{1'b0, TOP, load_d, shift_d};

`ifdef FORMAL
`include "nh_pins_out_fv.vh"
`endif
endmodule
`default_nettype wire
