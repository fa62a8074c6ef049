# neurohls as a program: scripts that start, interrupt and repeat whole builds. Quick with fake tools (label system); some with the real
# Verilator (label cosim too).
if(TARGET neurohls)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  # A sanitizer's runtime must come first in its process, so nothing is preloaded into such a build.
  if(NOT NH_SANITIZE)
    add_library(nh_bad_moments MODULE ${CMAKE_CURRENT_SOURCE_DIR}/system/preload/bad_moments.c)
    target_compile_options(nh_bad_moments PRIVATE -Wno-missing-prototypes -Wno-pedantic)
    target_link_libraries(nh_bad_moments PRIVATE ${CMAKE_DL_LIBS})
    set(preload NH_PRELOAD=$<TARGET_FILE:nh_bad_moments>)
  endif()
  file(GLOB system_scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/*_test.py)
  foreach(script IN LISTS system_scripts)
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME system/${name} COMMAND ${CMAKE_COMMAND} -E env NH_PROGRAM=$<TARGET_FILE:neurohls> PYTHONDONTWRITEBYTECODE=1 ${preload}
      ${Python3_EXECUTABLE} ${script})
    set_tests_properties(system/${name} PROPERTIES LABELS system TIMEOUT 300)
  endforeach()
  set_tests_properties(system/places system/symbol_states system/odd_paths PROPERTIES TIMEOUT 900)
  set_tests_properties(system/tampered_rtl system/fabric_build system/host_example system/symbol_states system/odd_paths PROPERTIES LABELS "system;cosim")
endif()
