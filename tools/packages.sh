# Sourced by demo.sh, test.sh and package.sh: installs the Debian packages that are missing, and says which.

fovea_build_packages=(g++ cmake ninja-build pkg-config libhwy-dev libxsimd-dev libxxhash-dev
  libcli11-dev nlohmann-json3-dev libcpp-httplib-dev libpng-dev zlib1g-dev libutf8proc-dev libpcre2-dev)
fovea_test_packages=(libgtest-dev libgmock-dev libbenchmark-dev doxygen make python3-numpy)
# Debian packages, and the clean Debian that they are tried in.
fovea_debian_packages=(dpkg-dev file gzip lintian)
fovea_chroot_packages=(debootstrap)
# The browser that the page is tested in.
fovea_page_packages=(chromium)
# The cross build: headers and libraries of arm64 beside our own, and the emulator.
fovea_arm64_packages=(g++-aarch64-linux-gnu qemu-user-static libhwy-dev:arm64 libxsimd-dev:arm64
  libcpp-httplib-dev:arm64 libpng-dev:arm64 zlib1g-dev:arm64 libutf8proc-dev:arm64
  libpcre2-dev:arm64 libgtest-dev:arm64 libgmock-dev:arm64 libbenchmark-dev:arm64)
# The 32-bit cross build; its libraries are unpacked by tools/cross/armhf_sysroot.sh.
fovea_armhf_packages=(g++-arm-linux-gnueabihf qemu-user-static)

fovea_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "error: root is needed to run: $*" >&2
    return 1
  fi
}

# NAME or NAME:ARCHITECTURE; several architectures of one package may be installed side by side.
fovea_is_installed() {
  local architecture
  architecture=$(dpkg --print-architecture)
  case "$1" in *:*) architecture=${1##*:} ;; esac
  dpkg-query -W -f='${Architecture} ${db:Status-Status}\n' "${1%%:*}" 2>/dev/null |
    grep -qxE "(all|$architecture) installed"
}

# fovea_install PACKAGE...
fovea_install() {
  local missing=() package
  if ! command -v apt-get >/dev/null; then
    echo "note: no apt-get here; assuming that these are installed: $*" >&2
    return 0
  fi
  for package in "$@"; do
    fovea_is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing: ${missing[*]}"
  fovea_as_root apt-get update -qq
  fovea_as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

fovea_enable_arm64() {
  dpkg --print-foreign-architectures | grep -qx arm64 && return 0
  echo "adding the architecture arm64"
  fovea_as_root dpkg --add-architecture arm64
}

# Node.js and npm: for the page's tests, and for the llama.cpp that bench/peers compares with. Not by
# package, since Node.js that comes from elsewhere brings its own npm and excludes Debian's.
fovea_install_node() {
  command -v node >/dev/null && command -v npm >/dev/null && return 0
  fovea_install nodejs npm
}
