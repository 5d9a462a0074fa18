#!/usr/bin/env bash
# Tries the packages of build/packages in a clean, minimal Debian 12: installs them with apt, runs the tools on the
# model that ships, builds and runs C, C++ and Python programs against the installed library, and removes
# everything again. Needs root, for debootstrap and chroot.
#
#   tools/test_package.sh
#
# The system is made once, in build/package-root, from the Debian mirror of this machine's own apt; each run
# works on a copy.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

case "${1:-}" in
  '') ;;
  -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
  *) echo "test_package.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
esac
if [ "$(id -u)" -ne 0 ]; then
  echo "test_package.sh: debootstrap and chroot need root; run it with sudo" >&2
  exit 1
fi
if ! compgen -G 'build/packages/*.deb' >/dev/null; then
  echo "test_package.sh: no packages in build/packages; tools/package.sh makes them" >&2
  exit 1
fi
fovea_install "${fovea_chroot_packages[@]}"

clean=build/package-root
root=$clean
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"; }
as_user() { chroot --userspec=nobody:nogroup "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"; }
# Its arguments are words of a shell inside: file names may have wildcards.
apt_inside() { inside DEBIAN_FRONTEND=noninteractive sh -c "apt-get -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $* >/dev/null"; }
cp_network() {
  local file
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cat "$file" >"$root$file"
  done
}
# says WHAT PATTERN COMMAND...: the command must succeed and print the pattern.
says() {
  local what=$1 pattern=$2 output
  shift 2
  if ! output=$("$@" 2>&1) || ! grep -qE -- "$pattern" <<<"$output"; then
    echo "FAILED: $what; expected '$pattern', got:" >&2
    printf '%s\n' "$output" >&2
    exit 1
  fi
  echo "ok: $what"
}

# 1. A minimal system, with apt as this machine has it.
if [ ! -e "$clean/complete" ]; then
  rm -rf "$root"
  targets=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk '$NF == "Debian" { print $1, $2, $3 }' | sort -u)
  mirror=$(awk '$2 == "bookworm" && $3 == "main" { print $1; exit }' <<<"$targets")
  if [ -z "$mirror" ]; then
    echo "test_package.sh: this machine's apt knows no mirror of Debian 12 (bookworm)" >&2
    exit 1
  fi
  echo "making a minimal Debian 12 in $root"
  mkdir -p build
  if ! debootstrap --variant=minbase bookworm "$root" "$mirror" >build/package-root.log 2>&1; then
    tail -5 build/package-root.log >&2
    exit 1
  fi
  awk '{ print "deb", $1, $2, $3 }' <<<"$targets" >"$root/etc/apt/sources.list"
  cp_network
  apt-config dump Acquire | grep -v '^Acquire::IndexTargets\|^Acquire::[A-Za-z-]* "";' >"$root/etc/apt/apt.conf.d/99host"
  apt_inside update
  touch "$root/complete"
fi
root=build/package-root.run
rm -rf "$root"
cp -a "$clean" "$root"
cp_network
trap 'umount "$root/proc" 2>/dev/null || true' EXIT
mount -t proc proc "$root/proc" 2>/dev/null || echo "note: /proc cannot be mounted here; going on without" >&2
cp build/packages/*.deb "$root/tmp/"

# 2. The tools.
apt_inside install /tmp/fovea-tools_*.deb
says "attention-dump finds the model that ships" 'L[0-9]+H[0-9]+' as_user attention-dump
says "attention-dump writes arrays" '' as_user attention-dump --text "The cat sat on the mat." -o /tmp/maps.npz
says "fovea runs the model that ships" 'Once upon a time, I have a good time' \
  as_user fovea generate /usr/share/fovea/fovea-tiny-q8_0.gguf --prompt "Once upon a time" --echo -n 8
says "fovea tells about it" 'llama' as_user fovea info /usr/share/fovea/fovea-tiny-q8_0.gguf
says "its manual pages are installed" '' test -s "$root/usr/share/man/man1/attention-dump.1.gz"

# 3. The library: programs are built by an ordinary user.
apt_inside install gcc g++ cmake make pkg-config python3-numpy /tmp/libfovea0_*.deb /tmp/libfovea-dev_*.deb
cp -r tests/consumers "$root/tmp/consumers"
model=/usr/share/fovea/fovea-tiny-q8_0.gguf
chmod -R a+rwX "$root/tmp/consumers"
build() { as_user sh -c 'cmake -S "$1" -B "$2" $3 && cmake --build "$2"' - "/tmp/consumers/$1" "/tmp/consumers/$2" "${3:-}"; }
next=(/tmp/consumers/c/next_word "$model" "The cat sat on")
says "a C program is built with CMake" 'Built target' build c c-built
says "and runs" 'The cat sat on\[ the\]' as_user /tmp/consumers/c-built/next_word "${next[@]:1}"
says "a C program is built with CMake and libfovea.a" 'Built target' build c c-static -DLIBRARY=static
says "and runs" 'The cat sat on\[ the\]' as_user /tmp/consumers/c-static/next_word "${next[@]:1}"
says "a C program is built with pkg-config" '' as_user make -B -C /tmp/consumers/c
says "and runs" 'The cat sat on\[ the\]' as_user "${next[@]}"
says "a C program without any shared library is built with pkg-config" '' as_user make -B -C /tmp/consumers/c STATIC=1
says "and runs" 'The cat sat on\[ the\]' as_user "${next[@]}"
says "a C++ program is built with CMake" 'Built target' build cpp cpp-built
says "and runs" '^1 -> 0 with' as_user /tmp/consumers/cpp-built/strongest "$model" 1 3 "The cat sat on the mat."
says "a C++ program is built with pkg-config" '' as_user make -B -C /tmp/consumers/cpp
says "and runs" '^1 -> 0 with' as_user /tmp/consumers/cpp/strongest "$model" 1 3 "The cat sat on the mat."
says "the examples are built" 'Built target' build examples examples-built "-DMODEL_FILE=$model"
says "a built-in model runs" 'The cat sat on\[ the\]' as_user /tmp/consumers/examples-built/built_in_model "The cat sat on"
says "text is streamed" 'I have a good time' as_user /tmp/consumers/examples-built/generate "$model" "Once upon a time" 12
says "a head is watched" ' 13 looks at   5' \
  as_user /tmp/consumers/examples-built/watch_head "$model" 1 3 "The cat sat on the mat. The cat" 4
says "Python draws a map by ctypes and NumPy" '^9 tokens, rows sum to 1' \
  as_user python3 /tmp/consumers/python/draw_map.py libfovea.so.0 "$model" 1 3 "The cat sat on the mat." /tmp/map.pgm

# 4. Nothing stays.
apt_inside purge libfovea0 libfovea-dev fovea-tools
left=$(find "$root/usr" "$root/etc" "$root/var/lib/dpkg" -iname '*fovea*' | sort)
if [ -n "$left" ]; then
  printf 'FAILED: left behind after purge:\n%s\n' "$left" >&2
  exit 1
fi
echo "ok: nothing is left after purge"
umount "$root/proc" 2>/dev/null || true
rm -rf "$root"
