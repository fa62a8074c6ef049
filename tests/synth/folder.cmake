# Exact cell counts with Yosys: a change of area is a red test. Skipped with another Yosys than the one that cells.json names.
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME synth/cells COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/synth/cells_test.py $<TARGET_FILE:neurohls>)
  add_test(NAME synth/fabric COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/synth/fabric_test.py $<TARGET_FILE:neurohls>)
  set_tests_properties(synth/cells synth/fabric PROPERTIES LABELS synth TIMEOUT 1800 SKIP_RETURN_CODE 77)
  add_test(NAME docs/cells COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/synth/tables.py)
  set_tests_properties(docs/cells PROPERTIES LABELS docs)
endif()
