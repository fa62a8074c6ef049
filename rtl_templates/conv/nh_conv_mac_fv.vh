// nh_conv_mac: idle after reset, words in = words of frames done + stored, no bank is written and read
// at once, windows issued = windows in the pipeline + windows given, frames back to back reachable,
// and what nh_conv_walk assumes. Hold while stalled: nh_skid. Addresses: nh_conv_walk. That the sums
// are right is simulated. Frames below 256 words only.
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

// Windows issued, minus windows given to the output skid.
reg [6:0] f_windows;
reg [6:0] f_in_flight;
integer f_i;
always @(posedge clk)
    f_windows <= rst ? 7'd0 : f_windows + {6'd0, issue && end_window} - {6'd0, done_q && en};
always @(*) begin
    f_in_flight = {6'd0, done_q};
    for (f_i = 1; f_i <= SUM; f_i = f_i + 1)
        f_in_flight = f_in_flight + {6'd0, valid_q[f_i] && last_q[f_i]};
end

always @(posedge clk) if (f_past) begin
    if ($past(rst)) begin
        assert (!m_valid && !done_q && valid_q == {SUM{1'b0}} && s_ready);
        assert (!issue); // there is no plan yet
    end
    assert (f_stored == (full_q[0] ? F_FRAME : 10'd0) + (full_q[1] ? F_FRAME : 10'd0) + f_wword);
    assert (f_wword < F_FRAME);
    if (^full_q) assert (have_frame && wbank_q != rbank_q);
    else assert (wbank_q == rbank_q);
    if (&full_q) assert (f_wword == 10'd0);
    if (write && read) assert (waddr[0] != raddr[0]);
    assert (f_windows == f_in_flight);
    if ($past(have_frame && !f_done && !rst)) assert (have_frame); // a frame stays until it is done
end

reg f_ended = 1'b0; // a frame was done in the cycle before
always @(posedge clk) f_ended <= !rst && f_done;
always @(posedge clk) cover (f_ended && issue && m_valid);
