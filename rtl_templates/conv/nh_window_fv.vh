// nh_window: idle after reset; rows in = rows freed + rows complete; a step is issued only while `en`, and a tap in the
// frame is then of a row that is complete and not freed, and not the word that is written; rows are freed in order, up to the first that the
// next output row sees; two frames back to back reachable. Addresses: nh_conv_walk. Frames below 64 rows only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

// The planned step: output row, row of taps; rows freed, relative to the frame, and rows that came.
reg [7:0] f_oy;
reg signed [15:0] f_freed;      // absolute
reg signed [15:0] f_frame;      // first row of the planned frame, absolute
reg signed [15:0] f_came;
reg [7:0] f_tap;                // step of the window
wire signed [15:0] f_top = $signed({8'd0, f_oy}) * STRIDE_H - PAD_H;
wire signed [15:0] f_from = f_top < 0 ? 0 : f_top > H_IN ? H_IN : f_top;
wire signed [15:0] f_y = f_top + $signed({8'd0, f_tap}) / (KW * J) * DILATION_H;
always @(posedge clk) begin
    if (rst) begin
        f_tap <= 8'd0;
        f_oy <= 8'd0;
        f_freed <= 16'sd0;
        f_frame <= 16'sd0;
        f_came <= 16'sd0;
    end else begin
        f_freed <= f_freed + $signed({{(16-COUNT_W){1'b0}}, freed});
        f_came <= f_came + $signed({15'd0, row_done});
        if (issue) f_tap <= last ? 8'd0 : f_tap + 8'd1;
        if (row_ends) f_oy <= end_frame ? 8'd0 : f_oy + 8'd1;
        if (row_ends && end_frame) f_frame <= f_frame + H_IN;
    end
end

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (s_ready && !issue);
    assert (f_came == f_freed + $signed({{(16-COUNT_W){1'b0}}, level_q}));
    assert (level_q <= ROWS);
    assert (f_freed + $signed({{(16-COUNT_W){1'b0}}, owe_q}) == f_frame + f_from || !loaded_q);
    if (issue) begin
        assert (en && !$past(rst));
        assert (in_frame || !(f_y >= 0 && f_y < H_IN && PAD_W == 0 && (W_OUT - 1) * STRIDE_W + (KW - 1) * DILATION_W < W_IN));
        if (in_frame) begin
            assert (f_y >= 0 && f_y < H_IN);
            assert (f_frame + f_y >= f_freed && f_frame + f_y < f_came);
            if (write) assert (word != waddr_q);
        end
    end
end

reg f_ended = 1'b0; // a frame was done
always @(posedge clk) f_ended <= !rst && (f_ended || (issue && end_frame));
always @(posedge clk) cover (f_ended && issue && end_frame);
