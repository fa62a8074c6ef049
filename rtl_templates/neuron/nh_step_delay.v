// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Frames of WORDS words of LANES elements, each element LEAST to MOST steps late: in a sample of
// STEPS frames y(t) = x(t - delay), 0 while t < delay. Element l of word w has the delay in FILE
// word w, bits [l*DELAY_W +: DELAY_W]; UNIFORM 1: MOST = LEAST, no file.
//
// Throughput 1 word per cycle. Latency 4 cycles from word w of step t-LEAST to word w of step t;
// steps below LEAST wait for no input, neither those of the next sample. So LEAST >= 1 may close a
// loop; LEAST = MOST = 0 is a FIFO of frames. s_ready comes from registers. With KEEP = min(MOST,
// STEPS - 1) there is room for KEEP + 2 frames (WORDS 1: KEEP + 4; UNIFORM 0: the next power of
// two): at the start of a sample they all come in while nothing leaves, later at least 2 more than
// the outputs that left. Inputs of the last LEAST steps of a sample reach no output: not kept.
//
// Stages: delay word read, element words read (each lane its own step), skid. All move on `en`, the
// registered ready of the skid.
`default_nettype none
module nh_step_delay #(
    parameter integer ELEM_W = 8,  // bits of an element, >= 1
    parameter integer LANES = 1,   // elements per word, >= 1
    parameter integer WORDS = 2,   // words per frame, >= 1
    parameter integer STEPS = 4,   // frames per sample, >= 1
    parameter integer MOST = 1,    // largest delay, steps, >= LEAST
    parameter integer LEAST = 1,   // smallest delay, steps, >= 0
    parameter integer UNIFORM = 1, // 1: all delays are MOST = LEAST
    parameter integer BLOCK = 1,   // 1 = block RAM, 0 = as the synthesis tool likes
    parameter FILE = "nh_step_delay.mem"
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [LANES*ELEM_W-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [LANES*ELEM_W-1:0] m_data
);
    localparam integer WIDTH = LANES * ELEM_W;
    localparam integer DELAY_W = (MOST > 0) ? $clog2(MOST + 1) : 1;
    localparam integer KEEP = (MOST < STEPS) ? MOST : STEPS - 1;
    localparam integer STORED = STEPS - LEAST; // frames kept of a sample; below 1: none
    localparam integer SPARE = (WORDS > 1) ? 2 : 4; // a word stays 3 cycles at least
    localparam integer SLOT_W = $clog2(KEEP + SPARE);
    localparam integer FRAMES = (UNIFORM != 0) ? KEEP + SPARE : (1 << SLOT_W);
    localparam integer DEPTH = FRAMES * WORDS;
    localparam integer ADDR_W = $clog2(DEPTH);
    localparam integer HELD_W = $clog2(DEPTH + 1);
    localparam integer WORD_W = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam integer ROM_BLOCK = (BLOCK != 0 && WORDS * LANES * DELAY_W >= 1024) ? 1 : 0;
    localparam [31:0] WORD_TOP = WORDS - 1;
    localparam [31:0] STEP_TOP = STEPS - 1;
    localparam [31:0] MOST_32 = MOST;
    localparam [31:0] LEAST_32 = LEAST;
    localparam [31:0] FULL = DEPTH;
    localparam [31:0] REST = (KEEP - LEAST) * WORDS; // words that the end of a sample sets free
    localparam [WORD_W-1:0] WORD_ONE = 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;
    localparam [DELAY_W-1:0] DELAY_ONE = 1;
    localparam [HELD_W-1:0] HELD_ONE = 1;

    generate
        if (ELEM_W < 1 || LANES < 1) begin : g_illegal_width
            nh_step_delay_ELEM_W_or_LANES_is_below_1 u_illegal ();
        end
        if (WORDS < 1 || STEPS < 1) begin : g_illegal_words
            nh_step_delay_WORDS_or_STEPS_is_below_1 u_illegal ();
        end
        if (LEAST < 0 || LEAST > MOST) begin : g_illegal_least
            nh_step_delay_LEAST_is_outside_0_to_MOST u_illegal ();
        end
        if ((UNIFORM != 0 && UNIFORM != 1) || (UNIFORM == 1 && LEAST != MOST)) begin :
                g_illegal_uniform
            nh_step_delay_UNIFORM_is_not_0_or_1_or_MOST_is_not_LEAST u_illegal ();
        end
        if (BLOCK != 0 && BLOCK != 1) begin : g_illegal_block
            nh_step_delay_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Words in. Words are freed in the order in which they were kept.

    reg [WORD_W-1:0] in_word_q;
    reg [STEP_W-1:0] in_step_q;
    reg [HELD_W-1:0] held_q;  // words kept that an output may still need
    reg full_q;               // held_q is DEPTH
    reg [HELD_W-1:0] avail_q; // words kept whose first use, LEAST steps later, is not issued
    reg some_q;               // avail_q is not 0
    wire in_last = in_word_q == WORD_TOP[WORD_W-1:0];
    wire in_end = in_step_q == STEP_TOP[STEP_W-1:0];
    wire keep; // an output needs this step
    wire take = s_valid && s_ready;
    wire write = take && keep;

    assign s_ready = !keep || !full_q;
    generate
        if (STORED >= STEPS) begin : g_keep_all
            assign keep = 1'b1;
        end else if (STORED < 1) begin : g_keep_none
            assign keep = 1'b0;
        end else begin : g_keep_some
            localparam [31:0] STORED_32 = STORED;
            assign keep = in_step_q < STORED_32[STEP_W-1:0];
            wire unused = &{1'b0, STORED_32};
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) begin
            in_word_q <= {WORD_W{1'b0}};
            in_step_q <= {STEP_W{1'b0}};
        end else if (take) begin
            in_word_q <= in_last ? {WORD_W{1'b0}} : in_word_q + WORD_ONE;
            if (in_last) in_step_q <= in_end ? {STEP_W{1'b0}} : in_step_q + STEP_ONE;
        end
    end

    // ---- Words out: stage 0 issues, stage 1 reads.

    wire en; // the stages move
    reg [WORD_W-1:0] word_q;
    reg [STEP_W-1:0] step_q;
    reg [DELAY_W-1:0] age_q; // min(step_q, MOST)
    wire last = word_q == WORD_TOP[WORD_W-1:0];
    wire last_step = step_q == STEP_TOP[STEP_W-1:0];
    wire oldest = age_q == MOST_32[DELAY_W-1:0];
    // One bit for the sum, one for the sign.
    wire [DELAY_W+1:0] late = {2'b00, age_q} + {2'b00, DELAY_ONE} - {2'b00, LEAST_32[DELAY_W-1:0]};
    reg early_q; // the step is below LEAST
    wire issue = en && (early_q || some_q);
    wire first_use = issue && !early_q;
    reg valid1_q;
    reg valid2_q;
    reg free1_q; // the read is the last of the oldest word
    reg rest1_q; // and the sample ends with it
    reg early1_q;
    reg [DELAY_W-1:0] age1_q;
    reg free2_q; // words became free in the cycle before
    reg rest2_q;
    wire read = en && valid1_q;
    wire [HELD_W-1:0] freed = rest2_q ? REST[HELD_W-1:0] + HELD_ONE : HELD_ONE;

    always @(posedge clk) begin
        if (rst) begin
            word_q <= {WORD_W{1'b0}};
            step_q <= {STEP_W{1'b0}};
            age_q <= {DELAY_W{1'b0}};
            early_q <= LEAST != 0;
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
            free2_q <= 1'b0;
        end else begin
            if (issue) word_q <= last ? {WORD_W{1'b0}} : word_q + WORD_ONE;
            if (issue && last) begin
                step_q <= last_step ? {STEP_W{1'b0}} : step_q + STEP_ONE;
                age_q <= last_step ? {DELAY_W{1'b0}} : oldest ? age_q : age_q + DELAY_ONE;
                early_q <= last_step ? LEAST != 0 : late[DELAY_W+1];
            end
            if (en) valid1_q <= issue;
            if (en) valid2_q <= valid1_q;
            free2_q <= read && free1_q;
        end
    end
    always @(posedge clk) begin
        if (en) begin
            free1_q <= !early_q && (last_step || oldest);
            rest1_q <= last_step && last;
            early1_q <= early_q;
            age1_q <= age_q;
        end
        rest2_q <= rest1_q;
    end

    wire one = avail_q == HELD_ONE;
    wire none = avail_q == {HELD_W{1'b0}};
    always @(posedge clk) begin
        if (rst) begin
            avail_q <= {HELD_W{1'b0}};
            some_q <= 1'b0;
            held_q <= {HELD_W{1'b0}};
            full_q <= 1'b0;
        end else begin
            if (write != first_use) avail_q <= write ? avail_q + HELD_ONE : avail_q - HELD_ONE;
            some_q <= write || !(none || (one && first_use));
            held_q <= held_q + (write ? HELD_ONE : {HELD_W{1'b0}})
                    - (free2_q ? freed : {HELD_W{1'b0}});
            full_q <= !free2_q && (held_q == FULL[HELD_W-1:0]
                                   || (write && held_q == FULL[HELD_W-1:0] - HELD_ONE));
        end
    end

    // ---- Memories: UNIFORM one ring of words for all lanes; else one for each lane, the low bits
    // of an address are the slot of a frame.

    localparam integer MEMS = (UNIFORM != 0) ? 1 : LANES;
    localparam integer MEM_W = WIDTH / MEMS;
    wire [ADDR_W-1:0] waddr;
    wire [MEMS*ADDR_W-1:0] raddr;
    wire [MEMS-1:0] zero; // the step is before the sample
    generate
        if (UNIFORM != 0) begin : g_ring
            localparam [31:0] TOP = DEPTH - 1;
            localparam [ADDR_W-1:0] ADDR_ONE = 1;
            reg [ADDR_W-1:0] waddr_q;
            reg [ADDR_W-1:0] raddr_q;
            wire wwrap = waddr_q == TOP[ADDR_W-1:0];
            wire rwrap = raddr_q == TOP[ADDR_W-1:0];
            assign waddr = waddr_q;
            assign raddr = raddr_q;
            assign zero = early1_q;
            always @(posedge clk) begin
                if (rst) begin
                    waddr_q <= {ADDR_W{1'b0}};
                    raddr_q <= {ADDR_W{1'b0}};
                end else begin
                    if (write) waddr_q <= wwrap ? {ADDR_W{1'b0}} : waddr_q + ADDR_ONE;
                    if (read && !early1_q) raddr_q <= rwrap ? {ADDR_W{1'b0}} : raddr_q + ADDR_ONE;
                end
            end
            wire unused = &{1'b0, TOP, age1_q};
        end else begin : g_slots
            localparam [SLOT_W-1:0] SLOT_ONE = 1;
            localparam integer PLACE_W = WORD_W + SLOT_W;
            localparam integer WIDE_W = SLOT_W + DELAY_W;
            reg [SLOT_W-1:0] wslot_q;
            reg [SLOT_W-1:0] rslot_q; // of the step LEAST ago
            reg [SLOT_W-1:0] rslot1_q;
            reg [WORD_W-1:0] word1_q;
            wire [LANES*DELAY_W-1:0] delays;
            wire [PLACE_W-1:0] wplace = {in_word_q, wslot_q};
            assign waddr = wplace[ADDR_W-1:0];
            always @(posedge clk) begin
                if (rst) begin
                    wslot_q <= {SLOT_W{1'b0}};
                    rslot_q <= {SLOT_W{1'b0}};
                end else begin
                    if (write && in_last) wslot_q <= wslot_q + SLOT_ONE;
                    if (first_use && last) rslot_q <= rslot_q + SLOT_ONE;
                end
            end
            always @(posedge clk) begin
                if (en) begin
                    rslot1_q <= rslot_q;
                    word1_q <= word_q;
                end
            end

            nh_rom #(
                .WIDTH(LANES * DELAY_W),
                .DEPTH(WORDS),
                .BLOCK(ROM_BLOCK),
                .FILE(FILE)
            ) u_delays (
                .clk(clk),
                .en(en),
                .addr(word_q),
                .q(delays)
            );

            genvar l;
            for (l = 0; l < LANES; l = l + 1) begin : g_lane
                wire [DELAY_W-1:0] delay = delays[l*DELAY_W +: DELAY_W];
                wire [DELAY_W-1:0] more = delay - LEAST_32[DELAY_W-1:0];
                wire [WIDE_W-1:0] wide = {{SLOT_W{1'b0}}, more};
                wire [SLOT_W-1:0] slot = rslot1_q - wide[SLOT_W-1:0];
                wire [PLACE_W-1:0] rplace = {word1_q, slot};
                assign raddr[l*ADDR_W +: ADDR_W] = rplace[ADDR_W-1:0];
                assign zero[l] = age1_q < delay;
                wire unused = &{1'b0, wide, rplace};
            end
            wire unused = &{1'b0, wplace, early1_q};
        end
    endgenerate

    wire [WIDTH-1:0] words;
    genvar i;
    generate
        for (i = 0; i < MEMS; i = i + 1) begin : g_mem
            reg [MEM_W-1:0] q;
            reg zero_q;
            always @(posedge clk) if (read) zero_q <= zero[i];
            if (BLOCK != 0) begin : g_block
                (* ram_style = "block", no_rw_check *)
                reg [MEM_W-1:0] mem [0:DEPTH-1];
                always @(posedge clk) if (write) mem[waddr] <= s_data[i*MEM_W +: MEM_W];
                always @(posedge clk) if (read) q <= mem[raddr[i*ADDR_W +: ADDR_W]];
            end else begin : g_auto
                (* no_rw_check *)
                reg [MEM_W-1:0] mem [0:DEPTH-1];
                always @(posedge clk) if (write) mem[waddr] <= s_data[i*MEM_W +: MEM_W];
                always @(posedge clk) if (read) q <= mem[raddr[i*ADDR_W +: ADDR_W]];
            end
            assign words[i*MEM_W +: MEM_W] = zero_q ? {MEM_W{1'b0}} : q;
        end
    endgenerate

    nh_skid #(
        .WIDTH(WIDTH)
    ) u_out (
        .clk(clk),
        .rst(rst),
        .s_valid(valid2_q),
        .s_ready(en),
        .s_data(words),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    wire unused = &{1'b0, WORD_TOP, STEP_TOP, MOST_32, LEAST_32, FULL, REST, late};

`ifdef FORMAL
`include "nh_step_delay_fv.vh"
`endif
endmodule
`default_nettype wire
