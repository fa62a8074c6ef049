// nh_conv_walk: the planned step is the one that seven nested loops reach, its word in the ring, row and column
// are those of the formula with multiplications, in_frame exactly when the tap is; a step a cycle
// reachable. Assumed: nothing is issued in the first cycle after reset. Sizes below 1000 only.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (!(issue && blank_q));

// The loops: where the planned step is, and the one after it.
reg [10:0] f_j, f_kx, f_ky, f_sub, f_cg, f_ox, f_oy;
reg [10:0] f_base; // slot of the frame's first row
wire f_end_j = f_j == J - 1;
wire f_end_kx = f_end_j && f_kx == KW - 1;
wire f_end_ky = f_end_kx && f_ky == KH - 1;
wire f_end_sub = f_end_ky && f_sub == SUBS - 1;
wire f_end_cg = f_end_sub && f_cg == CGS - 1;
wire f_end_ox = f_end_cg && f_ox == W_OUT - 1;
wire f_end_oy = f_end_ox && f_oy == H_OUT - 1;
wire [10:0] f_next_j = f_end_j ? 11'd0 : f_j + 11'd1;
wire [10:0] f_next_kx = !f_end_j ? f_kx : f_end_kx ? 11'd0 : f_kx + 11'd1;
wire [10:0] f_next_ky = !f_end_kx ? f_ky : f_end_ky ? 11'd0 : f_ky + 11'd1;
wire [10:0] f_next_sub = !f_end_ky ? f_sub : f_end_sub ? 11'd0 : f_sub + 11'd1;
wire [10:0] f_next_cg = !f_end_sub ? f_cg : f_end_cg ? 11'd0 : f_cg + 11'd1;
wire [10:0] f_next_ox = !f_end_cg ? f_ox : f_end_ox ? 11'd0 : f_ox + 11'd1;
wire [10:0] f_next_oy = !f_end_ox ? f_oy : f_end_oy ? 11'd0 : f_oy + 11'd1;
wire [10:0] f_next_base = f_end_oy ? (f_base + H_IN) % ROWS : f_base;
always @(posedge clk) begin
    if (rst) begin
        f_j <= 11'd0;
        f_kx <= 11'd0;
        f_ky <= 11'd0;
        f_sub <= 11'd0;
        f_cg <= 11'd0;
        f_ox <= 11'd0;
        f_oy <= 11'd0;
        f_base <= 11'd0;
    end else if (issue) begin
        f_j <= f_next_j;
        f_kx <= f_next_kx;
        f_ky <= f_next_ky;
        f_sub <= f_next_sub;
        f_cg <= f_next_cg;
        f_ox <= f_next_ox;
        f_oy <= f_next_oy;
        f_base <= f_next_base;
    end
end

// The formula, for both.
wire [10:0] f_y = f_oy * STRIDE_H + f_ky * DILATION_H - PAD_H;
wire [10:0] f_x = f_ox * STRIDE_W + f_kx * DILATION_W - PAD_W;
wire [10:0] f_slot = (f_base + f_oy * STRIDE_H + f_ky * DILATION_H + SLOT_ORIGIN) % ROWS;
wire [10:0] f_word = (f_slot * W_IN + f_x) * WORDS + f_cg * J + f_j;
wire [10:0] f_step = (((f_cg * SUBS + f_sub) * KH + f_ky) * KW + f_kx) * J + f_j;
wire [10:0] f_next_y = f_next_oy * STRIDE_H + f_next_ky * DILATION_H - PAD_H;
wire [10:0] f_next_x = f_next_ox * STRIDE_W + f_next_kx * DILATION_W - PAD_W;
wire [10:0] f_next_slot = (f_next_base + f_next_oy * STRIDE_H + f_next_ky * DILATION_H + SLOT_ORIGIN) % ROWS;
wire [10:0] f_next_word = (f_next_slot * W_IN + f_next_x) * WORDS + f_next_cg * J + f_next_j;
wire [WORD_W-1:0] f_moved_word = word_q + word_move_q;
wire [Y_W-1:0] f_moved_y = y_q + y_move_q;
wire [X_POS_W-1:0] f_moved_x = x_pos_q + x_move_q;

always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (blank_q);
    if (blank_q)
        assert (!(|{f_base, f_j, f_kx, f_ky, f_sub, f_cg, f_ox, f_oy, j_q, kx_q, ky_q, sub_q, cg_q, ox_q, oy_q}));
    assert (f_j < J && f_kx < KW && f_ky < KH && f_sub < SUBS && f_cg < CGS);
    assert (f_ox < W_OUT && f_oy < H_OUT && f_base < ROWS);
    assert ({11'd0, slot_q} == {{SLOT_W{1'b0}}, blank_q ? f_slot : f_next_slot});
    assert (y_q == f_y[Y_W-1:0] && x_pos_q == f_x[X_POS_W-1:0] && word == f_word[WORD_W-1:0]);
    assert (in_frame == (f_y < H_IN && f_x < W_IN)); // negative: large
    assert ({11'd0, step} == {{STEP_W{1'b0}}, f_step});
    if (!blank_q) begin
        assert (j_q == f_next_j && kx_q == f_next_kx && ky_q == f_next_ky && sub_q == f_next_sub);
        assert (cg_q == f_next_cg && ox_q == f_next_ox && oy_q == f_next_oy);
        assert (first == !(|{f_j, f_kx, f_ky}));
        assert (end_window == f_end_ky && end_pixel_q == f_end_cg && end_row == f_end_ox);
        assert (end_frame == f_end_oy);
        assert (f_moved_word == f_next_word[WORD_W-1:0]);
        if (!end_frame) begin
            assert (f_moved_y == f_next_y[Y_W-1:0]);
            assert (end_row_q || f_moved_x == f_next_x[X_POS_W-1:0]);
        end
    end
end

reg [2:0] f_run = 3'd0; // steps in a row
always @(posedge clk) f_run <= (rst || !issue) ? 3'd0 : f_run + {2'b0, !(&f_run)};
always @(posedge clk) cover (f_run == 3'd4);
