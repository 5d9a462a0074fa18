# Like arm64.cmake with clang, which takes headers, libraries and linker from the cross gcc. Another clang than
# the default one: -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19.
set(triple aarch64-linux-gnu)
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_TARGET ${triple})
endforeach()
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER clang)
endif()
if(NOT CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_COMPILER clang++)
endif()
# CMake would take the host's, which do not know ARM's object files.
foreach(tool AR NM OBJCOPY OBJDUMP RANLIB STRIP)
  string(TOLOWER ${tool} name)
  set(CMAKE_${tool} /usr/bin/${triple}-${name} CACHE FILEPATH "")
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/arm64_packages.cmake)
