# Cross build for 64-bit ARM with Debian's packages (dpkg --add-architecture arm64); tests run under qemu.
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
include(${CMAKE_CURRENT_LIST_DIR}/arm64_packages.cmake)
