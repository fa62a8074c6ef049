// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Sender of the neuron core (docs/fabric.md, Send): holds the outputs of the last DELAYS sweeps; after `start`
// makes a flit of every output of every route that is not 0. One flit per cycle, a word without any costs one
// cycle, a route 4 more. A route with coordinates counts words of a pixel, pixels of a line and lines. Replies of
// READ leave through the same register while no routes are under way. A flit holds until the router takes it.
`default_nettype none
module nh_core_send #(
    parameter integer LANES = 1,
    parameter integer WORDS = 256,  // words of neurons
    parameter integer ROUTES = 4,
    parameter integer DELAYS = 1,   // power of two
    parameter integer PAYLOAD_W = 1,
    parameter integer ADDR_W = 8,   // bits of an event's address
    parameter integer CONVS = 0,    // above 0: routes may send coordinates
    parameter integer CY = 0,       // their bits, 0 with CONVS = 0
    parameter integer CX = 0,
    parameter integer CC = 0,
    parameter integer DATA_W = 26,  // >= ADDR_W + PAYLOAD_W, >= 16
    parameter integer XB = 1,
    parameter integer YB = 1
) (
    input wire clk,
    input wire rst,
    input wire control_we, // of the number of routes
    input wire [15:0] control_wdata,
    input wire route_we,
    input wire [((ROUTES > 1) ? $clog2(ROUTES) : 1)-1:0] route_waddr,
    input wire [2*((WORDS > 1) ? $clog2(WORDS) : 1)+((DELAYS > 1) ? $clog2(DELAYS) : 1)+2*XB+2*YB+ADDR_W
                +((WORDS*LANES > 1) ? $clog2(WORDS*LANES) : 1)
                +((CONVS > 0) ? ((WORDS > 1) ? $clog2(WORDS) : 1)+CX+2 : 0)
                +3:0] route_wdata,
    input wire out_we,
    input wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0] out_waddr,
    input wire [LANES*PAYLOAD_W-1:0] out_wdata,
    input wire [((DELAYS > 1) ? $clog2(DELAYS) : 1)-1:0] slot, // of the last sweep: stable while busy
    input wire [((DELAYS > 1) ? $clog2(DELAYS) : 1)-1:0] age,  // sweeps before it, at most DELAYS - 1
    input wire start,
    output wire active, // routes are under way
    output wire busy,   // or a flit waits
    output wire sent,   // a spike leaves
    output wire waits,  // a spike waits for the router
    input wire reply_valid,
    output wire reply_ready,
    input wire [15:0] reply_data,
    output wire m_valid,
    input wire m_ready,
    output wire [DATA_W+2*XB+2*YB+1:0] m_data
);
    localparam integer WA = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer RA = (ROUTES > 1) ? $clog2(ROUTES) : 1;
    localparam integer DL = (DELAYS > 1) ? $clog2(DELAYS) : 1;
    localparam integer NB = ((WORDS*LANES > 1) ? $clog2(WORDS*LANES) : 1) + 1;
    localparam integer LB = (LANES > 1) ? $clog2(LANES) : 1;
    localparam integer RECT_W = 2*XB + 2*YB;
    localparam integer PIXEL_AT = 2*WA + 1 + DL + 1 + RECT_W + 1 + ADDR_W + NB;
    localparam integer ROUTE_W = PIXEL_AT + ((CONVS > 0) ? WA + CX + 2 : 0);
    localparam integer HOST_AT = 2*WA + 1 + DL;
    localparam integer CONV_AT = HOST_AT + 1 + RECT_W;
    localparam integer BASE_AT = CONV_AT + 1;
    localparam integer OUT_ADDR_W = (DELAYS > 1) ? WA + DL : WA;
    localparam integer OUTS = (DELAYS > 1) ? DELAYS * (1 << WA) : WORDS;
    localparam [RA-1:0] RA_ONE = 1;
    localparam [RA:0] ROUTE_ONE = 1;
    localparam [WA-1:0] WA_ONE = 1;
    localparam [WA:0] LEFT_ONE = 1;
    localparam [31:0] LANES_32 = LANES;
    localparam [NB:0] STEP = LANES_32[NB:0];
    localparam [ADDR_W+31:0] BASE_STEP = {{ADDR_W{1'b0}}, LANES_32};

    generate
        if (LANES < 1 || WORDS < 1 || ROUTES < 1) begin : g_illegal_size
            nh_core_send_sizes_are_at_least_1 u_illegal ();
        end
        if (DELAYS < 1 || (DELAYS & (DELAYS - 1)) != 0) begin : g_illegal_delays
            nh_core_send_DELAYS_is_no_power_of_two u_illegal ();
        end
        if (DATA_W < ADDR_W + PAYLOAD_W || DATA_W < 16 || PAYLOAD_W < 1 || ADDR_W < 1) begin : g_illegal_width
            nh_core_send_widths_do_not_fit u_illegal ();
        end
        if ((CONVS > 0) ? (CY < 1 || CX < 1 || CC < 1 || ADDR_W < CY + CX + CC + 2)
                        : (CY != 0 || CX != 0 || CC != 0)) begin : g_illegal_conv
            nh_core_send_coordinates_do_not_fit u_illegal ();
        end
    endgenerate

    // ---- Routes: the word of the route under way stays at the output of its memory.

    wire [ROUTE_W-1:0] route;
    reg [RA:0] routes_q;
    reg [RA:0] routes_left_q;
    reg [RA-1:0] route_q;
    reg active_q;
    reg r_valid_q;  // route is there
    reg r_stream_q; // its words are under way
    wire some_left = routes_left_q != {(RA+1){1'b0}};
    wire fetch = active_q && some_left && !r_valid_q;
    wire load = r_valid_q && !r_stream_q;
    wire [DL-1:0] delay = route[2*WA+1 +: DL];
    wire skip = delay > age;
    wire r_end;

    nh_core_ram #(
        .WIDTH(ROUTE_W),
        .DEPTH(ROUTES)
    ) u_route (
        .clk(clk),
        .we(route_we),
        .waddr(route_waddr),
        .wdata(route_wdata),
        .re(fetch),
        .raddr(route_q),
        .q(route)
    );
    always @(posedge clk) if (control_we) routes_q <= control_wdata[RA:0];
    always @(posedge clk) begin
        if (rst) begin
            active_q <= 1'b0;
            r_valid_q <= 1'b0;
            r_stream_q <= 1'b0;
        end else begin
            if (start) active_q <= 1'b1;
            else if (!some_left && !r_valid_q) active_q <= 1'b0;
            if (fetch) r_valid_q <= 1'b1;
            else if (r_end || (load && skip)) r_valid_q <= 1'b0;
            if (load && !skip) r_stream_q <= 1'b1;
            else if (r_end) r_stream_q <= 1'b0;
        end
    end
    always @(posedge clk) begin
        if (start) begin
            routes_left_q <= routes_q;
            route_q <= {RA{1'b0}};
        end else if (fetch) begin
            routes_left_q <= routes_left_q - ROUTE_ONE;
            route_q <= route_q + RA_ONE;
        end
    end
    assign active = active_q;

    // ---- The output word that is read now, and the one at the output of the memory.

    reg [WA-1:0] word_q;
    reg [WA:0] left_q;
    reg b_valid_q;
    wire [LANES*PAYLOAD_W-1:0] outs;
    wire c_free;
    wire a_valid = r_stream_q && left_q != {(WA+1){1'b0}};
    wire b_take = b_valid_q && c_free;
    wire a_go = a_valid && (!b_valid_q || c_free);
    wire [OUT_ADDR_W-1:0] waddr;
    wire [OUT_ADDR_W-1:0] raddr;
    always @(posedge clk) begin
        if (rst) b_valid_q <= 1'b0;
        else if (a_go) b_valid_q <= 1'b1;
        else if (b_take) b_valid_q <= 1'b0;
    end
    always @(posedge clk) begin
        if (load) begin
            word_q <= route[WA-1:0];
            left_q <= route[2*WA:WA];
        end else if (a_go) begin
            word_q <= word_q + WA_ONE;
            left_q <= left_q - LEFT_ONE;
        end
    end
    generate
        if (DELAYS > 1) begin : g_slots
            reg [DL-1:0] slot_q;
            always @(posedge clk) if (load) slot_q <= slot - delay;
            assign waddr = {slot, out_waddr};
            assign raddr = {slot_q, word_q};
        end else begin : g_one_slot
            wire unused = &{1'b0, slot};
            assign waddr = out_waddr;
            assign raddr = word_q;
        end
    endgenerate
    nh_core_ram #(
        .WIDTH(LANES * PAYLOAD_W),
        .DEPTH(OUTS),
        .BLOCK(0)
    ) u_out (
        .clk(clk),
        .we(out_we),
        .waddr(waddr),
        .wdata(out_wdata),
        .re(a_go),
        .raddr(raddr),
        .q(outs)
    );

    // ---- The word whose spikes leave: the lowest lane of pending_q is next.

    reg [LANES-1:0] pending_q;
    reg [NB-1:0] limit_q; // of the neurons from lane 0 of the word at the memory's output
    reg b_first_q;        // that word is the route's first
    reg [ADDR_W-1:0] base_q;
    wire [LANES-1:0] wanted;
    wire [LANES-1:0] rest;
    wire [ADDR_W-1:0] addr;
    wire [PAYLOAD_W-1:0] payload;
    wire d_ready;
    wire some = |pending_q;
    wire [NB:0] limit_less = {1'b0, limit_q} - STEP;
    wire [ADDR_W+31:0] base_next = {32'd0, base_q} + BASE_STEP;
    wire b_pixel;  // that word is the last one of its pixel
    wire [ADDR_W-1:0] base_more;  // of the word after the one that was taken
    wire [ADDR_W-1:0] addr_mask;  // what of an address a lane's number changes
    assign c_free = rest == {LANES{1'b0}} && (!some || d_ready);
    assign r_end = r_stream_q && !a_valid && !b_valid_q && c_free;
    always @(posedge clk) begin
        if (rst) pending_q <= {LANES{1'b0}};
        else if (b_take) pending_q <= wanted;
        else if (d_ready) pending_q <= rest;
    end
    always @(posedge clk) begin
        if (load) limit_q <= route[PIXEL_AT-1 -: NB];
        else if (b_take && b_pixel) limit_q <= route[PIXEL_AT-1 -: NB];
        else if (b_take) limit_q <= limit_less[NB] ? {NB{1'b0}} : limit_less[NB-1:0];
        if (load) b_first_q <= 1'b1;
        else if (b_take) b_first_q <= 1'b0;
        if (b_take) base_q <= b_first_q ? route[BASE_AT +: ADDR_W] : base_more;
    end

    generate
        if (CONVS > 0) begin : g_pixels
            localparam [WA:0] WORD_ONE = 1;
            localparam [CX:0] WIDTH_ONE = 1;
            localparam [CX-1:0] X_ONE = 1;
            localparam [CY-1:0] Y_ONE = 1;
            wire conv = route[CONV_AT];
            wire [WA:0] pixel_words = route[PIXEL_AT +: WA+1];
            wire [CX:0] width = route[PIXEL_AT+WA+1 +: CX+1];
            reg [WA:0] words_q;  // of the pixel of the word at the memory's output, it included
            reg [CX:0] pixels_q; // of its line
            reg pixel_q;         // it begins a pixel,
            reg line_q;          // and a line
            wire b_line = pixels_q == WIDTH_ONE;
            wire [CX-1:0] x = base_q[CC +: CX];
            wire [CY-1:0] y = base_q[CC+CX +: CY];
            assign b_pixel = conv && words_q == WORD_ONE;
            always @(posedge clk) begin
                if (load || (b_take && b_pixel)) words_q <= pixel_words;
                else if (b_take) words_q <= words_q - WORD_ONE;
                if (load) pixels_q <= width;
                else if (b_take && b_pixel) pixels_q <= b_line ? width : pixels_q - WIDTH_ONE;
                if (b_take) pixel_q <= b_pixel;
                if (b_take) line_q <= b_line;
            end
            wire [ADDR_W-1:0] pixel_base = {base_q[ADDR_W-1:CC+CX+CY], line_q ? y + Y_ONE : y,
                                            line_q ? route[BASE_AT+CC +: CX] : x + X_ONE, route[BASE_AT +: CC]};
            assign addr_mask = conv ? {{(ADDR_W-CC){1'b0}}, {CC{1'b1}}} : {ADDR_W{1'b1}};
            assign base_more = (conv && pixel_q) ? pixel_base
                                                 : (base_next[ADDR_W-1:0] & addr_mask) | (base_q & ~addr_mask);
        end else begin : g_no_pixels
            assign b_pixel = 1'b0;
            assign base_more = base_next[ADDR_W-1:0];
            assign addr_mask = {ADDR_W{1'b1}};
        end
    endgenerate
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            localparam [31:0] LANE = l;
            assign wanted[l] = (|outs[l*PAYLOAD_W +: PAYLOAD_W]) && limit_q > LANE[NB-1:0];
            wire unused = &{1'b0, LANE};
        end
        if (LANES > 1) begin : g_pick
            localparam [LANES-1:0] ONE = 1;
            reg [LB-1:0] lane;
            integer k;
            always @(*) begin
                lane = {LB{1'b0}};
                for (k = LANES - 1; k > 0; k = k - 1) if (pending_q[k]) lane = k[LB-1:0];
                if (pending_q[0]) lane = {LB{1'b0}};
            end
            wire [ADDR_W+LB-1:0] wide = {{LB{1'b0}}, base_q} + {{ADDR_W{1'b0}}, lane};
            assign rest = pending_q & (pending_q - ONE);
            assign addr = (wide[ADDR_W-1:0] & addr_mask) | (base_q & ~addr_mask);
            wire unused = &{1'b0, wide};
        end else begin : g_single
            assign rest = 1'b0;
            assign addr = base_q;
        end
        if (PAYLOAD_W == 1) begin : g_spike
            assign payload = 1'b1;
        end else begin : g_graded
            reg [LANES*PAYLOAD_W-1:0] outs_q;
            reg [PAYLOAD_W-1:0] part;
            integer n;
            always @(posedge clk) if (b_take) outs_q <= outs;
            always @(*) begin
                part = outs_q[PAYLOAD_W-1:0];
                for (n = LANES - 1; n >= 0; n = n - 1)
                    if (pending_q[n]) part = outs_q[n*PAYLOAD_W +: PAYLOAD_W];
            end
            assign payload = part;
        end
    endgenerate

    // ---- The flit.

    reg m_valid_q;
    reg m_reply_q;
    reg [1:0] m_kind_q;
    reg [RECT_W-1:0] m_rect_q;
    reg [DATA_W-1:0] m_data_q;
    wire host = route[HOST_AT];
    // x0 x1 y0 y1 from bit 0 in a route, y1 y0 x1 x0 in a flit
    wire [RECT_W-1:0] rect = {route[HOST_AT+1 +: XB], route[HOST_AT+1+XB +: XB], route[HOST_AT+1+2*XB +: YB],
                              route[HOST_AT+1+2*XB+YB +: YB]};
    wire [DATA_W+ADDR_W+PAYLOAD_W-1:0] spike = {{DATA_W{1'b0}}, payload, addr};
    wire [DATA_W+15:0] reply = {{DATA_W{1'b0}}, reply_data};
    assign d_ready = !m_valid_q || m_ready;
    assign reply_ready = d_ready && !active_q;
    assign busy = active_q || m_valid_q;
    assign sent = m_valid_q && m_ready && !m_reply_q;
    assign waits = m_valid_q && !m_ready && !m_reply_q;
    assign m_valid = m_valid_q;
    assign m_data = {m_kind_q, m_rect_q, m_data_q};
    always @(posedge clk) begin
        if (rst) m_valid_q <= 1'b0;
        else if (d_ready) m_valid_q <= some || (reply_valid && !active_q);
    end
    always @(posedge clk) begin
        if (d_ready) begin
            m_reply_q <= !some;
            m_kind_q <= !some ? 2'd3 : host ? 2'd2 : 2'd0;
            m_rect_q <= (!some || host) ? {RECT_W{1'b0}} : rect;
            m_data_q <= some ? spike[DATA_W-1:0] : reply[DATA_W-1:0];
        end
    end

    wire unused = &{1'b0, control_wdata, route[CONV_AT], addr_mask, base_next, spike, reply, LANES_32};

`ifdef FORMAL
`include "nh_core_send_fv.vh"
`endif
endmodule
`default_nettype wire
