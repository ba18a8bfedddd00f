#!/usr/bin/env bash
# The integration tests, with the image of image_test.sh in place of the program. image_integration_test.sh [NAME...]
# Left out is what measures the machine, and what needs namespaces or more than the folder of the test.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/containers.sh
[ $# -gt 0 ] || set -- metrics lifecycle errors grpc ctl senders sql care events retention rules detections transfer targets

# The client is that of the image.
CISTERN_BIN=$PWD/build/image-bin
mkdir -p "$CISTERN_BIN"
container=$(podman create --no-healthcheck --network none cistern:latest)
trap 'podman rm -f --volumes "$container" > /dev/null' EXIT
for program in cisternd cisternctl; do podman cp "$container:/usr/bin/$program" "$CISTERN_BIN/$program"; done

export CISTERN_BIN CISTERN_IMAGE=localhost/cistern:latest PYTHONDONTWRITEBYTECODE=1
for name; do
  started=$SECONDS
  /usr/bin/python3 "tests/integration/test_$name.py" > build/image-integration.log 2>&1 || { cat build/image-integration.log; exit 1; }
  echo "image: test_$name: $(tail -n 1 build/image-integration.log), $((SECONDS - started)) s"
done
