# Configures and builds tests/minimal/project with the compiler of the build that runs this. Run by ctest:
# cmake -DBUILD=<folder> -DOPTIONS=<-D…;-D…> -P build.cmake
cmake_minimum_required(VERSION 3.25)

function(run what)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    string(REGEX REPLACE "\\[[0-9]+/[0-9]+\\] [^\n]*\n" "" output "${output}")  # Ninja's progress.
    message(FATAL_ERROR "${what} failed:\n${output}")
  endif()
endfunction()
run("configuring the minimal project"
  ${CMAKE_COMMAND} -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${BUILD}" -G "${GENERATOR}" ${OPTIONS})
run("building the minimal project" ${CMAKE_COMMAND} --build "${BUILD}" --parallel)
