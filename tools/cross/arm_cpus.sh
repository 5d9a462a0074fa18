# Sourced by tools/test.sh: the CPUs that qemu plays, and the tests that run on each.

# "CPU: kernels that it must run". The first CPU of a list gets the whole suite; the others get the programs below,
# which run kernels or choose them. Older CPUs stop at any instruction newer than theirs, so they show whether one
# leaked into code that they run.
fovea_arm64_cpus=(
  "max: scalar neon neon-dotprod neon-i8mm sve sve-i8mm"
  "cortex-a53: scalar neon"
  "cortex-a72: scalar neon"
  "cortex-a76: scalar neon neon-dotprod"
  "neoverse-n1: scalar neon neon-dotprod"
  "a64fx: scalar neon sve"
  "max,sve-max-vq=1: scalar neon neon-dotprod neon-i8mm sve sve-i8mm"
  "max,sve-max-vq=2: scalar neon neon-dotprod neon-i8mm sve sve-i8mm"
  "max,sve-max-vq=4: scalar neon neon-dotprod neon-i8mm sve sve-i8mm")
fovea_armhf_cpus=(
  "cortex-a7: scalar neon"
  "cortex-a15: scalar neon"
  "max: scalar neon")
fovea_kernel_programs=(kernels model attention c_api golden matmul inspect tensor platform)

# fovea_expected_kernels ARCHITECTURE CPU
fovea_expected_kernels() {
  local -n cpus="fovea_$1_cpus"
  local line
  for line in "${cpus[@]}"; do
    if [ "${line%%:*}" = "$2" ]; then
      echo "${line#*: }"
      return 0
    fi
  done
  echo "test.sh: no CPU '$2' is listed for $1 in tools/cross/arm_cpus.sh" >&2
  return 1
}

# What the kernels' tests run on this CPU, in words that go into the report; fails if it is not as listed.
# fovea_check_kernels BUILD_FOLDER EMULATOR CPU EXPECTED
fovea_check_kernels() {
  local counts found
  # Tests of one kernel end with the name of the instruction set: "  TakesAnyLength/neon_i8mm  # GetParam() = …".
  counts=$(QEMU_CPU=$3 $2 "$1/tests/kernels/kernels_test" --gtest_list_tests |
    sed -n 's|^  .*/\([a-z0-9_]*\)  # GetParam.*|\1|p' | tr _ - | sort | uniq -c |
    awk '{ printf("%s%s (%d tests)", (NR > 1 ? ", " : ""), $2, $1) }')
  found=$(tr ',' '\n' <<<"$counts" | awk '{ print $1 }' | sort | xargs)
  echo "   $3 runs the kernels $counts"
  if [ "$found" != "$(tr ' ' '\n' <<<"$4" | sort | xargs)" ]; then
    echo "error: on $3 the kernels of $4 are expected to run" >&2
    return 1
  fi
}

# The programs that run kernels, each in JOBS shards, and the C programs. Output goes to files; that of failures is
# shown. fovea_test_kernels_on BUILD_FOLDER EMULATOR CPU JOBS
fovea_test_kernels_on() {
  local logs="$1/cpu-logs/$3" program shard failed=0
  rm -rf "$logs" && mkdir -p "$logs"
  for program in "${fovea_kernel_programs[@]}"; do
    for ((shard = 0; shard < $4; ++shard)); do
      echo "$program $shard"
    done
  done | QEMU_CPU=$3 GTEST_TOTAL_SHARDS=$4 xargs -P "$4" -L 1 sh -c '
      GTEST_SHARD_INDEX=$4 $2 "$1/tests/$3/$3_test" --gtest_brief=1 >"$0/$3.$4" 2>&1 ||
        echo "$3" >>"$0/failed"' "$logs" "$1" "$2" || failed=1
  QEMU_CPU=$3 ctest --test-dir "$1" --tests-regex '^CApi\.' --exclude-regex Symbols --parallel "$4" \
    --output-on-failure --no-tests=error >"$logs/c_programs" 2>&1 || echo c_programs >>"$logs/failed"
  # Every program says how many tests it ran: none may be missing.
  for program in "${fovea_kernel_programs[@]}"; do
    [ "$(cat "$logs/$program".* | grep -c '^\[==========\] [0-9]* tests\? from')" -eq "$4" ] ||
      echo "$program" >>"$logs/failed"
  done
  awk '/^\[  PASSED  \]/ { passed += $4 } /^\[  SKIPPED \]/ { skipped += $4 }
       /tests passed/ { programs = $NF }
       END { printf "   %d tests passed, %d skipped\n", passed, skipped }' "$logs"/*
  if [ -e "$logs/failed" ] || [ "$failed" -ne 0 ]; then
    for program in $(sort -u "$logs/failed"); do
      echo "== $program on $3 failed" >&2
      cat "$logs/$program"* >&2
    done
    return 1
  fi
}
