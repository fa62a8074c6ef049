image "x" steps 1 input_size 1 output_size 1
image "x" steps 1 input_size 1 output_size 1
core x 0 y 0 start 0 period 1 words 1 axons 1 convs 0
weights 0 : 1
fabric "f"
    lanes 1
    lanes 2
