// nh_core_acc: idle after reset, a word's sum is exact from its first clearing on, whatever words stand around it; an event is
// issued, dropped or held. Assumed: sweeps while no event is there, one
// reset. Rows back to back reachable. Sizes below 8 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) assume (rst == !f_past); // once

wire f_events = f_valid_q || g_valid_q || late_busy || (valid1_q && !clear1_q) || (valid2_q && !clear2_q);
always @(*) assume (!sweep_valid || (!f_events && !s_valid));
always @(*) assume (sweep_addr < WORDS && g_acc_q < WORDS);

// One lane of one word.
(* anyconst *) reg [WA-1:0] f_addr;
(* anyconst *) reg [2:0] f_lane;
always @(*) assume (f_addr < WORDS && f_lane < LANES);
wire [LANES*ACC_W-1:0] f_accs = acc_q >> (f_lane * ACC_W);
wire [LANES*OP_W-1:0] f_ops = operand >> (f_lane * OP_W);
wire [OP_W-1:0] f_op_low = f_ops[OP_W-1:0];
wire [ACC_W+OP_W-1:0] f_op = {{ACC_W{f_op_low[OP_W-1]}}, f_op_low};
reg f_known = 1'b0;
reg [ACC_W-1:0] f_value;
wire f_here = valid2_q && addr2_q == f_addr;
always @(posedge clk) begin
    if (f_here && clear2_q) f_known <= 1'b1;
    if (f_here) f_value <= clear2_q ? {ACC_W{1'b0}} : f_value + f_op[ACC_W-1:0];
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!busy && s_ready);
    if (f_here && f_known) assert (f_accs[ACC_W-1:0] == f_value);
end

// Events: taken = given to the walk + dropped or empty + held.
reg [3:0] f_taken, f_given;
always @(posedge clk) begin
    f_taken <= rst ? 4'd0 : f_taken + {3'd0, take};
    f_given <= rst ? 4'd0 : f_given + {3'd0, f_take};
end
always @(posedge clk) if (f_past) begin
    assert (f_taken == f_given + {3'd0, f_valid_q});
    if ($past(f_take && f_row && f_words != 0 && !rst)) assert (issue);
    if ($past(invalid && !rst)) assert (!issue);
end

// An event waits for the rows before it alone, and these go on in every cycle.
always @(posedge clk) if (f_past && !rst) begin
    if (s_valid && !s_ready) assert (f_valid_q && issue);
    if ($past(issue && !g_last && !rst)) assert (issue && g_left_q == $past(g_left_q) - LEFT_ONE);
end

reg [2:0] f_run = 3'd0; // cycles in a row with a synapse word and an event of one word
always @(posedge clk) f_run <= (rst || !issue || !take) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd3);
