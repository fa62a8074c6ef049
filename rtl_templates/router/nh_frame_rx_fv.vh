// nh_frame_rx: a word only for SYMBOLS bytes without bit 7 and one with it, which carries the CRC of the frame whose number is the
// count of words since the restart; its bits are theirs; after a bad byte, an overrun or a reset no word before a restart; a restart
// only for the byte FF where a frame begins. The CRC here is the remainder of the whole frame, symbol by symbol from the front.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [7:0] f_symbols;           // bytes without bit 7 since the last one with it, up to SYMBOLS + 1
reg [7*SYMBOLS-1:0] f_word;    // each in its place
reg [6:0] f_words;             // given since the restart
reg f_alive;                   // a restart, and nothing wrong since
always @(posedge clk) begin
    if (rst) f_symbols <= 8'd0;
    else if (s_valid) f_symbols <= closes ? 8'd0 : f_symbols > SYMBOLS ? f_symbols : f_symbols + 8'd1;
    if (s_valid && !closes && f_symbols < SYMBOLS) f_word[7*f_symbols +: 7] <= s_data[6:0];
end

reg [6:0] f_crc;
integer f_i;
always @(*) begin
    f_crc = f_words;
    for (f_i = 0; f_i < 7 * SYMBOLS; f_i = f_i + 1) begin
        if (f_i % 7 == 0) f_crc = f_crc ^ f_word[f_i +: 7];
        f_crc = {f_crc[5:3], f_crc[2] ^ f_crc[6], f_crc[1:0], f_crc[6]};
    end
end
wire f_good = s_valid && s_data[7] && f_symbols == SYMBOLS && s_data[6:0] == f_crc && f_alive;
wire f_again = s_valid && s_data == 8'hff && f_symbols == 8'd0;
always @(posedge clk) begin
    if (rst) f_alive <= 1'b0;
    else if (f_again) f_alive <= 1'b1;
    else if (overrun || (s_valid && (s_data[7] ? !f_good : f_symbols >= SYMBOLS))) f_alive <= 1'b0;
    if (rst || f_again) f_words <= 7'd0;
    else if (f_good) f_words <= f_words + 7'd1;
end

// The registers between: what the CRC so far is of, and that symbols shift to their places.
reg [6:0] f_part;
integer f_k;
always @(*) begin
    f_part = f_words;
    for (f_k = 0; f_k < 7 * SYMBOLS; f_k = f_k + 1) if (f_k < 7 * f_symbols) begin
        if (f_k % 7 == 0) f_part = f_part ^ f_word[f_k +: 7];
        f_part = {f_part[5:3], f_part[2] ^ f_part[6], f_part[1:0], f_part[6]};
    end
end
wire [14*SYMBOLS-1:0] f_above = {f_word, {(7*SYMBOLS){1'b0}}} >> (7 * f_symbols);
wire [7*SYMBOLS-1:0] f_mask = ~({(7*SYMBOLS){1'b1}} >> (7 * f_symbols));
always @(posedge clk) if (f_past && !rst) begin
    assert (f_symbols <= SYMBOLS + 1);
    assert (count_q == (f_symbols > SYMBOLS ? SYMBOLS : f_symbols));
    assert (number_q == f_words || !f_alive);
    assert (bad == !f_alive);
    if (f_symbols > SYMBOLS) assert (!f_alive);
    if (f_alive) assert (((symbol_q ^ f_above[7*SYMBOLS-1:0]) & f_mask) == {(7*SYMBOLS){1'b0}});
    if (f_alive && f_symbols != 8'd0) assert (crc_q == f_part);
end
always @(posedge clk) if (f_past) begin
    assert (m_valid == ($past(f_good) && !$past(overrun) && !$past(rst)));
    assert (restart == ($past(f_again) && !$past(rst)));
    if (m_valid) assert (m_data == $past(f_word[WIDTH-1:0]));
    if ($past(rst)) assert (bad);
end

always @(posedge clk) cover (f_past && m_valid && f_words == 7'd2);
