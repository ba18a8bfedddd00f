#!/usr/bin/env bash
# Kills, power cuts and damage: run.sh BUILD_DIR KILLS [SEED]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1/bin" && pwd)
seed=${3:-$RANDOM$RANDOM}
"$bin/kill_points_test" "$seed" "$2"
"$bin/power_cut_test" "$seed" $(($2 * 15))
"$bin/damage_test" "$seed" $(($2 * 50))
CISTERN_BIN=$bin PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/kill_test.py" "$2" "$seed"
