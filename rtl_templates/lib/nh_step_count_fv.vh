// nh_step_count: idle after reset, first exactly in the first BEATS of BEATS*STEPS transfers, error
// exactly when the marker disagreed.
reg f_past = 1'b0;
always @(posedge clk) f_past <= 1'b1;
always @(*) if (!f_past) assume (rst);

reg [15:0] f_left; // transfers to come in this sample
reg f_wrong;
localparam [15:0] F_ALL = BEATS * STEPS;
localparam [15:0] F_LATER = BEATS * (STEPS - 1);
always @(posedge clk) begin
    if (rst) begin
        f_left <= F_ALL;
        f_wrong <= 1'b0;
    end else if (take) begin
        f_left <= (f_left == 16'd1) ? F_ALL : f_left - 16'd1;
        if (user != (f_left > F_LATER)) f_wrong <= 1'b1;
    end
end

wire [15:0] f_beat = beat_q;
wire [15:0] f_step = step_q;
localparam [15:0] F_BEATS = BEATS;
localparam [15:0] F_STEPS = STEPS;
always @(posedge clk) begin
    if (f_past) begin
        if ($past(rst)) assert (first && !error);
        assert (f_beat < F_BEATS && f_step < F_STEPS);
        assert (f_left == F_ALL - f_step * F_BEATS - f_beat);
        assert (first == (f_left > F_LATER));
        assert (error == f_wrong);
    end
end

reg f_full = 1'b0; // a whole sample without an error has passed
always @(posedge clk) f_full <= !rst && (f_full || (take && f_left == 16'd1 && !error));
always @(posedge clk) cover (f_full && !error);
