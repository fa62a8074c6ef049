// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// The check of a frame (docs/fabric.md, Bytes) with one symbol more: CRC-7, x^7 + x^3 + 1, high bit first.
// Combinational.
`default_nettype none
module nh_frame_crc (
    input wire [6:0] crc,    // so far: the frame's number before its first symbol
    input wire [6:0] symbol,
    output wire [6:0] next
);
    function [6:0] shifted;
        input [6:0] x;
        integer i;
        begin
            shifted = x;
            for (i = 0; i < 7; i = i + 1) shifted = {shifted[5:0], 1'b0} ^ (shifted[6] ? 7'h09 : 7'h00);
        end
    endfunction

    assign next = shifted(crc ^ symbol);
endmodule
`default_nettype wire
