// nh_neuron_state: idle after reset, hold while stalled, words read = words written + outstanding; any
// word is read only when its next state of the step before is written, and shows that state; zero in
// exactly the planned steps; full throughput reachable. Assumed: next states come back in order, none
// before its word left at m. Proved for a word of any address. Sizes below 256 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

localparam [15:0] F_WORDS = WORDS;
localparam [15:0] F_STEPS = STEPS;
localparam [15:0] F_PHASE = RESET_PHASE;
localparam [15:0] F_PERIOD = (RESET_PERIOD > 0) ? RESET_PERIOD : 1;
wire f_give = m_valid && m_ready;
wire [15:0] f_r = raddr_q;
wire [15:0] f_w = waddr_q;
wire [15:0] f_out = outstanding_q;
wire [15:0] f_away = f_out - {15'd0, valid_q}; // words in the neuron
always @(*) assume (!n_take || f_away != 16'd0 || f_give);

// One word, any.
(* anyconst *) reg [ADDR_W-1:0] f_addr;
always @(*) assume (f_addr <= TOP[ADDR_W-1:0]);
wire [15:0] f_addr_wide = f_addr;
wire [15:0] f_ahead = (f_addr >= waddr_q) ? f_addr_wide - f_w : f_addr_wide + F_WORDS - f_w;
reg [1:0] f_reads;           // of it, minus writes
reg f_written;               // it was written since reset
reg f_written_read;          // when it was read last
reg [STATE_W-1:0] f_value;   // what was written last
always @(posedge clk) begin
    f_reads <= rst ? 2'd0 : f_reads + {1'b0, take && raddr_q == f_addr}
                                    - {1'b0, n_take && waddr_q == f_addr};
    if (rst) f_written <= 1'b0;
    else if (n_take && waddr_q == f_addr) f_written <= 1'b1;
    if (n_take && waddr_q == f_addr) f_value <= n_state;
    if (take && raddr_q == f_addr) f_written_read <= f_written;
end
wire [15:0] f_end = (f_w + f_out >= F_WORDS) ? f_w + f_out - F_WORDS : f_w + f_out;
reg [ADDR_W-1:0] f_index; // of the word at m
wire [15:0] f_index_wide = f_index;
always @(posedge clk) if (take) f_index <= raddr_q;
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid && f_out == 16'd0);
    assert (f_r < F_WORDS && f_w < F_WORDS && f_out <= F_WORDS && f_r == f_end);
    assert (!valid_q || f_out != 16'd0);
    assert (f_reads == {1'b0, f_ahead < f_out});
    if (take && raddr_q == f_addr) assert (f_reads == 2'd0);
    if (m_valid) assert (f_r == ((f_index == TOP[ADDR_W-1:0]) ? 16'd0 : f_index_wide + 16'd1));
    if (m_valid && f_index == f_addr && f_written_read) assert (state_q == f_value);
    if (m_valid && f_index == f_addr) assert (f_written || !f_written_read);
    if (take && n_take) assert (raddr_q != waddr_q); // read and write do not meet
    if ($past(m_valid && !m_ready && !rst)) begin
        assert (m_valid);
        assert ($stable(m_data));
        assert ($stable(m_state));
    end
end

// Steps.
wire [15:0] f_step = step_q;
reg [15:0] f_words; // taken in this sample
reg [15:0] f_t;     // step of the word at m
always @(posedge clk) begin
    if (rst) f_words <= 16'd0;
    else if (take) f_words <= (f_words == F_WORDS * F_STEPS - 16'd1) ? 16'd0 : f_words + 16'd1;
    if (take) f_t <= f_step;
end
always @(posedge clk) if (f_past) begin
    assert (f_step < F_STEPS && f_words == f_step * F_WORDS + f_r);
    if (m_valid) begin
        assert (f_t < F_STEPS);
        assert (zero_q == (f_t == 16'd0 || (RESET_PERIOD > 0 && f_t % F_PERIOD == F_PHASE)));
    end
end
generate
    if (RESET_PERIOD > 1) begin : g_fv_period
        wire [15:0] f_period = g_period.period_q;
        always @(posedge clk) if (f_past) assert (f_period == f_step % F_PERIOD);
    end
    // The memory itself.
    if (BLOCK == 0) begin : g_fv_mem
        wire [STATE_W-1:0] f_mem = g_auto.mem[f_addr];
        always @(posedge clk) if (f_past && f_written) assert (f_mem == f_value);
    end
endgenerate

reg [2:0] f_run = 3'd0; // cycles in a row with a word in, a word out and a state back, after step 0
always @(posedge clk)
    f_run <= (rst || !take || !f_give || !n_take || zero_q) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4 || (WORDS == 1 && f_past && !rst && f_give && f_t == 16'd2));
