// nh_pipe: idle after reset, hold while stalled, words in = words out + valid stages, full throughput
// reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_take = s_valid && s_ready;
wire f_give = m_valid && m_ready;
generate
    if (DEPTH > 0) begin : g_fv
        reg [31:0] f_stored; // words in minus words out
        reg [31:0] f_stages;
        integer f_i;
        always @(posedge clk)
            f_stored <= rst ? 32'd0 : f_stored + {31'd0, f_take} - {31'd0, f_give};
        always @(*) begin
            f_stages = 32'd0;
            for (f_i = 0; f_i < DEPTH; f_i = f_i + 1)
                f_stages = f_stages + {31'd0, g_stages.valid_q[f_i]};
        end
        always @(posedge clk) begin
            if (f_past) begin
                if ($past(rst)) assert (!m_valid && s_ready);
                assert (f_stored == f_stages);
                if ($past(m_valid && !m_ready && !rst)) assert (m_valid);
                if (m_valid && !m_ready) assert (!en); // registers beside the pipe hold
            end
        end
    end
endgenerate

reg [2:0] f_run = 3'd0; // cycles in a row with a word in and a word out
always @(posedge clk) f_run <= (rst || !f_take || !f_give) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
