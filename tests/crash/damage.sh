#!/usr/bin/env bash
# Every octet of every file flipped, every length, every file deleted: damage.sh BUILD_DIR [PROCESSES] [SEED]
set -euo pipefail
bin=$(cd "$1/bin" && pwd)
processes=${2:-$(nproc)}
seed=${3:-$RANDOM$RANDOM}
pids=()
trap 'kill "${pids[@]}" 2> /dev/null || true' INT TERM
for ((share = 1; share <= processes; ++share)); do
  nice -n 19 "$bin/damage_test" "$seed" all "$share/$processes" &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"
