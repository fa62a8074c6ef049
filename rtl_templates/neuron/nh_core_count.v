// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Counters of the neuron core: N counters of 32 bits in one small memory. Each collects its increments in a few
// bits; one counter per cycle, in turn, adds them to its word. sum is the value of the counter `index` in the
// cycle of its turn. Zero within 32 cycles after reset; increments count from the end of reset.
`default_nettype none
module nh_core_count #(
    parameter integer N = 9,    // counters, 2 .. 16
    parameter integer INC_W = 1 // bits of an increment, >= 1
) (
    input wire clk,
    input wire rst,
    input wire [N*INC_W-1:0] inc,
    output wire [3:0] index,
    output wire [31:0] sum
);
    localparam integer LOW_W = INC_W + 4; // 16 increments
    localparam [3:0] ONE = 1;

    generate
        if (N < 2 || N > 16) begin : g_illegal_n
            nh_core_count_N_is_outside_2_to_16 u_illegal ();
        end
        if (INC_W < 1 || INC_W > 28) begin : g_illegal_inc
            nh_core_count_INC_W_is_outside_1_to_28 u_illegal ();
        end
    endgenerate

    reg [3:0] turn_q;
    reg clear_q; // the first round after reset
    wire [31:0] word;
    wire [16*LOW_W-1:0] lows;
    wire [LOW_W-1:0] low = lows[turn_q*LOW_W +: LOW_W];
    assign index = turn_q;
    assign sum = (clear_q ? 32'd0 : word) + {{(32-LOW_W){1'b0}}, low};

    always @(posedge clk) begin
        if (rst) begin
            turn_q <= 4'd0;
            clear_q <= 1'b1;
        end else begin
            turn_q <= turn_q + ONE;
            if (turn_q == 4'd15) clear_q <= 1'b0;
        end
    end

    genvar i;
    generate
        for (i = 0; i < 16; i = i + 1) begin : g_low
            if (i < N) begin : g_used
                reg [LOW_W-1:0] low_q;
                wire [LOW_W-1:0] more = {4'd0, inc[i*INC_W +: INC_W]};
                always @(posedge clk) begin
                    if (rst) low_q <= {LOW_W{1'b0}};
                    else if (turn_q == i) low_q <= more;
                    else low_q <= low_q + more;
                end
                assign lows[i*LOW_W +: LOW_W] = low_q;
            end else begin : g_none
                assign lows[i*LOW_W +: LOW_W] = {LOW_W{1'b0}};
            end
        end
    endgenerate

    nh_core_ram #(
        .WIDTH(32),
        .DEPTH(16),
        .BLOCK(0)
    ) u_ram (
        .clk(clk),
        .we(1'b1),
        .waddr(turn_q),
        .wdata(sum),
        .re(1'b1),
        .raddr(turn_q + ONE),
        .q(word)
    );
endmodule
`default_nettype wire
