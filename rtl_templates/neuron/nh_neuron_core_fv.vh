// nh_neuron_core: while it sweeps nothing leaves the queue and nothing is configured, so that no input but dp_* reaches the sweep;
// a sweep walks a word in every cycle but a few, whatever the router does; it begins when the engine is empty; a flit holds while it
// waits; idle means that nothing is under way, and stays until a flit, a tick or INIT comes. Assumed: tick and init while idle.
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
    if ($past(idle && !rst && !tick && !init && !(s_flit_valid && s_flit_ready))) assert (idle);
    if ($past(init && !rst)) assert (sweeping && init_sweep);
    if ($past(sweep_valid && !rst)) assert (sweeping && (!sweep_valid || sweep_addr == $past(sweep_addr) + F_ONE));
    if (sweeping && f_swept) assert (f_between <= DP_LATENCY + GROUPS + 4);
end
// Cycles of a sweep without a word: the pipeline's length, and one for every group that is empty.
localparam [WA-1:0] F_ONE = 1;
reg f_swept = 1'b0;
reg [7:0] f_between;
always @(posedge clk) begin
    if (tick || init) begin
        f_swept <= 1'b1;
        f_between <= 8'd0;
    end else if (sweeping && !sweep_valid) f_between <= f_between + {7'd0, !(&f_between)};
end
always @(posedge clk) cover (f_past && f_reset_seen && sent && event_valid && event_ready); // events are taken while spikes leave
