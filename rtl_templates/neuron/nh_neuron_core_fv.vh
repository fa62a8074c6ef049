// nh_neuron_core: while it sweeps nothing leaves the queue and nothing is configured, so that no input but dp_* reaches the sweep;
// the sweep begins when the engine is empty; a flit holds while it waits; idle means that nothing is under way. Assumed:
// tick and init while idle.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
reg f_reset_seen = 1'b0;
always @(posedge clk) if (rst) f_reset_seen <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (idle || (!tick && !init));
always @(*) assume (!(tick && init));

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (idle && !m_flit_valid);
    if (sweeping) begin
        assert (!head_ready);
        assert (!(event_valid && event_ready));
        assert (we == 9'd0 && !rd_load && !(rd_shift && config_valid));
    end
    if ($past(tick || init) && !$past(rst)) assert (!acc_busy);
    if ($past(m_flit_valid && !m_flit_ready && !rst)) begin
        assert (m_flit_valid);
        assert ($stable(m_flit_data));
    end
    if (idle) assert (!event_valid && !config_valid && !m_flit_valid && !dp_valid && !issue);
    if ($past(sweeping && head_valid && !rst)) assert (head_valid);
end
always @(posedge clk) cover (f_past && f_reset_seen && sent && event_valid && event_ready); // events are taken while spikes leave
