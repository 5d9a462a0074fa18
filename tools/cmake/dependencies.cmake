# Packages from Debian. Highway, xsimd and xxHash are used header-only. PCRE2 and utf8proc are linked statically where
# their archives are installed, so that programs need only the C++ library and threads at run time; with
# FOVEA_BUNDLE off they are the system's shared libraries, as distributions want it. (attention-dump also needs
# cpp-httplib's library, for its live page.)
if(FOVEA_STATIC)
  # Programs that start on any kernel, whatever the system holds. The live page is left out: Debian has its web
  # server as a shared library only.
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  add_link_options(-static)
endif()
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_path(FOVEA_HIGHWAY_INCLUDE_DIR hwy/highway.h REQUIRED)
find_path(FOVEA_XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED)
find_path(FOVEA_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)

add_library(fovea_private_dependencies INTERFACE)
set(fovea_bundled_archives "")   # What cmake --install puts into libfovea.a.
set(fovea_required_packages "")  # pkg-config's names of what it leaves to the system.
# fovea_third_party(NAME package library)
function(fovea_third_party name package library)
  pkg_check_modules(FOVEA_${name} REQUIRED ${package})
  set(archive "")
  if(FOVEA_BUNDLE)
    find_library(FOVEA_${name}_ARCHIVE lib${library}.a HINTS ${FOVEA_${name}_LIBRARY_DIRS})
    set(archive "${FOVEA_${name}_ARCHIVE}")
  endif()
  if(archive)
    target_link_libraries(fovea_private_dependencies INTERFACE "${archive}")
    set(fovea_bundled_archives ${fovea_bundled_archives} "${archive}" PARENT_SCOPE)
  else()
    find_library(FOVEA_${name}_LIBRARY ${library} HINTS ${FOVEA_${name}_LIBRARY_DIRS} REQUIRED)
    target_link_libraries(fovea_private_dependencies INTERFACE "${FOVEA_${name}_LIBRARY}")
    set(fovea_required_packages ${fovea_required_packages} ${package} PARENT_SCOPE)
  endif()
  target_include_directories(fovea_private_dependencies SYSTEM INTERFACE ${FOVEA_${name}_INCLUDE_DIRS})
endfunction()
if("gpt2" IN_LIST FOVEA_CHOSEN_TOKENIZERS)
  fovea_third_party(PCRE2 libpcre2-8 pcre2-8)
endif()
if("bert" IN_LIST FOVEA_CHOSEN_TOKENIZERS)
  fovea_third_party(UTF8PROC libutf8proc utf8proc)
endif()

target_include_directories(fovea_private_dependencies SYSTEM INTERFACE
  ${FOVEA_HIGHWAY_INCLUDE_DIR} ${FOVEA_XSIMD_INCLUDE_DIR} ${FOVEA_XXHASH_INCLUDE_DIR})
target_compile_definitions(fovea_private_dependencies INTERFACE PCRE2_CODE_UNIT_WIDTH=8)
if(FOVEA_BUNDLE)
  target_compile_definitions(fovea_private_dependencies INTERFACE PCRE2_STATIC UTF8PROC_STATIC)
endif()
