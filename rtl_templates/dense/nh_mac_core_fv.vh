// nh_mac_core: idle after reset, groups issued = groups in the pipeline + groups given, the bias word
// is that of the group whose first step enters the accumulator, nothing moves and m holds while the
// output is stalled, a group a cycle reachable. Assumed: steps are issued only with `en`, a group begins after
// the last step of the one before. That the sums are right is
// simulated. GROUPS below 64 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg f_open; // a group was begun and not ended
reg [6:0] f_begun; // the group to begin next
reg [6:0] f_groups; // groups issued, minus groups given
always @(*) if (issue) assume (en && first == !f_open);
always @(posedge clk) begin
    if (rst) begin
        f_open <= 1'b0;
        f_begun <= 7'd0;
        f_groups <= 7'd0;
    end else begin
        if (issue) f_open <= !last;
        if (issue && first) f_begun <= (f_begun == GROUPS - 1) ? 7'd0 : f_begun + 7'd1;
        f_groups <= f_groups + {6'd0, issue && last} - {6'd0, m_valid && m_ready};
    end
end

// Steps in the pipeline that end a group, and steps whose bias word is not read yet.
reg [6:0] f_in_flight;
reg [6:0] f_unread;
integer f_i;
always @(*) begin
    f_in_flight = {6'd0, done_q};
    f_unread = 7'd0;
    for (f_i = 1; f_i <= SUM; f_i = f_i + 1) begin
        f_in_flight = f_in_flight + {6'd0, valid_q[f_i] && last_q[f_i]};
        if (f_i < SUM) f_unread = f_unread + {6'd0, valid_q[f_i] && first_q[f_i]};
    end
end

wire [6:0] f_group = group_q; // the bias word to read next
reg [6:0] f_sum; // f_group + f_unread, modulo GROUPS
always @(*) begin
    f_sum = f_group + f_unread;
    for (f_i = 0; f_i < SUM; f_i = f_i + 1) if (f_sum >= GROUPS) f_sum = f_sum - GROUPS;
end

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && !done_q && valid_q == {SUM{1'b0}});
    assert (f_groups == f_in_flight);
    assert (f_begun < GROUPS && f_group < GROUPS);
    assert (f_sum == f_begun);
    assert (en || (m_valid && !m_ready));
    if (!$past(rst) && $past(m_valid && !m_ready)) begin
        assert (m_valid && $stable(m_data));
        assert ($stable(valid_q) && $stable(first_q) && $stable(last_q) && $stable(done_q));
        assert ($stable(acc) && $stable(bias) && $stable(group_q));
    end
end

reg [2:0] f_run = 3'd0; // steps in a row that are groups of one step
always @(posedge clk) f_run <= (rst || !(issue && first && last)) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd7 && m_valid && m_ready);
