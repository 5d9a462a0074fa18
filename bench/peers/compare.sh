#!/usr/bin/env bash
# Runs the same model files through fovea and through llama.cpp (node-llama-cpp's prebuilt library from
# npm), in turns, and prints how many times as fast fovea is. Everything it makes goes to build/peers/.
#
#   bench/peers/compare.sh                         the shapes 15m, 110m, smollm-135m and 0.5b, Q8_0 and Q4_0
#   bench/peers/compare.sh --shapes 15m --types Q8_0,F16
#   bench/peers/compare.sh --models DIR            the .gguf files of a folder instead
#
# Options (defaults): --threads N (all cores), --rounds N (5), --prefill N,N,... (128,512,2048),
# --depth N,N,... (0,2048), --decode N (64), --kv TYPE (f16, fovea's cache; the peer's is f16),
# --isa NAME (the best), --fovea PROGRAM (built here), --peer VERSION (latest), --json FILE
# (build/peers/results.json), --max-foreign SHARE (0.1: repeat a pair while strangers use more of a core).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh

fovea=
peer=latest
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    --fovea | --peer)
      [ $# -ge 2 ] || { echo "compare.sh: $1 needs a value; see --help" >&2; exit 2; }
      if [ "$1" = --fovea ]; then fovea=$2; else peer=$2; fi
      shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done

fovea_install_node
node bench/peers/compare.mjs --check "${arguments[@]}"  # a wrong option is reported before anything is built
if [ -z "$fovea" ]; then
  fovea_install "${fovea_build_packages[@]}"
  cmake --preset release -DFOVEA_BUILD_TESTS=OFF -DFOVEA_BUILD_BENCH=OFF -B build/peers/fovea >/dev/null
  cmake --build build/peers/fovea --parallel "${FOVEA_JOBS:-$(nproc)}" --target fovea-tool >/dev/null
  fovea=build/peers/fovea/bin/fovea
fi

# Its install scripts would build or fetch more; the prebuilt library is a package of its own.
mkdir -p build/peers/npm
[ -f build/peers/npm/package.json ] || echo '{"private": true}' >build/peers/npm/package.json
if [ "$peer" = latest ] || [ ! -d build/peers/npm/node_modules/node-llama-cpp ]; then
  npm install --prefix build/peers/npm --ignore-scripts --no-audit --no-fund --loglevel=error \
    "node-llama-cpp@$peer" >/dev/null
fi

exec node bench/peers/compare.mjs --fovea "$fovea" --folder build/peers "${arguments[@]}"
