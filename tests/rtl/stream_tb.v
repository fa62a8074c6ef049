// Bench for one stream module `dut`: words of s.mem in, every word out compared with m.mem, long or random stalls on both sides.
// Plusargs: source, sink = 0 never pause, 1 random, 2 long pauses, source 3 = one word every `gap` cycles; seed; reset_at = cycle of a reset in the middle (0 = none),
// after which everything is sent again; log = 1 prints the cycle of every transfer.
// Also checked: valid and data hold while stalled, nothing comes after the last word, progress.
`default_nettype none
module stream_tb #(
    parameter integer S_W = 8,
    parameter integer M_W = 8,
    parameter integer S_WORDS = 1,
    parameter integer M_WORDS = 1,
    parameter integer PATIENCE = 1000 // cycles without a transfer that mean it hangs
) ();
    reg clk = 1'b0;
    always #1 clk = !clk;

    reg rst = 1'b1;
    reg s_valid = 1'b0;
    wire s_ready;
    reg [S_W-1:0] s_data;
    wire m_valid;
    reg m_ready = 1'b0;
    wire [M_W-1:0] m_data;

    dut u_dut (
        .clk(clk),
        .rst(rst),
        .s_valid(s_valid),
        .s_ready(s_ready),
        .s_data(s_data),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    reg [S_W-1:0] s_mem [0:S_WORDS-1];
    reg [M_W-1:0] m_mem [0:M_WORDS-1];
    integer source, sink, seed, reset_at, log, gap;
    integer cycle = 0, quiet = 0, s_index = 0, m_index = 0, s_pause = 0, m_pause = 0;
    reg held = 1'b0;
    reg [M_W-1:0] held_data;

    initial begin
        $readmemh("s.mem", s_mem);
        $readmemh("m.mem", m_mem);
        if (!$value$plusargs("source=%d", source)) source = 0;
        if (!$value$plusargs("sink=%d", sink)) sink = 0;
        if (!$value$plusargs("seed=%d", seed)) seed = 1;
        if (!$value$plusargs("reset_at=%d", reset_at)) reset_at = 0;
        if (!$value$plusargs("log=%d", log)) log = 0;
        if (!$value$plusargs("gap=%d", gap)) gap = 1;
    end

    task fail;
        input [8*40-1:0] why;
        begin
            $display("FAIL cycle %0d, output word %0d: %0s", cycle, m_index, why);
            $finish;
        end
    endtask

    // The length of the next pause: 0 = go on.
    function integer pause;
        input integer mode;
        begin
            pause = 0;
            if (mode == 1) pause = ($random(seed) & 1) ? 1 + ($random(seed) & 1) : 0;
            if (mode == 2 && ($random(seed) & 7) == 0) pause = $random(seed) & 127;
        end
    endfunction

    always @(posedge clk) begin
        cycle <= cycle + 1;
        quiet <= quiet + 1;
        rst <= (cycle < 3) || (reset_at != 0 && cycle == reset_at);
        if (rst) begin
            s_valid <= 1'b0;
            m_ready <= 1'b0;
            s_index = 0;
            m_index = 0;
            held <= 1'b0;
        end else begin
            // Source.
            if (s_valid && s_ready) begin
                if (log != 0) $display("S %0d", cycle);
                quiet <= 0;
            end
            if (!s_valid || s_ready) begin
                if (s_valid) s_index = s_index + 1;
                if (s_pause > 0) s_pause = s_pause - 1;
                else if (source == 3) s_pause = s_valid ? gap - 1 : 0;
                else s_pause = pause(source);
                s_valid <= s_pause == 0 && s_index < S_WORDS;
                s_data <= (s_pause == 0 && s_index < S_WORDS) ? s_mem[s_index] : {S_W{1'bx}};
            end

            // Sink.
            if (m_pause > 0) m_pause = m_pause - 1;
            else m_pause = pause(sink);
            m_ready <= m_pause == 0;
            if (m_valid === 1'bx) fail("m_valid unknown");
            if (held && (!m_valid || m_data !== held_data)) fail("not held while stalled");
            held <= m_valid && !m_ready;
            held_data <= m_data;
            if (m_valid && m_ready) begin
                if (log != 0) $display("M %0d", cycle);
                quiet <= 0;
                if (m_index >= M_WORDS) fail("more words than expected");
                else if (m_data !== m_mem[m_index]) begin
                    $display("expected %h got %h", m_mem[m_index], m_data);
                    fail("wrong word");
                end
                m_index = m_index + 1;
            end
            if (quiet > PATIENCE) begin
                if (m_index == M_WORDS && s_index == S_WORDS) begin
                    $display("PASS");
                    $finish;
                end else fail("no progress");
            end
        end
    end
endmodule
`default_nettype wire
