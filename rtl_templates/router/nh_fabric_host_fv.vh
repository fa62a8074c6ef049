// nh_fabric_host: a tick, a clear, a mark and the first configuration after anything else only when the fabric is empty; one tick per
// TICK, one clear per INIT, each with its mark and in the order they came; flits pass unchanged; what is put in the queue to the
// host is a mark or the flit from the mesh, never both at once. The order of the two queues is nh_skid's proof.
// Assumed of the fabric, as routers and cores prove of themselves (idle stays until something comes in): once it is empty it is so until
// this module puts something in; and that `idle` tells it after fewer cycles than SETTLE, one of them for a tick from a register.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [3:0] f_still; // cycles since something was put in
always @(posedge clk) begin
    if (rst || m_valid || tick || init) f_still <= 4'd0;
    else if (f_still != SETTLE) f_still <= f_still + 4'd1;
end

// The fabric: f_empty, nothing in flight, told f_delay cycles later. A tick or a clear may need a cycle to take effect.
(* anyconst *) reg [3:0] f_delay;
(* anyseq *) wire f_empty;
always @(*) assume (f_delay < SETTLE);
reg f_given = 1'b0;                   // a tick or a clear, in a register
reg [14:0] f_was = 15'd0;             // f_empty in the cycles before
wire [15:0] f_told = {f_was, f_empty};
always @(posedge clk) begin
    f_given <= tick || init;
    f_was <= rst ? 15'd0 : f_told[14:0];
end
always @(posedge clk) if (f_past && $past(f_empty && !f_given && !(m_valid && m_ready) && !rst)) assume (f_empty);
always @(*) begin
    if (f_past && !rst) assume (idle == f_told[f_delay]);
    if (f_empty) assume (!s_valid);
end
reg f_alone; // nothing but configuration since it was empty
always @(posedge clk) begin
    if (rst || tick || init || (m_valid && m_ready && !m_data[FLIT_W-2])) f_alone <= 1'b0;
    else if (f_empty && !f_given) f_alone <= 1'b1;
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
    if (tick || init || mark) assert (f_empty && !f_given);
    if (m_valid && m_data[FLIT_W-2]) assert (f_alone);
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
    // every op comes to its end: what waits, waits for a queue or for the fabric
    if (in_valid && !f_done) assert ((m_valid && !m_ready) || (mark && !out_ready) || init || !quiet || (is_flit && $past(!calm_q)));
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && !tick && !init && !m_axis_tvalid && ticks_q == 32'd0);
    if ($past(!rst && m_valid && !m_ready)) assert (m_valid && $stable(m_data));
    if ($past(!rst && tick)) assert (ticks_q == $past(ticks_q) + 32'd1);
    if ($past(!rst && init)) assert (ticks_q == 32'd0);
    if ($past(!rst && !tick && !init)) assert ($stable(ticks_q));
end

always @(posedge clk) cover (f_past && !rst && tick && ticks_q == 32'd1);
