// nh_beat_rom: idle after reset, hold while stalled, words in = words out + stored, the ROM word is
// that of the transfer, full throughput reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_give = m_valid && m_ready;
reg f_stored;             // words in minus words out
reg [WIDTH-1:0] f_data;   // the word taken last
reg [ADDR_W-1:0] f_index; // its number modulo DEPTH
reg [ADDR_W-1:0] f_count; // words given modulo DEPTH
always @(posedge clk) begin
    if (rst) f_stored <= 1'b0;
    else if (take != f_give) f_stored <= take;
    if (take) begin
        f_data <= s_data;
        f_index <= addr_q;
    end
    if (rst) f_count <= {ADDR_W{1'b0}};
    else if (f_give) f_count <= (f_count == TOP[ADDR_W-1:0]) ? {ADDR_W{1'b0}} : f_count + ONE;
end

always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_valid && s_ready);
        assert (m_valid == f_stored);
        if (m_valid) assert (m_data == f_data && f_index == f_count);
        assert (addr_q <= TOP[ADDR_W-1:0] && f_count <= TOP[ADDR_W-1:0]);
        if (!m_valid) assert (addr_q == f_count);
        else assert (addr_q == ((f_count == TOP[ADDR_W-1:0]) ? {ADDR_W{1'b0}} : f_count + ONE));
        if ($past(m_valid && !m_ready && !rst)) begin
            assert (m_valid);
            assert ($stable(m_data));
            assert ($stable(m_word));
        end
    end
end

reg [2:0] f_run = 3'd0; // cycles in a row with a word in and a word out
always @(posedge clk) f_run <= (rst || !take || !f_give) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
