// nh_uart_tx: high when idle; a byte is a low bit, its bits from the lowest, a high bit, DIV cycles each.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [31:0] f_since; // cycles of the byte
reg [9:0] f_frame;
always @(posedge clk) begin
    f_since <= idle ? 32'd0 : f_since + 32'd1;
    if (idle) f_frame <= {1'b1, s_data, 1'b0};
end
always @(posedge clk) if (f_past && !rst) begin
    assert (left_q <= 4'd10 && (idle || clock_q < DIV));
    if (idle) assert (tx && s_ready);
    if (!idle) begin
        assert (!s_ready && f_since + clock_q + 1 == (11 - left_q) * DIV);
        assert (bits_q == ({9'h1ff, f_frame} >> (10 - left_q)) % 512);
        assert (tx == f_frame[f_since / DIV]);
    end
end
always @(posedge clk) if (f_past && $past(rst)) assert (idle);

always @(posedge clk) cover (f_past && idle && f_since == 10 * DIV - 1);
