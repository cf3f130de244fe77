# What `cmake --install` puts where: headers, libraries, CMake packages `slickq` and `slick-queue`, slickq.pc for C++,
# slickq-c.pc for C, programs.
# Components are called as the Debian packages. Everything is relocatable: `--prefix` may name any directory.
include(CMakePackageConfigHelpers)

install(TARGETS slickq_core EXPORT slickqTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT libslickq-dev)
if(SLICKQ_BUILD_C_LIBRARY)
  install(TARGETS slickq_c EXPORT slickqTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libslickq1
          NAMELINK_COMPONENT libslickq-dev)
endif()
install(DIRECTORY include/slickq include/slick DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libslickq-dev)

set(slickq_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/slickq)
set(slick_queue_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/slick-queue)
install(EXPORT slickqTargets NAMESPACE slickq:: DESTINATION ${slickq_package_dir}
        COMPONENT libslickq-dev)
configure_package_config_file(cmake/slickqConfig.cmake.in slickqConfig.cmake INSTALL_DESTINATION ${slickq_package_dir})
configure_package_config_file(cmake/slick-queueConfig.cmake.in slick-queueConfig.cmake
                              INSTALL_DESTINATION ${slick_queue_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/slickqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/slickqConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/slickqConfigVersion.cmake
        DESTINATION ${slickq_package_dir} COMPONENT libslickq-dev)
# No version file: a project that asks for a version of the original means the original.
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/slick-queueConfig.cmake DESTINATION ${slick_queue_package_dir}
        COMPONENT libslickq-dev)

file(RELATIVE_PATH slickq_prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" slickq_prefix_from_pkgconfig "${slickq_prefix_from_pkgconfig}")
set(slickq_pkgconfig slickq)
if(SLICKQ_BUILD_C_LIBRARY)
  list(APPEND slickq_pkgconfig slickq-c)
endif()
foreach(name IN LISTS slickq_pkgconfig)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
          COMPONENT libslickq-dev)
endforeach()
