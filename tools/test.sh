#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs all tests.
#
#   tools/test.sh                optimised build, with the page's tests in a browser
#   tools/test.sh --asan         with AddressSanitizer and UndefinedBehaviorSanitizer
#   tools/test.sh --tsan         with ThreadSanitizer
#   tools/test.sh --clang19      built by clang 19 instead of the default compiler; also with --asan
#   tools/test.sh --clang14      built by clang 14; also with --tsan
#   tools/test.sh --rooms "matmul model"   build and run only the tests of these folders of tests/
#   tools/test.sh --arm64        cross-compiled for 64-bit ARM, under qemu: all tests on the first CPU of
#                                tools/cross/arm_cpus.sh, then what runs kernels on each of the others; from nothing
#                                over half an hour on two cores, a third of it for building
#   tools/test.sh --armhf        the same for 32-bit ARM (ARMv7 with NEON); somewhat less
#   tools/test.sh --armhf --cpu NAME   on one of those CPUs only
#   tools/test.sh --werror ...   warnings in our own code are errors
#
# FOVEA_REFERENCE_DIR names a folder with peer goldens; tests use it if it is set. FOVEA_JOBS limits the
# number of parallel jobs.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
. tools/cross/arm_cpus.sh

preset=release
clang=
rooms=
only_cpu=
cmake_options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --asan) preset=asan ;;
    --tsan) preset=tsan ;;
    --clang14 | --clang19) clang=${1#--clang} ;;
    --rooms) rooms=${2:?test.sh: --rooms needs names}; shift ;;
    --arm64) preset=arm64 ;;
    --armhf) preset=armhf ;;
    --cpu) only_cpu=${2:?test.sh: --cpu needs a name}; shift ;;
    --werror) cmake_options+=(-DFOVEA_WERROR=ON) ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    *) echo "test.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
jobs=${FOVEA_JOBS:-$(nproc)}

if [ -n "$clang" ]; then
  case "$preset$clang" in
    release*) preset=clang$clang ;;
    asan19 | tsan14) preset=$preset-clang$clang ;;
    *) echo "test.sh: there is no preset for --clang$clang with --$preset (CMakePresets.json)" >&2; exit 2 ;;
  esac
fi

cpus=()
case "$preset" in
  arm64) emulator=qemu-aarch64-static cpus=("${fovea_arm64_cpus[@]%%|*}") ;;
  armhf) emulator="qemu-arm-static -L build/armhf-sysroot" cpus=("${fovea_armhf_cpus[@]%%|*}") ;;
esac
if [ -n "$only_cpu" ]; then
  [ ${#cpus[@]} -gt 0 ] || { echo "test.sh: --cpu goes with --arm64 or --armhf" >&2; exit 2; }
  fovea_cpu_column "$preset" "$only_cpu" 2 >/dev/null
fi

fovea_install "${fovea_build_packages[@]}" "${fovea_test_packages[@]}"
[ -z "$clang" ] || fovea_install "clang-$clang" "libclang-rt-$clang-dev"
case "$preset" in
  arm64)
    fovea_enable_arm64
    fovea_install "${fovea_arm64_packages[@]}"
    ;;
  armhf)
    fovea_install "${fovea_armhf_packages[@]}"
    tools/cross/armhf_sysroot.sh
    ;;
esac

# The page is tested in a browser, in optimised builds; what drives it comes from npm's registry.
install_page_tests() {
  local folder=build/page-tests
  fovea_install_node && fovea_install "${fovea_page_packages[@]}" || return 1
  mkdir -p "$folder"
  if cmp -s tests/page/package-lock.json "$folder/package-lock.json" &&
    [ -d "$folder/node_modules/playwright-core" ]; then
    return 0
  fi
  rm -rf "$folder/node_modules"
  cp tests/page/package.json tests/page/package-lock.json "$folder/"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix "$folder" --no-audit --no-fund --silent
}
if [ "$preset" = release ] && [ -z "$rooms" ] && ! install_page_tests; then
  rm -rf build/page-tests
  echo "test.sh: node, chromium or playwright-core cannot be installed: the page is not tested in a browser" >&2
fi

cmake --preset "$preset" "${cmake_options[@]}" \
  ${FOVEA_REFERENCE_DIR:+-DFOVEA_REFERENCE_DIR="$FOVEA_REFERENCE_DIR"} >/dev/null
targets=()
labels=()
if [ -n "$rooms" ]; then
  read -ra names <<<"$rooms"
  targets=(--target "${names[@]/%/_test}")
  labels=(--label-regex "^($(IFS='|'; echo "${names[*]}"))\$")
fi
cmake --build "build/$preset" --parallel "$jobs" "${targets[@]}"

run_tests() {
  ctest --test-dir "build/$preset" --output-on-failure --parallel "$jobs" --no-tests=error "${labels[@]}"
}
if [ ${#cpus[@]} -eq 0 ]; then
  run_tests
  exit
fi
for cpu in "${cpus[@]}"; do
  [ -z "$only_cpu" ] || [ "$cpu" = "$only_cpu" ] || continue
  started=$SECONDS
  echo "== $preset: tests on $cpu"
  offered=$(fovea_cpu_column "$preset" "$cpu" 2)
  tested=$(fovea_cpu_column "$preset" "$cpu" 3)
  fovea_check_kernels "build/$preset" "$emulator" "$cpu" offered "$offered"
  if [ "$cpu" = "${cpus[0]}" ]; then
    QEMU_CPU=$cpu run_tests
  else
    FOVEA_TEST_ISAS=$tested fovea_check_kernels "build/$preset" "$emulator" "$cpu" tested "$tested"
    fovea_test_kernels_on "build/$preset" "$emulator" "$cpu" "$tested" "$jobs"
  fi
  echo "   passed in $((SECONDS - started)) s"
done
