// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// AXI4-Stream in: each of BEAT elements sits in the low bits of an AXI_ELEM_W bit field; the upper
// bits are ignored. A frame is BEATS transfers, whatever TLAST says; a TLAST that is early or late
// sets frame_error until reset.
// Latency 0 cycles, throughput 1 transfer per cycle. s_axis_tready follows m_ready combinationally.
`default_nettype none
module nh_axis_in #(
    parameter integer BEAT = 1,       // elements per transfer, >= 1
    parameter integer ELEM_W = 8,     // bits, 1 to AXI_ELEM_W
    parameter integer AXI_ELEM_W = 8, // bits, a multiple of 8
    parameter integer BEATS = 2       // transfers per frame, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    input wire [BEAT*AXI_ELEM_W-1:0] s_axis_tdata,
    input wire s_axis_tlast,
    output wire m_valid,
    input wire m_ready,
    output wire [BEAT*ELEM_W-1:0] m_data,
    output wire frame_error
);
    localparam integer COUNT_W = (BEATS > 1) ? $clog2(BEATS) : 1;
    localparam [31:0] TOP = BEATS - 1;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (BEAT < 1) begin : g_illegal_beat
            nh_axis_in_BEAT_is_below_1 u_illegal ();
        end
        if (BEATS < 1) begin : g_illegal_beats
            nh_axis_in_BEATS_is_below_1 u_illegal ();
        end
        if (AXI_ELEM_W < 8 || AXI_ELEM_W % 8 != 0) begin : g_illegal_axi
            nh_axis_in_AXI_ELEM_W_is_not_a_multiple_of_8 u_illegal ();
        end
        if (ELEM_W < 1 || ELEM_W > AXI_ELEM_W) begin : g_illegal_elem
            nh_axis_in_ELEM_W_is_outside_1_to_AXI_ELEM_W u_illegal ();
        end
    endgenerate

    reg [COUNT_W-1:0] count_q;
    reg error_q;

    wire take = s_axis_tvalid && s_axis_tready;
    wire last = count_q == TOP[COUNT_W-1:0];

    assign s_axis_tready = m_ready;
    assign m_valid = s_axis_tvalid;
    assign frame_error = error_q;

    genvar i;
    generate
        for (i = 0; i < BEAT; i = i + 1) begin : g_elem
            assign m_data[i*ELEM_W +: ELEM_W] = s_axis_tdata[i*AXI_ELEM_W +: ELEM_W];
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) begin
            count_q <= {COUNT_W{1'b0}};
            error_q <= 1'b0;
        end else if (take) begin
            count_q <= last ? {COUNT_W{1'b0}} : count_q + ONE;
            error_q <= error_q || (s_axis_tlast != last);
        end
    end

    wire unused = &{1'b0, TOP, s_axis_tdata};

`ifdef FORMAL
`include "nh_axis_in_fv.vh"
`endif
endmodule
`default_nettype wire
