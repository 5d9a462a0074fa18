# Makes one static library out of LIBRARY and ARCHIVES, so that whoever links it need not look for them. What
# the archives define is renamed on the way, fovea_bundled_*: a program that has a PCRE2 of its own, of any
# version, keeps it. Run: cmake -DLIBRARY=… -DARCHIVES="…;…" -DOUT=… -DWORK=<folder> -DAR=… -DNM=…
# -DOBJCOPY=… -P bundle_archives.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK}" COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE output)
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(renamed "")
foreach(archive IN LISTS ARCHIVES)
  run("${NM}" --defined-only --extern-only --format=posix "${archive}")
  string(REGEX MATCHALL "[^ \n]+ [A-Za-z] [^\n]*" symbols "${output}")
  foreach(symbol IN LISTS symbols)
    string(REGEX REPLACE " .*" "" symbol "${symbol}")
    string(APPEND renamed "${symbol} fovea_bundled_${symbol}\n")
  endforeach()
endforeach()
if(renamed STREQUAL "")
  message(FATAL_ERROR "${NM} finds nothing in ${ARCHIVES}")
endif()
file(WRITE "${WORK}/renamed" "${renamed}")

# ar's scripts know no quotes: short names in a folder of its own.
set(script "CREATE out.a\n")
set(number 0)
foreach(archive IN LISTS LIBRARY ARCHIVES)
  run("${OBJCOPY}" --redefine-syms=renamed "${archive}" ${number}.a)
  string(APPEND script "ADDLIB ${number}.a\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${WORK}/script" "${script}SAVE\nEND\n")
execute_process(COMMAND "${AR}" -M INPUT_FILE "${WORK}/script" WORKING_DIRECTORY "${WORK}"
  COMMAND_ERROR_IS_FATAL ANY)
file(COPY_FILE "${WORK}/out.a" "${OUT}")
