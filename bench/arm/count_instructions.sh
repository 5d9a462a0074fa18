#!/usr/bin/env bash
# Counts the instructions that the ARM build of fovea runs per token, under qemu with a counting plugin. Speed on
# a machine that is not at hand cannot be timed; instructions can be counted exactly, and twice the same.
#
#   bench/arm/count_instructions.sh [options] [MODEL.gguf...]
#
#     --armhf          the 32-bit build (build/armhf) instead of the 64-bit one (build/arm64)
#     --cpu NAME       what qemu plays (max)
#     --isa A,B,...    kernels to force, one row each (those that the CPU has)
#     --prefill N      tokens of a prompt (64)
#     --decode N       tokens decoded one by one (16)
#     --depth N        tokens before those (0)
#
# Without a model: the one that ships, and random weights in the shape of SmolLM-135M as Q4_0. One thread. What
# loading and warming up cost is taken off: a figure is the difference of two runs, one of which repeats the work
# once more. Prints a table in Markdown, in millions of instructions per token.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/packages.sh

architecture=arm64 cpu=max isas="" prefill=64 decode=16 depth=0
models=()
while [ $# -gt 0 ]; do
  case "$1" in
    --armhf) architecture=armhf ;;
    --cpu) cpu=$2; shift ;;
    --isa) isas=${2//,/ }; shift ;;
    --prefill) prefill=$2; shift ;;
    --decode) decode=$2; shift ;;
    --depth) depth=$2; shift ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    -*) echo "count_instructions.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
    *) models+=("$1") ;;
  esac
  shift
done

fovea_install gcc qemu-user
tool=build/$architecture/bin/fovea
if [ ! -x "$tool" ]; then
  echo "$tool is missing: cmake --preset $architecture && cmake --build build/$architecture --target fovea-tool" >&2
  exit 1
fi
folder=build/arm-counts
mkdir -p "$folder"
gcc -std=c99 -O2 -shared -fPIC -o "$folder/libcount.so" bench/arm/count_instructions.c
case "$architecture" in
  arm64) qemu=(qemu-aarch64) ;;
  armhf) qemu=(qemu-arm -L build/armhf-sysroot) ;;
esac
if [ ${#models[@]} -eq 0 ]; then
  synthetic=$folder/smollm-135m-q4_0.gguf
  [ -s "$synthetic" ] || "${qemu[@]}" "$tool" synth smollm-135m Q4_0 "$synthetic" >&2
  models=(tools/models/fovea-tiny-q8_0.gguf "$synthetic")
fi

# Instructions of one `fovea bench` with these arguments.
count() {
  local output
  output=$("${qemu[@]}" -cpu "$cpu" -plugin "$folder/libcount.so" "$tool" bench "$model" --threads 1 --isa "$isa" \
    "$@" 2>&1) || { echo "$output" >&2; return 1; }
  sed -n 's/^instructions: //p' <<<"$output"
}

# Millions per token: TOKENS ARGUMENTS...
per_token() {
  local tokens=$1 once twice
  shift
  once=$(count "$@" --repeat 1) || return 1
  twice=$(count "$@" --repeat 2) || return 1
  awk -v a="$once" -v b="$twice" -v n="$tokens" 'BEGIN { printf "%.2f", (b - a) / n / 1e6 }'
}

if [ -z "$isas" ]; then
  # An unknown name makes it list what this CPU has.
  isas=$("${qemu[@]}" -cpu "$cpu" "$tool" bench "${models[0]}" --isa '?' 2>&1 | sed -n 's/.*it has //p' | tr -d ,) ||
    true
fi
echo "| model | CPU | kernels | prefill of $prefill | decode at depth $depth |"
echo "|---|---|---|---:|---:|"
for model in "${models[@]}"; do
  for isa in $isas; do
    prefilled=$(per_token "$prefill" --prefill "$prefill" --decode 0)
    decoded=$(per_token "$decode" --prefill 0 --decode "$decode" --depth "$depth")
    echo "| $(basename "$model" .gguf) | $cpu | $isa | $prefilled | $decoded |"
  done
done
