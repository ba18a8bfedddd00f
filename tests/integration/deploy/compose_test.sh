#!/usr/bin/env bash
# Runs compose.yaml and compose.senders.yaml through podman's Docker socket, in a network namespace of its own; see compose_test.py.
# compose_test.sh [BIN_DIR]   as docker/build.sh
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/containers.sh
if [ -z "${COMPOSE_TEST_FOLDER:-}" ]; then
  docker/build.sh "$@"
  for daemon in rsyslog syslog-ng; do
    package=${daemon/%-ng/-ng-core}
    buildah bud --quiet --layers --build-arg "DAEMON=$package" -t "cistern-sender-$daemon:latest" docker/senders > /dev/null
  done
  name=$(sed -n 's/^ *image: \(prom\/prometheus:.*\)/\1/p' docker/compose.yaml)
  buildah bud --quiet --layers -t "docker.io/$name" -f tests/integration/deploy/prometheus.Dockerfile tests/integration/deploy > /dev/null
  COMPOSE_TEST_FOLDER=$(mktemp -d) exec unshare --net "$0" "$@"
fi
ip link set lo up

# What the override cannot do: take ports away, which host networking refuses; no Grafana, which cannot be had.
mkdir -p "$COMPOSE_TEST_FOLDER/tls"
/usr/bin/python3 - docker/compose.yaml docker/compose.senders.yaml > "$COMPOSE_TEST_FOLDER/compose.json" << 'END'
import json, sys, yaml
whole = {"services": {}, "volumes": {}}
for path in sys.argv[1:]:
    file = yaml.safe_load(open(path))
    for part in whole:
        whole[part].update(file.get(part, {}))
for service in whole["services"].values():
    service.pop("ports", None)
    service.pop("build", None)
del whole["services"]["grafana"]
json.dump(whole, sys.stdout, indent=1)
END
sed 's/15s/2s/g' docker/compose/prometheus.yaml > "$COMPOSE_TEST_FOLDER/prometheus.yaml"
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=localhost -keyout "$COMPOSE_TEST_FOLDER/tls/key.pem" \
  -out "$COMPOSE_TEST_FOLDER/tls/cert.pem" 2> /dev/null
chmod -R a+rX "$COMPOSE_TEST_FOLDER"

export COMPOSE_TEST_FOLDER DOCKER_HOST=unix://$COMPOSE_TEST_FOLDER/podman.sock
compose() {
  docker-compose --project-name cistern-test --project-directory docker -f "$COMPOSE_TEST_FOLDER/compose.json" \
    -f tests/integration/deploy/compose.override.yaml "$@" > "$COMPOSE_TEST_FOLDER/compose.log" 2>&1 || { cat "$COMPOSE_TEST_FOLDER/compose.log"; return 1; }
}
podman system service --time=0 "$DOCKER_HOST" > "$COMPOSE_TEST_FOLDER/service.log" 2>&1 &
service=$!
finish() {
  compose down --volumes --timeout 20 || true
  kill "$service" 2> /dev/null
  wait "$service" 2> /dev/null || true
  rm -rf "$COMPOSE_TEST_FOLDER"
}
trap finish EXIT
# The files as they are, Grafana included: docker-compose accepts them, and what they mount exists.
docker-compose -f docker/compose.yaml -f docker/compose.senders.yaml config | sed -n 's/^ *- \(\/.*\):\/.*:ro$/\1/p' > "$COMPOSE_TEST_FOLDER/mounts"
[ "$(wc -l < "$COMPOSE_TEST_FOLDER/mounts")" = 6 ] && xargs ls -d < "$COMPOSE_TEST_FOLDER/mounts" > /dev/null
for _ in $(seq 100); do [ -S "$COMPOSE_TEST_FOLDER/podman.sock" ] && break; sleep 0.1; done
compose up --detach --no-build
/usr/bin/python3 tests/integration/deploy/compose_test.py
