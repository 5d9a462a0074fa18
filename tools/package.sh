#!/usr/bin/env bash
# Makes the Debian packages libfovea0, libfovea-dev and fovea-tools in build/packages, and lets lintian look at
# them. Installs what is missing.
#
#   tools/package.sh            make them; lintian's errors are failures
#   tools/package.sh --test     and try them in a clean Debian: tools/test_package.sh (needs root)
#
# FOVEA_JOBS limits the number of parallel jobs. FOVEA_MAINTAINER, "Name <address>", goes into the packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

try=false
for argument in "$@"; do
  case "$argument" in
    --test) try=true ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    *) echo "package.sh: unknown option '$argument'; see --help" >&2; exit 2 ;;
  esac
done
fovea_install "${fovea_build_packages[@]}" "${fovea_debian_packages[@]}"

# Debian's own flags, with all hardening; symbols for debuggers would be stripped again.
flags() { DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_MAINT_STRIP=-g dpkg-buildflags --get "$1"; }
tree=build/package
umask 022
cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
  -DFOVEA_SHARED=ON -DFOVEA_BUNDLE=OFF -DFOVEA_BUILD_TESTS=OFF -DFOVEA_BUILD_TOOLS=ON \
  -DCMAKE_SKIP_RPATH=ON -DCMAKE_CXX_FLAGS="$(flags CPPFLAGS) $(flags CXXFLAGS)" \
  -DCMAKE_EXE_LINKER_FLAGS="$(flags LDFLAGS)" -DCMAKE_SHARED_LINKER_FLAGS="$(flags LDFLAGS)" \
  ${FOVEA_MAINTAINER:+-DFOVEA_MAINTAINER="$FOVEA_MAINTAINER"} >/dev/null
cmake --build "$tree" --parallel "${FOVEA_JOBS:-$(nproc)}"
rm -rf build/packages
cpack -G DEB --config "$tree/CPackConfig.cmake" -B build/packages
rm -rf build/packages/_CPack_Packages
# CPack calls ldconfig from scripts; Debian's way is the trigger that is in the package too.
for package in build/packages/libfovea0_*.deb; do
  dpkg-deb --raw-extract "$package" build/packages/unpacked
  rm build/packages/unpacked/DEBIAN/{postinst,postrm}
  dpkg-deb --root-owner-group --build build/packages/unpacked "$package" >/dev/null
  rm -r build/packages/unpacked
done
lintian --fail-on error --tag-display-limit 0 build/packages/*.deb
ls -l build/packages/*.deb
if $try; then
  tools/test_package.sh
fi
