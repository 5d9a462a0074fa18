#!/usr/bin/env bash
# Checks the form of the code: clang-format over all of it, clang-tidy over what a change touches.
#
#   tools/check_style.sh                the change: what differs from the newest commit that is twelve hours older
#                                       than the last one
#   tools/check_style.sh --base COMMIT  what differs from COMMIT
#   tools/check_style.sh --most N       clang-tidy over at most N files (default 40), those with most changed lines;
#                                       how many were left out is said
#   tools/check_style.sh --build DIR    a configured build by clang (default build/asan-clang19)
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

base=
most=40
build=build/asan-clang19
while [ $# -gt 0 ]; do
  case "$1" in
    --base) base=${2?check_style.sh: --base needs a commit}; shift ;;
    --most) most=${2:?check_style.sh: --most needs a number}; shift ;;
    --build) build=${2:?check_style.sh: --build needs a folder}; shift ;;
    -h | --help) sed -n '2,/^set/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 0 ;;
    *) echo "check_style.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
fovea_install clang-format clang-tidy-19
[ -f "$build/compile_commands.json" ] ||
  { echo "check_style.sh: no $build/compile_commands.json: run tools/test.sh --clang19 --asan first" >&2; exit 2; }

git ls-files -z '*.cc' '*.c' '*.h' '*.hpp' | xargs -0 clang-format --dry-run --Werror
echo "clang-format: $(git ls-files '*.cc' '*.c' '*.h' '*.hpp' | wc -l) files"

if [ -z "$base" ]; then
  newest=$(git show -s --format=%ct HEAD)
  base=$(git rev-list -1 --before=$((newest - 12 * 3600)) HEAD)
fi
if [ -z "$base" ]; then
  echo "clang-tidy: no older commit to compare with"
  exit 0
fi
# Only files that this build compiles: those for other CPUs have no command. Of a file that was renamed only the
# changed lines count.
mapfile -t changed < <(git diff --numstat --find-renames --diff-filter=d "$base" HEAD -- '*.cc' |
  sed -E 's/\{[^}]* => ([^}]*)\}/\1/; s/\/\//\//' | sort -rn | cut -f3 |
  while read -r file; do if grep -qF "\"file\": \"$PWD/$file\"" "$build/compile_commands.json"; then echo "$file"; fi; done)
checked=("${changed[@]:0:$most}")
echo "clang-tidy: ${#checked[@]} of ${#changed[@]} changed files since $(git rev-parse --short "$base")"
[ ${#checked[@]} -eq 0 ] || printf '%s\0' "${checked[@]}" |
  xargs -0 -n 1 -P "${FOVEA_JOBS:-$(nproc)}" clang-tidy-19 -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option
