# Whole networks in NumPy, from the model file and report.json alone: what the generated C must give.
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(oracle ${CMAKE_CURRENT_SOURCE_DIR}/oracle)
  add_test(NAME oracle/cases COMMAND ${Python3_EXECUTABLE} ${oracle}/cases.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(oracle/cases PROPERTIES LABELS system TIMEOUT 300)
  add_test(NAME oracle/random_networks COMMAND ${Python3_EXECUTABLE} ${oracle}/random_networks.py --neurohls $<TARGET_FILE:neurohls> --count 50 --rtl 5)
  set_tests_properties(oracle/random_networks PROPERTIES LABELS cosim TIMEOUT 1800)
  add_test(NAME oracle/random_networks_many
    COMMAND ${Python3_EXECUTABLE} ${oracle}/random_networks.py --neurohls $<TARGET_FILE:neurohls> --count 1000 --seed 1000 --rtl 10)
  set_tests_properties(oracle/random_networks_many PROPERTIES LABELS long TIMEOUT 14400)
endif()
