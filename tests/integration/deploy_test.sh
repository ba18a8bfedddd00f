#!/usr/bin/env bash
# The image and the chart, for real but without a registry or a cluster. Needs root (chroot builds), npm and node.
# deploy_test.sh [BIN_DIR]: with BIN_DIR the image takes the binaries there instead of compiling.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for tool in buildah podman mmdebstrap npm node; do
  command -v "$tool" > /dev/null || { echo "deploy test: $tool is missing"; exit 69; }
done
"$here/deploy/image_test.sh" "$@"
"$here/deploy/chart_test.sh"
