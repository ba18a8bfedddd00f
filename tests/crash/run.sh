#!/usr/bin/env bash
# Kills the daemon during acknowledged ingest: run.sh BUILD_DIR KILLS
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
CISTERN_BIN=$(cd "$1/bin" && pwd) PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/kill_test.py" "$2"
