// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Configuration flits of the neuron core (docs/fabric.md): ADDR and DATA write its memories, one chunk of 16 bits
// per cycle; a READ waits until the core is quiet and is answered chunk by chunk, then it leaves the queue. Only
// the memories 7 (state) and 8 (counter) can be read, any other is answered with one chunk of 0. Chunks collect in
// sh_q from the top: a word of n chunks is the top n*16 bits, all memories share it.
`default_nettype none
module nh_core_config #(
    parameter integer AXON_W = 31,    // bits of the words
    parameter integer SYNAPSE_W = 6,
    parameter integer CONV_W = 1,     // 1 without convolutions
    parameter integer GROUP_W = 20,
    parameter integer PARAM_W = 16,   // of all lanes
    parameter integer ROUTE_W = 48,
    parameter integer STATE_W = 16,   // of all lanes
    parameter integer ADDR_W = 12     // bits of the largest word number, 4 .. 20
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [25:0] s_data, // operation, memory, word; or operation, 16 bits
    input wire quiet,         // the rest of the core is idle
    output wire [8:0] we,     // by memory
    output wire [ADDR_W-1:0] waddr,
    output wire [15:0] control_wdata,
    output wire [AXON_W-1:0] axon_wdata,
    output wire [SYNAPSE_W-1:0] synapse_wdata,
    output wire [CONV_W-1:0] conv_wdata,
    output wire [GROUP_W-1:0] group_wdata,
    output wire [PARAM_W-1:0] param_wdata,
    output wire [ROUTE_W-1:0] route_wdata,
    output wire rd_load, // see nh_core_sweep
    output wire rd_hold,
    output wire rd_shift,
    output wire [ADDR_W-1:0] rd_addr,
    input wire [15:0] state_low,
    input wire [3:0] count_index,
    input wire [31:0] count_sum,
    output wire reply_valid,
    input wire reply_ready,
    output wire [15:0] reply_data
);
    localparam integer AXON_N = (AXON_W + 15) / 16; // chunks
    localparam integer SYNAPSE_N = (SYNAPSE_W + 15) / 16;
    localparam integer CONV_N = (CONV_W + 15) / 16;
    localparam integer GROUP_N = (GROUP_W + 15) / 16;
    localparam integer PARAM_N = (PARAM_W + 15) / 16;
    localparam integer ROUTE_N = (ROUTE_W + 15) / 16;
    localparam integer STATE_N = (STATE_W + 15) / 16;
    localparam integer N_1 = (AXON_N > SYNAPSE_N) ? AXON_N : SYNAPSE_N;
    localparam integer N_2 = (GROUP_N > N_1) ? GROUP_N : N_1;
    localparam integer N_3 = (PARAM_N > N_2) ? PARAM_N : N_2;
    localparam integer N_4 = (ROUTE_N > N_3) ? ROUTE_N : N_3;
    localparam integer N = (CONV_N > N_4) ? CONV_N : N_4;       // longest word that is written
    localparam integer N_ANY = (STATE_N > N) ? STATE_N : N;
    localparam integer CHUNK_W = (N_ANY > 2) ? $clog2(N_ANY) : 1;
    localparam [31:0] AXON_TOP = AXON_N - 1;
    localparam [31:0] SYNAPSE_TOP = SYNAPSE_N - 1;
    localparam [31:0] CONV_TOP = CONV_N - 1;
    localparam [31:0] GROUP_TOP = GROUP_N - 1;
    localparam [31:0] PARAM_TOP = PARAM_N - 1;
    localparam [31:0] ROUTE_TOP = ROUTE_N - 1;
    localparam [31:0] STATE_TOP = STATE_N - 1;
    localparam [CHUNK_W-1:0] ONE = 1;
    localparam [ADDR_W-1:0] ADDR_ONE = 1;
    localparam [1:0] OP_ADDR = 2'd0;
    localparam [1:0] OP_DATA = 2'd1;
    localparam [1:0] OP_READ = 2'd2;

    generate
        if (AXON_W < 1 || SYNAPSE_W < 1 || CONV_W < 1 || GROUP_W < 1 || PARAM_W < 1 || ROUTE_W < 1
            || STATE_W < 1) begin : g_illegal_width
            nh_core_config_words_have_at_least_1_bit u_illegal ();
        end
        if (ADDR_W < 4 || ADDR_W > 20) begin : g_illegal_addr
            nh_core_config_ADDR_W_is_outside_4_to_20 u_illegal ();
        end
    endgenerate

    wire [1:0] op = s_data[25:24];
    wire read = s_valid && op == OP_READ;
    wire take = s_valid && s_ready;
    reg [3:0] memory_q;
    reg [ADDR_W-1:0] addr_q;
    reg [CHUNK_W-1:0] chunk_q;
    wire [3:0] memory = read ? s_data[23:20] : memory_q;
    reg [CHUNK_W-1:0] top; // last chunk of a word of the memory
    always @(*) begin
        case (memory)
            4'd1: top = AXON_TOP[CHUNK_W-1:0];
            4'd2: top = SYNAPSE_TOP[CHUNK_W-1:0];
            4'd3: top = CONV_TOP[CHUNK_W-1:0];
            4'd4: top = GROUP_TOP[CHUNK_W-1:0];
            4'd5: top = PARAM_TOP[CHUNK_W-1:0];
            4'd6: top = ROUTE_TOP[CHUNK_W-1:0];
            4'd7: top = STATE_TOP[CHUNK_W-1:0];
            4'd8: top = ONE;
            default: top = {CHUNK_W{1'b0}};
        endcase
    end
    wire last = (read && memory < 4'd7) || chunk_q == top;
    wire data = s_valid && op == OP_DATA;
    wire write = data && last;
    assign waddr = addr_q;
    genvar i;
    generate
        for (i = 0; i < 9; i = i + 1) begin : g_we
            assign we[i] = write && memory_q == i;
        end
    endgenerate

    wire [16*N-1:0] word;
    generate
        if (N > 1) begin : g_collect
            reg [16*N-17:0] sh_q;
            assign word = {s_data[15:0], sh_q};
            always @(posedge clk) if (data) sh_q <= word[16*N-1:16];
        end else begin : g_whole
            assign word = s_data[15:0];
        end
    endgenerate
    assign control_wdata = s_data[15:0];
    assign axon_wdata = word[16*(N-AXON_N) +: AXON_W];
    assign synapse_wdata = word[16*(N-SYNAPSE_N) +: SYNAPSE_W];
    assign conv_wdata = word[16*(N-CONV_N) +: CONV_W];
    assign group_wdata = word[16*(N-GROUP_N) +: GROUP_W];
    assign param_wdata = word[16*(N-PARAM_N) +: PARAM_W];
    assign route_wdata = word[16*(N-ROUTE_N) +: ROUTE_W];

    // READ: step 0 until quiet, 1 to 3 the state's way to state_low, then a reply per chunk.
    reg [2:0] step_q;
    wire reading = step_q == 3'd4;
    wire counter = s_data[23:20] == 4'd8;
    wire replied = reply_valid && reply_ready;
    assign rd_load = read && step_q == 3'd0 && quiet;
    assign rd_hold = reading;
    assign rd_shift = replied;
    assign rd_addr = s_data[ADDR_W-1:0];
    assign reply_valid = reading && (!counter || count_index == s_data[3:0]);
    assign reply_data = counter ? (chunk_q[0] ? count_sum[31:16] : count_sum[15:0])
                      : (s_data[23:20] == 4'd7) ? state_low : 16'd0;
    assign s_ready = (op == OP_READ) ? replied && last : 1'b1;
    always @(posedge clk) begin
        if (rst) step_q <= 3'd0;
        else if (rd_load) step_q <= 3'd1;
        else if (reading && replied && last) step_q <= 3'd0;
        else if (step_q != 3'd0 && !reading) step_q <= step_q + 3'd1;
    end

    always @(posedge clk) begin
        if (take && op == OP_ADDR) memory_q <= s_data[23:20];
        if (take && op == OP_ADDR) addr_q <= s_data[ADDR_W-1:0];
        else if (write) addr_q <= addr_q + ADDR_ONE;
        if (rd_load || (take && op == OP_ADDR)) chunk_q <= {CHUNK_W{1'b0}};
        else if (data || replied) chunk_q <= last ? {CHUNK_W{1'b0}} : chunk_q + ONE;
    end

    wire unused = &{1'b0, AXON_TOP, SYNAPSE_TOP, CONV_TOP, GROUP_TOP, PARAM_TOP, ROUTE_TOP, STATE_TOP, word, s_data};
endmodule
`default_nettype wire
