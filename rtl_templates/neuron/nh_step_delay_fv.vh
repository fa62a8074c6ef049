// nh_step_delay: idle after reset, hold while stalled, counts and their flags agree; an element that
// leaves is the one that came `delay` steps before, or 0 when the sample is younger, whatever the
// pace of both sides. The element: any lane of any word of any step of sample 0 or 1. All this only
// to a bounded number of cycles from one reset (formal.py), not by induction. Full throughput
// reachable. Sizes below 8 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) assume (rst == !f_past); // once

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && !valid1_q && !valid2_q && s_ready);
    assert (held_q <= FULL[HELD_W-1:0] && full_q == (held_q == FULL[HELD_W-1:0]));
    assert (avail_q <= held_q && some_q == (avail_q != {HELD_W{1'b0}}));
    assert (in_word_q <= WORD_TOP[WORD_W-1:0] && in_step_q <= STEP_TOP[STEP_W-1:0]);
    assert (word_q <= WORD_TOP[WORD_W-1:0] && step_q <= STEP_TOP[STEP_W-1:0]);
    if ($past(m_valid && !m_ready && !rst)) begin
        assert (m_valid);
        assert ($stable(m_data));
    end
end

// Where both streams are: sample, step, word.
wire f_give = m_valid && m_ready;
reg [3:0] f_in_t, f_in_n, f_out_w, f_out_t, f_out_n;
wire [3:0] f_in_w = in_word_q;
always @(posedge clk) begin
    if (rst) begin
        f_in_t <= 4'd0;
        f_in_n <= 4'd0;
        f_out_w <= 4'd0;
        f_out_t <= 4'd0;
        f_out_n <= 4'd0;
    end else begin
        if (take && in_last) begin
            f_in_t <= (f_in_t == STEPS - 1) ? 4'd0 : f_in_t + 4'd1;
            if (f_in_t == STEPS - 1) f_in_n <= f_in_n + 4'd1;
        end
        if (f_give) f_out_w <= (f_out_w == WORDS - 1) ? 4'd0 : f_out_w + 4'd1;
        if (f_give && f_out_w == WORDS - 1) begin
            f_out_t <= (f_out_t == STEPS - 1) ? 4'd0 : f_out_t + 4'd1;
            if (f_out_t == STEPS - 1) f_out_n <= f_out_n + 4'd1;
        end
    end
end

// One element.
(* anyconst *) reg [3:0] f_n;
(* anyconst *) reg [3:0] f_t;
(* anyconst *) reg [3:0] f_w;
(* anyconst *) reg [3:0] f_l;
always @(*) assume (f_n < 4'd2 && f_t < STEPS && f_w < WORDS && f_l < LANES);
wire [3:0] f_delay; // of lane f_l of word f_w
generate
    if (UNIFORM != 0) begin : g_fv_same
        assign f_delay = MOST;
    end else begin : g_fv_file
        reg [LANES*DELAY_W-1:0] f_rom [0:WORDS-1];
        initial $readmemh(FILE, f_rom);
        wire [LANES*DELAY_W-1:0] f_rom_word = f_rom[f_w];
        assign f_delay = (f_rom_word >> (f_l * DELAY_W)) & ((1 << DELAY_W) - 1);
        always @(*) assume (f_delay >= LEAST && f_delay <= MOST);
    end
endgenerate
reg f_came;
reg [ELEM_W-1:0] f_x;
wire [WIDTH-1:0] f_s_lane = s_data >> (f_l * ELEM_W);
wire [WIDTH-1:0] f_m_lane = m_data >> (f_l * ELEM_W);
always @(posedge clk) begin
    if (rst) f_came <= 1'b0;
    else if (take && f_in_n == f_n && f_in_t == f_t && f_in_w == f_w) begin
        f_came <= 1'b1;
        f_x <= f_s_lane[ELEM_W-1:0];
    end
end
always @(posedge clk) if (f_past && m_valid && f_out_w == f_w) begin
    if (f_out_t < f_delay) assert (f_m_lane[ELEM_W-1:0] == {ELEM_W{1'b0}});
    if (f_out_n == f_n && f_out_t == f_t + f_delay)
        assert (f_came && f_m_lane[ELEM_W-1:0] == f_x);
end

reg [2:0] f_run = 3'd0; // cycles in a row with a word in and a word out
always @(posedge clk) f_run <= (rst || !take || !f_give) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
