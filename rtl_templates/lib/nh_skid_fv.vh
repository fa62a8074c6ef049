// nh_skid: idle after reset, hold while stalled, two-entry queue in order, full throughput reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_give = m_valid && m_ready;
reg [1:0] f_stored; // words in minus words out
reg [WIDTH-1:0] f_next;  // the word that leaves next
reg [WIDTH-1:0] f_after; // the word after it
always @(posedge clk) begin
    f_stored <= rst ? 2'd0 : f_stored + {1'b0, take} - {1'b0, f_give};
    if (f_give || f_stored == 2'd0) f_next <= (f_stored == 2'd2) ? f_after : s_data;
    if (f_stored == 2'd1) f_after <= s_data;
end

always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_valid && s_ready);
        assert (f_stored == {1'b0, valid_q} + {1'b0, spare_valid_q});
        assert (valid_q || !spare_valid_q);
        if (valid_q) assert (out_q == f_next);
        if (spare_valid_q) assert (spare_q == f_after);
        if ($past(m_valid && !m_ready && !rst)) begin
            assert (m_valid);
            assert ($stable(m_data));
        end
    end
end

reg [2:0] f_run = 3'd0; // cycles in a row with a word in and a word out
always @(posedge clk) f_run <= (rst || !take || !f_give) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
