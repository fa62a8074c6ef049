image "x" steps 1 input_size 1 output_size 1
image "x" steps 1 input_size 1 output_size 1
core x 0 y 0 start 0 period 1 words 1 axons 1 convs 0
input "x" first 0 count 1 base 0 delay 0 x0 0 x1 0 y0 0 y1 0
output "y" first 0 count 1 element 0 start 0 period 1 network
symbol "s" x 0 y 0 word 0 words 1 c0 0 c 1 y0 0 h 1 x0 0 w 1
weights 0 : 1
fabric "f"
    lanes 1
    lanes 2
