// nh_router, for every input: each output that its head must reach gets one copy, no other output any, and the head leaves with the last
// copy and not later; so what an output gets from an input is in the order of the queue (nh_skid's and nh_fifo's proof, by which a waiting head stays).
// Every output: one input at a time, the head of that input, held while stalled, valid when any head still wants it (work
// conservation). idle means empty queues. Where a copy must go is written again here, by coordinates.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

generate
    genvar f_i;
    for (f_i = 0; f_i < 5; f_i = f_i + 1) begin : g_fv_in
        wire [FLIT_W-1:0] head = data[f_i*FLIT_W +: FLIT_W];
        wire [31:0] y1 = head[DATA_W +: YB];
        wire [31:0] y0 = head[DATA_W+YB +: YB];
        wire [31:0] x1 = head[DATA_W+2*YB +: XB];
        wire [31:0] x0 = head[DATA_W+2*YB+XB +: XB];
        wire here = f_i >= 3 || (x0 <= X && X <= x1); // in a column of the rectangle
        reg [4:0] must;
        always @(*) begin
            must = 5'b00000;
            if (head[FLIT_W-1]) begin // to the host
                if (X > 0) must[2] = f_i == 0 || f_i == 1;
                else if (Y > 0) must[4] = f_i != 2 && f_i != 4;
                else must[2] = f_i != 2;
            end else begin
                must[0] = here && y0 <= Y && Y <= y1;
                must[1] = (f_i == 0 || f_i == 2) && x1 > X && X < X_MAX;
                must[2] = (f_i == 0 || f_i == 1) && x0 < X && X > 0;
                must[3] = f_i != 3 && here && y1 > Y && Y < Y_MAX;
                must[4] = f_i != 4 && here && y0 < Y && Y > 0;
            end
        end
        // Copies of this head that have been taken, seen from outside: the output moved with this input granted.
        wire [4:0] takes = {grant[20+f_i], grant[15+f_i], grant[10+f_i], grant[5+f_i], grant[f_i]} & m_valid & m_ready;
        reg [4:0] got;
        wire [4:0] leaves = got | takes;
        always @(posedge clk) got <= (rst || !valid[f_i] || pop[f_i]) ? 5'b00000 : leaves;
        // What the queue's own proof shows: a head that waits stays.
        always @(posedge clk) if (f_past && !$past(rst) && $past(valid[f_i] && !pop[f_i])) assume (valid[f_i] && $stable(head));
        always @(posedge clk) if (f_past && !rst) begin
            assert (g_in[f_i].sent_q == got);                                  // invariant
            assert ((takes & got) == 5'b00000);                                // not twice
            if (!valid[f_i]) assert (got == 5'b00000 && takes == 5'b00000);
            else begin
                assert ((leaves & ~must) == 5'b00000);                         // nowhere else
                assert (pop[f_i] == ((must & ~leaves) == 5'b00000));           // with the last copy, and at once
                assert ((must & ~got & ~m_valid) == 5'b00000);                 // work conservation
            end
        end
    end
    for (f_i = 0; f_i < 5; f_i = f_i + 1) begin : g_fv_out
        wire [4:0] from = grant[5*f_i +: 5];
        wire [FLIT_W-1:0] given = m_data[f_i*FLIT_W +: FLIT_W];
        always @(posedge clk) if (f_past && !rst) begin
            assert ((from & (from - 5'd1)) == 5'b00000);
            assert (m_valid[f_i] == (from != 5'b00000));
            assert ((from & ~valid) == 5'b00000);
            if (from[0]) assert (given == data[0 +: FLIT_W]);
            if (from[1]) assert (given == data[FLIT_W +: FLIT_W]);
            if (from[2]) assert (given == data[2*FLIT_W +: FLIT_W]);
            if (from[3]) assert (given == data[3*FLIT_W +: FLIT_W]);
            if (from[4]) assert (given == data[4*FLIT_W +: FLIT_W]);
            if (idle) assert (!m_valid[f_i] && !valid[f_i]);
            if (!$past(rst) && $past(m_valid[f_i] && !m_ready[f_i])) begin
                assert (m_valid[f_i]);
                assert (from == $past(from));
            end
        end
    end
endgenerate
always @(posedge clk) if (f_past && $past(rst)) assert (idle && m_valid == 5'b00000);

always @(posedge clk) cover (f_past && !rst && g_fv_in[1].got[3] && !g_fv_in[1].got[0] && m_valid[0] && m_ready[0]);
