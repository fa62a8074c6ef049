# The built-in neuron models, as text.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_neuron nh_neuron_models ${CMAKE_SOURCE_DIR}/hls/neuron/models *.neuron)
