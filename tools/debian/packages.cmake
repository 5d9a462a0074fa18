# The Debian packages, for tools/package.sh: libfovea0, libfovea-dev and fovea-tools out of the components that
# cmake --install has. It configures with FOVEA_BUNDLE=OFF, so that PCRE2 and utf8proc are Debian's own.
set(FOVEA_MAINTAINER "Fovea developers <fovea@example.org>" CACHE STRING "Who makes the packages")
set(debian ${PROJECT_SOURCE_DIR}/tools/debian)
set(control ${PROJECT_BINARY_DIR}/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR Fovea)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime development tools)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${FOVEA_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SOURCE fovea)
set(CPACK_PRE_BUILD_SCRIPTS ${debian}/finish_trees.cmake)

set(what "Fovea runs small transformers on the CPU and hands out the exact attention\nmaps that it computed, row by row, without ever holding a whole matrix.\nIt loads GGUF files.")
macro(fovea_package component name section summary)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${what}\n\n${ARGN}")
endmacro()
fovea_package(runtime libfovea0 libs "transformers whose attention you can see (shared library)"
  "This package has the shared library with the C API.")
fovea_package(development libfovea-dev libdevel "transformers whose attention you can see (development)"
  "This package has the headers of the C and C++ APIs, the static library, and\nthe files by which CMake and pkg-config find them. C++ programs link the\nstatic library and need C++20.")
fovea_package(tools fovea-tools science "transformers whose attention you can see (tools)"
  "This package has attention-dump, which shows attention as pictures, pages and\narrays; fovea, which runs, measures and quantizes models; and a small model\nto look into.")

# libfovea0
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
file(STRINGS ${PROJECT_SOURCE_DIR}/tests/c_api/symbols.txt symbols)
set(lines "libfovea.so.${PROJECT_VERSION_MAJOR} libfovea${PROJECT_VERSION_MAJOR} #MINVER#\n")
foreach(symbol FOVEA_${PROJECT_VERSION_MAJOR} ${symbols})
  string(APPEND lines " ${symbol}@FOVEA_${PROJECT_VERSION_MAJOR} ${PROJECT_VERSION}\n")
endforeach()
file(CONFIGURE OUTPUT ${control}/symbols CONTENT "${lines}" @ONLY)
file(CONFIGURE OUTPUT ${control}/shlibs
  CONTENT "libfovea ${PROJECT_VERSION_MAJOR} libfovea${PROJECT_VERSION_MAJOR} (>= ${PROJECT_VERSION})\n" @ONLY)
file(CONFIGURE OUTPUT ${control}/triggers CONTENT "activate-noawait ldconfig\n" @ONLY)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${control}/symbols ${control}/shlibs ${control}/triggers)

# libfovea-dev
list(TRANSFORM fovea_required_packages REPLACE "-8$" "" OUTPUT_VARIABLE depends)  # libpcre2-8 is in libpcre2-dev.
list(TRANSFORM depends APPEND -dev)
list(PREPEND depends "libfovea${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
list(JOIN depends ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)

# fovea-tools
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)

include(CPack)
