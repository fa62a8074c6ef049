# Where scripts/mutate.py plants its faults.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME unit/mutants COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE}
  ${CMAKE_CURRENT_SOURCE_DIR}/mutants/tokens_test.py)
set_tests_properties(unit/mutants PROPERTIES LABELS unit)
