// nh_core_conv: every tap of an event that meets the output region has one row, at the places that the contract says, and no other
// tap has one; idle after reset; a row holds while it waits. Watched: one event of descriptor 0, one tap. Assumed: descriptor
// 0 has the derived fields of the contract, and is not written any more. Rows of two events back to back reachable.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(*) assume (!we);

// The descriptor, and the contract's numbers of it.
(* anyconst *) reg [CONV_W-1:0] f_d;
(* anyconst *) reg [3:0] f_kh, f_kw;
(* anyconst *) reg [1:0] f_multiple_y, f_multiple_x, f_skip_y, f_skip_x;
(* anyconst *) reg [3:0] f_back_y, f_back_x;
(* anyconst *) reg signed [4:0] f_pad_y, f_pad_x;
(* anyconst *) reg [CY-1:0] f_y0;
(* anyconst *) reg [CX-1:0] f_x0;
(* anyconst *) reg [CY:0] f_h;
(* anyconst *) reg [CX:0] f_w;
wire [2:0] f_stride_y = f_multiple_y + f_skip_y, f_stride_x = f_multiple_x + f_skip_x; // log2
wire [6:0] f_dilation_y = f_back_y << f_multiple_y, f_dilation_x = f_back_x << f_multiple_x;
wire signed [CY+4:0] f_origin_y = f_pad_y - $signed({1'b0, f_y0, 3'd0} >> (3 - f_stride_y));
wire signed [CX+4:0] f_origin_x = f_pad_x - $signed({1'b0, f_x0, 3'd0} >> (3 - f_stride_x));
wire [WA:0] f_features = f_d[SA+WA +: WA+1];
wire [SA-1:0] f_row_words = f_kw * f_features;
wire [WA-1:0] f_row_acc = f_w * f_features, f_back_y_acc = f_back_y * f_row_acc, f_back_x_acc = f_back_x * f_features;
always @(*) begin
    assume (f_kh >= 1 && f_kh <= 2 && f_kw >= 1 && f_kw <= 3 && f_features != 0 && f_h != 0 && f_w != 0);
    assume (f_h <= (1 << CY) && f_w <= (1 << CX) && f_stride_y <= 3 && f_stride_x <= 3);
    assume (f_dilation_y >= 1 && f_dilation_y <= 15 && f_dilation_x >= 1 && f_dilation_x <= 15);
    assume ((f_skip_y == 0 || f_back_y[0]) && (f_skip_x == 0 || f_back_x[0]));
    assume (f_d[CONV_W-1:ROW_AT] == {1'b1, f_w, f_origin_x, f_back_x, f_skip_x, f_multiple_x, f_kw, f_h, f_origin_y, f_back_y, f_skip_y,
                                     f_multiple_y, f_kh, f_back_x_acc, f_back_y_acc, f_row_acc, f_row_words});
    if (d_valid_q && d_number_q == 0) assume (d == f_d);
end

// Where the watched tap of an event goes: the contract's words.
(* anyconst *) reg f_ky;
(* anyconst *) reg [1:0] f_kx;
reg [CY-1:0] f_y;
reg [CX-1:0] f_x;
reg [CC-1:0] f_c;
wire signed [7:0] f_at_y = $signed({1'b0, f_y}) + f_pad_y - $signed({1'b0, f_ky ? f_dilation_y : 7'd0});
wire signed [7:0] f_at_x = $signed({1'b0, f_x}) + f_pad_x - $signed({1'b0, f_kx[0] ? f_dilation_x : 7'd0}) - $signed({1'b0, f_kx[1] ? {f_dilation_x, 1'b0} : 8'd0});
wire [7:0] f_oy = f_at_y >>> f_stride_y, f_ox = f_at_x >>> f_stride_x;
wire [WA-1:0] f_row = f_oy - f_y0, f_column = f_ox - f_x0;
wire f_hit_y = !f_at_y[7] && (f_oy << f_stride_y) == f_at_y && f_oy >= f_y0 && f_oy < f_y0 + f_h;
wire f_hit_x = !f_at_x[7] && (f_ox << f_stride_x) == f_at_x && f_ox >= f_x0 && f_ox < f_x0 + f_w;
wire f_hit = f_hit_y && f_hit_x;
wire [SA-1:0] f_synapse = f_d[SA-1:0] + f_c * f_d[SA+2*WA+1 +: SA] + ((f_ky ? f_kw : 0) + f_kx) * f_features;
wire [WA-1:0] f_acc = f_d[SA +: WA] + (f_row * f_w + f_column) * f_features;
always @(*) assume (f_ky < f_kh && f_kx < f_kw);

// The watched event carries a tag through the stages.
(* anyseq *) reg f_choose;
reg f_chosen = 1'b0, f_l = 1'b0, f_p = 1'b0, f_w_tag = 1'b0, f_seen = 1'b0, f_gone = 1'b0;
wire f_event = s_valid && s_ready && known && number == 0 && f_choose && !f_chosen && !rst;
wire f_here = m_valid && f_w_tag && w_left_y_q == f_kh - 1 - f_ky && w_left_x_q == f_kw - 1 - f_kx;
always @(posedge clk) begin
    if (f_event) begin
        f_chosen <= 1'b1;
        f_y <= s_addr[CC+CX +: CY];
        f_x <= s_addr[CC +: CX];
        f_c <= s_c;
        f_gone <= !load;
    end
    if (l_free) f_l <= f_event && load;
    if (l_free && f_l && !l_take) f_gone <= 1'b1;
    if (p_free) f_p <= f_l && l_take;
    if (w_free) f_w_tag <= f_p && p_valid_q;
    if (f_here && m_ready) f_seen <= 1'b1;
    if (f_w_tag && m_valid && w_free) f_gone <= 1'b1;
    if (rst) {f_chosen, f_l, f_p, f_w_tag, f_seen, f_gone} <= 6'd0;
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (!busy && !m_valid);
    if ($past(m_valid && !m_ready && !rst)) begin
        assert (m_valid);
        assert ($stable(m_synapse) && $stable(m_acc) && $stable(m_words) && $stable(m_payload));
    end
    if (f_here) begin
        assert (f_hit && !f_seen);
        assert (m_synapse == f_synapse && m_acc == f_acc && m_words == f_features);
    end
    if (f_gone) assert (f_seen == f_hit);
    if (f_event && f_past) assert (number <= TOP);
end
// A tap's row is that of a tap: what has no tap has no row.
always @(*) if (m_valid && f_w_tag) assert (w_left_y_q < f_kh && w_left_x_q < f_kw);

reg [1:0] f_run = 2'd0; // rows in a row with new events
always @(posedge clk) f_run <= (rst || !m_valid || !m_ready) ? 2'd0 : w_load ? f_run + {1'b0, !(&f_run)} : f_run;
always @(posedge clk) cover (f_run == 2'd2);
