// A stream of single bytes through demo_scale; holds one result.
`default_nettype none
module demo (
    input wire clk,
    input wire rst,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    input wire [7:0] s_axis_tdata,
    input wire s_axis_tlast,
    output wire m_axis_tvalid,
    input wire m_axis_tready,
    output wire [15:0] m_axis_tdata,
    output wire m_axis_tlast,
    output wire frame_error
);
    reg valid_q;
    reg error_q;
    assign s_axis_tready = !valid_q || m_axis_tready;
    assign m_axis_tvalid = valid_q;
    assign m_axis_tlast = 1'b1;
    assign frame_error = error_q;
    always @(posedge clk) begin
        if (rst) valid_q <= 1'b0;
        else if (s_axis_tready) valid_q <= s_axis_tvalid;
        if (rst) error_q <= 1'b0;
        else if (s_axis_tvalid && s_axis_tready && !s_axis_tlast) error_q <= 1'b1;
    end
    demo_scale u_scale (.clk(clk), .en(s_axis_tready), .x(s_axis_tdata), .y(m_axis_tdata));
endmodule
`default_nettype wire
