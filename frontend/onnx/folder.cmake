# protobuf-c code for ONNX, generated from the system's onnx.proto (Debian: libonnx-dev) into the build folder.
find_path(NH_ONNX_PROTO_DIR onnx.proto PATH_SUFFIXES onnx REQUIRED)
find_program(NH_PROTOC_C protoc-c REQUIRED)
set(onnx_gen ${CMAKE_BINARY_DIR}/gen/onnx)
file(MAKE_DIRECTORY ${onnx_gen})
# Fields that came after the proto of older systems: they are needed to read local functions.
file(READ ${NH_ONNX_PROTO_DIR}/onnx.proto onnx_proto)
if(NOT onnx_proto MATCHES "attribute_proto")
  string(REPLACE "repeated string attribute = 6;"
    "repeated string attribute = 6;\n  repeated AttributeProto attribute_proto = 11;" onnx_proto "${onnx_proto}")
endif()
if(NOT onnx_proto MATCHES "overload")
  string(REPLACE "repeated AttributeProto attribute = 5;"
    "repeated AttributeProto attribute = 5;\n  optional string overload = 8;" onnx_proto "${onnx_proto}")
  string(REPLACE "repeated string attribute = 6;"
    "repeated string attribute = 6;\n  optional string overload = 13;" onnx_proto "${onnx_proto}")
endif()
file(CONFIGURE OUTPUT ${onnx_gen}/onnx.proto CONTENT "${onnx_proto}" @ONLY)
add_custom_command(OUTPUT ${onnx_gen}/onnx.pb-c.c ${onnx_gen}/onnx.pb-c.h
  COMMAND ${NH_PROTOC_C} -I${onnx_gen} --c_out=${onnx_gen} ${onnx_gen}/onnx.proto
  DEPENDS ${onnx_gen}/onnx.proto VERBATIM)
set_source_files_properties(${onnx_gen}/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
target_sources(nh_onnx PRIVATE ${onnx_gen}/onnx.pb-c.c ${onnx_gen}/onnx.pb-c.h)
target_include_directories(nh_onnx SYSTEM PRIVATE ${onnx_gen})
target_include_directories(nh_onnx PUBLIC ${CMAKE_SOURCE_DIR}/frontend) # reader.h
