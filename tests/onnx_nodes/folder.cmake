# The node tests of the ONNX standard, from Debian's python3-onnx (skipped without it).
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME system/onnx_nodes COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE}
    ${CMAKE_CURRENT_SOURCE_DIR}/onnx_nodes/onnx_nodes.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(system/onnx_nodes PROPERTIES LABELS system TIMEOUT 900 SKIP_RETURN_CODE 77)
endif()
