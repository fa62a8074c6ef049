// nh_core_send: idle after reset, a flit holds while it waits, a reply leaves only between routes, a route's words are all done before
// the next one, no spike is lost or made: spikes of words = flits + spikes that wait. Assumed: start while not active.
// A flit per cycle reachable. Sizes below 8 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (!active_q || !start);

reg [3:0] f_new;  // spikes of the words taken, minus spikes that left, modulo 16
reg [3:0] f_more; // of the word that is taken now
reg [3:0] f_wait; // in pending_q and the flit
integer f_i;
always @(*) begin
    f_more = 4'd0;
    f_wait = {3'd0, m_valid_q && !m_reply_q};
    for (f_i = 0; f_i < LANES; f_i = f_i + 1) begin
        f_more = f_more + {3'd0, wanted[f_i]};
        f_wait = f_wait + {3'd0, pending_q[f_i]};
    end
end
always @(posedge clk) f_new <= rst ? 4'd0 : f_new + (b_take ? f_more : 4'd0) - {3'd0, sent};
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && !busy);
    if ($past(m_valid && !m_ready && !rst)) begin
        assert (m_valid);
        assert ($stable(m_data));
    end
    assert (f_new == f_wait);
    assert (!some || r_stream_q);
    assert (!b_valid_q || r_stream_q);
    assert (!r_stream_q || r_valid_q);
    assert (!r_valid_q || active_q);
    if ($past(reply_valid && reply_ready && !rst)) assert (m_valid && m_reply_q);
    if (fetch) assert (!some && !b_valid_q);
end
// It waits for the router alone: else a word or a route moves on after at most two cycles.
reg [2:0] f_still = 3'd0;
always @(posedge clk) f_still <= (rst || start || fetch || a_go || b_take || m_valid_q) ? 3'd0 : f_still + {2'd0, active_q && !(&f_still)};
always @(posedge clk) if (f_past && active_q) assert (f_still <= 3'd2);

reg [2:0] f_run = 3'd0; // cycles in a row with a spike that leaves
always @(posedge clk) f_run <= (rst || !sent) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd3);
