#!/usr/bin/env bash
# The image, compose, the chart and the packages, for real but without a registry or a cluster. Needs root (chroot builds), npm and node.
# deploy_test.sh [BIN_DIR]: with BIN_DIR the image takes the binaries there instead of compiling.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for tool in buildah podman mmdebstrap docker-compose npm node openssl; do
  command -v "$tool" > /dev/null || { echo "deploy test: $tool is missing"; exit 69; }
done
"$here/deploy/image_test.sh" "$@"
read -ra names <<< "${IMAGE_TESTS:-}"  # empty: all that fit
"$here/deploy/image_integration_test.sh" "${names[@]}"
"$here/deploy/compose_test.sh" "$@"
"$here/deploy/chart_test.sh"
"$here/deploy/deb_test.sh" "$@"
