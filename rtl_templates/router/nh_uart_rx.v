// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Receiver of an asynchronous serial line, 8 data bits, no parity, 1 stop bit: DIV cycles per bit. Every bit is looked
// at once, in its middle; a byte whose stop bit is 0 is not given (nh_frame_rx sees that it is missing). m_valid is a
// pulse, half a bit before the end of the stop bit.
`default_nettype none
module nh_uart_rx #(
    parameter integer DIV = 104 // cycles per bit, 4 .. 65535
) (
    input wire clk,
    input wire rst,
    input wire rx, // idle high, asynchronous
    output wire m_valid,
    output wire [7:0] m_data
);
    localparam [31:0] TOP = DIV - 1;
    localparam [31:0] MIDDLE = DIV / 2 - 1;

    generate
        if (DIV < 4 || DIV > 65535) begin : g_illegal
            nh_uart_rx_DIV_is_outside_4_to_65535 u_illegal ();
        end
    endgenerate

    reg [1:0] rx_q;      // synchroniser
    reg [15:0] clock_q;  // cycles until the next look
    reg [3:0] bit_q;     // 0 none, 1 start, 2 .. 9 data, 10 stop
    reg [7:0] byte_q;
    reg valid_q;
    wire level = rx_q[1];
    wire look = clock_q == 16'd0;
    assign m_valid = valid_q;
    assign m_data = byte_q;

    always @(posedge clk) begin
        rx_q <= {rx_q[0], rx};
        if (rst) begin
            bit_q <= 4'd0;
            clock_q <= 16'd0;
            valid_q <= 1'b0;
            rx_q <= 2'b11;
        end else begin
            valid_q <= bit_q == 4'd10 && look && level;
            if (bit_q == 4'd0) begin
                if (!level) bit_q <= 4'd1;
                clock_q <= MIDDLE[15:0];
            end else if (!look) begin
                clock_q <= clock_q - 16'd1;
            end else begin
                clock_q <= TOP[15:0];
                if (bit_q == 4'd10 || (bit_q == 4'd1 && level)) bit_q <= 4'd0; // a start bit too short is none
                else bit_q <= bit_q + 4'd1;
            end
        end
    end

    always @(posedge clk) if (look && bit_q >= 4'd2 && bit_q <= 4'd9) byte_q <= {level, byte_q[7:1]};

    wire unused = &{1'b0, TOP, MIDDLE};

`ifdef FORMAL
`include "nh_uart_rx_fv.vh"
`endif
endmodule
`default_nettype wire
