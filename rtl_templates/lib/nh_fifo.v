// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// FIFO of DEPTH words, first word falls through; level = words stored, registered.
// Latency 1 cycle, throughput 1 word per cycle (one per two cycles when DEPTH is 1). s_ready comes
// from registers.
// The memory is read at the address of the next cycle; a word that is written there at that moment
// comes from bypass_q.
`default_nettype none
module nh_fifo #(
    parameter integer WIDTH = 8,  // bits, >= 1
    parameter integer DEPTH = 4,  // words, >= 1
    parameter integer LEVEL_W = 3 // bits of level, 2^LEVEL_W > DEPTH
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [WIDTH-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [WIDTH-1:0] m_data,
    output wire [LEVEL_W-1:0] level
);
    localparam integer ADDR_W = (DEPTH > 1) ? $clog2(DEPTH) : 1;
    localparam [31:0] TOP = DEPTH - 1;
    localparam [31:0] FULL = DEPTH;
    localparam [LEVEL_W-1:0] ONE = 1;
    localparam [ADDR_W-1:0] ADDR_ZERO = 0;
    localparam [ADDR_W-1:0] ADDR_ONE = 1;
    localparam [ADDR_W-1:0] ADDR_TOP = TOP[ADDR_W-1:0];

    generate
        if (WIDTH < 1) begin : g_illegal_width
            nh_fifo_WIDTH_is_below_1 u_illegal ();
        end
        if (DEPTH < 1) begin : g_illegal_depth
            nh_fifo_DEPTH_is_below_1 u_illegal ();
        end
        if (LEVEL_W < $clog2(DEPTH + 1)) begin : g_illegal_level
            nh_fifo_LEVEL_W_cannot_count_to_DEPTH u_illegal ();
        end
    endgenerate

    reg [WIDTH-1:0] mem [0:DEPTH-1];
    reg [WIDTH-1:0] mem_q;
    reg [WIDTH-1:0] bypass_q;
    reg use_bypass_q;
    reg [ADDR_W-1:0] waddr_q;
    reg [ADDR_W-1:0] raddr_q;
    reg [LEVEL_W-1:0] level_q;

    wire push = s_valid && s_ready;
    wire pop = m_valid && m_ready;
    wire [ADDR_W-1:0] raddr_next = (raddr_q == ADDR_TOP) ? ADDR_ZERO : raddr_q + ADDR_ONE;
    wire [ADDR_W-1:0] waddr_next = (waddr_q == ADDR_TOP) ? ADDR_ZERO : waddr_q + ADDR_ONE;
    wire [ADDR_W-1:0] raddr_d = pop ? raddr_next : raddr_q;
    wire bypass = push && (waddr_q == raddr_d);

    assign s_ready = level_q != FULL[LEVEL_W-1:0];
    assign m_valid = level_q != {LEVEL_W{1'b0}};
    assign m_data = use_bypass_q ? bypass_q : mem_q;
    assign level = level_q;

    always @(posedge clk) begin
        if (rst) begin
            waddr_q <= {ADDR_W{1'b0}};
            raddr_q <= {ADDR_W{1'b0}};
            level_q <= {LEVEL_W{1'b0}};
        end else begin
            raddr_q <= raddr_d;
            if (push) waddr_q <= waddr_next;
            if (push && !pop) level_q <= level_q + ONE;
            if (pop && !push) level_q <= level_q - ONE;
        end
    end

    always @(posedge clk) if (push) mem[waddr_q] <= s_data;
    always @(posedge clk) if (!bypass) mem_q <= mem[raddr_d];
    always @(posedge clk) begin
        use_bypass_q <= bypass;
        if (bypass) bypass_q <= s_data;
    end

    wire unused = &{1'b0, TOP, FULL};

`ifdef FORMAL
`include "nh_fifo_fv.vh"
`endif
endmodule
`default_nettype wire
