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
  add_test(NAME cosim/emitter_mutants COMMAND ${Python3_EXECUTABLE} ${cosim}/emitter_mutants.py)
  set_tests_properties(cosim/emitter_mutants PROPERTIES LABELS cosim TIMEOUT 1800)
  add_test(NAME cosim/random_networks_many
    COMMAND ${Python3_EXECUTABLE} ${cosim}/random_networks.py --neurohls $<TARGET_FILE:neurohls> --count 50 --seed 1000)
  set_tests_properties(cosim/random_networks_many PROPERTIES LABELS long TIMEOUT 3600)

  # Layers that act along an axis, over every rank and axis, against NumPy.
  add_test(NAME cosim/axes COMMAND ${Python3_EXECUTABLE} ${cosim}/axes.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(cosim/axes PROPERTIES LABELS cosim TIMEOUT 1800)

  # Time-stepped networks: golden lava-dl and NIR sets of ../shared (skipped without them), and random ones. They need numpy and h5py.
  foreach(set lava_golden nir_golden)
    add_test(NAME cosim/${set} COMMAND ${Python3_EXECUTABLE} ${cosim}/${set}.py --neurohls $<TARGET_FILE:neurohls> --quick)
    add_test(NAME cosim/${set}_all COMMAND ${Python3_EXECUTABLE} ${cosim}/${set}.py --neurohls $<TARGET_FILE:neurohls>)
    set_tests_properties(cosim/${set} PROPERTIES LABELS cosim TIMEOUT 1800 SKIP_RETURN_CODE 77)
    set_tests_properties(cosim/${set}_all PROPERTIES LABELS long TIMEOUT 7200 SKIP_RETURN_CODE 77)
  endforeach()
  add_test(NAME cosim/activations COMMAND ${Python3_EXECUTABLE} ${cosim}/activations.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(cosim/activations PROPERTIES LABELS cosim TIMEOUT 1800)
  add_test(NAME cosim/neuron_models COMMAND ${Python3_EXECUTABLE} ${cosim}/neuron_models.py --neurohls $<TARGET_FILE:neurohls>)
  add_test(NAME cosim/step_mutants COMMAND ${Python3_EXECUTABLE} ${cosim}/step_mutants.py --quick)
  add_test(NAME cosim/step_mutants_all COMMAND ${Python3_EXECUTABLE} ${cosim}/step_mutants.py)
  set_tests_properties(cosim/neuron_models cosim/step_mutants PROPERTIES LABELS cosim TIMEOUT 1800 SKIP_RETURN_CODE 77)
  set_tests_properties(cosim/step_mutants_all PROPERTIES LABELS long TIMEOUT 7200 SKIP_RETURN_CODE 77)
  add_test(NAME cosim/random_spiking COMMAND ${Python3_EXECUTABLE} ${cosim}/random_spiking.py --neurohls $<TARGET_FILE:neurohls> --count 12)
  set_tests_properties(cosim/random_spiking PROPERTIES LABELS cosim TIMEOUT 1800 SKIP_RETURN_CODE 77)
  add_test(NAME cosim/random_spiking_many
    COMMAND ${Python3_EXECUTABLE} ${cosim}/random_spiking.py --neurohls $<TARGET_FILE:neurohls> --count 150 --seed 1000)
  set_tests_properties(cosim/random_spiking_many PROPERTIES LABELS long TIMEOUT 7200 SKIP_RETURN_CODE 77)

  # Networks without time on neuron cores.
  add_test(NAME cosim/event_networks COMMAND ${Python3_EXECUTABLE} ${cosim}/event_networks.py --neurohls $<TARGET_FILE:neurohls> --count 30)
  add_test(NAME cosim/event_networks_many COMMAND ${Python3_EXECUTABLE} ${cosim}/event_networks.py --neurohls $<TARGET_FILE:neurohls> --count 400 --seed 1000)
  set_tests_properties(cosim/event_networks PROPERTIES LABELS cosim TIMEOUT 600)
  set_tests_properties(cosim/event_networks_many PROPERTIES LABELS long TIMEOUT 3600)

  # Networks on neuron cores: image, C model and RTL of the fabric. The lava cases are skipped without ../shared.
  add_test(NAME cosim/fabric COMMAND ${Python3_EXECUTABLE} ${cosim}/fabric.py --neurohls $<TARGET_FILE:neurohls> --quick)
  add_test(NAME cosim/fabric_all COMMAND ${Python3_EXECUTABLE} ${cosim}/fabric.py --neurohls $<TARGET_FILE:neurohls>)
  # Random networks on random fabrics: C model against layers, certificates.
  add_test(NAME cosim/random_fabric COMMAND ${Python3_EXECUTABLE} ${cosim}/random_fabric.py --neurohls $<TARGET_FILE:neurohls> --count 60)
  add_test(NAME cosim/random_fabric_many
    COMMAND ${Python3_EXECUTABLE} ${cosim}/random_fabric.py --neurohls $<TARGET_FILE:neurohls> --count 1000 --seed 1000)
  add_test(NAME cosim/random_fabric_rtl
    COMMAND ${Python3_EXECUTABLE} ${cosim}/random_fabric.py --neurohls $<TARGET_FILE:neurohls> --count 12 --seed 5000 --rtl)
  set_tests_properties(cosim/random_fabric PROPERTIES LABELS cosim TIMEOUT 1800)
  set_tests_properties(cosim/random_fabric_many cosim/random_fabric_rtl PROPERTIES LABELS long TIMEOUT 7200)
  # Networks in several places: a pipeline, a fabric, the host.
  add_test(NAME cosim/places COMMAND ${Python3_EXECUTABLE} ${cosim}/places.py --neurohls $<TARGET_FILE:neurohls> --quick)
  add_test(NAME cosim/places_all COMMAND ${Python3_EXECUTABLE} ${cosim}/places.py --neurohls $<TARGET_FILE:neurohls>)
  set_tests_properties(cosim/places PROPERTIES LABELS cosim TIMEOUT 1800)
  set_tests_properties(cosim/places_all PROPERTIES LABELS long TIMEOUT 7200)
  set_tests_properties(cosim/fabric PROPERTIES LABELS cosim TIMEOUT 1800 SKIP_RETURN_CODE 77)
  set_tests_properties(cosim/fabric_all PROPERTIES LABELS long TIMEOUT 7200 SKIP_RETURN_CODE 77)
endif()
