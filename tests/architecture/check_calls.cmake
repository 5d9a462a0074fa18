# What the library calls from outside: nothing that ends the process, prints, reads the environment, or changes
# signals or the locale. Run: cmake -DNM=nm -DLIBRARY=libfovea.a -P check_calls.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${NM}" -A -u "${LIBRARY}" OUTPUT_VARIABLE output ERROR_QUIET RESULT_VARIABLE result)
string(REGEX MATCHALL "[^\n]* U [^\n]+" calls "${output}")
list(LENGTH calls count)
if(NOT DEFINED LEAST)
  set(LEAST 500)
endif()
if(NOT result EQUAL 0 OR count LESS LEAST)
  message(FATAL_ERROR "${NM} finds only ${count} calls in ${LIBRARY}")
endif()

set(forbidden
  "_*(abort|exit|_exit|_Exit|quick_exit|atexit|on_quick_exit|assert_fail)"
  "_*(f|s|sn|d|as|v|vf|vs|vsn|vd|vas)?printf(_chk)?" "puts|fputs|putchar|putc|fputc|fwrite|perror|write"
  "std(in|out|err)" "_ZSt4cout|_ZSt4cerr|_ZSt4clog"
  "getenv|secure_getenv|setenv|putenv" "signal|sigaction|raise|kill|pthread_kill" "fork|vfork|exec[lv]p?e?|system|popen"
  "setlocale|uselocale|newlocale" "rand|srand|random|gets")
list(JOIN forbidden "|" pattern)
foreach(call IN LISTS calls)
  if(call MATCHES " U (${pattern})$")
    message(SEND_ERROR "${call}")
  endif()
endforeach()
