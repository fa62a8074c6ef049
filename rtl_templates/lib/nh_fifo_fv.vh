// nh_fifo: idle after reset, hold while stalled, words in = words out + level, the word at the read
// address is shown, a word leaves once, after those before it and no others, full throughput reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [LEVEL_W-1:0] f_stored; // words in minus words out
always @(posedge clk) begin
    if (rst) f_stored <= {LEVEL_W{1'b0}};
    else if (push && !pop) f_stored <= f_stored + ONE;
    else if (pop && !push) f_stored <= f_stored - ONE;
end

wire [31:0] f_place = {{(32-ADDR_W){1'b0}}, raddr_q} + {{(32-LEVEL_W){1'b0}}, level_q};
wire [31:0] f_wrapped = (f_place >= DEPTH) ? f_place - DEPTH : f_place;
always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_valid && s_ready && level == {LEVEL_W{1'b0}});
        assert (level == f_stored);
        assert (level_q <= FULL[LEVEL_W-1:0]);
        assert (raddr_q <= ADDR_TOP && waddr_q <= ADDR_TOP);
        assert (f_wrapped == {{(32-ADDR_W){1'b0}}, waddr_q});
        if (m_valid) assert (m_data == mem[raddr_q]);
        if ($past(m_valid && !m_ready && !rst)) begin
            assert (m_valid);
            assert ($stable(m_data));
        end
    end
end

// One word, any: those before it leave, then it leaves, as it came.
(* anyseq *) wire f_pick;
reg f_in = 1'b0;            // it is stored
reg [WIDTH-1:0] f_word;
reg [LEVEL_W-1:0] f_before; // words to leave before it
wire [31:0] f_at = {{(32-ADDR_W){1'b0}}, raddr_q} + {{(32-LEVEL_W){1'b0}}, f_before};
wire [31:0] f_at_wrapped = (f_at >= DEPTH) ? f_at - DEPTH : f_at;
always @(posedge clk) begin
    if (rst) f_in <= 1'b0;
    else if (!f_in) f_in <= push && f_pick;
    else if (pop && f_before == {LEVEL_W{1'b0}}) f_in <= 1'b0;
    if (!f_in) begin
        f_word <= s_data;
        f_before <= pop ? level_q - ONE : level_q;
    end else if (pop) f_before <= f_before - ONE;
end
always @(posedge clk) if (f_past && f_in) begin
    assert (f_before < level_q);
    assert (mem[f_at_wrapped[ADDR_W-1:0]] == f_word);
    if (f_before == {LEVEL_W{1'b0}}) assert (m_valid && m_data == f_word);
end

reg [2:0] f_run = 3'd0; // cycles in a row with a word in and a word out
always @(posedge clk) f_run <= (rst || !push || !pop) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
