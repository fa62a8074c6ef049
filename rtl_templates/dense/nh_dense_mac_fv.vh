// nh_dense_mac: idle after reset, words in = words used + stored, steps issued only when the pipeline
// moves, vectors at least REUSE cycles apart and exactly REUSE apart reachable. Groups issued = groups
// in the pipeline + groups given: nh_mac_core. Hold while stalled: nh_mac_core. That the sums are right is simulated. Sizes below 64 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

localparam [6:0] F_J = J;
localparam [6:0] F_G = G;
localparam [6:0] F_REUSE = REUSE;

// Schedule.
wire f_start = issue && step_q == {STEP_W{1'b0}};
reg f_started;     // a vector was started
reg [6:0] f_since; // cycles since then, at most REUSE
reg [6:0] f_word;  // word of the group
reg [6:0] f_group; // group of the vector
always @(posedge clk) begin
    f_since <= f_start ? 7'd1 : f_since + {6'd0, f_since != F_REUSE};
    f_started <= !rst && (f_started || f_start);
    if (rst) begin
        f_word <= 7'd0;
        f_group <= 7'd0;
    end else if (issue) begin
        f_word <= (f_word == F_J - 7'd1) ? 7'd0 : f_word + 7'd1;
        if (f_word == F_J - 7'd1) f_group <= (f_group == F_G - 7'd1) ? 7'd0 : f_group + 7'd1;
    end
end
wire [6:0] f_step = step_q;
always @(posedge clk) begin
    if (f_past) begin
        if (issue) assert (en); // nh_mac_core assumes it
        if ($past(rst)) assert (!m_valid && f_step == 7'd0);
        assert (f_word < F_J && f_word == word_q && f_step == f_group * F_J + f_word);
        assert (f_group < F_G);
        if (f_started) begin
            if (f_start) assert (f_since == F_REUSE);
            assert (f_since >= 7'd1 && f_since <= F_REUSE);
            assert (f_since >= f_step);
            if (f_step == 7'd0 && REUSE == STEPS) assert (f_since == F_REUSE);
        end else assert (f_step == 7'd0);
    end
end

// Input words.
generate
    if (G > 1) begin : g_fv
        reg [6:0] f_stored; // words in minus words of vectors done
        wire [6:0] f_wword = g_banks.wword_q;
        always @(posedge clk) begin
            if (rst) f_stored <= 7'd0;
            else f_stored <= f_stored + {6'd0, g_banks.write} - ((issue && end_vector) ? F_J : 7'd0);
        end
        always @(posedge clk) if (f_past) begin
            if ($past(rst)) assert (s_ready);
            assert (f_stored == (g_banks.full_q[0] ? F_J : 7'd0) + (g_banks.full_q[1] ? F_J : 7'd0)
                                + f_wword);
            assert (f_wword < F_J);
            if (^g_banks.full_q) assert (have_word && g_banks.wbank_q != g_banks.rbank_q);
            else assert (g_banks.wbank_q == g_banks.rbank_q);
            if (&g_banks.full_q) assert (f_wword == 7'd0);
            if (f_step != 7'd0) assert (have_word);
            if (g_banks.write && g_banks.read) assert (g_banks.waddr != g_banks.raddr);
        end
    end
    if (REUSE != STEPS) begin : g_fv_wait
        wire [6:0] f_wait = g_wait.wait_q;
        always @(posedge clk) if (f_past) begin
            if (f_started) assert (f_since + f_wait == F_REUSE);
            else assert (f_wait == 7'd0);
        end
    end
endgenerate

reg f_run = 1'b0; // the vector before this one started REUSE cycles before it
reg [6:0] f_gap;
always @(posedge clk) begin
    f_gap <= f_start ? 7'd1 : f_gap + 7'd1;
    if (rst) f_run <= 1'b0;
    else if (f_start) f_run <= f_started && f_gap == F_REUSE;
end
always @(posedge clk) cover (f_run && f_start && f_gap == F_REUSE);
