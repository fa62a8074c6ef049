// nh_conv_mac: idle after reset, steps issued only when the pipeline moves and not in the first cycle after reset (nh_mac_core and
// nh_conv_walk assume it), two frames reachable. Rows: nh_window. Windows issued = windows in the pipeline + windows given:
// nh_mac_core. Hold while stalled: nh_mac_core. Addresses: nh_conv_walk. That the sums are right is simulated.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

always @(posedge clk) if (f_past) begin
    if ($past(rst)) begin
        assert (!m_valid && s_ready);
        assert (!issue); // there is no plan yet
    end
    if (issue) assert (en);
end

reg f_ended = 1'b0; // a frame was done in the cycle before
always @(posedge clk) f_ended <= !rst && issue && end_frame;
reg f_again = 1'b0; // a frame began at once behind another
always @(posedge clk) f_again <= !rst && (f_again || (f_ended && issue));
always @(posedge clk) cover (f_again && m_valid);
