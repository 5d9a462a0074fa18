#!/usr/bin/env bash
# Installs what is missing, builds attention-dump, and shows the attention of the model that ships.
#
#   tools/demo.sh [TEXT]
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
text=${1:-"The little dog ran to the old house, and the little cat ran to the old house."}

fovea_install "${fovea_build_packages[@]}"
cmake --preset release -DFOVEA_BUILD_TESTS=OFF -DFOVEA_BUILD_BENCH=OFF -B build/demo >/dev/null
cmake --build build/demo --parallel "${FOVEA_JOBS:-$(nproc)}"

mkdir -p build/demo/out
build/demo/bin/attention-dump --text "$text"
build/demo/bin/attention-dump --text "$text" -o build/demo/out/attention.html -o build/demo/out/attention.png
echo
echo "page:    $PWD/build/demo/out/attention.html   (open it in a browser)"
echo "picture: $PWD/build/demo/out/attention.png"
