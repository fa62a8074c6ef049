; Two layers of integrate and fire on two cores: 3 inputs -> 4 -> 2, two lanes. Outputs by hand in tests/system/image_test.py.
image "two_layers" steps 5 input_size 3 output_size 2

fabric "2x1"
    mesh_x 2
    mesh_y 1
    lanes 64
    neurons 1048576
    axons 8
    synapses 1
    convs 0
    routes 4
    groups 2
    params 4
    delays 1024
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

context ticks 1
    core x 0 y 0 start 0 period 1 words 16384 axons 0 convs 0
        FIRE if words 16384 param 0
        param 0 : 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1
