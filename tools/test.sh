#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs all tests.
#
#   tools/test.sh                optimised build, with the page's tests in a browser
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
if [ "$preset" = release ] && ! install_page_tests; then
  rm -rf build/page-tests
  echo "test.sh: node, chromium or playwright-core cannot be installed: the page is not tested in a browser" >&2
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
