// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// AXI4-Stream out: elements sign- or zero-extended to AXI_ELEM_W bits, TLAST on the last of BEATS
// transfers. Latency 1 cycle, throughput 1 transfer per cycle. s_ready comes from a register
// (nh_skid).
`default_nettype none
module nh_axis_out #(
    parameter integer BEAT = 1,        // elements per transfer, >= 1
    parameter integer ELEM_W = 8,      // bits, 1 to AXI_ELEM_W
    parameter integer ELEM_SIGNED = 1, // 0 or 1
    parameter integer AXI_ELEM_W = 8,  // bits, a multiple of 8
    parameter integer BEATS = 2        // transfers per frame, >= 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [BEAT*ELEM_W-1:0] s_data,
    output wire m_axis_tvalid,
    input wire m_axis_tready,
    output wire [BEAT*AXI_ELEM_W-1:0] m_axis_tdata,
    output wire m_axis_tlast
);
    localparam integer COUNT_W = (BEATS > 1) ? $clog2(BEATS) : 1;
    localparam [31:0] TOP = BEATS - 1;
    localparam [COUNT_W-1:0] ONE = 1;

    generate
        if (BEAT < 1) begin : g_illegal_beat
            nh_axis_out_BEAT_is_below_1 u_illegal ();
        end
        if (BEATS < 1) begin : g_illegal_beats
            nh_axis_out_BEATS_is_below_1 u_illegal ();
        end
        if (AXI_ELEM_W < 8 || AXI_ELEM_W % 8 != 0) begin : g_illegal_axi
            nh_axis_out_AXI_ELEM_W_is_not_a_multiple_of_8 u_illegal ();
        end
        if (ELEM_W < 1 || ELEM_W > AXI_ELEM_W) begin : g_illegal_elem
            nh_axis_out_ELEM_W_is_outside_1_to_AXI_ELEM_W u_illegal ();
        end
    endgenerate

    reg [COUNT_W-1:0] count_q;
    wire last = count_q == TOP[COUNT_W-1:0];
    wire [BEAT*ELEM_W-1:0] data;

    nh_skid #(
        .WIDTH(BEAT*ELEM_W)
    ) u_skid (
        .clk(clk),
        .rst(rst),
        .s_valid(s_valid),
        .s_ready(s_ready),
        .s_data(s_data),
        .m_valid(m_axis_tvalid),
        .m_ready(m_axis_tready),
        .m_data(data)
    );

    assign m_axis_tlast = last;

    genvar i;
    generate
        for (i = 0; i < BEAT; i = i + 1) begin : g_elem
            assign m_axis_tdata[i*AXI_ELEM_W +: ELEM_W] = data[i*ELEM_W +: ELEM_W];
            if (AXI_ELEM_W > ELEM_W) begin : g_extend
                assign m_axis_tdata[i*AXI_ELEM_W+ELEM_W +: AXI_ELEM_W-ELEM_W] =
                    {(AXI_ELEM_W-ELEM_W){(ELEM_SIGNED != 0) && data[i*ELEM_W+ELEM_W-1]}};
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) count_q <= {COUNT_W{1'b0}};
        else if (m_axis_tvalid && m_axis_tready) count_q <= last ? {COUNT_W{1'b0}} : count_q + ONE;
    end

    wire unused = &{1'b0, TOP};

`ifdef FORMAL
`include "nh_axis_out_fv.vh"
`endif
endmodule
`default_nettype wire
