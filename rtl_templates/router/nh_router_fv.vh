// nh_router, for every input: each output that its head must reach gets one copy, no other output any, and the head leaves with the last
// copy and not later. A flit, any one: it becomes the head when those before it have left, and its copies are as it came; so nothing is
// lost, made or reordered between an input and an output.
// Every output: one input at a time, the head of that input, held while stalled, valid when any head still wants it (work
// conservation), and a copy wants it until it is taken, as nh_rr_arbiter assumes for its bound. idle means empty queues, and stays until a
// flit is taken. Where a copy must go is written again here, by coordinates.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

wire [5*FLIT_W-1:0] f_heads;
wire [24:0] f_musts; // [5*input + output]
wire [24:0] f_takes;
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
        assign f_heads[f_i*FLIT_W +: FLIT_W] = head;
        assign f_musts[5*f_i +: 5] = must;
        assign f_takes[5*f_i +: 5] = takes;
        always @(posedge clk) if (f_past && !$past(rst)) begin
            if ($past(valid[f_i] && !pop[f_i])) assert (valid[f_i] && $stable(head));
            if (!rst) assert (($past(want[5*f_i +: 5] & ~moved[5*f_i +: 5]) & ~want[5*f_i +: 5]) == 5'b00000);
        end
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
always @(posedge clk) if (f_past) begin
    if ($past(rst)) assert (idle && m_valid == 5'b00000);
    if ($past(!rst && idle && (s_valid & s_ready) == 5'b00000)) assert (idle);
end

// One flit, any, of one input: its way from s to m.
(* anyconst *) reg [2:0] f_of;
(* anyseq *) wire f_pick;
always @(*) assume (f_of < 5);
reg f_in = 1'b0;             // it is here
reg [LEVEL_W-1:0] f_stored;  // flits of its input that are here
reg [LEVEL_W-1:0] f_before;  // of them, those that came before it
reg [FLIT_W-1:0] f_flit;
reg [4:0] f_copies;          // outputs that it has left by
wire f_push = s_valid[f_of] && s_ready[f_of];
wire f_pop = valid[f_of] && pop[f_of];
wire f_turn = f_in && f_before == {LEVEL_W{1'b0}};
wire [4:0] f_out = f_takes >> (5 * f_of);
wire [4:0] f_must = f_musts >> (5 * f_of);
wire [FLIT_W-1:0] f_head = f_heads >> (FLIT_W * f_of);
wire [FLIT_W-1:0] f_came = s_data >> (FLIT_W * f_of);
always @(posedge clk) begin
    if (rst) f_in <= 1'b0;
    else if (!f_in) f_in <= f_push && f_pick;
    else if (f_pop && f_turn) f_in <= 1'b0;
    f_stored <= rst ? {LEVEL_W{1'b0}} : f_stored + {{(LEVEL_W-1){1'b0}}, f_push} - {{(LEVEL_W-1){1'b0}}, f_pop};
    if (!f_in) begin
        f_flit <= f_came;
        f_before <= f_stored - {{(LEVEL_W-1){1'b0}}, f_pop};
        f_copies <= 5'b00000;
    end else begin
        f_before <= f_before - {{(LEVEL_W-1){1'b0}}, f_pop};
        if (f_turn) f_copies <= f_copies | f_out;
    end
end
always @(posedge clk) if (f_past && !rst) begin
    assert (f_stored <= QUEUE && valid[f_of] == (f_stored != {LEVEL_W{1'b0}}));
    if (f_in) assert (f_before < f_stored);
    if (f_turn) begin
        assert (f_head == f_flit);
        assert ((f_copies & f_out) == 5'b00000);
        if (f_pop) assert ((f_copies | f_out) == f_must);
    end
end

always @(posedge clk) cover (f_past && !rst && g_fv_in[1].got[3] && !g_fv_in[1].got[0] && m_valid[0] && m_ready[0]);
