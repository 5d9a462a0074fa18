# The C API's structs and constants are those of layout.txt (64-bit systems). Fields are added at the end of a
# struct and constants get new numbers, so lines are added and sizes of whole structs grow; any other change breaks
# programs. The new list is what PROGRAM prints. Run: cmake -DPROGRAM=… -DEMULATOR=… -DLIST=layout.txt -P check_layout.cmake
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${EMULATOR} "${PROGRAM}" OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
file(READ "${LIST}" listed)
if(NOT output STREQUAL listed)
  string(REPLACE "\n" ";" output "${output}")
  string(REPLACE "\n" ";" listed "${listed}")
  set(missing ${listed})
  list(REMOVE_ITEM missing ${output})
  list(REMOVE_ITEM output ${listed})
  list(JOIN missing "\n  " missing)
  list(JOIN output "\n  " output)
  message(FATAL_ERROR "the layout is another one than that of ${LIST}.\nListed:\n  ${missing}\nNow:\n  ${output}")
endif()
