#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs all tests.
#
#   tools/test.sh                optimised build
#   tools/test.sh --asan         with AddressSanitizer and UndefinedBehaviorSanitizer
#   tools/test.sh --tsan         with ThreadSanitizer
#   tools/test.sh --arm64        cross-compiled for 64-bit ARM, run under qemu as two CPUs
#   tools/test.sh --werror ...   warnings in our own code are errors
#
# FOVEA_REFERENCE_DIR names a folder with peer goldens; tests use it if it is set. FOVEA_JOBS limits the
# number of parallel jobs.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

preset=release
cmake_options=()
for argument in "$@"; do
  case "$argument" in
    --asan) preset=asan ;;
    --tsan) preset=tsan ;;
    --arm64) preset=arm64 ;;
    --werror) cmake_options+=(-DFOVEA_WERROR=ON) ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    *) echo "test.sh: unknown option '$argument'; see --help" >&2; exit 2 ;;
  esac
done
jobs=${FOVEA_JOBS:-$(nproc)}

if [ "$preset" = arm64 ]; then
  fovea_enable_arm64
  fovea_install "${fovea_build_packages[@]}" "${fovea_test_packages[@]}" "${fovea_arm64_packages[@]}"
else
  fovea_install "${fovea_build_packages[@]}" "${fovea_test_packages[@]}"
fi

cmake --preset "$preset" "${cmake_options[@]}" \
  ${FOVEA_REFERENCE_DIR:+-DFOVEA_REFERENCE_DIR="$FOVEA_REFERENCE_DIR"} >/dev/null
cmake --build "build/$preset" --parallel "$jobs"

run_tests() {
  ctest --test-dir "build/$preset" --output-on-failure --parallel "$jobs" --no-tests=error
}
if [ "$preset" = arm64 ]; then
  # `max` has everything that qemu knows; cortex-a72 stops at any instruction newer than ARMv8.0.
  for cpu in max cortex-a72; do
    echo "== tests on $cpu =="
    QEMU_CPU=$cpu run_tests
  done
else
  run_tests
fi
