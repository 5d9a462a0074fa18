# cmake --install. Components: runtime (libfovea.so.0), development (headers, libraries to link with, the CMake
# and pkg-config files), tools, licences. All files find each other by relative paths, so the tree may be moved.
include(CMakePackageConfigHelpers)
set(fovea_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/engine/include/fovea DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# libfovea.a: the C++ API and the C API. What it needs beside the C++ runtime and threads goes into it.
install(TARGETS fovea EXPORT fovea-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
if(fovea_bundled_archives)
  install(CODE "
    execute_process(COMMAND \"${CMAKE_COMMAND}\"
        \"-DLIBRARY=$<TARGET_FILE:fovea>\" \"-DARCHIVES=${fovea_bundled_archives}\"
        \"-DOUT=\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:fovea>\"
        \"-DWORK=${PROJECT_BINARY_DIR}/bundle\"
        \"-DAR=${CMAKE_AR}\" \"-DNM=${CMAKE_NM}\" \"-DOBJCOPY=${CMAKE_OBJCOPY}\"
        -P \"${PROJECT_SOURCE_DIR}/tools/cmake/bundle_archives.cmake\"
      COMMAND_ERROR_IS_FATAL ANY)" COMPONENT development)
endif()
install(EXPORT fovea-static NAMESPACE fovea:: DESTINATION ${fovea_cmake_dir} COMPONENT development)

# libfovea.so: the C API.
if(FOVEA_SHARED)
  install(TARGETS fovea_shared EXPORT fovea-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT runtime NAMELINK_COMPONENT development)
  install(EXPORT fovea-shared NAMESPACE fovea:: DESTINATION ${fovea_cmake_dir} COMPONENT development)
endif()

# What a C program must add to libfovea.a: the C++ runtime that this compiler links.
set(fovea_cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER fovea_cxx_runtime INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi|m)$")
list(REMOVE_DUPLICATES fovea_cxx_runtime)

configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/fovea-config.cmake.in
  ${PROJECT_BINARY_DIR}/package/fovea-config.cmake INSTALL_DESTINATION ${fovea_cmake_dir}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Version 0: what worked with 0.1 need not work with 0.2.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/fovea-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/fovea-config.cmake
    ${PROJECT_BINARY_DIR}/package/fovea-config-version.cmake
  DESTINATION ${fovea_cmake_dir} COMPONENT development)

# fovea.pc is for C, fovea-cpp.pc for C++.
file(RELATIVE_PATH fovea_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" fovea_pc_to_prefix "${fovea_pc_to_prefix}")
list(TRANSFORM fovea_cxx_runtime PREPEND "-l" OUTPUT_VARIABLE runtime)
list(JOIN runtime " " runtime)
string(JOIN " " fovea_pc_static_libraries ${runtime} ${CMAKE_THREAD_LIBS_INIT} -pthread)
list(JOIN fovea_required_packages " " fovea_pc_required)
set(fovea_pc_only_static "")
set(fovea_pc_only_static_required "")
if(NOT FOVEA_SHARED)
  set(fovea_pc_only_static " ${fovea_pc_static_libraries}")
  set(fovea_pc_only_static_required "${fovea_pc_required}")
endif()
foreach(name fovea fovea-cpp)
  configure_file(${PROJECT_SOURCE_DIR}/tools/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/package/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()

if(FOVEA_BUILD_TOOLS)
  install(TARGETS attention-dump fovea-tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  install(FILES ${PROJECT_SOURCE_DIR}/tools/models/fovea-tiny-q8_0.gguf
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fovea COMPONENT tools)
  install(FILES ${PROJECT_SOURCE_DIR}/tools/man/attention-dump.1 ${PROJECT_SOURCE_DIR}/tools/man/fovea.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
  install(FILES ${PROJECT_SOURCE_DIR}/tools/models/README.md RENAME model-card.md
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/fovea-tools COMPONENT tools)
endif()

# Ours, and those of what is compiled in, as the system has them.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licences)
foreach(package libpcre2-dev libutf8proc-dev libhwy-dev libxsimd-dev libxxhash-dev libcli11-dev
    nlohmann-json3-dev)
  install(FILES /usr/share/doc/${package}/copyright RENAME LICENSE.${package} OPTIONAL
    DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT licences)
endforeach()

if(PROJECT_IS_TOP_LEVEL)
  include(tools/debian/packages.cmake)
endif()
