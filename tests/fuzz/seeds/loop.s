; A program image of neurohls: numbers are raw integers, tables are those of docs/fabric.md.
; 1 core: ACC dense 4, ACC sparse 2, FIRE 1, SEND 3
; FIRE lif, 2 words of 1 neurons: MOV 1, LEAK 1, ADD 2, GT 1, RESET 1
image "p" steps 5 input_size 2 output_size 2

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

model lif out ufixed<1,1> param fixed<8,2> param fixed<12,8> param fixed<12,8>
    input a
    state v fixed<12,8,RND,SAT>
    param alpha
    param theta
    param bias_1
    output s spike
    exact
        MOV a_1_b, bias_1
        ADD a_0, a, a_1_b
        LEAK v, alpha
        ADD v, v, a_0
        GT s, v, theta
        RESET v, s, 0
end

context ticks 5
    input "input" first 0 count 2 base 0 delay 0 x0 0 x1 0 y0 0 y1 0
    output "lif" first 0 count 2 element 0 start 0 period 1 network
    symbol "lif" x 0 y 0 word 0 words 2 c0 0 c 2 y0 0 h 1 x0 0 w 1
    core x 0 y 0 start 0 period 1 words 2 axons 6 convs 0
        ; "lif": neurons 0 to 1, words 0 to 1
        ACC 0 dense synapse 0 acc 0 words 2
        ACC 1 dense synapse 2 acc 0 words 2
        ACC 2 sparse synapse 4 words 1
        ACC 3 dense synapse 0 acc 0 words 0
        ACC 4 dense synapse 0 acc 0 words 0
        ACC 5 sparse synapse 5 words 1
        weights 0 acc 0 : 4
        weights 1 acc 0 : 2
        weights 2 acc 0 : -2
        weights 3 acc 0 : 4
        weights 4 acc 0 : 4
        weights 5 acc 1 : 4
        FIRE lif words 2 param 0 per_word
        param 0 : 58 128 64
        param 1 : 58 128 32
        SEND first 0 words 2 delay 0 x0 0 x1 0 y0 0 y1 0 base 2 limit 2
        SEND first 0 words 2 delay 1 x0 0 x1 0 y0 0 y1 0 base 4 limit 2
        SEND first 0 words 2 delay 0 host base 0 limit 2
