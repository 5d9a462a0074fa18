# What a build may leave out, to be small. The headers stay the same: a left-out function that returns a Status
# or an error code says that it is left out and which option did it; the few that return no such thing are not
# there, so that the linker says it. README.md ("Leave out what you do not need") has the table of sizes.
set(FOVEA_TOKENIZERS all CACHE STRING
    "Tokenizers: all, none, or some of gpt2 (needs PCRE2), llama, bert (needs utf8proc), t5")
set(FOVEA_FAMILIES all CACHE STRING "Model families: all, or a list such as llama;qwen2")
set(FOVEA_ISAS all CACHE STRING
    "Instruction sets to have kernels for, beside plain C++ which is always there: all, none, or a list such as avx2;avx512")
option(FOVEA_INSPECT "Statistics of heads, rollout, flow, effects of heads, norms of values" ON)
option(FOVEA_FOLDERS "Model folders: config.json, safetensors, tokenizer.json" ON)
option(FOVEA_QUANTIZE "Encoding numbers, quantizing files, writing GGUF files" ON)
option(FOVEA_C_API "The C API" ON)
option(FOVEA_EXCEPTIONS
    "Compile our code with exceptions and RTTI. OFF: where the C++ library's containers find no memory the program ends; the large blocks (weights, KV cache, scratch, maps) still give errors"
    ON)

# fovea_choose(OPTION OUT KNOWN...): the names that a list option keeps, checked. ON means all, OFF none.
function(fovea_choose option out)
  set(wanted "${${option}}")
  string(REPLACE "," ";" wanted "${wanted}")
  string(TOLOWER "${wanted}" wanted)
  if(wanted MATCHES "^(all|on|yes|true|1)$")
    set(wanted ${ARGN})
  elseif(wanted MATCHES "^(none|off|no|false|0|)$")
    set(wanted "")
  endif()
  foreach(name IN LISTS wanted)
    if(NOT name IN_LIST ARGN)
      list(JOIN ARGN ", " known)
      message(FATAL_ERROR "${option} names '${name}', which is none of: ${known}")
    endif()
  endforeach()
  set(${out} "${wanted}" PARENT_SCOPE)
endfunction()

# fovea_leave_out(PREFIX KEPT KNOWN...): PREFIX_NAME is defined for our own code for every known name that is not kept.
function(fovea_leave_out prefix kept)
  foreach(name IN LISTS ARGN)
    if(NOT name IN_LIST kept)
      string(TOUPPER "${prefix}_${name}" definition)
      string(REGEX REPLACE "[^A-Z0-9]" "_" definition "${definition}")
      list(APPEND FOVEA_LEFT_OUT "${definition}=1")
    endif()
  endforeach()
  set(FOVEA_LEFT_OUT "${FOVEA_LEFT_OUT}" PARENT_SCOPE)
endfunction()

# fovea_sources_of_part(CHOSEN PART FILE...): the library's files for a part, if the list CHOSEN has it.
# Two parts may share a file.
function(fovea_sources_of_part chosen part)
  if(part IN_LIST ${chosen})
    get_target_property(present fovea SOURCES)
    foreach(file IN LISTS ARGN)
      if(NOT "${CMAKE_CURRENT_SOURCE_DIR}/${file}" IN_LIST present)
        target_sources(fovea PRIVATE ${file})
      endif()
    endforeach()
  endif()
endfunction()

# fovea_names_in(OUT FILE PATTERN): what the group of PATTERN matches in the lines of FILE that match it.
function(fovea_names_in out file pattern)
  file(STRINGS "${PROJECT_SOURCE_DIR}/${file}" lines REGEX "${pattern}")
  set(names "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*${pattern}.*" "\\1" name "${line}")
    list(APPEND names "${name}")
  endforeach()
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

set(FOVEA_LEFT_OUT "")  # Definitions that our sources read.

set(tokenizers gpt2 llama bert t5)
fovea_choose(FOVEA_TOKENIZERS FOVEA_CHOSEN_TOKENIZERS ${tokenizers})
fovea_leave_out(FOVEA_WITHOUT_TOKENIZER "${FOVEA_CHOSEN_TOKENIZERS}" ${tokenizers})

