; Two layers of integrate and fire on two cores: 3 inputs -> 4 -> 2, two lanes. Outputs by hand in tests/system/image_test.py.
image "two_layers" steps 5 input_size 3 output_size 2

fabric "2x1"
    mesh_x 2
    mesh_y 1
    lanes 2
    neurons 8
    axons 8
    synapses 16
    convs 0
    routes 4
    groups 2
    params 4
    delays 4
    queue 4
    weight_bits 8
    accum_bits 16
    accumulators 1
    payload_bits 1
    guard_bits 0
    conv_y_bits 0
    conv_x_bits 0
    conv_c_bits 0
    sparse 0
end

model if out ufixed<1,1> param fixed<12,12>
    input a
    state v fixed<16,16,TRN,SAT>
    param theta
    output s spike
    exact
        ADD v, v, a
        GE s, v, theta
        MUL t, s, theta
        SUB v, v, t
end

context ticks 6
    input "x" first 0 count 3 base 0 delay 0 x0 0 x1 0 y0 0 y1 0
    output "y" first 0 count 2 element 0 start 1 period 1 network
    symbol "hidden" x 0 y 0 word 0 words 2 c0 0 c 4 y0 0 h 1 x0 0 w 1
    symbol "out" x 1 y 0 word 0 words 1 c0 0 c 2 y0 0 h 1 x0 0 w 1
    core x 0 y 0 start 0 period 1 words 2 axons 3 convs 0
        ACX 0 dense synapse 0 acc 0 words 2
        ACC 1 dense synapse 2 acc 0 words 2
        ACC 2 dence synapse 4 acc 0 words 2
        weights 0 : 3 1
        weights 1 : -2 5
        weights 2 : 2 2
        weights 3 : 4 -1
        weights 4 : 0 6
        weights 5 : 1 1
        FIRE lif words 2 param 0
        param 0 : 5 | 5
        SEND first 0 words 2 delay 0 x0 1 x1 1 y0 0 y1 0 base 0 limit 4
    core x 1 y 0 start 1 period 1 words 1 axons 4 convs 0
        ACC 0 dense synapse 0 acc 0 words 1
        ACC 1 dense synapse 1 acc 0 words 1
        ACC 2 dense synapse 2 acc 0 words 1
        ACC 3 dense synapse 3 acc 0 words 1
        weights 0 : 4 -1
        weights 1 : 3 3
        weights 2 : -2 4
        weights 3 : 1 2
        FIRE if words 1 param 0
        param 0 : 6 | 4
        SEND first 0 words 1 delay 0 host base 0 limit 2
