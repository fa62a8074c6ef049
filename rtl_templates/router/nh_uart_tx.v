// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Sender of an asynchronous serial line, 8 data bits, no parity, 1 stop bit: DIV cycles per bit, 10 * DIV per byte.
`default_nettype none
module nh_uart_tx #(
    parameter integer DIV = 104 // cycles per bit, 4 .. 65535
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [7:0] s_data,
    output wire tx // idle high
);
    localparam [31:0] TOP = DIV - 1;

    generate
        if (DIV < 4 || DIV > 65535) begin : g_illegal
            nh_uart_tx_DIV_is_outside_4_to_65535 u_illegal ();
        end
    endgenerate

    reg [15:0] clock_q; // cycles left of the bit
    reg [3:0] left_q;   // bits left, this one included
    reg [8:0] bits_q;   // this bit and those after it; ones follow
    wire idle = left_q == 4'd0;
    wire next = clock_q == 16'd0;
    assign s_ready = idle;
    assign tx = idle || bits_q[0];

    always @(posedge clk) begin
        if (rst) begin
            left_q <= 4'd0;
        end else if (idle) begin
            if (s_valid) left_q <= 4'd10;
        end else if (next) begin
            left_q <= left_q - 4'd1;
        end
    end

    always @(posedge clk) begin
        if (idle) bits_q <= {s_data, 1'b0};
        else if (next) bits_q <= {1'b1, bits_q[8:1]};
        clock_q <= (idle || next) ? TOP[15:0] : clock_q - 16'd1;
    end

    wire unused = &{1'b0, TOP};

`ifdef FORMAL
`include "nh_uart_tx_fv.vh"
`endif
endmodule
`default_nettype wire
