# Objects compiled for an extension of the CPU must define no weak symbol: of several copies of an inline
# function or template the linker keeps any one, and might keep the one that an older CPU cannot run.
# Run: cmake -DNM=nm -DLIBRARY=libfovea.a -DOBJECTS="a.cc.o;b.cc.o" -P check_extensions.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${NM}" -A -C --defined-only "${LIBRARY}" OUTPUT_VARIABLE output ERROR_QUIET
                RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${LIBRARY}")
endif()
string(REPLACE ";" "," output "${output}")
foreach(object IN LISTS OBJECTS)
  string(REGEX MATCHALL ":${object}:[^\n]*" symbols "${output}")
  # At least the kernel itself, else the name is wrong.
  if(NOT symbols MATCHES " T ")
    message(SEND_ERROR "${object} of ${LIBRARY} defines no function")
  endif()
  foreach(symbol IN LISTS symbols)
    if(symbol MATCHES " [wWvVu] ")
      message(SEND_ERROR "weak symbol: ${symbol}")
    endif()
  endforeach()
endforeach()
