# The target docs: the reference of the public headers in HTML, by Doxygen. Anything undocumented is an error.
find_package(Doxygen QUIET)
if(DOXYGEN_FOUND)
  set(FOVEA_DOCS_DIR ${PROJECT_BINARY_DIR}/docs)
  configure_file(${PROJECT_SOURCE_DIR}/tools/cmake/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  file(MAKE_DIRECTORY ${FOVEA_DOCS_DIR})
  add_custom_target(docs
    COMMAND Doxygen::doxygen ${PROJECT_BINARY_DIR}/Doxyfile
    COMMENT "${FOVEA_DOCS_DIR}/html/index.html" VERBATIM)
endif()
