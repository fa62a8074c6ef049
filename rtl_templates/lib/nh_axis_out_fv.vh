// nh_axis_out: idle after reset, hold while stalled, TLAST on every BEATS-th transfer, full throughput
// reachable. Order and number of words: nh_skid.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_give = m_axis_tvalid && m_axis_tready;
reg [COUNT_W-1:0] f_left; // transfers to come in this frame, minus 1
always @(posedge clk) begin
    if (rst) f_left <= TOP[COUNT_W-1:0];
    else if (f_give) f_left <= (f_left == {COUNT_W{1'b0}}) ? TOP[COUNT_W-1:0] : f_left - ONE;
end

always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_axis_tvalid && s_ready);
        assert (count_q <= TOP[COUNT_W-1:0] && f_left == TOP[COUNT_W-1:0] - count_q);
        assert (m_axis_tlast == (f_left == {COUNT_W{1'b0}}));
        if ($past(m_axis_tvalid && !m_axis_tready && !rst)) begin
            assert (m_axis_tvalid);
            assert ($stable(m_axis_tdata));
            assert ($stable(m_axis_tlast));
        end
    end
end

reg [2:0] f_run = 3'd0; // cycles in a row with a transfer out
always @(posedge clk) f_run <= (rst || !f_give) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
