# Installs the tree BUILD and moves it to PREFIX: nothing in it may know where it was installed.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${PREFIX}" "${PREFIX} first")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --config "${CONFIG}" --prefix "${PREFIX} first"
  COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${PREFIX} first" "${PREFIX}")
