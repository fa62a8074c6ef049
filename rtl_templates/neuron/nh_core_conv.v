// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Convolutions of the neuron core (docs/fabric.md, conv): an event with coordinates becomes a row of synapse words for
// every tap through which it meets the output region, a row per cycle, events back to back. Taps between hits take no
// time; those before the first hit of an axis take a cycle each, while the rows of the event before leave. An event
// that meets nothing takes a cycle per tap of the axis that says so first.
// Pipeline: s the descriptor; l look for the first hit; p products; w the rows. All stages work with the one descriptor
// at the output of its memory: another one is read when the stages are empty, which takes 1 cycle more.
`default_nettype none
module nh_core_conv #(
    parameter integer CONVS = 2,     // descriptors
    parameter integer SA = 12,       // bits of a synapse word's number
    parameter integer WA = 6,        // bits of an accumulator word's number
    parameter integer CY = 4,        // bits of the coordinates, 1 .. 12
    parameter integer CX = 4,
    parameter integer CC = 4,
    parameter integer PAYLOAD_W = 1
) (
    input wire clk,
    input wire rst,
    input wire we,
    input wire [((CONVS > 1) ? $clog2(CONVS) : 1)-1:0] waddr,
    input wire [3*SA+5*WA+2*CY+2*CX+CC+38:0] wdata,
    input wire s_valid, // holds until ready, which does not need it
    output wire s_ready,
    input wire [((CONVS > 1) ? $clog2(CONVS) : 1)+CY+CX+CC-1:0] s_addr, // descriptor, y, x, c
    input wire [PAYLOAD_W-1:0] s_payload,
    output wire invalid, // the event is dropped
    output wire m_valid,
    input wire m_ready,
    output wire [SA-1:0] m_synapse,
    output wire [WA-1:0] m_acc,
    output wire [WA:0] m_words,
    output wire [PAYLOAD_W-1:0] m_payload,
    output wire busy // events that left s are under way
);
    localparam integer DB = (CONVS > 1) ? $clog2(CONVS) : 1;
    localparam integer CONV_W = 3*SA + 5*WA + 2*CY + 2*CX + CC + 39;
    localparam integer ROW_AT = 2*SA + 2*WA + CC + 2; // of row_words
    localparam integer Y_AT = ROW_AT + SA + 3*WA;
    localparam integer X_AT = Y_AT + 2*CY + 18;
    localparam integer PY_W = ((CY > 4) ? CY : 4) + 1;
    localparam integer PX_W = ((CX > 4) ? CX : 4) + 1;
    localparam [31:0] TOP = CONVS - 1;

    generate
        if (CONVS < 1 || SA < 1 || WA < 1 || PAYLOAD_W < 1) begin : g_illegal_size
            nh_core_conv_sizes_are_at_least_1 u_illegal ();
        end
        if (CY < 1 || CX < 1 || CC < 1 || CC > 12) begin : g_illegal_coordinates
            nh_core_conv_coordinates_have_1_to_12_bits u_illegal ();
        end
    endgenerate

    // ---- s: the descriptor at the output of the memory is that of the event.

    wire [CONV_W-1:0] d;
    wire [DB-1:0] number = s_addr[CC+CX+CY +: DB];
    wire [CC-1:0] s_c = s_addr[CC-1:0];
    wire there;
    reg d_valid_q;
    reg [DB-1:0] d_number_q;
    wire match = d_valid_q && d_number_q == number;
    wire fetch = s_valid && there && !match && !busy;
    nh_core_ram #(
        .WIDTH(CONV_W),
        .DEPTH(CONVS),
        .BLOCK(0)
    ) u_conv (
        .clk(clk),
        .we(we),
        .waddr(waddr),
        .wdata(wdata),
        .re(fetch),
        .raddr(number),
        .q(d)
    );
    always @(posedge clk) begin
        if (rst || we) d_valid_q <= 1'b0;
        else if (fetch) d_valid_q <= 1'b1;
    end
    always @(posedge clk) if (fetch) d_number_q <= number;
    generate
        if (CONVS < (1 << DB)) begin : g_there
            assign there = number <= TOP[DB-1:0];
        end else begin : g_always_there
            assign there = 1'b1;
        end
    endgenerate

    wire [SA-1:0] synapse = d[SA-1:0];
    wire [WA-1:0] acc = d[SA +: WA];
    wire [WA:0] features = d[SA+WA +: WA+1];
    wire [SA-1:0] channel_words = d[SA+2*WA+1 +: SA];
    wire [CC:0] channels = d[2*SA+2*WA+1 +: CC+1];
    wire [SA-1:0] row_words = d[ROW_AT +: SA]; // synapse words of a row of taps
    wire [WA-1:0] row_acc = d[ROW_AT+SA +: WA]; // accumulator words of a row of pixels
    wire [WA-1:0] back_y_acc = d[ROW_AT+SA+WA +: WA]; // from a hit to the next one
    wire [WA-1:0] back_x_acc = d[ROW_AT+SA+2*WA +: WA];
    wire [2*CY+17:0] axis_y = d[Y_AT +: 2*CY+18];
    wire [2*CX+17:0] axis_x = d[X_AT +: 2*CX+18];
    wire [SA+WA:0] features_wide = {{SA{1'b0}}, features};

    // ---- l: the first tap of each axis that meets the region.

    reg l_valid_q;
    reg [CC-1:0] l_c_q;
    wire meets_y, meets_x, hit_y, hit_x, dead_y, dead_x;
    wire [CY-1:0] l_y;
    wire [CX-1:0] l_x;
    wire [3:0] l_left_y, l_left_x;
    wire [SA-1:0] l_words_y, l_words_x;
    wire p_free;
    wire l_take = l_valid_q && hit_y && hit_x && p_free;
    wire l_free = !l_valid_q || l_take || dead_y || dead_x;
    wire known = there && d[CONV_W-1] && {1'b0, s_c} < channels;
    assign s_ready = (match || !there) && l_free;
    assign invalid = s_valid && s_ready && !known;
    wire load = s_valid && s_ready && known && meets_y && meets_x;
    nh_core_conv_axis #(
        .C(CY),
        .SA(SA)
    ) u_y (
        .clk(clk),
        .axis(axis_y),
        .tap_words(row_words),
        .at(s_addr[CC+CX +: CY]),
        .meets(meets_y),
        .load(load),
        .hit(hit_y),
        .dead(dead_y),
        .pixel(l_y),
        .left(l_left_y),
        .words(l_words_y)
    );
    nh_core_conv_axis #(
        .C(CX),
        .SA(SA)
    ) u_x (
        .clk(clk),
        .axis(axis_x),
        .tap_words(features_wide[SA-1:0]),
        .at(s_addr[CC +: CX]),
        .meets(meets_x),
        .load(load),
        .hit(hit_x),
        .dead(dead_x),
        .pixel(l_x),
        .left(l_left_x),
        .words(l_words_x)
    );
    always @(posedge clk) begin
        if (rst) l_valid_q <= 1'b0;
        else if (l_free) l_valid_q <= load;
    end
    always @(posedge clk) if (load) l_c_q <= s_c;

    // ---- p: what the first row's place is the sum of.

    reg p_valid_q;
    reg [SA-1:0] p_taps_q, p_channel_q;
    reg [WA-1:0] p_row_q, p_pixel_q;
    reg [CY-1:0] p_y_q;
    reg [CX-1:0] p_x_q;
    reg [3:0] p_left_y_q, p_left_x_q;
    wire [SA+CC-1:0] channel_at = {{SA{1'b0}}, l_c_q} * {{CC{1'b0}}, channel_words};
    wire [WA+CY-1:0] row_at = {{WA{1'b0}}, l_y} * {{CY{1'b0}}, row_acc};
    wire [WA+CX:0] pixel_at = {{(WA+1){1'b0}}, l_x} * {{CX{1'b0}}, features};
    wire w_free;
    assign p_free = !p_valid_q || w_free;
    always @(posedge clk) begin
        if (rst) p_valid_q <= 1'b0;
        else if (p_free) p_valid_q <= l_take;
    end
    always @(posedge clk) if (l_take) begin
        p_taps_q <= l_words_y + l_words_x;
        p_channel_q <= channel_at[SA-1:0];
        p_row_q <= row_at[WA-1:0];
        p_pixel_q <= pixel_at[WA-1:0];
        p_y_q <= l_y;
        p_x_q <= l_x;
        p_left_y_q <= l_left_y;
        p_left_x_q <= l_left_x;
    end

    // ---- w: from hit to hit, along x, then y.

    reg w_valid_q;
    reg [SA-1:0] w_synapse_q, w_row_synapse_q; // of this hit, of the first one with this y
    reg [WA-1:0] w_acc_q, w_row_acc_q;
    reg [CY-1:0] w_y_q;
    reg [CX-1:0] w_x_q, w_first_x_q;
    reg [3:0] w_left_y_q, w_left_x_q, w_first_left_q;
    wire [4:0] left_y = {1'b0, w_left_y_q} - {1'b0, 4'd1 << axis_y[7:6]};
    wire [4:0] left_x = {1'b0, w_left_x_q} - {1'b0, 4'd1 << axis_x[7:6]};
    wire [PY_W-1:0] y = {{(PY_W-CY){1'b0}}, w_y_q} - {{(PY_W-4){1'b0}}, axis_y[11:8]};
    wire [PX_W-1:0] x = {{(PX_W-CX){1'b0}}, w_x_q} - {{(PX_W-4){1'b0}}, axis_x[11:8]};
    wire more_y = !left_y[4] && !y[PY_W-1];
    wire more_x = !left_x[4] && !x[PX_W-1];
    wire [SA-1:0] row_synapse = w_row_synapse_q + (row_words << axis_y[7:6]);
    wire [WA-1:0] row_start = w_row_acc_q - back_y_acc;
    wire [SA-1:0] first_synapse = synapse + p_channel_q + p_taps_q;
    wire [WA-1:0] first_acc = acc + p_row_q + p_pixel_q;
    assign w_free = !w_valid_q || (m_ready && !more_x && !more_y);
    wire w_load = p_valid_q && w_free;
    always @(posedge clk) begin
        if (rst) w_valid_q <= 1'b0;
        else if (w_free) w_valid_q <= p_valid_q;
    end
    always @(posedge clk) begin
        if (w_load) begin
            w_synapse_q <= first_synapse;
            w_acc_q <= first_acc;
            w_x_q <= p_x_q;
            w_left_x_q <= p_left_x_q;
        end else if (m_ready) begin
            w_synapse_q <= more_x ? w_synapse_q + (features_wide[SA-1:0] << axis_x[7:6]) : row_synapse;
            w_acc_q <= more_x ? w_acc_q - back_x_acc : row_start;
            w_x_q <= more_x ? x[CX-1:0] : w_first_x_q;
            w_left_x_q <= more_x ? left_x[3:0] : w_first_left_q;
        end
        if (w_load) begin
            w_first_x_q <= p_x_q;
            w_first_left_q <= p_left_x_q;
            w_row_synapse_q <= first_synapse;
            w_row_acc_q <= first_acc;
            w_y_q <= p_y_q;
            w_left_y_q <= p_left_y_q;
        end else if (m_ready && !more_x) begin
            w_row_synapse_q <= row_synapse;
            w_row_acc_q <= row_start;
            w_y_q <= y[CY-1:0];
            w_left_y_q <= left_y[3:0];
        end
    end
    assign m_valid = w_valid_q;
    assign m_synapse = w_synapse_q;
    assign m_acc = w_acc_q;
    assign m_words = features;
    assign busy = l_valid_q || p_valid_q || w_valid_q;

    generate
        if (PAYLOAD_W > 1) begin : g_payload
            reg [PAYLOAD_W-1:0] l_payload_q, p_payload_q, w_payload_q;
            always @(posedge clk) if (load) l_payload_q <= s_payload;
            always @(posedge clk) if (l_take) p_payload_q <= l_payload_q;
            always @(posedge clk) if (w_load) w_payload_q <= p_payload_q;
            assign m_payload = w_payload_q;
        end else begin : g_spike
            wire unused = &{1'b0, s_payload};
            assign m_payload = 1'b1;
        end
    endgenerate

    wire unused = &{1'b0, TOP, features_wide, channel_at, row_at, pixel_at, x, y};

`ifdef FORMAL
`include "nh_core_conv_fv.vh"
`endif
endmodule
`default_nettype wire
