// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Router of one tile of the fabric (docs/fabric.md), tile (X, Y) of a mesh with tiles (0, 0) .. (X_MAX, Y_MAX).
// Port p of every vector: 0 core, 1 east, 2 west, 3 north, 4 south. Latency 1 cycle, one flit per cycle and
// output. s_ready comes from registers. XY: along the row to the columns of the rectangle, from each column to its
// rows, a copy to the core inside. Every output takes its copy of a head flit when it can (sent_q); the flit
// leaves its queue with its last copy. Flits to the host: west, south, west. No copy leaves the mesh; a flit that
// has nowhere to go (empty rectangle, to the host from the west) is dropped.
//
// No deadlock: a flit in a queue waits only for room in the next queues, each copy for itself, and holds no output
// while it waits. A queue entered going east or west feeds the same direction, north, south and the core; one
// entered going north or south feeds the same direction and the core, and the south one of (0, 0) the host. No
// queue reaches itself on this graph: numbered from the sinks, each queue waits for smaller ones only. Copies add
// no edges: they are waited for in no order, so that the last of them is gone after the slowest of those queues
// has moved. Cores take events without waiting for their own sender, the host takes what comes; arbiters are fair:
// every flit arrives.
`default_nettype none
module nh_router #(
    parameter integer X = 0,
    parameter integer Y = 0,
    parameter integer X_MAX = 3,   // last column
    parameter integer Y_MAX = 3,   // last row
    parameter integer XB = 2,      // bits of a column
    parameter integer YB = 2,      // bits of a row
    parameter integer DATA_W = 26, // bits of data
    parameter integer QUEUE = 2    // flits per input, >= 2
) (
    input wire clk,
    input wire rst,
    input wire [4:0] s_valid,
    output wire [4:0] s_ready,
    input wire [5*(DATA_W+2*XB+2*YB+2)-1:0] s_data,
    output wire [4:0] m_valid,
    input wire [4:0] m_ready,
    output wire [5*(DATA_W+2*XB+2*YB+2)-1:0] m_data,
    output wire idle // no flit is here
);
    localparam integer FLIT_W = DATA_W + 2*XB + 2*YB + 2;
    localparam integer LEVEL_W = $clog2(QUEUE + 1);
    // Bit k of a set: column (row) k is in it. A look-up costs a LUT where a comparison would take a carry chain.
    localparam [(1<<XB)-1:0] EVERY_X = {(1<<XB){1'b1}};
    localparam [(1<<YB)-1:0] EVERY_Y = {(1<<YB){1'b1}};
    localparam [(1<<XB)-1:0] LEFT_OF_X = ~(EVERY_X << X);
    localparam [(1<<YB)-1:0] BELOW_Y = ~(EVERY_Y << Y);
    localparam [(1<<XB)-1:0] RIGHT_OF_X = EVERY_X << (X + 1);
    localparam [(1<<YB)-1:0] ABOVE_Y = EVERY_Y << (Y + 1);

    generate
        if (QUEUE < 2) begin : g_illegal_queue
            nh_router_QUEUE_is_below_2 u_illegal ();
        end
        if (X < 0 || X > X_MAX || Y < 0 || Y > Y_MAX) begin : g_illegal_place
            nh_router_tile_is_outside_the_mesh u_illegal ();
        end
        if (XB < $clog2(X_MAX + 1) || YB < $clog2(Y_MAX + 1)) begin : g_illegal_bits
            nh_router_XB_YB_cannot_count_the_tiles u_illegal ();
        end
    endgenerate

    wire [4:0] valid;
    wire [5*FLIT_W-1:0] data; // heads of the queues
    wire [24:0] want;         // [5*input + output]: a copy is still to go there
    wire [24:0] grant;        // [5*output + input]
    wire [24:0] moved;        // [5*input + output]: it goes now
    wire [4:0] pop;

    assign idle = valid == 5'b00000;

    generate
        genvar i;
        genvar o;
        for (i = 0; i < 5; i = i + 1) begin : g_in
            wire [FLIT_W-1:0] head = data[i*FLIT_W +: FLIT_W];
            wire [YB-1:0] y1 = head[DATA_W +: YB];
            wire [YB-1:0] y0 = head[DATA_W+YB +: YB];
            wire [XB-1:0] x1 = head[DATA_W+2*YB +: XB];
            wire [XB-1:0] x0 = head[DATA_W+2*YB+XB +: XB];
            wire host = head[FLIT_W-1];
            wire column = i >= 3 || (!RIGHT_OF_X[x0] && !LEFT_OF_X[x1]);
            wire [4:0] way; // where this flit goes from here
            reg [4:0] sent_q;

            if (QUEUE == 2) begin : g_skid
                nh_skid #(.WIDTH(FLIT_W)) u_queue (
                    .clk(clk), .rst(rst), .s_valid(s_valid[i]), .s_ready(s_ready[i]),
                    .s_data(s_data[i*FLIT_W +: FLIT_W]),
                    .m_valid(valid[i]), .m_ready(pop[i]), .m_data(data[i*FLIT_W +: FLIT_W])
                );
            end else begin : g_fifo
                wire [LEVEL_W-1:0] level;
                nh_fifo #(.WIDTH(FLIT_W), .DEPTH(QUEUE), .LEVEL_W(LEVEL_W)) u_queue (
                    .clk(clk), .rst(rst), .s_valid(s_valid[i]), .s_ready(s_ready[i]),
                    .s_data(s_data[i*FLIT_W +: FLIT_W]),
                    .m_valid(valid[i]), .m_ready(pop[i]), .m_data(data[i*FLIT_W +: FLIT_W]), .level(level)
                );
                wire unused = &{1'b0, level};
            end

            assign way[0] = !host && column && !ABOVE_Y[y0] && !BELOW_Y[y1];
            assign way[1] = (i == 0 || i == 2) && X < X_MAX && !host && RIGHT_OF_X[x1];
            if (X > 0) begin : g_west
                assign way[2] = (i == 0 || i == 1) && (host || LEFT_OF_X[x0]);
            end else begin : g_west_edge
                assign way[2] = Y == 0 && i != 2 && host;
            end
            assign way[3] = i != 3 && Y < Y_MAX && !host && column && ABOVE_Y[y1];
            assign way[4] = i != 4 && Y > 0 && (host ? (X == 0 && i != 2) : (column && BELOW_Y[y0]));

            assign want[5*i +: 5] = valid[i] ? (way & ~sent_q) : 5'b00000;
            assign pop[i] = (way & ~sent_q & ~moved[5*i +: 5]) == 5'b00000;
            always @(posedge clk) begin
                if (rst || pop[i]) sent_q <= 5'b00000;
                else sent_q <= sent_q | moved[5*i +: 5];
            end
            wire unused_kind = &{1'b0, head};
        end

        for (o = 0; o < 5; o = o + 1) begin : g_out
            wire [4:0] req = {want[20+o], want[15+o], want[10+o], want[5+o], want[o]};
            wire [4:0] give;
            nh_rr_arbiter #(.N(5)) u_arbiter (.clk(clk), .rst(rst), .req(req), .take(m_ready[o]), .grant(give));
            assign grant[5*o +: 5] = give;
            assign m_valid[o] = req != 5'b00000;
            // One 4:1 multiplexer: nothing goes back north, only the core's output has five inputs.
            wire [FLIT_W-1:0] third = data[((o == 3) ? 4 : 3)*FLIT_W +: FLIT_W];
            wire pick0 = give[1] || give[3] || (o == 3 && give[4]);
            wire pick1 = give[2] || give[3] || (o == 3 && give[4]);
            wire [FLIT_W-1:0] four = pick1 ? (pick0 ? third : data[2*FLIT_W +: FLIT_W])
                                           : (pick0 ? data[FLIT_W +: FLIT_W] : data[0 +: FLIT_W]);
            assign m_data[o*FLIT_W +: FLIT_W] = (o != 3 && give[4]) ? data[4*FLIT_W +: FLIT_W] : four;
            for (i = 0; i < 5; i = i + 1) begin : g_moved
                assign moved[5*i+o] = give[i] && m_ready[o];
            end
        end
    endgenerate

    wire unused = &{1'b0, grant};

`ifdef FORMAL
`include "nh_router_fv.vh"
`endif
endmodule
`default_nettype wire
