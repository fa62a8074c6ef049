// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// The host port of a fabric over two pins: nh_host_bytes with a serial line of DIV cycles per bit, and the fabric's
// reset: after power-up and at every restart that the host asks for.
`default_nettype none
module nh_host_uart #(
    parameter integer HOST_W = 40, // bits of a word of the host port
    parameter integer DEPTH = 8,   // words that wait for the fabric, 1 .. 125
    parameter integer DIV = 104    // cycles per bit of the line, 4 .. 65535
) (
    input wire clk,
    input wire rx,
    output wire tx,
    output wire fabric_rst,
    output wire m_axis_tvalid, // words into the fabric
    input wire m_axis_tready,
    output wire [HOST_W-1:0] m_axis_tdata,
    input wire s_axis_tvalid, // words from the fabric
    output wire s_axis_tready,
    input wire [HOST_W-1:0] s_axis_tdata
);
    reg [3:0] power_q = 4'd0; // cycles since power-up
    wire rst = power_q != 4'd15;
    wire restart;
    assign fabric_rst = rst || restart;
    always @(posedge clk) if (rst) power_q <= power_q + 4'd1;

    wire rx_valid;
    wire [7:0] rx_data;
    wire tx_valid;
    wire tx_ready;
    wire [7:0] tx_data;
    nh_uart_rx #(.DIV(DIV)) u_rx (.clk(clk), .rst(rst), .rx(rx), .m_valid(rx_valid), .m_data(rx_data));
    nh_uart_tx #(.DIV(DIV)) u_tx (
        .clk(clk), .rst(rst), .s_valid(tx_valid), .s_ready(tx_ready), .s_data(tx_data), .tx(tx)
    );
    nh_host_bytes #(.HOST_W(HOST_W), .DEPTH(DEPTH)) u_bytes (
        .clk(clk), .rst(rst), .rx_valid(rx_valid), .rx_data(rx_data),
        .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready), .m_axis_tdata(m_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready), .s_axis_tdata(s_axis_tdata),
        .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_data(tx_data), .restart(restart)
    );
endmodule
`default_nettype wire
