// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Few pins into a wide stream: ceil(WIDTH/PIN_W) pin words, low first, make one word; pin_last is
// looked at on the last of them. Latency 1 cycle from the last pin word, throughput one word every
// ceil(WIDTH/PIN_W)+1 cycles. pin_ready comes from a register.
`default_nettype none
module nh_pins_in #(
    parameter integer PIN_W = 4, // bits per pin word, >= 1
    parameter integer WIDTH = 16 // bits per word, >= 1
) (
    input wire clk,
    input wire rst,
    input wire pin_valid,
    output wire pin_ready,
    input wire [PIN_W-1:0] pin_data,
    input wire pin_last,
    output wire m_tvalid,
    input wire m_tready,
    output wire [WIDTH-1:0] m_tdata,
    output wire m_tlast
);
    localparam integer WORDS = (WIDTH + PIN_W - 1) / PIN_W;
    localparam integer COUNT_W = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer SHIFT_W = WORDS * PIN_W;
    localparam [31:0] TOP = WORDS - 1;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (PIN_W < 1) begin : g_illegal_pin
            nh_pins_in_PIN_W_is_below_1 u_illegal ();
        end
        if (WIDTH < 1) begin : g_illegal_width
            nh_pins_in_WIDTH_is_below_1 u_illegal ();
        end
    endgenerate

    reg valid_q;
    reg last_q;
    reg [COUNT_W-1:0] count_q;
    reg [SHIFT_W-1:0] shift_q;
    wire [SHIFT_W+PIN_W-1:0] shift_d = {pin_data, shift_q};

    wire take = pin_valid && pin_ready;
    wire full = count_q == TOP[COUNT_W-1:0];

    assign pin_ready = !valid_q;
    assign m_tvalid = valid_q;
    assign m_tdata = shift_q[WIDTH-1:0];
    assign m_tlast = last_q;

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            count_q <= {COUNT_W{1'b0}};
        end else if (take) begin
            valid_q <= full;
            count_q <= full ? {COUNT_W{1'b0}} : count_q + ONE;
        end else if (m_tready) begin
            valid_q <= 1'b0;
        end
    end

    always @(posedge clk) begin
        if (take) begin
            shift_q <= shift_d[SHIFT_W+PIN_W-1:PIN_W];
            last_q <= pin_last;
        end
    end

    wire unused = &{1'b0, TOP, shift_q, shift_d};

`ifdef FORMAL
`include "nh_pins_in_fv.vh"
`endif
endmodule
`default_nettype wire
