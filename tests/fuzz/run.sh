#!/usr/bin/env bash
# Replays the committed seeds of every harness, then fuzzes each for SECONDS: run.sh SECONDS [BUILD_DIR [HARNESS...]]
# SECONDS 0: only the replay. Ends with 1 at the first finding; the input that shows it is kept in
# BUILD_DIR/fuzz/NAME/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:?usage: run.sh SECONDS [BUILD_DIR [HARNESS...]]}
build=$(cd "${2:-$here/../../build/fuzz}" && pwd)
shift $(($# < 2 ? $# : 2))

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for harness in "$build"/bin/*_fuzz; do names+=("$(basename "$harness" _fuzz)"); done
fi

for name in "${names[@]}"; do
  harness=$build/bin/${name}_fuzz
  [ -x "$harness" ] || { echo "run.sh: no $harness; build the fuzz preset first" >&2; exit 1; }
  work=$build/fuzz/$name
  mkdir -p "$work/corpus" "$here/seeds/$name"
  options=(-artifact_prefix="$work/" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0)
  [ -f "$here/$name.dict" ] && options+=(-dict="$here/$name.dict")
  log=$work/log
  if ! "$harness" "${options[@]}" -runs=0 "$here/seeds/$name" > "$log" 2>&1; then
    cat "$log"; echo "fuzz: $name fails on a committed seed" >&2; exit 1
  fi
  if [ "$seconds" -gt 0 ] &&
    ! "$harness" "${options[@]}" -max_total_time="$seconds" "$work/corpus" "$here/seeds/$name" > "$log" 2>&1; then
    tail -n 60 "$log"; echo "fuzz: $name has a finding; its input is in $work" >&2; exit 1
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "fuzz: $name: ${executions:-0} executions, no finding"
done
