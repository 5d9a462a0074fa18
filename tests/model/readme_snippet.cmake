# Extracts the first block of README.md, or of another page, in LANGUAGE (cpp or c), so that what it shows is compiled and run.
file(READ "${README}" text)
string(REGEX MATCH "```${LANGUAGE}\n([^`]*)```" found "${text}")
if(NOT found)
  message(FATAL_ERROR "${README} has no ${LANGUAGE} block")
endif()
set(code "${CMAKE_MATCH_1}")
string(REPLACE "\"model.gguf\"" "\"${MODEL}\"" code "${code}")
file(CONFIGURE OUTPUT "${OUT}" CONTENT "${code}" @ONLY)
