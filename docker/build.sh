#!/usr/bin/env bash
# Builds the image with buildah, without a Docker engine or a registry: cistern:VERSION and cistern:latest.
# build.sh [BIN_DIR]   with BIN_DIR the binaries there go in (built on Debian 12); without, it compiles from source.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/integration/deploy/containers.sh
base_image

version=$(sed -n 's/^project(cistern VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
options=(--build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2> /dev/null || echo unknown)")
if [ $# -gt 0 ]; then
  rm -rf build/image && mkdir -p build/image/out
  strip -o build/image/out/cisternd "$1/cisternd"
  strip -o build/image/out/cisternctl "$1/cisternctl"
  options+=(--build-context "binaries=$PWD/build/image")
fi
# --format docker keeps the health check.
buildah bud --quiet --layers --format docker "${options[@]}" -f docker/Dockerfile -t "cistern:$version" -t cistern:latest . > /dev/null
podman image inspect cistern:latest --format "image: cistern:$version and cistern:latest, {{.Size}} octets"
echo "to use it: . tests/integration/deploy/containers.sh; podman save cistern:latest -o cistern.tar   (or podman run, podman push)"
