# Extracts the first C++ block of README.md, so that what it shows is compiled and run.
file(READ "${README}" text)
string(REGEX MATCH "```cpp\n([^`]*)```" found "${text}")
if(NOT found)
  message(FATAL_ERROR "README.md has no C++ block")
endif()
set(code "${CMAKE_MATCH_1}")
string(REPLACE "\"model.gguf\"" "\"${MODEL}\"" code "${code}")
file(CONFIGURE OUTPUT "${OUT}" CONTENT "${code}" @ONLY)
