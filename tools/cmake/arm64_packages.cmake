# What the compilers for 64-bit ARM share: where Debian's arm64 packages are, and the emulator.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu /)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# The CPU comes from QEMU_CPU (qemu's own variable), so that one build is tested as several. No -L: the
# loader and libraries are those of arm64 packages; with the cross compiler's, qemu 7.2 hangs on threads.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
