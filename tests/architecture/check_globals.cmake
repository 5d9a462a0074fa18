# Our objects have no variables that outlive a call: nothing in .data, .bss or their thread-local counterparts, but
# constants that a loader relocates. Run: cmake -DOBJDUMP=objdump -DLIBRARY=libfovea.a -P check_globals.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${OBJDUMP}" -t "${LIBRARY}" OUTPUT_VARIABLE output RESULT_VARIABLE result)
string(REGEX MATCHALL "[^\n]* O [^\n]+" objects "${output}")
list(LENGTH objects count)
if(NOT DEFINED LEAST)
  set(LEAST 50)
endif()
if(NOT result EQUAL 0 OR count LESS LEAST)
  message(FATAL_ERROR "${OBJDUMP} finds only ${count} data objects in ${LIBRARY}")
endif()
foreach(object IN LISTS objects)
  # Pointers to the personality routine of exceptions lie in .data, where each compiler names them its own way.
  if(object MATCHES " O \\.(data|bss|tdata|tbss|COMMON)[^\t]*\t|\\*COM\\*"
     AND NOT object MATCHES " O \\.data\\.(rel\\.ro|(rel\\.local\\.)?DW\\.ref\\.)")
    message(SEND_ERROR "${object}")
  endif()
endforeach()
