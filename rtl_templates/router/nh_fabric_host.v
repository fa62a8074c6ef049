// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Host port of the fabric (docs/fabric.md): AXI4-Stream to and from the west port of tile (0, 0), and the ticks.
// TICK, INIT and SYNC wait until the fabric is quiet: `idle` after SETTLE cycles in which this module put nothing
// in. `idle` may come from registers if every path from a tile's state to it has the same number R < SETTLE of
// them: then it shows all tiles in one cycle, a flit is always in some queue (links are wires), and a fabric that
// was empty in one cycle stays so until this module sends, ticks or clears. One of the SETTLE cycles is for a core
// that takes its tick from a register. The mark goes into the same queue as the flits that came before it.
// Configuration waits in the same way after an event, a tick or INIT: a READ at the head of a core's queue waits
// for that core's sender, two of them could wait for each other. Flits
// to the host have no way in from here: they count as unknown, as do unknown ops (the low bits of the count fill
// SYNC's flit above bit 31). Latency 1 cycle each way; readys come from registers.
`default_nettype none
module nh_fabric_host #(
    parameter integer FLIT_W = 36, // bits of a flit, >= 32
    parameter integer HOST_W = 40, // bits of a transfer, >= FLIT_W + 4
    parameter integer SETTLE = 4   // see above, 1 .. 15
) (
    input wire clk,
    input wire rst,
    input wire s_axis_tvalid,
    output wire s_axis_tready,
    input wire [HOST_W-1:0] s_axis_tdata,
    output wire m_axis_tvalid,
    input wire m_axis_tready,
    output wire [HOST_W-1:0] m_axis_tdata,
    output wire m_axis_tlast,
    output wire m_valid, // flits into the mesh
    input wire m_ready,
    output wire [FLIT_W-1:0] m_data,
    input wire s_valid, // flits from the mesh
    output wire s_ready,
    input wire [FLIT_W-1:0] s_data,
    input wire idle,
    output wire tick,
    output wire init
);
    localparam [31:0] SETTLE_WORD = SETTLE;

    generate
        if (FLIT_W < 32) begin : g_illegal_flit
            nh_fabric_host_FLIT_W_is_below_32 u_illegal ();
        end
        if (HOST_W < FLIT_W + 4) begin : g_illegal_host
            nh_fabric_host_HOST_W_has_no_room_for_the_op u_illegal ();
        end
        if (SETTLE < 1 || SETTLE > 15) begin : g_illegal_settle
            nh_fabric_host_SETTLE_is_not_in_1_to_15 u_illegal ();
        end
    endgenerate

    wire in_valid;
    wire in_ready;
    wire [FLIT_W+3:0] in;
    nh_skid #(.WIDTH(FLIT_W + 4)) u_in (
        .clk(clk), .rst(rst), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready), .s_data(s_axis_tdata[FLIT_W+3:0]),
        .m_valid(in_valid), .m_ready(in_ready), .m_data(in)
    );

    reg [3:0] settle_q;  // cycles until idle means something
    reg clearing_q;      // INIT has been given, its mark not
    reg calm_q;          // it was quiet, and nothing but configuration since
    reg [31:0] ticks_q;
    reg [15:0] bad_q;

    wire [3:0] op = in[FLIT_W +: 4];
    wire is_flit = op == 4'd0 && !in[FLIT_W-1];
    wire is_config = in[FLIT_W-2];
    wire is_tick = op == 4'd1;
    wire is_init = op == 4'd2;
    wire is_sync = op == 4'd3;
    wire is_bad = !(is_flit || is_tick || is_init || is_sync);

    wire out_ready;
    wire quiet = idle && settle_q == 4'd0; // so no flit stands at s: none is lost to a mark
    wire mark = in_valid && quiet && (is_tick || is_sync || (is_init && clearing_q));
    wire mark_go = mark && out_ready;

    assign m_valid = in_valid && is_flit && (calm_q || !is_config);
    assign m_data = in[FLIT_W-1:0];
    assign tick = mark_go && is_tick;
    assign init = in_valid && quiet && is_init && !clearing_q;
    assign in_ready = is_bad || (is_flit ? m_ready && (calm_q || !is_config) : mark_go);
    assign s_ready = out_ready;

    always @(posedge clk) begin
        if (rst) begin
            settle_q <= SETTLE_WORD[3:0];
            clearing_q <= 1'b0;
            calm_q <= 1'b0;
            ticks_q <= 32'd0;
            bad_q <= 16'd0;
        end else begin
            if (m_valid || tick || init) settle_q <= SETTLE_WORD[3:0];
            else if (settle_q != 4'd0) settle_q <= settle_q - 4'd1;
            if (init) clearing_q <= 1'b1;
            else if (mark_go) clearing_q <= 1'b0;
            if ((m_valid && !is_config) || tick || init) calm_q <= 1'b0;
            else if (quiet) calm_q <= 1'b1;
            if (init) ticks_q <= 32'd0;
            else if (tick) ticks_q <= ticks_q + 32'd1;
            if (in_valid && is_bad && !(&bad_q)) bad_q <= bad_q + 16'd1;
        end
    end

    wire [FLIT_W-1:0] mark_flit;
    assign mark_flit[31:0] = ticks_q;
    generate
        if (FLIT_W > 32) begin : g_bad
            wire [FLIT_W-1:0] bad = {{(FLIT_W-16){1'b0}}, bad_q};
            assign mark_flit[FLIT_W-1:32] = is_sync ? bad[FLIT_W-33:0] : {(FLIT_W-32){1'b0}};
            wire unused_bad = &{1'b0, bad};
        end
    endgenerate

    wire [FLIT_W+4:0] out; // last, op, flit
    nh_skid #(.WIDTH(FLIT_W + 5)) u_out (
        .clk(clk), .rst(rst), .s_valid(mark || s_valid), .s_ready(out_ready),
        .s_data(mark ? {1'b1, op, mark_flit} : {5'd0, s_data}),
        .m_valid(m_axis_tvalid), .m_ready(m_axis_tready), .m_data(out)
    );
    generate
        if (HOST_W > FLIT_W + 4) begin : g_pad
            assign m_axis_tdata = {{(HOST_W-FLIT_W-4){1'b0}}, out[FLIT_W+3:0]};
        end else begin : g_exact
            assign m_axis_tdata = out[FLIT_W+3:0];
        end
    endgenerate
    assign m_axis_tlast = out[FLIT_W+4];

    wire unused = &{1'b0, s_axis_tdata, SETTLE_WORD, bad_q};

`ifdef FORMAL
`include "nh_fabric_host_fv.vh"
`endif
endmodule
`default_nettype wire
