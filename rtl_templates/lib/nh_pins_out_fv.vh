// nh_pins_out: idle after reset, hold while stalled, one word in = WORDS pin words out, each the next
// part of the word, the stated rate reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire f_take = s_tvalid && s_tready;
wire f_give = pin_valid && pin_ready;
reg [31:0] f_stored; // pin words in minus pin words out
reg [SHIFT_W-1:0] f_word;
reg f_last;
always @(posedge clk) begin
    f_stored <= rst ? 32'd0 : f_stored + (f_take ? WORDS : 32'd0) - {31'd0, f_give};
    if (f_take) begin
        f_word <= load_d[SHIFT_W-1:0];
        f_last <= s_tlast;
    end
end

wire [31:0] f_index = WORDS - f_stored; // the pin word shown
always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (!pin_valid && s_tready);
        assert (f_stored <= WORDS && pin_valid == (f_stored != 32'd0));
        if (pin_valid) begin
            assert (f_index == {{(32-COUNT_W){1'b0}}, count_q});
            assert (shift_q == f_word >> (f_index * PIN_W));
            assert (pin_data == f_word[f_index*PIN_W +: PIN_W]);
            assert (last_q == f_last && pin_last == (f_last && f_stored == 32'd1));
        end else assert (count_q == {COUNT_W{1'b0}});
        if ($past(pin_valid && !pin_ready && !rst)) begin
            assert (pin_valid);
            assert ($stable(pin_data));
            assert ($stable(pin_last));
        end
    end
end

reg [31:0] f_since; // cycles since a word was taken
always @(posedge clk) f_since <= (rst || f_take) ? 32'd0 : f_since + 32'd1;
always @(posedge clk) cover (f_past && !rst && f_take && f_since == WORDS);
