// nh_axis_in: idle after reset, nothing added or lost, frame_error exactly when TLAST disagreed with
// the count of transfers, full throughput reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [COUNT_W-1:0] f_left; // transfers to come in this frame, minus 1
reg f_wrong;
always @(posedge clk) begin
    if (rst) begin
        f_left <= TOP[COUNT_W-1:0];
        f_wrong <= 1'b0;
    end else if (take) begin
        f_left <= (f_left == {COUNT_W{1'b0}}) ? TOP[COUNT_W-1:0] : f_left - ONE;
        if (s_axis_tlast != (f_left == {COUNT_W{1'b0}})) f_wrong <= 1'b1;
    end
end

always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!frame_error);
        assert (m_valid == s_axis_tvalid && s_axis_tready == m_ready);
        assert (count_q <= TOP[COUNT_W-1:0] && f_left == TOP[COUNT_W-1:0] - count_q);
        assert (frame_error == f_wrong);
    end
end

reg [2:0] f_run = 3'd0; // cycles in a row with a transfer
always @(posedge clk) f_run <= (rst || !take) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4 && !frame_error);
