# Files that emitted folders carry byte for byte: Verilog templates with their lint waivers, and the runtime header of the C kernels.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_emit nh_rtl_templates ${CMAKE_SOURCE_DIR}/rtl_templates *.v waivers.vlt)
nh_embed(nh_emit nh_runtime_files ${CMAKE_SOURCE_DIR}/sim/runtime *.h)
