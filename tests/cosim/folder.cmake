# Co-simulation: generated C and RTL against each other under Verilator. Slow tests, label cosim.
file(GLOB cosim_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cosim/*_test.c)
add_executable(cosim_test ${cosim_sources})
target_link_libraries(cosim_test PRIVATE nh_sim PkgConfig::CRITERION)
target_compile_definitions(cosim_test PRIVATE NH_SOURCE_DIR="${CMAKE_SOURCE_DIR}" NH_BINARY_DIR="${CMAKE_BINARY_DIR}")
target_compile_options(cosim_test PRIVATE -Wno-missing-prototypes -Wno-pedantic -Wno-conversion)
add_test(NAME cosim COMMAND cosim_test -j2)
set_tests_properties(cosim PROPERTIES LABELS cosim TIMEOUT 900)

# Whole networks through the program, against exact rational arithmetic; faults planted in the emitters.
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(cosim ${CMAKE_CURRENT_SOURCE_DIR}/cosim)
  add_test(NAME cosim/random_networks COMMAND ${Python3_EXECUTABLE} ${cosim}/random_networks.py --neurohls $<TARGET_FILE:neurohls> --count 8)
  add_test(NAME cosim/emitter_mutants COMMAND ${Python3_EXECUTABLE} ${cosim}/emitter_mutants.py)
  set_tests_properties(cosim/random_networks cosim/emitter_mutants PROPERTIES LABELS cosim TIMEOUT 1800)
  add_test(NAME cosim/random_networks_many
    COMMAND ${Python3_EXECUTABLE} ${cosim}/random_networks.py --neurohls $<TARGET_FILE:neurohls> --count 50 --seed 1000)
  set_tests_properties(cosim/random_networks_many PROPERTIES LABELS long TIMEOUT 3600)
endif()
