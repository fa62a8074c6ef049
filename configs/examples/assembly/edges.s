; A program for two neuron cores, written by hand (docs/assembly.md, docs/fabric.md): edges in a picture of 4x4 pixels, 1 bit each, in time.
;
; Core (0, 0), "edges": 2 features x 4 x 4 neurons, a 3x3 kernel (pad 1) each: vertical and horizontal edges. A pixel is a word of two lanes, so
; neuron (y, x) of feature f is lane f of word 4y + x. One event of a pixel is spread by the core: ACC conv. A neuron that fired is
; inhibited by 4 in the next step: its own spike comes back to it.
; Core (1, 0), "seen": two neurons count the spikes of their feature; those of the step before count twice as much.
;
; Three things travel:
;   the picture, from the host: conv addresses. Top bit of 7 (ADDR_W = 1 + max(6 bits of 64 axons, 1 + 2 + 2 + 1 bits of descriptor, y, x, c)), so
;     base 64 for descriptor 0
;   spikes of "edges" to both cores by one multicast flit each (x0 0 x1 1): axons 0 to 31 in both. "edges" starts at tick 0, "seen" at tick 1: so the
;     flit is of the same step for "seen" and of the step before for "edges"
;   the same spikes a step later, to "seen" only (delay 1): axons 32 to 63
image "edges" steps 6 input_size 16 output_size 2

fabric "2x1"
    mesh_x 2
    mesh_y 1
    lanes 2
    neurons 32      ; 16 words
    axons 64
    synapses 16
    convs 1
    routes 2
    groups 1
    params 1
    delays 2        ; this step's spikes and those of the last one
    queue 16
    weight_bits 4
    accum_bits 12
    accumulators 1
    payload_bits 1
    guard_bits 0
    conv_y_bits 2
    conv_x_bits 2
    conv_c_bits 1
    sparse 0
end

model if out ufixed<1,1> param fixed<8,8>
    input a
    state v fixed<12,12,TRN,SAT>
    param theta
    output s spike
    exact
        ADD v, v, a
        MAX v, v, 0
        GE s, v, theta
        RESET v, s, 0
end

