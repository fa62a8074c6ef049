# The built-in targets, configs/targets/*.yaml, and sizes of fabrics, configs/targets/fabric/*.yaml, in the binary.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_config nh_builtin_targets ${CMAKE_SOURCE_DIR}/configs/targets *.yaml)
