; A program image of neurohls: numbers are raw integers, tables are those of docs/fabric.md.
; 1 core: ACC conv 1, FIRE 1, SEND 1
; FIRE if, 8 words of 1 neurons: ADD 2, GT 1, RESET 1
image "p" steps 5 input_size 16 output_size 8

fabric "fabric"
    mesh_x 2
    mesh_y 2
    lanes 1
    neurons 16
    axons 32
    synapses 2048
    convs 4
    routes 8
    groups 4
    params 16
    delays 4
    queue 2
    weight_bits 4
    accum_bits 12
    accumulators 1
    payload_bits 1
    guard_bits 4
    conv_y_bits 4
    conv_x_bits 4
    conv_c_bits 4
    sparse 1
end

model if out ufixed<1,1> param fixed<12,8> param fixed<12,8>
    input a
    state v fixed<12,8,RND,SAT>
    param theta
    param bias_0
    output s spike
    exact
        ADD a_b, a, bias_0
        ADD v, v, a_b
        GT s, v, theta
        RESET v, s, 0
end

context ticks 5
    input "input" first 0 count 16 base 16384 delay 0 x0 0 x1 0 y0 0 y1 0 conv c 1 h 4 w 4 y_from 0 y_to 4
    output "neurons" first 0 count 1 element 0 start 0 period 1 network
    output "neurons" first 1 count 1 element 4 start 0 period 1 network
    output "neurons" first 2 count 1 element 1 start 0 period 1 network
    output "neurons" first 3 count 1 element 5 start 0 period 1 network
    output "neurons" first 4 count 1 element 2 start 0 period 1 network
    output "neurons" first 5 count 1 element 6 start 0 period 1 network
    output "neurons" first 6 count 1 element 3 start 0 period 1 network
    output "neurons" first 7 count 1 element 7 start 0 period 1 network
    symbol "neurons" x 0 y 0 word 0 words 8 c0 0 c 2 y0 0 h 2 x0 0 w 2
    core x 0 y 0 start 0 period 1 words 8 axons 0 convs 1
        ; "neurons": neurons 0 to 1 of rows 0 to 1, columns 0 to 1, words 0 to 7
        ACC 0 conv synapse 0 acc 0 features 2 channel_words 18 kh 3 kw 3 stride_y 1 stride_x 1 dilation_y 1 dilation_x 1 pad_y 0 pad_x 0 y0 0 x0 0 h 2 w 2
        weights 0 acc 0 : 4
        weights 1 acc 0 : 4
        weights 2 acc 0 : 4
        weights 3 acc 0 : 4
        weights 4 acc 0 : 4
        weights 5 acc 0 : 4
        weights 6 acc 0 : 4
        weights 7 acc 0 : 4
        weights 8 acc 0 : 4
        weights 9 acc 0 : 4
        weights 10 acc 0 : 4
        weights 11 acc 0 : 4
        weights 12 acc 0 : 4
        weights 13 acc 0 : 4
        weights 14 acc 0 : 4
        weights 15 acc 0 : 4
        weights 16 acc 0 : 4
        weights 17 acc 0 : 4
        FIRE if words 8 param 0
        param 0 : 256 0
        SEND first 0 words 8 delay 0 host base 0 limit 8
