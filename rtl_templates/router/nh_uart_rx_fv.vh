// nh_uart_rx: a byte only after a start bit of at least half a bit, eight looks at the middles of the bits after it, and a stop bit that
// is high; each look is DIV cycles after the one before; a pulse.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

// Cycles since the line fell: f_bits * DIV + f_phase.
reg [7:0] f_phase;
reg [3:0] f_bits;
reg [7:0] f_seen;
wire [15:0] f_since = f_bits * DIV + f_phase;
wire f_middle = f_phase == DIV / 2;
always @(posedge clk) begin
    if (rst || bit_q == 4'd0) begin
        f_phase <= 8'd1;
        f_bits <= 4'd0;
    end else begin
        f_phase <= f_phase == DIV - 1 ? 8'd0 : f_phase + 8'd1;
        f_bits <= f_bits + {3'd0, f_phase == DIV - 1};
    end
    if (bit_q >= 4'd2 && bit_q <= 4'd9 && f_middle) f_seen[f_bits[2:0] - 3'd1] <= level;
end
wire [15:0] f_shifted = {f_seen, 8'd0} >> (bit_q >= 4'd2 && bit_q <= 4'd10 ? bit_q - 4'd2 : 4'd0);
wire [7:0] f_mask = ~(8'hff >> (bit_q >= 4'd2 && bit_q <= 4'd10 ? bit_q - 4'd2 : 4'd0));
always @(posedge clk) if (f_past && !rst) begin
    assert (bit_q <= 4'd10 && clock_q < DIV && f_phase < DIV);
    if (bit_q == 4'd1) assert (f_since + clock_q == DIV / 2);
    if (bit_q >= 4'd2) assert (f_since + clock_q == DIV / 2 + (bit_q - 4'd1) * DIV);
    if (bit_q >= 4'd2) assert (((byte_q ^ f_shifted[7:0]) & f_mask) == 8'd0);
    if (m_valid) assert ($past(level) && $past(bit_q) == 4'd10 && bit_q == 4'd0 && m_data == f_seen);
end
always @(posedge clk) if (f_past && $past(m_valid)) assert (!m_valid);
always @(posedge clk) if (f_past && $past(rst)) assert (!m_valid);

always @(posedge clk) cover (f_past && m_valid && m_data == 8'h5a);
