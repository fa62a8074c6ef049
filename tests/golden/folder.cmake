# One ctest per folder below golden/ that has a cmd.
if(TARGET neurohls)
  file(GLOB cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/golden/*/*/cmd)
  foreach(cmd IN LISTS cases)
    get_filename_component(dir ${cmd} DIRECTORY)
    file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR}/golden ${dir})
    add_test(NAME golden/${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/run_case.sh $<TARGET_FILE:neurohls> ${dir})
    set_tests_properties(golden/${name} PROPERTIES LABELS golden)
  endforeach()
  add_test(NAME golden/codes_without_case
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden/codes_without_case.sh $<TARGET_FILE:neurohls> ${CMAKE_CURRENT_SOURCE_DIR}/golden)
  set_tests_properties(golden/codes_without_case PROPERTIES LABELS golden)
endif()
