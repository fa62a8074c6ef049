// nh_pool_max: idle after reset, steps only when the pipeline moves, windows issued = windows in the pipeline + windows given, two frames
// reachable, m holds while stalled. Rows: nh_window. That the maxima are right is simulated.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [3:0] f_inside; // windows issued and not given
always @(posedge clk) begin
    if (rst) f_inside <= 4'd0;
    else f_inside <= f_inside + {3'd0, issue && last} - {3'd0, m_valid && m_ready};
end

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && s_ready && !issue);
    if (issue) assert (en);
    assert (f_inside <= 4'd2);
    if (!$past(rst) && $past(m_valid && !m_ready)) assert (m_valid && $stable(m_data));
    if (f_inside == 4'd0) assert (!m_valid && !done_q);
end

reg f_ended = 1'b0; // a frame was done
always @(posedge clk) f_ended <= !rst && (f_ended || (issue && end_frame));
always @(posedge clk) cover (f_ended && issue && end_frame);
