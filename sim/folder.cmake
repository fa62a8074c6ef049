# The co-simulation harness, copied byte for byte beside each design.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_sim nh_harness_files ${CMAKE_SOURCE_DIR}/sim/harness *.h *.c *.cpp)
