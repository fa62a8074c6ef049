# libneurohls, static and shared, and what `cmake --install` puts where. Targets and templates are embedded in the library.
include(GNUInstallDirs)

set(library_objects)
foreach(folder base fx ir datapath neuron passes strategy map parts emit data config onnx h5 nir lava frontend host flow sim report driver)
  get_target_property(kind nh_${folder} TYPE)
  if(kind STREQUAL STATIC_LIBRARY)
    list(APPEND library_objects $<TARGET_OBJECTS:nh_${folder}>)
  endif()
endforeach()
set(library_needs PkgConfig::YAML PkgConfig::JANSSON PkgConfig::PROTOBUFC PkgConfig::CRYPTO PkgConfig::HDF5 ZLIB::ZLIB Threads::Threads
  ${CMAKE_DL_LIBS} m)

add_library(neurohls_static STATIC ${library_objects})
add_library(neurohls_shared SHARED ${library_objects})
set_target_properties(neurohls_static neurohls_shared PROPERTIES OUTPUT_NAME neurohls LINKER_LANGUAGE C)
# Before 1.0 a minor version may change the interface, so it is part of the soname.
set_target_properties(neurohls_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/neurohls.map)
target_link_options(neurohls_shared PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/neurohls.map)
target_link_libraries(neurohls_shared PRIVATE ${library_needs})

# From lib/pkgconfig (or lib/<machine>/pkgconfig) up to the prefix.
string(REGEX REPLACE "[^/]+" ".." up ${CMAKE_INSTALL_LIBDIR})
set(PC_INCLUDE "\${pcfiledir}/../${up}/${CMAKE_INSTALL_INCLUDEDIR}")
configure_file(cmake/neurohls.pc.in neurohls.pc @ONLY)
set(man ${CMAKE_BINARY_DIR}/neurohls.1)
add_custom_command(OUTPUT ${man} COMMAND neurohls --man > ${man} DEPENDS neurohls VERBATIM)
set(pages ${man})
foreach(shell bash zsh fish)
  set(completion_${shell} ${CMAKE_BINARY_DIR}/neurohls.${shell})
  add_custom_command(OUTPUT ${completion_${shell}} COMMAND neurohls completions ${shell} > ${completion_${shell}} DEPENDS neurohls VERBATIM)
  list(APPEND pages ${completion_${shell}})
endforeach()
add_custom_target(neurohls_pages ALL DEPENDS ${pages})

install(TARGETS neurohls neurohls_static neurohls_shared)
install(FILES hls/driver/neurohls.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/neurohls.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${man} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${completion_bash} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME neurohls)
install(FILES ${completion_zsh} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _neurohls)
install(FILES ${completion_fish} DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME neurohls.fish)
install(DIRECTORY configs/targets configs/examples docs/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/neurohls)
