// nh_fork: idle after reset, hold while stalled, every consumer has taken as many words as the stream
// gave, or one more; full throughput reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(posedge clk) if (f_past && $past(s_valid && !s_ready && !rst)) begin
    assume (s_valid);
    assume ($stable(s_data));
end

wire f_take = s_valid && s_ready;
genvar f_i;
generate
    for (f_i = 0; f_i < N; f_i = f_i + 1) begin : g_fv
        reg [1:0] f_ahead; // words this consumer took, minus words that left the stream
        wire f_give = m_valid[f_i] && m_ready[f_i];
        always @(posedge clk)
            f_ahead <= rst ? 2'd0 : f_ahead + {1'b0, f_give} - {1'b0, f_take};
        always @(posedge clk) if (f_past) begin
            if ($past(rst)) assert (f_ahead == 2'd0);
            assert (f_ahead == {1'b0, took_q[f_i]});
            assert (m_valid[f_i] == (s_valid && f_ahead == 2'd0));
            if (took_q[f_i]) assert (s_valid || $past(rst));
            if ($past(m_valid[f_i] && !m_ready[f_i] && !rst)) begin
                assert (m_valid[f_i]);
                assert ($stable(m_data));
            end
        end
    end
endgenerate
always @(posedge clk) if (f_past) begin
    assert (m_data == s_data);
    if (s_valid && &(~m_valid | m_ready)) assert (s_ready); // none waits: the word leaves
end

reg [2:0] f_run = 3'd0; // cycles in a row with a word
always @(posedge clk) f_run <= (rst || !f_take) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
