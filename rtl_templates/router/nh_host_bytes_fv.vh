// nh_host_bytes, for a host that sends no word without a credit: no word finds the queue full; the host's credits, those on the way to it
// and the words that wait are DEPTH together; each token is what is due, FF twice after a restart before anything else. The frames themselves
// are proved in nh_frame_rx and nh_frame_tx, the words that wait in nh_fifo.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(posedge clk) if (f_past) assume (!rst);

reg [7:0] f_credits; // of the host: granted, not used
reg f_asked;         // there was a restart
always @(posedge clk) begin
    if (rst || restart) f_credits <= 8'd0;
    else f_credits <= f_credits + (paid ? {1'b0, owed_q} : 8'd0) - (word_valid ? 8'd1 : 8'd0);
    if (rst) f_asked <= 1'b0;
    else if (restart) f_asked <= 1'b1;
end
always @(*) if (f_past && word_valid) assume (f_credits != 8'd0);

always @(posedge clk) if (f_past && !rst) begin
    if (f_asked && !restart) assert (f_credits + owed_q + level == DEPTH);
    if (!f_asked) assert (owed_q == 7'd0 && level == 0 && again_q == 2'd0 && f_credits == 8'd0 && told_q);
    if (f_asked && word_valid && !restart) assert (word_ready);
    assert (owed_q <= DEPTH && again_q != 2'd3);
    if (sent && is_again) assert (token == 7'h7f);
    if (sent && !is_again && is_stop) assert (token == 7'h7e);
    if (paid) assert (token == owed_q && owed_q < 7'h7e && owed_q != 7'd0);
end
always @(posedge clk) if (f_past) begin
    if ($past(!rst && restart)) assert (again_q == 2'd2 && owed_q == FULL[6:0] && !m_axis_tvalid);
    if ($past(!rst && tx_valid && !tx_ready)) assert (tx_valid && $stable(tx_data));
    if ($past(!rst && !restart && again_q != 2'd0) && again_q != $past(again_q)) assert (tx_valid && tx_data == 8'hff);
end

always @(posedge clk) cover (f_past && f_asked && taken && f_credits == 8'd0);
