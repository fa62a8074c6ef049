// nh_pins_in: idle after reset, hold while stalled, WORDS pin words in = one word out, the word is the
// pin words in order, the stated rate reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_give = m_tvalid && m_tready;
reg [31:0] f_stored;        // pin words in minus pin words out
reg [SHIFT_W-1:0] f_word;   // the word as its pin words came, each put in its place
always @(posedge clk) begin
    f_stored <= rst ? 32'd0 : f_stored + {31'd0, take} - (f_give ? WORDS : 32'd0);
    if (take) f_word[f_stored*PIN_W +: PIN_W] <= pin_data;
end

wire [2*SHIFT_W-1:0] f_above = {f_word, {SHIFT_W{1'b0}}} >> (f_stored * PIN_W);
wire [SHIFT_W-1:0] f_mask = ~({SHIFT_W{1'b1}} >> (f_stored * PIN_W));
always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_tvalid && pin_ready);
        assert (count_q <= TOP[COUNT_W-1:0] && (!valid_q || count_q == {COUNT_W{1'b0}}));
        assert (f_stored == (valid_q ? WORDS : 32'd0) + {{(32-COUNT_W){1'b0}}, count_q});
        assert (((shift_q ^ f_above[SHIFT_W-1:0]) & f_mask) == {SHIFT_W{1'b0}});
        if (m_tvalid) assert (m_tdata == f_word[WIDTH-1:0]);
        if ($past(take)) assert (m_tlast == $past(pin_last));
        if ($past(m_tvalid && !m_tready && !rst)) begin
            assert (m_tvalid);
            assert ($stable(m_tdata));
            assert ($stable(m_tlast));
        end
    end
end

reg [31:0] f_since; // cycles since a word left
always @(posedge clk) f_since <= (rst || f_give) ? 32'd0 : f_since + 32'd1;
always @(posedge clk) cover (f_past && !rst && f_give && f_since == WORDS && count_q == {COUNT_W{1'b0}});
