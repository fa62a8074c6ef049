# The built-in neuron models, as text.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_neuron nh_neuron_models ${CMAKE_SOURCE_DIR}/hls/neuron/models *.neuron)
# Sums over weights are loops without branches: -O3 makes them vectors. Their order stays as written (no -ffast-math).
set_source_files_properties(${CMAKE_SOURCE_DIR}/hls/neuron/eval_f64.c ${CMAKE_SOURCE_DIR}/hls/neuron/eval_f32.c PROPERTIES COMPILE_OPTIONS "-O3")
