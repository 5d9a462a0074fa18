# What our own code is compiled with. Dependencies come in as system headers and stay unwarned.
function(fovea_own_code target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  # Files beyond 2 GiB are seen, and refused with their size, on 32-bit machines too.
  if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64)
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    # Results must not depend on whether the compiler fused a multiply and an add on its own.
    -ffp-contract=off
    # gcc 12 sees overlapping copies in every `"literal" + std::string` (GCC bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
    # On 32-bit machines it also sees overflows in vector::insert at the end.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>,$<EQUAL:${CMAKE_SIZEOF_VOID_P},4>>:-Wno-stringop-overflow>
    $<$<BOOL:${FOVEA_WERROR}>:-Werror>)
  if(FOVEA_SANITIZE)
    target_compile_definitions(${target} PRIVATE FOVEA_SANITIZED=1)  # gcc and clang each have a way of their own to ask.
    target_compile_options(${target} PRIVATE
      -fsanitize=${FOVEA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    # gcc's sanitizers hide initialisations from its own flow analysis, in <regex> for one.
    target_compile_options(${target} PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC -fsanitize=${FOVEA_SANITIZE})
  endif()
  if(FOVEA_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()
