// nh_conv_mac: idle after reset, words in = words of frames done + stored, no bank is written and read
// at once, steps issued only when the pipeline moves, frames back to back reachable, and the assumption
// of nh_conv_walk. Windows issued = windows in the pipeline + windows given: nh_mac_core. Hold while
// stalled: nh_skid. Addresses: nh_conv_walk. That the sums are right is simulated. Frames below 256 words only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

localparam [9:0] F_FRAME = FRAME;
wire f_done = issue && end_frame;
reg [9:0] f_stored; // words in minus words of frames done
wire [9:0] f_wword = wword_q;
always @(posedge clk) begin
    if (rst) f_stored <= 10'd0;
    else f_stored <= f_stored + {9'd0, write} - (f_done ? F_FRAME : 10'd0);
end

always @(posedge clk) if (f_past) begin
    if ($past(rst)) begin
        assert (!m_valid && s_ready);
        assert (!issue); // there is no plan yet
    end
    assert (f_stored == (full_q[0] ? F_FRAME : 10'd0) + (full_q[1] ? F_FRAME : 10'd0) + f_wword);
    assert (f_wword < F_FRAME);
    if (^full_q) assert (have_frame && wbank_q != rbank_q);
    else assert (wbank_q == rbank_q);
    if (&full_q) assert (f_wword == 10'd0);
    if (write && read) assert (waddr[0] != raddr[0]);
    if (issue) assert (en); // nh_mac_core assumes it
    if ($past(have_frame && !f_done && !rst)) assert (have_frame); // a frame stays until it is done
end

reg f_ended = 1'b0; // a frame was done in the cycle before
always @(posedge clk) f_ended <= !rst && f_done;
always @(posedge clk) cover (f_ended && issue && m_valid);