# The rows of the table are the list of families.
fovea_names_in(FOVEA_KNOWN_FAMILIES engine/model/family.cc "{\\.name = \"([a-z0-9-]+)\"")
fovea_choose(FOVEA_FAMILIES FOVEA_CHOSEN_FAMILIES ${FOVEA_KNOWN_FAMILIES})
if(NOT FOVEA_CHOSEN_FAMILIES)
  message(FATAL_ERROR "FOVEA_FAMILIES is '${FOVEA_FAMILIES}': a library without any family runs no model")
endif()

# The rows of the list are the names; one that extends another brings that along.
set(row "^FOVEA_ISA\\(([A-Za-z0-9]+), \"([^\"]+)\", ([A-Za-z0-9]+),.*$")
file(STRINGS "${PROJECT_SOURCE_DIR}/engine/kernels/dispatch/isa_list.h" rows REGEX "${row}")
set(isas "")
foreach(line IN LISTS rows)
  string(REGEX REPLACE "${row}" "\\1" enumerator "${line}")
  string(REGEX REPLACE "${row}" "\\2" name "${line}")
  string(REGEX REPLACE "${row}" "\\3" base "${line}")
  set(isa_name_${enumerator} ${name})
  set(isa_base_${name} ${isa_name_${base}})
  list(APPEND isas ${name})
endforeach()
fovea_choose(FOVEA_ISAS FOVEA_CHOSEN_ISAS ${isas})
list(REMOVE_ITEM isas scalar)
set(richest_first ${isas})
list(REVERSE richest_first)
foreach(name IN LISTS richest_first)
  if(name IN_LIST FOVEA_CHOSEN_ISAS AND NOT isa_base_${name} STREQUAL "scalar")
    list(APPEND FOVEA_CHOSEN_ISAS ${isa_base_${name}})
  endif()
endforeach()
fovea_leave_out(FOVEA_WITHOUT "${FOVEA_CHOSEN_ISAS}" ${isas})

set(FOVEA_HAS_ALL_PARTS OFF)
if(NOT FOVEA_LEFT_OUT AND FOVEA_INSPECT AND FOVEA_FOLDERS AND FOVEA_QUANTIZE AND FOVEA_C_API AND FOVEA_CHOSEN_FAMILIES STREQUAL FOVEA_KNOWN_FAMILIES)
  set(FOVEA_HAS_ALL_PARTS ON)
endif()

# Vectors of many shapes are unrolled for speed; smaller shapes give the same bits.
set(FOVEA_SMALL_KERNELS AUTO CACHE STRING
    "Fewer unrolled shapes of the kernels: ON, OFF, or AUTO (ON for CMAKE_BUILD_TYPE=MinSizeRel)")

# What the choices above mean for the compiler.
function(fovea_apply_parts target)
  target_compile_definitions(${target} PRIVATE ${FOVEA_LEFT_OUT})
  if(NOT FOVEA_EXCEPTIONS)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions$<SEMICOLON>-fno-rtti>)
    # Applications may derive from these classes and be compiled with RTTI, which then refers to theirs.
    set_source_files_properties(
      "${PROJECT_SOURCE_DIR}/engine/attention/recorder.cc" "${PROJECT_SOURCE_DIR}/engine/inspect/analysis.cc"
      "${PROJECT_SOURCE_DIR}/engine/inspect/mean_attention.cc" "${PROJECT_SOURCE_DIR}/engine/inspect/no_inspect.cc"
      TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS -frtti)
  endif()
  if(FOVEA_SMALL_KERNELS STREQUAL "AUTO")
    target_compile_definitions(${target} PRIVATE $<$<CONFIG:MinSizeRel>:FOVEA_SMALL_KERNELS=1>)
  elseif(FOVEA_SMALL_KERNELS)
    target_compile_definitions(${target} PRIVATE FOVEA_SMALL_KERNELS=1)
  endif()
  # For programs that link with --gc-sections: each function can be left out by itself.
  target_compile_options(${target} PRIVATE $<$<CONFIG:MinSizeRel>:-ffunction-sections$<SEMICOLON>-fdata-sections>)
endfunction()
