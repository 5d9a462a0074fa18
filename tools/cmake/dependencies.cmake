# Packages from Debian. Highway and xsimd are used header-only; PCRE2 and utf8proc are linked statically
# where Debian has the archive, so that programs need only the C++ library and threads at run time
# (attention-dump also needs cpp-httplib's library, for its live page).
if(FOVEA_STATIC)
  # Programs that start on any kernel, whatever the system holds. The live page is left out: Debian has its web
  # server as a shared library only.
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  add_link_options(-static)
endif()
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED libutf8proc)
find_path(FOVEA_HIGHWAY_INCLUDE_DIR hwy/highway.h REQUIRED)
find_path(FOVEA_XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED)
find_library(FOVEA_PCRE2_LIBRARY NAMES libpcre2-8.a pcre2-8 HINTS ${PCRE2_LIBRARY_DIRS} REQUIRED)
find_library(FOVEA_UTF8PROC_LIBRARY NAMES libutf8proc.a utf8proc HINTS ${UTF8PROC_LIBRARY_DIRS} REQUIRED)

add_library(fovea_private_dependencies INTERFACE)
target_include_directories(fovea_private_dependencies SYSTEM INTERFACE
  ${FOVEA_HIGHWAY_INCLUDE_DIR} ${FOVEA_XSIMD_INCLUDE_DIR} ${PCRE2_INCLUDE_DIRS} ${UTF8PROC_INCLUDE_DIRS})
target_compile_definitions(fovea_private_dependencies INTERFACE
  PCRE2_CODE_UNIT_WIDTH=8 PCRE2_STATIC UTF8PROC_STATIC)
target_link_libraries(fovea_private_dependencies INTERFACE
  ${FOVEA_PCRE2_LIBRARY} ${FOVEA_UTF8PROC_LIBRARY})
