# Are the documents true? Names and quoted output of the walkthrough, the tables of keys, the programs shown.
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME docs/walkthrough COMMAND ${CMAKE_SOURCE_DIR}/scripts/check_walkthrough.sh $<TARGET_FILE:neurohls>)
  add_test(NAME docs/config COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/make_config_doc.py $<TARGET_FILE:neurohls> --check)
  add_test(NAME docs/output COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/docs/output_programs.sh $<TARGET_FILE:neurohls>)
  set_tests_properties(docs/walkthrough docs/config docs/output PROPERTIES LABELS docs)
endif()