context ticks 7     ; 6 steps, and "seen" is one tick late
    input "picture" first 0 count 16 base 64 delay 0 x0 0 x1 0 y0 0 y1 0 conv c 1 h 4 w 4 y_from 0 y_to 4
    output "seen" first 0 count 2 element 0 start 1 period 1 network
    symbol "edges" x 0 y 0 word 0 words 16 c0 0 c 2 y0 0 h 4 x0 0 w 4
    symbol "seen" x 1 y 0 word 0 words 1 c0 0 c 2 y0 0 h 1 x0 0 w 1
    core x 0 y 0 start 0 period 1 words 16 axons 32 convs 1
        ; the kernels: word ky * 3 + kx, a lane per feature
        ACC 0 conv synapse 0 acc 0 features 1 channel_words 9 kh 3 kw 3 stride_y 1 stride_x 1 dilation_y 1 dilation_x 1 pad_y 1 pad_x 1 y0 0 x0 0 h 4 w 4
        weights 0 : -1 -1
        weights 1 : 2 -1
        weights 2 : -1 -1
        weights 3 : -1 2
        weights 4 : 2 2
        weights 5 : -1 2
        weights 6 : -1 -1
        weights 7 : 2 -1
        weights 8 : -1 -1
        ; inhibition: a word for each lane, which all neurons of that lane share
        weights 9 : -4 0
        weights 10 : 0 -4
        ACC 0 dense synapse 9 acc 0 words 1
        ACC 1 dense synapse 10 acc 0 words 1
        ACC 2 dense synapse 9 acc 1 words 1
        ACC 3 dense synapse 10 acc 1 words 1
        ACC 4 dense synapse 9 acc 2 words 1
        ACC 5 dense synapse 10 acc 2 words 1
        ACC 6 dense synapse 9 acc 3 words 1
        ACC 7 dense synapse 10 acc 3 words 1
        ACC 8 dense synapse 9 acc 4 words 1
        ACC 9 dense synapse 10 acc 4 words 1
        ACC 10 dense synapse 9 acc 5 words 1
        ACC 11 dense synapse 10 acc 5 words 1
        ACC 12 dense synapse 9 acc 6 words 1
        ACC 13 dense synapse 10 acc 6 words 1
        ACC 14 dense synapse 9 acc 7 words 1
        ACC 15 dense synapse 10 acc 7 words 1
        ACC 16 dense synapse 9 acc 8 words 1
        ACC 17 dense synapse 10 acc 8 words 1
        ACC 18 dense synapse 9 acc 9 words 1
        ACC 19 dense synapse 10 acc 9 words 1
        ACC 20 dense synapse 9 acc 10 words 1
        ACC 21 dense synapse 10 acc 10 words 1
        ACC 22 dense synapse 9 acc 11 words 1
        ACC 23 dense synapse 10 acc 11 words 1
        ACC 24 dense synapse 9 acc 12 words 1
        ACC 25 dense synapse 10 acc 12 words 1
        ACC 26 dense synapse 9 acc 13 words 1
        ACC 27 dense synapse 10 acc 13 words 1
        ACC 28 dense synapse 9 acc 14 words 1
        ACC 29 dense synapse 10 acc 14 words 1
        ACC 30 dense synapse 9 acc 15 words 1
        ACC 31 dense synapse 10 acc 15 words 1
        FIRE if words 16 param 0
        param 0 : 3 | 3
        SEND first 0 words 16 delay 0 x0 0 x1 1 y0 0 y1 0 base 0 limit 32
        SEND first 0 words 16 delay 1 x0 1 x1 1 y0 0 y1 0 base 32 limit 32
    core x 1 y 0 start 1 period 1 words 1 axons 64 convs 0
        weights 0 : 1 0
        weights 1 : 0 1
        weights 2 : 2 0
        weights 3 : 0 2
        ACC 0 dense synapse 0 acc 0 words 1
        ACC 1 dense synapse 1 acc 0 words 1
        ACC 2 dense synapse 0 acc 0 words 1
        ACC 3 dense synapse 1 acc 0 words 1
        ACC 4 dense synapse 0 acc 0 words 1
        ACC 5 dense synapse 1 acc 0 words 1
        ACC 6 dense synapse 0 acc 0 words 1
        ACC 7 dense synapse 1 acc 0 words 1
        ACC 8 dense synapse 0 acc 0 words 1
        ACC 9 dense synapse 1 acc 0 words 1
        ACC 10 dense synapse 0 acc 0 words 1
        ACC 11 dense synapse 1 acc 0 words 1
        ACC 12 dense synapse 0 acc 0 words 1
        ACC 13 dense synapse 1 acc 0 words 1
        ACC 14 dense synapse 0 acc 0 words 1
        ACC 15 dense synapse 1 acc 0 words 1
        ACC 16 dense synapse 0 acc 0 words 1
        ACC 17 dense synapse 1 acc 0 words 1
        ACC 18 dense synapse 0 acc 0 words 1
        ACC 19 dense synapse 1 acc 0 words 1
        ACC 20 dense synapse 0 acc 0 words 1
        ACC 21 dense synapse 1 acc 0 words 1
        ACC 22 dense synapse 0 acc 0 words 1
        ACC 23 dense synapse 1 acc 0 words 1
        ACC 24 dense synapse 0 acc 0 words 1
        ACC 25 dense synapse 1 acc 0 words 1
        ACC 26 dense synapse 0 acc 0 words 1
        ACC 27 dense synapse 1 acc 0 words 1
        ACC 28 dense synapse 0 acc 0 words 1
        ACC 29 dense synapse 1 acc 0 words 1
        ACC 30 dense synapse 0 acc 0 words 1
        ACC 31 dense synapse 1 acc 0 words 1
        ACC 32 dense synapse 2 acc 0 words 1
        ACC 33 dense synapse 3 acc 0 words 1
        ACC 34 dense synapse 2 acc 0 words 1
        ACC 35 dense synapse 3 acc 0 words 1
        ACC 36 dense synapse 2 acc 0 words 1
        ACC 37 dense synapse 3 acc 0 words 1
        ACC 38 dense synapse 2 acc 0 words 1
        ACC 39 dense synapse 3 acc 0 words 1
        ACC 40 dense synapse 2 acc 0 words 1
        ACC 41 dense synapse 3 acc 0 words 1
        ACC 42 dense synapse 2 acc 0 words 1
        ACC 43 dense synapse 3 acc 0 words 1
        ACC 44 dense synapse 2 acc 0 words 1
        ACC 45 dense synapse 3 acc 0 words 1
        ACC 46 dense synapse 2 acc 0 words 1
        ACC 47 dense synapse 3 acc 0 words 1
        ACC 48 dense synapse 2 acc 0 words 1
        ACC 49 dense synapse 3 acc 0 words 1
        ACC 50 dense synapse 2 acc 0 words 1
        ACC 51 dense synapse 3 acc 0 words 1
        ACC 52 dense synapse 2 acc 0 words 1
        ACC 53 dense synapse 3 acc 0 words 1
        ACC 54 dense synapse 2 acc 0 words 1
        ACC 55 dense synapse 3 acc 0 words 1
        ACC 56 dense synapse 2 acc 0 words 1
        ACC 57 dense synapse 3 acc 0 words 1
        ACC 58 dense synapse 2 acc 0 words 1
        ACC 59 dense synapse 3 acc 0 words 1
        ACC 60 dense synapse 2 acc 0 words 1
        ACC 61 dense synapse 3 acc 0 words 1
        ACC 62 dense synapse 2 acc 0 words 1
        ACC 63 dense synapse 3 acc 0 words 1
        FIRE if words 1 param 0
        param 0 : 4 | 4
        SEND first 0 words 1 delay 0 host base 0 limit 2
