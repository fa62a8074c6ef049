// Hand-written RTL of tests/cosim/tiny.h: five 6-bit elements in, two per transfer; y = 3x in 8 bits; one register stage.
// MODULE and the comments of the form FAULT(...) are replaced by the tests.
`default_nettype none
module MODULE (
    input  wire        clk,
    input  wire        rst,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire [15:0] s_axis_tdata,
    input  wire        s_axis_tlast,
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire [15:0] m_axis_tdata,
    output wire        m_axis_tlast,
    output wire        frame_error
);
    wire        s0_valid = s_axis_tvalid;
    wire        s0_ready;
    wire [11:0] s0_data = {s_axis_tdata[13:8], s_axis_tdata[5:0]};
    wire        s1_valid;
    wire        s1_ready;
    wire [15:0] s1_data;

    reg        full_q;
    reg [1:0]  beat_q;      // of the word in the register
    reg [1:0]  next_beat_q; // of the word that comes
    reg [15:0] y_q;
    wire signed [5:0] lo = s0_data[5:0];
    wire signed [5:0] hi = s0_data[11:6];
    wire signed [7:0] y0 = 8'sd3 * lo /*FAULT(value)*/;
    wire signed [7:0] y1 = 8'sd3 * hi;

    assign s0_ready = (!full_q || s1_ready) /*FAULT(ready)*/;
    assign s1_valid = full_q /*FAULT(valid)*/;
    assign s1_data  = y_q;
    always @(posedge clk)
        if (rst) begin
            full_q      <= 1'b0;
            next_beat_q <= 2'd0;
        end else if (s0_ready) begin
            full_q <= s0_valid;
            if (s0_valid) begin
                next_beat_q <= next_beat_q == 2'd2 ? 2'd0 : next_beat_q + 2'd1;
                beat_q      <= next_beat_q;
                y_q         <= {next_beat_q == 2'd2 ? 8'sd0 : y1, y0};
            end
        end

    assign s_axis_tready = s0_ready;
    assign s1_ready      = m_axis_tready;
    assign m_axis_tvalid = s1_valid;
    assign m_axis_tdata  = s1_data;
    assign m_axis_tlast  = beat_q == 2'd2 /*FAULT(last)*/;
    assign frame_error   = 1'b0 /*FAULT(error)*/;
    wire unused = &{1'b0, s_axis_tdata[15:14], s_axis_tdata[7:6], s_axis_tlast};
endmodule
`default_nettype wire
