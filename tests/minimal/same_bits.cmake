# A program prints the same with the minimal library as with the whole one. Run by ctest:
# cmake -DWHOLE=<program> -DMINIMAL=<program> -DEMULATOR="…" -DMODEL=<file> -DARGUMENTS="isa id…"
# -P same_bits.cmake
cmake_minimum_required(VERSION 3.25)

separate_arguments(EMULATOR)
separate_arguments(ARGUMENTS)
foreach(program WHOLE MINIMAL)
  execute_process(COMMAND ${EMULATOR} "${${program}}" "${MODEL}" ${ARGUMENTS}
    OUTPUT_VARIABLE ${program}_OUTPUT ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0 OR NOT ${program}_OUTPUT MATCHES "^logits [0-9a-f]+, row [0-9a-f]+\n$")
    message(FATAL_ERROR "${${program}} failed: ${${program}_OUTPUT}${errors}")
  endif()
endforeach()
if(NOT WHOLE_OUTPUT STREQUAL MINIMAL_OUTPUT)
  message(FATAL_ERROR "the whole library gives\n${WHOLE_OUTPUT}the minimal one\n${MINIMAL_OUTPUT}")
endif()
