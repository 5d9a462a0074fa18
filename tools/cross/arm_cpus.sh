# Sourced by tools/test.sh: the CPUs that qemu plays, and the tests that run on each.

# "CPU|sets of kernels that it must offer|those tested there". The first CPU of a list gets the whole suite, with
# peer goldens if FOVEA_REFERENCE_DIR names them. The others get the programs below, which run kernels or choose
# them, so that every set meets all of these on a CPU that has it: with SVE at 128, 256 and 512 bits (512 is also
# what a64fx has, and max if it is not limited). A set that a CPU has but an older one tests is left out: emulated, it
# would cost minutes. Older CPUs stop at any instruction newer than theirs, so they show whether one leaked into
# code that they run: cortex-a53 and -a72 have none but NEON.
fovea_arm64_cpus=(
  "cortex-a72|scalar neon|scalar neon"
  "cortex-a53|scalar neon|scalar neon"
  "cortex-a76|scalar neon neon-dotprod|neon-dotprod"
  "neoverse-n1|scalar neon neon-dotprod|neon-dotprod"
  "a64fx|scalar neon sve|sve"
  "max,sve-max-vq=1|scalar neon neon-dotprod neon-i8mm sve sve-i8mm|neon-i8mm sve sve-i8mm"
  "max,sve-max-vq=2|scalar neon neon-dotprod neon-i8mm sve sve-i8mm|sve sve-i8mm"
  "max,sve-max-vq=4|scalar neon neon-dotprod neon-i8mm sve sve-i8mm|sve sve-i8mm")
fovea_armhf_cpus=(
  "cortex-a7|scalar neon|scalar neon"
  "cortex-a15|scalar neon|scalar neon"
  "max|scalar neon|scalar neon")
# Those that take longest come first.
fovea_kernel_programs=(golden attention matmul kernels model c_api inspect tensor platform)
# What these programs leave to the first CPU: the peer's goldens, and how close a cache of 8 bits stays to exact
# text, which takes as long as all the rest.
fovea_left_to_the_first_cpu='Peer/*:KvTypes.EightBits*'

# fovea_cpu_column ARCHITECTURE CPU COLUMN: 2 for the sets offered, 3 for those tested.
fovea_cpu_column() {
  local -n cpus="fovea_$1_cpus"
  local line
  for line in "${cpus[@]}"; do
    if [ "${line%%|*}" = "$2" ]; then
      cut -d '|' -f "$3" <<<"$line"
      return 0
    fi
  done
  echo "test.sh: no CPU '$2' is listed for $1 in tools/cross/arm_cpus.sh" >&2
  return 1
}

# What kernels_test goes through on this CPU, in words that go into the report; fails unless it is EXPECTED. WHAT
# is said in the report: offered, or tested where FOVEA_TEST_ISAS chooses.
# fovea_check_kernels BUILD_FOLDER EMULATOR CPU WHAT EXPECTED
fovea_check_kernels() {
  local counts found
  # Tests of one kernel end with the name of the set: "  TakesAnyLength/neon_dotprod  # GetParam() = …".
  counts=$(QEMU_CPU=$3 $2 "$1/tests/kernels/kernels_test" --gtest_list_tests |
    sed -n 's|^  .*/\([a-z0-9_]*\)  # GetParam.*|\1|p' | tr _ - | sort | uniq -c |
    awk '{ printf "%s%s (%d tests)", (NR > 1 ? ", " : ""), $2, $1 }')
  found=$(tr ',' '\n' <<<"$counts" | awk '{ print $1 }' | sort | xargs)
  echo "   kernels $4: $counts"
  if [ "$found" != "$(tr ' ' '\n' <<<"$5" | sort | xargs)" ]; then
    echo "error: on $3 the kernels $4 should be: $5" >&2
    return 1
  fi
}

# The programs that run kernels, each in JOBS shards, and the C programs. Output goes to files; that of failures is
# shown. fovea_test_kernels_on BUILD_FOLDER EMULATOR CPU TESTED JOBS
fovea_test_kernels_on() {
  local logs="$1/cpu-logs/$3" program shard
  echo "   left to the whole suite on the first CPU: $fovea_left_to_the_first_cpu and other programs"
  rm -rf "$logs" && mkdir -p "$logs"
  for program in "${fovea_kernel_programs[@]}"; do
    for ((shard = 0; shard < $5; ++shard)); do
      echo "$program $shard"
    done
  done | QEMU_CPU=$3 FOVEA_TEST_ISAS=$4 GTEST_TOTAL_SHARDS=$5 GTEST_FILTER="-$fovea_left_to_the_first_cpu" \
    xargs -P "$5" -L 1 sh -c '
      GTEST_SHARD_INDEX=$4 $2 "$1/tests/$3/$3_test" --gtest_brief=1 >"$0/$3.$4" 2>&1 ||
        echo "$3" >>"$0/failed"' "$logs" "$1" "$2" || echo "${fovea_kernel_programs[0]}" >>"$logs/failed"
  QEMU_CPU=$3 ctest --test-dir "$1" --tests-regex '^CApi\.' --exclude-regex Symbols --parallel "$5" \
    --output-on-failure --no-tests=error >"$logs/c_programs" 2>&1 || echo c_programs >>"$logs/failed"
  # Every program says how many tests it ran: none may be missing.
  for program in "${fovea_kernel_programs[@]}"; do
    [ "$(cat "$logs/$program".* | grep -c '^\[==========\] [0-9]* tests\? from')" -eq "$5" ] ||
      echo "$program" >>"$logs/failed"
  done
  awk '/^\[  PASSED  \]/ { passed += $4 } /tests passed/ { programs = $NF }
       END { printf "   %d tests passed, and %d C programs ran\n", passed, programs }' "$logs"/*
  # Why tests were skipped, and how many.
  grep -h -A 1 ': Skipped$' "$logs"/* | grep -v -e ': Skipped$' -e '^--$' | sort | uniq -c |
    sed 's/^ */   skipped: /' || true
  if [ -e "$logs/failed" ]; then
    for program in $(sort -u "$logs/failed"); do
      echo "== $program on $3 failed" >&2
      cat "$logs/$program"* >&2
    done
    return 1
  fi
}
