// nh_core_sweep: idle after reset; words read = words written back + words on their way, at their places; a sweep of W words takes
// W + DP_LATENCY + 5 cycles, whatever happens outside, so every cycle moves something on, to its end; a word per cycle across groups.
// Assumed: tick, init and READ while not busy, configuration not while busy. Sizes below 8 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (!busy_q || (!tick && !init && !rd_load && !control_we && !group_we && !param_we));
always @(*) assume (!(tick && init) && !(rd_load && (tick || init)));

reg [7:0] f_away; // bits that count the words between reading and writing
integer f_i;
generate
    if (DP_LATENCY > 0) begin : g_fv_away
        always @(*) begin
            f_away = {7'd0, valid1_q} + {7'd0, valid2_q};
            for (f_i = 0; f_i < DP_LATENCY; f_i = f_i + 1) f_away = f_away + {7'd0, g_back.valid_q[f_i]};
        end
    end else begin : g_fv_now
        always @(*) f_away = {7'd0, valid1_q} + {7'd0, valid2_q};
    end
endgenerate
wire [WA-1:0] f_back_place = n_q - f_away[WA-1:0];
reg f_started = 1'b0; // a sweep since the places were set
always @(posedge clk) if (init || begin_sweep) f_started <= 1'b1;
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!busy && !sweep_valid && !dp_valid && !back);
    if (!busy_q) assert (!n_valid_q && !f_valid_q && !some_left && f_away == 8'd0);
    if (busy_q && f_started) assert (f_back_place == back_q);
    assert (!busy_q || f_started);
    if (busy_q && !end_sweep) assert (fetch || f_take || n_valid_q || f_away != 8'd0);
    if ($past(n_valid_q && !rst)) assert (valid1_q);
    if ($past(valid1_q && !rst)) assert (dp_valid);
    // groups back to back
    if ($past(f_take && !rst && !init && f_words != {(WA+1){1'b0}})) assert (n_valid_q);
    if ($past(n_valid_q && last && f_valid_q && f_words != {(WA+1){1'b0}} && !rst)) assert (n_valid_q);
    if ($past(fetch && !rst)) assert (f_valid_q);
    if ($past(n_valid_q && !last && !rst)) assert (n_valid_q);
end
// Cycles without a word: the length of the pipeline, and one for every empty group; nothing else is waited for.
reg [7:0] f_wasted;
reg [7:0] f_empty;
always @(posedge clk) begin
    if (init || begin_sweep) begin
        f_wasted <= 8'd0;
        f_empty <= 8'd0;
    end else begin
        if (busy_q && !n_valid_q) f_wasted <= f_wasted + 8'd1;
        if (f_take && f_words == {(WA+1){1'b0}}) f_empty <= f_empty + 8'd1;
    end
end
reg f_walked; // there was a word
always @(posedge clk) f_walked <= !(init || begin_sweep) && (f_walked || n_valid_q);
always @(posedge clk) if (f_past && busy_q && f_started) begin
    assert (f_wasted <= f_empty + DP_LATENCY + 4);
    if (done && f_walked && f_empty == 8'd0) assert (f_wasted == DP_LATENCY + 4); // and this cycle
end

reg [2:0] f_run = 3'd0; // groups of one word, one after the other
always @(posedge clk) f_run <= (rst || !n_valid_q || !f_take) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd2);
