// nh_frame_tx: a byte that is offered stays; a taken word is given as its symbols, low first, each without bit 7, and its CRC with it;
// a token only between frames; the number of a frame counts from 0 after a restart. The CRC is recomputed over the whole word.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (!token_valid || token != 7'd0);

reg [7*SYMBOLS-1:0] f_word;
reg [6:0] f_frames; // since the restart
always @(posedge clk) begin
    if (s_valid && s_ready) f_word <= {{(7*SYMBOLS-WIDTH+1){1'b0}}, s_data};
    if (rst || restart) f_frames <= 7'd0;
    else if (take_check) f_frames <= f_frames + 7'd1;
end
reg [6:0] f_crc;
reg [6:0] f_part;
integer f_i;
always @(*) begin
    f_crc = f_frames;
    f_part = f_frames;
    for (f_i = 0; f_i < 7 * SYMBOLS; f_i = f_i + 1) begin
        if (f_i % 7 == 0) f_crc = f_crc ^ f_word[f_i +: 7];
        f_crc = {f_crc[5:3], f_crc[2] ^ f_crc[6], f_crc[1:0], f_crc[6]};
        if (f_i % 7 == 6 && f_i < 7 * count_q) f_part = f_crc;
    end
end
always @(posedge clk) if (f_past && !rst) begin
    assert (count_q <= SYMBOLS && (full_q || begins));
    assert (number_q == f_frames);
    if (full_q) assert (symbol_q == f_word >> (7 * count_q));
    if (full_q && !begins) assert (crc_q == f_part);
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!m_valid);
    if ($past(m_valid && !m_ready && !rst)) assert (m_valid && $stable(m_data));
    if ($past(take_token && !rst)) assert (m_valid && m_data == {1'b1, $past(token)} && $past(begins));
    if ($past(take_symbol && !rst)) assert (m_valid && m_data == {1'b0, $past(f_word[7*count_q +: 7])});
    if ($past(take_check && !rst)) assert (m_valid && m_data == {1'b1, $past(f_crc)});
    if ($past(!take_token && !take_symbol && !take_check && move)) assert (!m_valid);
    if ($past(restart)) assert (s_ready && begins);
    if ($past(token_valid && token_ready && !rst)) assert (m_valid && m_data[7] && m_data[6:0] == $past(token));
end

reg [31:0] f_since; // cycles since a word was taken: the stated rate
always @(posedge clk) f_since <= (rst || (s_valid && s_ready)) ? 32'd0 : f_since + 32'd1;
always @(posedge clk) cover (f_past && !rst && s_valid && s_ready && f_since == SYMBOLS + 1 && f_frames != 7'd0);
