// y = table[x] + 3 * x, one cycle later: 10 flip-flops and a block ROM of 256 words of 8 bits.
`default_nettype none
module demo_scale (
    input wire clk,
    input wire en,
    input wire [7:0] x,
    output wire [15:0] y
);
    (* rom_style = "block" *) reg [7:0] mem [0:255];
    initial $readmemh("demo.mem", mem);
    reg [7:0] word_q;
    reg [9:0] sum_q;
    always @(posedge clk) begin
        if (en) begin
            word_q <= mem[x];
            sum_q <= {2'b0, x} + {1'b0, x, 1'b0};
        end
    end
    assign y = {6'b0, sum_q} + {8'b0, word_q};
endmodule
`default_nettype wire
