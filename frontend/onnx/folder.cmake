# protobuf-c code for ONNX, generated from the system's onnx.proto (Debian: libonnx-dev) into the build folder.
find_path(NH_ONNX_PROTO_DIR onnx.proto PATH_SUFFIXES onnx REQUIRED)
find_program(NH_PROTOC_C protoc-c REQUIRED)
set(onnx_gen ${CMAKE_BINARY_DIR}/gen/onnx)
file(MAKE_DIRECTORY ${onnx_gen})
add_custom_command(OUTPUT ${onnx_gen}/onnx.pb-c.c ${onnx_gen}/onnx.pb-c.h
  COMMAND ${NH_PROTOC_C} -I${NH_ONNX_PROTO_DIR} --c_out=${onnx_gen} ${NH_ONNX_PROTO_DIR}/onnx.proto
  DEPENDS ${NH_ONNX_PROTO_DIR}/onnx.proto VERBATIM)
set_source_files_properties(${onnx_gen}/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
target_sources(nh_onnx PRIVATE ${onnx_gen}/onnx.pb-c.c ${onnx_gen}/onnx.pb-c.h)
target_include_directories(nh_onnx SYSTEM PRIVATE ${onnx_gen})
target_include_directories(nh_onnx PUBLIC ${CMAKE_SOURCE_DIR}/frontend) # reader.h
