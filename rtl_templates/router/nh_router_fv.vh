// nh_router: for any one input: every copy that its head must have is taken exactly once before the head leaves, and
// no other; outputs carry a head and hold while stalled; an output with a request is valid (work conservation); idle means
// empty queues. What must be copied where is written again here, by coordinates. The order in the queues is nh_skid's and nh_fifo's proof.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

(* anyconst *) reg [2:0] f_i; // the input
(* anyconst *) reg [2:0] f_o; // the output
always @(*) assume (f_i < 3'd5 && f_o < 3'd5);
wire [FLIT_W-1:0] f_head = data >> (f_i * FLIT_W);
wire [FLIT_W-1:0] f_given = m_data >> (f_o * FLIT_W);
wire [4:0] f_wants = want >> (5 * f_i);
wire [4:0] f_moved = moved >> (5 * f_i);
wire [4:0] f_grant = grant >> (5 * f_o);
wire [31:0] f_y1 = f_head[DATA_W +: YB];
wire [31:0] f_y0 = f_head[DATA_W+YB +: YB];
wire [31:0] f_x1 = f_head[DATA_W+2*YB +: XB];
wire [31:0] f_x0 = f_head[DATA_W+2*YB+XB +: XB];
wire f_host = f_head[FLIT_W-1];
wire f_row = f_i == 3'd0 || f_i == 3'd1 || f_i == 3'd2; // still along the row
wire f_here = !f_row || (f_x0 <= X && X <= f_x1);
reg [4:0] f_must;
always @(*) begin
    f_must = 5'b00000;
    if (f_host) begin
        if (X > 0) f_must[2] = f_i == 3'd0 || f_i == 3'd1;
        else if (Y > 0) f_must[4] = f_i != 3'd2 && f_i != 3'd4;
        else f_must[2] = f_i != 3'd2;
    end else begin
        f_must[0] = f_here && f_y0 <= Y && Y <= f_y1;
        f_must[1] = (f_i == 3'd0 || f_i == 3'd2) && f_x1 > X && X < X_MAX;
        f_must[2] = (f_i == 3'd0 || f_i == 3'd1) && f_x0 < X;
        f_must[3] = f_i != 3'd3 && f_here && f_y1 > Y && Y < Y_MAX;
        f_must[4] = f_i != 3'd4 && f_here && f_y0 < Y;
    end
end

reg [4:0] f_got; // outputs that have taken their copy of this head
wire [4:0] f_leaves = f_got | f_moved;
wire f_valid = valid[f_i];
wire f_pop = pop[f_i];
always @(posedge clk) f_got <= (rst || (f_valid && f_pop)) ? 5'b00000 : f_leaves;
wire [24:0] f_sent_all = {g_in[4].sent_q, g_in[3].sent_q, g_in[2].sent_q, g_in[1].sent_q, g_in[0].sent_q};
wire [4:0] f_sent = f_sent_all >> (5 * f_i);
always @(posedge clk) if (f_past && !rst) begin
    assert (f_sent == f_got);
    if (!f_valid) assert (f_got == 5'b00000 && f_moved == 5'b00000);
    assert ((f_moved & f_got) == 5'b00000);                          // not twice
    if (f_valid) assert ((f_leaves & ~f_must) == 5'b00000);          // nowhere else
    if (f_valid) assert (f_pop == ((f_must & ~f_leaves) == 5'b00000)); // with all copies, and at once
    if (f_valid) assert (f_wants == (f_must & ~f_got));
    if (f_wants[f_o]) assert (m_valid[f_o]);                         // work conservation
    assert ((f_grant & (f_grant - 5'd1)) == 5'b00000);               // one input at a time
    if (f_grant[f_i]) assert (m_valid[f_o] && f_wants[f_o] && f_given == f_head);
    assert (m_valid[f_o] == (f_grant != 5'b00000));
    if (idle) assert (m_valid == 5'b00000);
    if (idle) assert (!f_valid);
end
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (idle && m_valid == 5'b00000);
    if ($past(!rst && m_valid[f_o] && !m_ready[f_o]) && !rst) begin
        assert (m_valid[f_o]);
        assert ($stable(f_given));
    end
end

always @(posedge clk) cover (f_past && !rst && f_got[3] && !f_got[0] && m_valid[0] && m_ready[0]);
