#!/usr/bin/env bash
# Builds the image and runs it as we recommend: read-only root, no capability, uid 65532.
# image_test.sh [BIN_DIR]   with BIN_DIR the binaries built there go in (built on Debian 12); without, from source.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/containers.sh
base_image

from=()
if [ $# -gt 0 ]; then
  rm -rf build/image && mkdir -p build/image/out
  strip -o build/image/out/cisternd "$1/cisternd"
  strip -o build/image/out/cisternctl "$1/cisternctl"
  from=(--build-context "binaries=$PWD/build/image")
fi
buildah bud --quiet --layers --format docker "${from[@]}" -f docker/Dockerfile -t cistern:test .

name=cistern-image-test
trap 'podman rm -f "$name" > /dev/null 2>&1; podman volume rm -f "$name" > /dev/null' EXIT
run() {
  # Without systemd podman complains that it cannot make a timer for the health check, which is run by hand below.
  podman run -d --name "$name" --network none --read-only --read-only-tmpfs=false --cap-drop=ALL \
    --security-opt no-new-privileges --memory 384m --pids-limit 256 -v "$name:/data" cistern:test > /dev/null 2>&1
  until podman exec "$name" cisternctl status > /dev/null 2>&1; do
    podman inspect "$name" --format '{{.State.Status}}' | grep -q running || { podman logs "$name"; exit 1; }
    sleep 0.1
  done
}
expect() {
  [ "$2" = "$3" ] || { echo "image: $1: expected '$2', found '$3'"; podman logs "$name"; exit 1; }
}

run
expect "user" 65532 "$(podman exec "$name" id -u)"
expect "capabilities" 0000000000000000 "$(podman exec "$name" sed -n 's/CapEff:\t//p' /proc/1/status)"
expect "root is read-only" ro "$(podman exec "$name" sed -n 's/^[^ ]* \/ [^ ]* \(r[ow]\).*/\1/p' /proc/mounts)"
podman exec "$name" cisternctl send --to udp://127.0.0.1:5140 "hello over udp"
podman exec "$name" cisternctl send --to tcp://127.0.0.1:5140 "hello over tcp"
until [ "$(podman exec "$name" cisternctl count hello)" = 2 ]; do sleep 0.1; done
podman healthcheck run "$name"
podman stop -t 25 "$name" > /dev/null 2>&1
expect "exit code" 0 "$(podman inspect "$name" --format '{{.State.ExitCode}}')"
podman rm "$name" > /dev/null 2>&1
run
expect "records after a restart" 2 "$(podman exec "$name" cisternctl count hello)"
podman stop -t 25 "$name" > /dev/null 2>&1
expect "exit code" 0 "$(podman inspect "$name" --format '{{.State.ExitCode}}')"
echo "image: built, ran without privileges, kept its records, stopped with 0"
