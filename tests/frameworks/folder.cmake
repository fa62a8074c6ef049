# Presets against the frameworks they are named after. Slow, and skipped where the Python of NH_FRAMEWORKS_PYTHON has none of them.
set(NH_FRAMEWORKS_PYTHON "${Python3_EXECUTABLE}" CACHE FILEPATH "Python that can import snnTorch, Norse, Sinabs, Rockpool, SpikingJelly, Spyx, Nengo or Lava")
if(TARGET neurohls)
  add_test(NAME frameworks
    COMMAND ${NH_FRAMEWORKS_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/frameworks/frameworks.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(frameworks PROPERTIES LABELS long TIMEOUT 7200 SKIP_RETURN_CODE 77)
endif()
