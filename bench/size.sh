#!/usr/bin/env bash
# How large the library is on 64-bit ARM: builds it with gcc and -Os for each row of README's table ("Leave
# out what you do not need") and prints the table. The first row is everything, as libfovea.so; the others
# are tests/minimal/smallest.cc linked with what is left of the library, the C++ library apart.
#
#   bench/size.sh                 installs the cross compiler where that is missing; takes some minutes
#   bench/size.sh --native        with this machine's compiler instead
#   bench/size.sh FOLDER          build folder (default build/size)
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

machine=arm64
folder=build/size
for argument in "$@"; do
  case "$argument" in
    --native) machine=native ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    -*) echo "size.sh: unknown option '$argument'; see --help" >&2; exit 2 ;;
    *) folder=$argument ;;
  esac
done
jobs=${FOVEA_JOBS:-$(nproc)}
options=(-G Ninja -DCMAKE_BUILD_TYPE=MinSizeRel)
if [ "$machine" = arm64 ]; then
  fovea_enable_arm64
  fovea_install "${fovea_build_packages[@]}" "${fovea_arm64_packages[@]}"
  options+=(-DCMAKE_TOOLCHAIN_FILE="$PWD/tools/cmake/arm64.cmake")
  isa=neon
  objdump=aarch64-linux-gnu-objdump
else
  case "$(uname -m)" in
    x86_64) isa=avx2 ;;
    aarch64 | arm*) isa=neon ;;
    *) isa=none ;;
  esac
  objdump=objdump
fi

# row NAME FILE: KB of machine code, constants, tables for unwinding, and variables.
row() {
  "$objdump" -h "$2" | awk -v name="$1" '
    function number(hex,   i, n) {
      n = 0
      for (i = 1; i <= length(hex); ++i) n = n * 16 + index("123456789abcdef", substr(hex, i, 1))
      return n
    }
    $2 == ".text" { text += number($3) }
    $2 == ".rodata" || $2 ~ /^\.data\.rel\.ro/ { constants += number($3) }
    $2 ~ /^\.eh_frame/ || $2 == ".gcc_except_table" { unwinding += number($3) }
    $2 == ".data" || $2 == ".bss" { variables += number($3) }
    END { printf "| %s | %d | %d | %d | %.1f |\n", name, text / 1000, constants / 1000, unwinding / 1000, variables / 1000 }'
}

# build NAME SOURCE OPTION…
build() {
  local name=$1 source=$2
  shift 2
  cmake -S "$source" -B "$folder/$name" "${options[@]}" "$@" >"$folder/$name.log"
  cmake --build "$folder/$name" --parallel "$jobs" >>"$folder/$name.log"
}

mkdir -p "$folder"
build whole . -DFOVEA_BUILD_TESTS=OFF -DFOVEA_BUILD_TOOLS=OFF -DFOVEA_SHARED=ON
minimal=(tests/minimal/project -DMINIMAL_ISA="$isa" -DMINIMAL_C_API=OFF)
build minimal "${minimal[@]}"
build fast "${minimal[@]}" -DFOVEA_SMALL_KERNELS=OFF
build tokenizer "${minimal[@]}" -DMINIMAL_TOKENIZERS=llama -DMINIMAL_FAMILIES=all

echo "KB of 1,000 bytes:"
echo "| | code | constants | unwinding | variables |"
echo "|---|---|---|---|---|"
row "everything, PCRE2 and utf8proc included" "$folder/whole/libfovea.so"
row "all families, one tokenizer without regular expressions, one instruction set" "$folder/tokenizer/smallest"
row "one family, no tokenizer, one instruction set" "$folder/minimal/smallest"
row "the same with all shapes of kernels" "$folder/fast/smallest"
