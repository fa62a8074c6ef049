// nh_gear: idle after reset, hold while stalled, words in = words out + stored in each engine, full
// throughput reachable. The skid has its own properties; that the words are the right ones is
// simulated for every small ratio.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_give = out_valid && out_ready;
reg [31:0] f_word; // input word of the frame
always @(posedge clk) begin
    if (rst) f_word <= 32'd0;
    else if (take) f_word <= (f_word == S_WORDS - 1) ? 32'd0 : f_word + 32'd1;
end

always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!m_valid && s_ready);
        assert (f_word < S_WORDS && last == (f_word == S_WORDS - 1));
        if ($past(out_valid && !out_ready && !rst)) begin
            assert (out_valid);
            assert ($stable(out_data));
        end
    end
end

generate
    if (S_WORDS > 1) begin : g_fv_words
        always @(posedge clk) if (f_past) assert (f_word == g_words.count_q);
    end
    if (NARROW != 0) begin : g_fv_narrow
        // Output words in the input words taken, minus those given.
        localparam integer F_FULL = (((S_WORDS == 1) ? N : S_BEAT) + M_BEAT - 1) / M_BEAT;
        localparam integer F_REST = (S_REST + M_BEAT - 1) / M_BEAT;
        reg [31:0] f_stored;
        always @(posedge clk) begin
            if (rst) f_stored <= 32'd0;
            else f_stored <= f_stored - {31'd0, f_give} + (!take ? 0 : last ? F_REST : F_FULL);
        end
        always @(posedge clk) if (f_past) begin
            assert (f_stored == g_narrow.left_q);
            assert (f_stored <= F_FULL);
        end
    end else if (WIDEN != 0) begin : g_fv_widen
        // Output words begun by the input words taken, minus those given; one may be filling.
        localparam integer F_SLOTS = (M_WORDS == 1) ? S_WORDS : M_BEAT / S_BEAT;
        wire f_filling = g_widen.slot_q != 0;
        reg [1:0] f_stored;
        always @(posedge clk) begin
            if (rst) f_stored <= 2'd0;
            else f_stored <= f_stored - {1'b0, f_give} + {1'b0, take && g_widen.slot_q == 0};
        end
        always @(posedge clk) if (f_past) begin
            assert (f_stored == {1'b0, g_widen.full_q} + {1'b0, f_filling});
            assert (!(g_widen.full_q && f_filling));
            assert (g_widen.slot_q < F_SLOTS && g_widen.slot_q == f_word % F_SLOTS);
        end
    end else begin : g_fv_any
        // Elements, padding included, in the input words taken, minus those given.
        localparam integer F_AT = ((S_WORDS - 1) * S_BEAT) % M_BEAT; // where the last input word goes
        localparam integer F_REST = (F_AT + S_REST + M_BEAT - 1) / M_BEAT * M_BEAT - F_AT;
        localparam integer F_UNIT = gcd(S_BEAT, M_BEAT);
        reg [31:0] f_stored;
        always @(posedge clk) begin
            if (rst) f_stored <= 32'd0;
            else f_stored <= f_stored - (f_give ? M_BEAT : 0) + (!take ? 0 : last ? F_REST : S_BEAT);
        end
        always @(posedge clk) if (f_past) begin
            assert (f_stored == g_any.held_q * F_UNIT);
            assert (f_stored * ELEM_W <= $bits(g_any.buffer_q));
            assert (g_any.buffer_q >> (f_stored * ELEM_W) == 0);
            assert (f_stored % M_BEAT == (f_word * S_BEAT) % M_BEAT);
        end
    end
endgenerate

reg [3:0] f_run = 4'd0; // cycles in a row with a transfer on the side that has more of them
wire f_busy = (S_WORDS >= M_WORDS) ? s_valid && s_ready : m_valid && m_ready;
always @(posedge clk) f_run <= (rst || !f_busy) ? 4'd0 : f_run + {3'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 4'd9);
