// X * Y routers as a mesh (never ready at its edges: a copy that left it would wait for ever), for mesh_bench.py: ports of the cores as vectors by tile y*X + x, and the host port west of (0, 0).
`default_nettype none
module mesh_tb #(
    parameter integer X = 4,
    parameter integer Y = 4,
    parameter integer QUEUE = 2,
    parameter integer F = 36 // bits of a flit: XB = YB = 2, DATA_W = 26
) (
    input wire clk,
    input wire rst,
    input wire [X*Y-1:0] s_valid,
    output wire [X*Y-1:0] s_ready,
    input wire [X*Y*F-1:0] s_data,
    output wire [X*Y-1:0] m_valid,
    input wire [X*Y-1:0] m_ready,
    output wire [X*Y*F-1:0] m_data,
    input wire h_valid,
    output wire h_ready,
    input wire [F-1:0] h_data,
    output wire g_valid,
    input wire g_ready,
    output wire [F-1:0] g_data,
    output wire idle
);
    wire [4:0] iv [0:X*Y-1];
    wire [4:0] ir [0:X*Y-1];
    wire [5*F-1:0] id [0:X*Y-1];
    wire [4:0] ov [0:X*Y-1];
    wire [4:0] qr [0:X*Y-1];
    wire [5*F-1:0] od [0:X*Y-1];
    wire [X*Y-1:0] idles;
    assign idle = &idles;
    assign h_ready = ir[0][2];
    assign g_valid = ov[0][2];
    assign g_data = od[0][2*F +: F];
    generate
        genvar x;
        genvar y;
        for (y = 0; y < Y; y = y + 1) begin : g_y
            for (x = 0; x < X; x = x + 1) begin : g_x
                localparam integer T = y*X + x;
                localparam integer E = (x < X-1) ? T + 1 : T;
                localparam integer W = (x > 0) ? T - 1 : T;
                localparam integer N = (y < Y-1) ? T + X : T;
                localparam integer S = (y > 0) ? T - X : T;
                assign iv[T] = {y > 0 && ov[S][3], y < Y-1 && ov[N][4], (x > 0) ? ov[W][1] : (T == 0 && h_valid), x < X-1 && ov[E][2],
                                s_valid[T]};
                assign id[T] = {od[S][3*F +: F], od[N][4*F +: F], (x > 0) ? od[W][F +: F] : h_data, od[E][2*F +: F], s_data[T*F +: F]};
                assign qr[T] = {y > 0 && ir[S][3], y < Y-1 && ir[N][4], (x > 0) ? ir[W][1] : (T == 0 && g_ready), x < X-1 && ir[E][2],
                                m_ready[T]};
                assign s_ready[T] = ir[T][0];
                assign m_valid[T] = ov[T][0];
                assign m_data[T*F +: F] = od[T][0 +: F];
                nh_router #(.X(x), .Y(y), .X_MAX(X-1), .Y_MAX(Y-1), .QUEUE(QUEUE)) u_router (
                    .clk(clk), .rst(rst), .s_valid(iv[T]), .s_ready(ir[T]),
                    .s_data(id[T]), .m_valid(ov[T]), .m_ready(qr[T]), .m_data(od[T]), .idle(idles[T]));
            end
        end
    endgenerate
endmodule
`default_nettype wire
