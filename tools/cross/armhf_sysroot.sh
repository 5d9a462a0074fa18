#!/usr/bin/env bash
# Downloads Debian's armhf packages that the 32-bit ARM build links with, and unpacks them into a folder
# (build/armhf-sysroot). Needs no root and installs nothing: apt works with lists and a cache of its own, so that
# the host's dpkg need not know the architecture.
#
#   tools/cross/armhf_sysroot.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${1:-build/armhf-sysroot}
wanted=(libpcre2-dev libutf8proc-dev libpng-dev zlib1g-dev libcpp-httplib-dev
  libgtest-dev libgmock-dev libbenchmark-dev)
# The cross compiler brings these headers; a second copy of them would come first and confuse it.
left_out='libc6-dev|libc-dev-bin|linux-libc-dev|libcrypt-dev|libtirpc-.*|libnsl-.*|rpcsvc-proto|googletest'

stamp="2 ${wanted[*]}"  # Another number unpacks anew.
if [ "$(cat "$folder/complete" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi
rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/apt/packages"
folder=$(cd "$folder" && pwd)
: >"$folder/apt/status"
apt=(apt-get -o "Dir::State::lists=$folder/apt/lists" -o "Dir::State::status=$folder/apt/status"
  -o "Dir::Cache=$folder/apt/cache" -o APT::Architecture=armhf -o APT::Architectures::=armhf
  -o Acquire::Languages=none -o APT::Install-Recommends=false -o APT::Sandbox::User=root -q)

echo "fetching the armhf packages of: ${wanted[*]}"
# An index that cannot be fetched (a mirror in the middle of an update) matters only if a package is missing.
"${apt[@]}" update >"$folder/apt/update.log" 2>&1 || true
if ! "${apt[@]}" --simulate install "${wanted[@]}" >"$folder/apt/plan" 2>&1; then
  cat "$folder/apt/update.log" "$folder/apt/plan" >&2
  echo "error: apt found no armhf packages for ${wanted[*]}" >&2
  exit 1
fi
packages=$(awk '/^Inst/ { print $2 }' "$folder/apt/plan" | grep -vxE "$left_out")
# shellcheck disable=SC2086  # One word each.
(cd "$folder/apt/packages" && "${apt[@]}" download $packages >../download.log 2>&1) ||
  { cat "$folder/apt/download.log" >&2; exit 1; }
for package in "$folder"/apt/packages/*.deb; do
  dpkg -x "$package" "$folder"
done
# The compiler looks into one folder of headers only: OpenSSL has some of its own for each architecture.
cp -r "$folder"/usr/include/arm-linux-gnueabihf/. "$folder/usr/include/"
# Links to absolute paths would leave the folder.
find "$folder" -type l -lname '/*' | while read -r link; do
  ln -sfn "$folder$(readlink "$link")" "$link"
done
rm -rf "$folder/apt" "$folder/usr/share/doc" "$folder/usr/share/man"
echo "$stamp" >"$folder/complete"
echo "unpacked into $folder"
