// nh_join: streams move together, exactly when the word leaves; valid does not look at ready.
wire [N-1:0] f_moves = s_valid & s_ready;
always @(*) begin
    assert (m_valid == &s_valid);
    if (m_valid && m_ready) assert (&f_moves);
    else assert (!(|f_moves));
    cover (m_valid && m_ready);
end
