# The machine code of a program is not larger than it should be. Run by ctest:
# cmake -DOBJDUMP=objdump -DPROGRAM=<file> -DMOST=<bytes> -P check_size.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${OBJDUMP}" -h "${PROGRAM}" OUTPUT_VARIABLE output RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR NOT output MATCHES "[0-9]+ \\.text +([0-9a-f]+) ")
  message(FATAL_ERROR "${OBJDUMP} finds no .text in ${PROGRAM}")
endif()
math(EXPR text "0x${CMAKE_MATCH_1}")
message(STATUS "${text} bytes of .text, at most ${MOST} are allowed")
if(text LESS 50000 OR text GREATER MOST)
  message(FATAL_ERROR "${PROGRAM} has ${text} bytes of .text; expected are 50000 to ${MOST}")
endif()
