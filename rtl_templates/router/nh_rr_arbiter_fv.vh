// nh_rr_arbiter: a grant when there is a request, one-hot, for a request, held until it is taken; a
// waiting input sees at most N - 1 other grants taken. Requests are assumed to stay until taken.
localparam [N-1:0] ONE = 1;
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);
always @(posedge clk) if (f_past && !$past(rst))
    assume ((($past(req) & ~($past(take) ? $past(grant) : {N{1'b0}})) & ~req) == {N{1'b0}});

always @(*) begin
    assert ((grant & ~req) == {N{1'b0}});
    assert ((grant & (grant - ONE)) == {N{1'b0}});
    assert ((grant != {N{1'b0}}) == (req != {N{1'b0}}));
end
// first_q is empty or all the inputs from some number up.
wire [N-1:0] f_below = ~first_q;
always @(*) if (f_past) assert ((f_below & (f_below + ONE)) == {N{1'b0}});
always @(posedge clk) if (f_past && !$past(rst) && !rst && $past(req != {N{1'b0}} && !take))
    assert (grant == $past(grant));

// One input: how many places it is from its turn, and how many others were taken while it waited.
(* anyconst *) reg [7:0] f_i;
always @(*) assume (f_i < N);
reg [7:0] f_others;
reg [7:0] f_turn;
integer f_k;
always @(*) begin
    f_turn = 8'd0;
    for (f_k = 0; f_k < N; f_k = f_k + 1) if (!first_q[f_k]) f_turn = f_turn + 8'd1;
end
wire [7:0] f_start = (f_turn == N) ? 8'd0 : f_turn;
wire [7:0] f_distance = (f_i >= f_start) ? f_i - f_start : f_i + N - f_start;
wire f_mine = grant[f_i];
always @(posedge clk) begin
    if (rst || !req[f_i] || (take && f_mine)) f_others <= 8'd0;
    else if (take) f_others <= f_others + 8'd1;
end
always @(*) if (f_past) assert (f_others + f_distance <= N - 1 || (f_others == 8'd0));
always @(*) if (f_past) assert (f_others <= N - 1);
always @(posedge clk) cover (f_past && !rst && f_others == N - 1);
