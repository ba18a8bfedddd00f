#!/usr/bin/env bash
# Renders the chart with each file in values/ and checks what comes out; needs npm and node, no container.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/integration/deploy/chart_tools.sh
chart=helm/cistern
out=$tools/render
rm -rf "$out" && mkdir -p "$out"

version=$(sed -n 's/^project(cistern VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
grep -qx "appVersion: \"$version\"" "$chart/Chart.yaml" || { echo "chart: appVersion is not $version"; exit 1; }
(cd "$tools" && node values_table.mjs "$OLDPWD/$chart" check)
# NOTES.txt is not part of a rendering; a copy of the chart gives it out as a value.
cp -r "$chart" "$out/notes"
{ echo '{{- define "notes" -}}'; cat "$chart/templates/NOTES.txt"; echo '{{- end -}}'; } > "$out/notes/templates/_notes.tpl"
echo 'notes: {{ include "notes" . | toJson }}' > "$out/notes/templates/notes.yaml"
count=0
for file in tests/integration/deploy/values/*.yaml; do
  name=$(basename "$file" .yaml)
  "$helm" lint --quiet --strict "$chart" -f "$file"
  "$helm" template rel "$chart" --kube-version 1.29.0 -f "$file" > "$out/$name.yaml"
  grep -qE 'statefulset/(rel-cistern|logs).* 3\. .*-0 -- cisternctl query hello' \
    <("$helm" template rel "$out/notes" -f "$file" -s templates/notes.yaml) || { echo "chart: $file: the notes do not tell what comes first"; exit 1; }
  count=$((count + 1))
done
# The examples of the README.
awk -v out="$out" '/^ *```yaml/ {n++; on = 1; next} /^ *```/ {on = 0} on {sub(/^  /, ""); print > (out "/readme-" n ".values")}' "$chart/README.md"
for file in "$out"/readme-*.values; do "$helm" template rel "$chart" -f "$file" > "${file%.values}.yaml"; done

(cd "$tools" && node consistency.mjs render/*.yaml && node manifests.mjs render/*.yaml > render/manifests.log) \
  || { cat "$out/manifests.log"; echo "chart: rendered wrong"; exit 1; }

# What is refused, and the key that the message must name.
refused=0
while IFS='|' read -r key arguments; do
  [ -n "$key" ] || continue
  # shellcheck disable=SC2086
  if said=$("$helm" template rel "$chart" $arguments 2>&1 > /dev/null); then
    echo "chart: accepted: $arguments"; exit 1
  fi
  grep -qF -- "$key" <<< "$said" || { echo "chart: '$arguments' was refused without naming '$key': $said"; exit 1; }
  refused=$((refused + 1))
done < tests/integration/deploy/refused.txt
echo "chart: $count value sets linted, rendered and strictly checked; $refused wrong values refused by name"
