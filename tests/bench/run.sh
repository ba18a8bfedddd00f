#!/usr/bin/env bash
# Everything `make bench` prints: run.sh BUILD_DIR [MESSAGES]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1/bin" && pwd)
export CISTERN_BIN=$bin PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 "$here/compare.py" "${2:-1000000}"
printf '\n'
/usr/bin/python3 "$here/rules.py" "${2:-1000000}"
shopt -s nullglob
for bench in "$bin"/*_bench; do
  printf '\n%s\n' "${bench##*/}"
  "$bench" --benchmark_min_time=0.5 --benchmark_color=false 2> /dev/null
done

printf '\nten thousand idle connections, a drip, stalled handshakes and a flood\n'
CISTERN_TIMED=1 /usr/bin/python3 "$here/../integration/test_abuse.py" Abuse.test_others_are_served_and_memory_is_bounded
