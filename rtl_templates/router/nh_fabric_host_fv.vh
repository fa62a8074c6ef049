// nh_fabric_host: a tick, a clear and a mark only when the fabric has been idle and nothing was put in for SETTLE cycles; one tick
// per TICK, one clear per INIT, each with its mark and in the order they came; flits pass unchanged; what is put in the queue to the
// host is a mark or the flit from the mesh, never both at once. The order of the two queues is nh_skid's proof.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [3:0] f_still; // cycles since something was put in
always @(posedge clk) begin
    if (rst || m_valid || tick || init) f_still <= 4'd0;
    else if (f_still != SETTLE) f_still <= f_still + 4'd1;
end
reg f_cleared; // the INIT in front has been given
always @(posedge clk) begin
    if (rst || in_ready) f_cleared <= 1'b0;
    else if (init) f_cleared <= 1'b1;
end
wire f_done = in_valid && in_ready; // the op in front is finished
wire f_put = (mark || s_valid) && out_ready;
always @(posedge clk) if (f_past && !rst) begin
    assert (f_still + settle_q == SETTLE);
    assert (clearing_q == f_cleared);
    if (clearing_q) assert (in_valid && is_init);
    if (tick || init || mark) assert (idle && f_still == SETTLE && !s_valid);
    assert (tick == (f_done && is_tick));                    // once per TICK
    if (f_done && is_init) assert (f_cleared && !init && mark_go);
    if (init) assert (is_init && !f_done && !f_cleared);     // once per INIT
    if (f_done && (is_tick || is_init || is_sync)) assert (mark_go && f_put);
    if (mark_go) assert (f_done);
    assert (!(mark && s_valid));                             // no flit is lost to a mark
    assert (!(mark && m_valid) && !(tick && init));
    if (f_done && is_flit) assert (m_valid && m_ready);
    if (m_valid) assert (op == 4'd0 && !m_data[FLIT_W-1] && m_data == in[FLIT_W-1:0]);
    if (m_valid && m_ready) assert (f_done);
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && !tick && !init && !m_axis_tvalid && ticks_q == 32'd0);
    if ($past(!rst && m_valid && !m_ready)) assert (m_valid && $stable(m_data));
    if ($past(!rst && tick)) assert (ticks_q == $past(ticks_q) + 32'd1);
    if ($past(!rst && init)) assert (ticks_q == 32'd0);
    if ($past(!rst && !tick && !init)) assert ($stable(ticks_q));
end

always @(posedge clk) cover (f_past && !rst && tick && ticks_q == 32'd1);
