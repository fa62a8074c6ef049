# The style sheet of report.html, copied into it.
include(${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
nh_embed(nh_report nh_report_files ${CMAKE_SOURCE_DIR}/hls/report *.css)
