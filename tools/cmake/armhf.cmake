# Cross build for 32-bit ARM (ARMv7 with NEON and VFPv4: Cortex-A7, -A15, -A17 and newer; Raspberry Pi 2 class).
# Libraries come from the folder that tools/cross/armhf_sysroot.sh fills, since the architecture armhf need not
# be known to the host's dpkg; headers without libraries (Highway, xsimd, CLI11, JSON) are the host's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
set(CMAKE_LIBRARY_ARCHITECTURE arm-linux-gnueabihf)
# Without -mfpu Highway would compile its scalar code and say nothing.
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT
    "-march=armv7-a -mfpu=neon-vfpv4 -mfloat-abi=hard -mfp16-format=ieee")
endforeach()
# gcc would say for every file that gcc 7 passed some C++17 types otherwise.
string(APPEND CMAKE_CXX_FLAGS_INIT " -Wno-psabi")

set(FOVEA_ARMHF_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../../build/armhf-sysroot" CACHE PATH
  "Folder with unpacked armhf packages")
get_filename_component(sysroot "${FOVEA_ARMHF_SYSROOT}" ABSOLUTE)
if(NOT EXISTS "${sysroot}/complete")
  message(FATAL_ERROR "${sysroot} holds no armhf packages; tools/cross/armhf_sysroot.sh fetches them")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FOVEA_ARMHF_SYSROOT)
set(CMAKE_FIND_ROOT_PATH "${sysroot}" /usr/arm-linux-gnueabihf)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${sysroot}")
set(ENV{PKG_CONFIG_LIBDIR} "${sysroot}/usr/lib/arm-linux-gnueabihf/pkgconfig")
# What a shared library needs in turn is in the same folder.
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "-Wl,-rpath-link,${sysroot}/usr/lib/arm-linux-gnueabihf:${sysroot}/lib/arm-linux-gnueabihf")
# The CPU comes from QEMU_CPU; loader and libraries are those of the unpacked packages.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static -L "${sysroot}")
