#!/usr/bin/env bash
# Builds the image and runs it as we recommend: read-only root, no capability, uid 65532, 384 MiB.
# image_test.sh [BIN_DIR]   as docker/build.sh. CISTERN_PREVIOUS_BIN=DIR: binaries of the release to upgrade from.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/containers.sh
docker/build.sh "$@"
podman tag cistern:latest cistern:test

# The previous image: that of older binaries when they are given, else another image with the same ones.
previous=build/image-previous
rm -rf "$previous" && mkdir -p "$previous"
printf 'FROM localhost/cistern:latest\nLABEL org.opencontainers.image.version=previous\n' > "$previous/Dockerfile"
if [ -n "${CISTERN_PREVIOUS_BIN:-}" ]; then
  cp "$CISTERN_PREVIOUS_BIN"/cistern{d,ctl} docker/cistern.yaml "$previous"
  sed -i 's/, anonymous: true//' "$previous/cistern.yaml"
  printf 'COPY cisternd cisternctl /usr/bin/\nCOPY cistern.yaml /etc/cistern/\n' >> "$previous/Dockerfile"
fi
buildah bud --quiet --format docker -t cistern:previous "$previous" > /dev/null

name=cistern-image-test-$$
finish() {
  podman rm -f --volumes "$name" "$name-load" > /dev/null 2>&1 || true
  podman volume rm -f "$name" > /dev/null 2>&1 || true
  podman rmi cistern:previous > /dev/null 2>&1 || true
}
trap finish EXIT
fail() { echo "image: $1"; podman logs "$name" 2>&1 | tail -n 40; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"; }
run() {  # run IMAGE [OPTION...]
  # Without systemd podman complains that it cannot make a timer for the health check, which is run by hand below.
  podman run -d --name "$name" --network none --read-only --read-only-tmpfs=false --cap-drop=ALL --security-opt no-new-privileges \
    --memory 384m --memory-swap 384m --pids-limit 256 -v "$name:/var/lib/cistern" "${@:2}" "$1" > /dev/null 2>&1
  until podman exec "$name" cisternctl status > /dev/null 2>&1; do
    podman inspect "$name" --format '{{.State.Status}}' | grep -q running || fail "does not start"
    sleep 0.1
  done
}
ctl() { podman exec "$name" cisternctl "$@"; }
count() { ctl count "$@"; }
stop() {
  podman stop -t 25 "$name" > /dev/null 2>&1
  expect "exit code" 0 "$(podman inspect "$name" --format '{{.State.ExitCode}}')"
  [[ "$(podman logs "$name" 2>&1)" == *"in flight 0"* ]] || fail "stopped without its closing line"
  podman rm "$name" > /dev/null 2>&1
}
label() { podman image inspect cistern:latest --format "{{index .Labels \"org.opencontainers.image.$1\"}}"; }

expect "label title" Cistern "$(label title)"
expect "label version" "$(sed -n 's/^project(cistern VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)" "$(label version)"
expect "volumes" "map[/var/lib/cistern:{}]" "$(podman image inspect cistern:latest --format '{{.Config.Volumes}}')"
expect "user" 65532:65532 "$(podman image inspect cistern:latest --format '{{.Config.User}}')"

run cistern:previous
ctl send --to udp://127.0.0.1:5140 "hello over udp"
ctl send --to tcp://127.0.0.1:5140 "hello over tcp"
until [ "$(count hello)" = 2 ]; do sleep 0.1; done
ctl load --to tcp://127.0.0.1:5140 --count 20000 --verify > /dev/null
stop
echo "image: a previous image stored 20,002 records and stopped with 0"

code=0
podman run --rm --network none --no-healthcheck -e CISTERN__QUEUE__SIZE=1 cistern:latest > build/image-refused.txt 2>&1 || code=$?
expect "exit code of a wrong configuration" 78 "$code"
grep -q 'queue.size: unknown key' build/image-refused.txt || fail "$(cat build/image-refused.txt)"

# The client inside does not depend on a port.
run cistern:latest -e CISTERN__LOG__FORMAT=json -e CISTERN__CONTROL__ADDRESS=
expect "records after the upgrade" 20002 "$(count)"
expect "records of the previous image" 2 "$(count hello)"
expect "uid" 65532 "$(podman exec "$name" id -u)"
expect "process 1" cisternd "$(podman exec "$name" cat /proc/1/comm)"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
  expect "$set" 0000000000000000 "$(podman exec "$name" sed -n "s/$set:\t//p" /proc/1/status)"
done
expect "no new privileges" 1 "$(podman exec "$name" sed -n 's/NoNewPrivs:\t//p' /proc/1/status)"
expect "root is read-only" ro "$(podman exec "$name" sed -n 's/^[^ ]* \/ [^ ]* \(r[ow]\).*/\1/p' /proc/mounts)"
podman exec "$name" touch /tmp/file 2> /dev/null && fail "something besides the volume can be written"
[[ "$(podman logs "$name" 2>&1)" == "{"* ]] || fail "the environment does not reach the configuration"
podman healthcheck run "$name" || fail "is not healthy"
podman kill --signal STOP "$name" > /dev/null
podman healthcheck run "$name" > /dev/null 2>&1 && fail "is healthy although it stands still"
podman kill --signal CONT "$name" > /dev/null
podman healthcheck run "$name" || fail "is not healthy again"
stop
echo "image: uid 65532, no capability, read-only root, healthy, and 20,002 records after the upgrade"

# The flood comes from outside the memory limit, over the same loopback.
run cistern:latest
flood() {
  podman run --rm --name "$name-load" --network "container:$name" --no-healthcheck --entrypoint cisternctl cistern:latest \
    --addr 127.0.0.1:5141 load "$@"
}
flood --to udp://127.0.0.1:5140 --count 1000000 --connections 4 > /dev/null
flood --to tcp://127.0.0.1:5140 --count 1000000 --connections 4 --verify > build/image-flood.txt || fail "$(cat build/image-flood.txt)"
expect "still the first process" running "$(podman inspect "$name" --format '{{.State.Status}}')"
expect "killed for memory" false "$(podman inspect "$name" --format '{{.State.OOMKilled}}')"
resident=$(podman exec "$name" sed -n 's/VmHWM:[\t ]*\([0-9]*\) kB/\1/p' /proc/1/status)
[ "$resident" -lt 393216 ] || fail "resident memory $resident KiB"
flood --to tcp://127.0.0.1:5140 --count 300000 --connections 4 > /dev/null 2>&1 &
sleep 0.5
before=$(count hello)
stop  # in the middle of a flood
wait $! || true
run cistern:latest
expect "records after a restart" "$before" "$(count hello)"
stop
echo "image: a flood of 2,000,000 messages at 384 MiB: $resident KiB resident at most; stopped in the middle of a third with 0"
