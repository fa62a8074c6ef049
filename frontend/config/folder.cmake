# The built-in targets: configs/targets/*.yaml in the binary.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_config nh_builtin_targets ${CMAKE_SOURCE_DIR}/configs/targets *.yaml)
nh_embed(nh_config nh_builtin_limits ${CMAKE_SOURCE_DIR}/configs/targets/fabric *.yaml)
