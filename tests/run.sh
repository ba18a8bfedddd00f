#!/usr/bin/env bash
# tests/run.sh BUILD CTEST_ARGS...: runs tests. Up to three that failed run once more, alone: what passes then is reported as
# flaky, which does not fail the run, but is told. All that failed at first, with its output, is appended to build/failures.txt.
set -uo pipefail
build=$1
shift
jobs=${JOBS:-$(nproc)}
log=$build/ctest.log
report=build/failures.txt
mkdir -p build

ctest --test-dir "$build" --output-on-failure -j "$jobs" "$@" | tee "$log"
result=${PIPESTATUS[0]}
[ "$result" -eq 0 ] && exit 0

failed=$(sed -n 's/^[^:]*://p' "$build/Testing/Temporary/LastTestsFailed.log" 2> /dev/null)
{
  printf -- '--- %s: failed:\n%s\n' "$build" "$failed"
  # The result of a test is one line, what it printed follows until the next test starts or ends.
  awk '/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / || /^ +Start +[0-9]+: / || /^[0-9]+% tests passed/ { shown = /\*\*\*/ } shown' "$log" | tail -n 150
} >> "$report"

count=$(printf '%s' "$failed" | grep -c .)
if [ "$count" -eq 0 ] || [ "$count" -gt 3 ]; then exit "$result"; fi
printf '\nonce more, alone: what failed\n'
if ctest --test-dir "$build" --output-on-failure --rerun-failed; then
  printf -- '--- %s: flaky, the second run passed:\n%s\n' "$build" "$failed" | tee -a "$report"
  exit 0
fi
exit "$result"
