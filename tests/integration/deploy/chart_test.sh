#!/usr/bin/env bash
# Runs what the chart renders, with the image of image_test.sh: its pod, its probes, an upgrade, the hook of `helm test`.
set -euo pipefail
cd "$(dirname "$0")/../../.."
tests/integration/deploy/chart_render_test.sh
. tests/integration/deploy/containers.sh
. tests/integration/deploy/chart_tools.sh
image=localhost/cistern:test
out=$tools/run
claim=data-rel-cistern-0
container=rel-cistern-pod-0-cistern
values=podman
rm -rf "$out" && mkdir -p "$out/tls"

clean() {
  podman pod rm -f "${container%-cistern}" > /dev/null 2>&1
  podman volume rm -f "$claim" rel-cistern > /dev/null 2>&1
}
clean || true
trap clean EXIT
fail() {
  echo "chart: $*"
  podman logs "$container" 2>&1 | tail -20
  exit 1
}
within() {   # within SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
inside() { podman exec "$container" "$@"; }

# The configuration of every rendering is accepted by the daemon; certificates and tokens stand where the chart says.
certificate() {   # certificate NAME: signed by $out/tls/ca
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$out/tls/$1.key" -out "$out/tls/$1.csr" -subj "/CN=$1" 2> "$out/openssl.log"
  openssl x509 -req -in "$out/tls/$1.csr" -CA "$out/tls/ca.crt" -CAkey "$out/tls/ca.key" -CAcreateserial -days 2 \
    -extfile <(printf 'subjectAltName=DNS:%s,DNS:localhost\n' "$1") -out "$out/tls/$1.crt" 2>> "$out/openssl.log"
}
configurations() {
  local etc=$out/etc folder token
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$out/tls/ca.key" -out "$out/tls/ca.crt" -days 2 \
    -subj /CN=ca 2> "$out/openssl.log"
  certificate rel-cistern-control
  for folder in tls control-tls metrics-tls; do
    install -D -m 0440 -g 65532 "$out/tls/rel-cistern-control.crt" "$etc/$folder/tls.crt"
    install -D -m 0440 -g 65532 "$out/tls/rel-cistern-control.key" "$etc/$folder/tls.key"
    install -D -m 0440 -g 65532 "$out/tls/ca.crt" "$etc/$folder/ca.crt"
  done
  openssl rand -hex 32 > "$out/token"
  for token in bootstrap grafana prometheus ops; do install -D -m 0440 -g 65532 "$out/token" "$etc/tokens/$token/token"; done
  mkdir -p "$out/configs"
  (cd "$tools" && node configs.mjs render run/configs)
  # shellcheck disable=SC2016
  podman run --rm --no-healthcheck --network none --entrypoint bash -v "$etc:/etc/cistern:ro" -v "$out/configs:/configs:ro" "$image" -euc \
    'for file in /configs/*.yaml; do cisternd --config "$file" --check-config > /tmp/said 2>&1 || { cat /tmp/said; exit 1; }; done'
}

config_check() {   # config_check FOLDER: runs the command of the Job that goes before an install or upgrade
  podman run --rm --no-healthcheck --network none --read-only --cap-drop=ALL --user 65532:65532 -v "$1:/etc/cistern/config:ro" --entrypoint cisternctl "$image" \
    config check /etc/cistern/config/cistern.yaml 2>&1
}
job_checks() {
  local folder said
  for folder in good bad; do mkdir -p "$out/check/$folder"; done
  cp "$out/configs/podman.yaml" "$out/check/good/cistern.yaml"
  { cat "$out/configs/podman.yaml"; echo 'rules: [{name: a, dorp: {}}]'; } > "$out/check/bad/cistern.yaml"
  grep -q 'command: \[cisternctl, config, check, /etc/cistern/config/cistern.yaml\]' "$tools/render/podman.yaml" || fail "the Job has another command"
  config_check "$out/check/good" > "$out/check/said" || fail "a good configuration was refused: $(cat "$out/check/said")"
  said=$(config_check "$out/check/bad") && fail "a wrong rule was not refused"
  grep -q 'rules\[0\].dorp: unknown key' <<< "$said" || fail "a wrong rule was refused with: $said"
}

play() {   # play FOLDER ARGUMENTS...: renders, runs until all probes succeed
  local folder=$1 kind how rest
  shift
  mkdir -p "$folder"
  { "$helm" template rel helm/cistern -f "tests/integration/deploy/values/$values.yaml" "$@"; [ "$values" = podman ] || secrets; } > "$folder/rendered.yaml"
  (cd "$tools" && node pod.mjs "$folder" < "$folder/rendered.yaml")
  cp "$folder/pod.yaml" "$out/pod.yaml"
  podman volume exists "$claim" || podman kube play "$folder/claims.yaml" > /dev/null
  podman kube play --network none "$out/pod.yaml" > "$folder/play.log" 2>&1 || fail "$(cat "$folder/play.log")"
  while read -r kind how rest; do
    within 20 "probe_$how" "$rest" < /dev/null || fail "$kind ($how $rest) does not succeed"
  done < "$folder/probes"
}
probe_http() {   # "PORT PATH"
  # shellcheck disable=SC2016
  inside bash -c 'exec 3<> /dev/tcp/127.0.0.1/$0 && printf "GET $1 HTTP/1.0\r\n\r\n" >&3 && grep -q "^HTTP/1.. 200" <&3' \
    "${1% *}" "${1#* }" 2> /dev/null
}
https_get() {   # https_get PORT PATH [HEADER]: the answer, over TLS in the network of the pod
  printf 'GET %s HTTP/1.0\r\n%b\r\n' "$2" "${3:+$3\\r\\n}" \
    | timeout 10 nsenter --net -t "$(podman inspect "$container" --format '{{.State.Pid}}')" openssl s_client -quiet -connect "127.0.0.1:$1" \
      -CAfile "$out/tls/ca.crt" -verify_return_error -verify_hostname rel-cistern-control 2> "$out/openssl.log" || true
}
probe_https() { https_get "${1% *}" "${1#* }" | grep -q '^HTTP/1.. 200'; }
# shellcheck disable=SC2086
probe_exec() { inside $1 > /dev/null 2>&1; }
stop() {
  podman stop -t 25 "$container" > /dev/null 2>&1
  [ "$(podman inspect "$container" --format '{{.State.ExitCode}}')" = 0 ] || fail "did not stop with 0"
  podman kube down "$out/pod.yaml" > /dev/null 2>&1
  podman volume rm -f rel-cistern > /dev/null   # podman keeps ConfigMaps as volumes
}
counts() { [ "$(inside cisternctl count "$2" 2> /dev/null)" = "$1" ]; }
helm_test() {   # helm_test FOLDER: runs the command of the hook beside the pod, where its Services' names are the pod itself
  local volumes=()
  grep -oE 'rel-cistern[-.a-z0-9]*' "$1/test.env" | sort -u | sed 's/^/127.0.0.1 /' > "$1/hosts"
  while read -r volume; do volumes+=(-v "$volume"); done < "$1/test.volumes"
  podman run --rm --no-healthcheck --pod "${container%-cistern}" --env-file "$1/test.env" "${volumes[@]}" -v "$1/hosts:/etc/hosts:ro" --read-only \
    --read-only-tmpfs=false --cap-drop=ALL --security-opt no-new-privileges --user 65532:65532 --entrypoint bash "$image" -euc "$(cat "$1/test.sh")"
}

helm_test_fails() {   # helm_test_fails FOLDER: the hook does not pass when a Service leads nowhere
  local closed=$1-closed
  mkdir -p "$closed"
  sed 's/:5140/:5139/g; s/^SECONDS_TO_WAIT=.*/SECONDS_TO_WAIT=2/' "$1/test.env" > "$closed/test.env"
  cp "$1/test.sh" "$1/test.volumes" "$closed"
  helm_test "$closed" > "$closed/test.log" 2>&1 && fail "helm test passes on a closed port: $(cat "$closed/test.log")"
  grep -q ':5139: .* within 2 s' "$closed/test.log" || fail "helm test failed for another reason: $(cat "$closed/test.log")"
}

secrets() {
  local name
  for name in sender viewer stranger; do certificate "$name"; done
  secret server-cert tls.crt "$out/tls/rel-cistern-control.crt" tls.key "$out/tls/rel-cistern-control.key" ca.crt "$out/tls/ca.crt"
  secret sender-cert tls.crt "$out/tls/sender.crt" tls.key "$out/tls/sender.key"
  openssl rand -hex 32 > "$out/token-prometheus"
  secret cistern-tokens ops "$out/token" prometheus "$out/token-prometheus"
}
secret() {   # secret NAME KEY FILE...: as kubectl create secret --dry-run would write it
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ndata:\n' "$1"
  shift
  while [ $# -gt 0 ]; do printf '  %s: %s\n' "$1" "$(base64 -w 0 "$2")"; shift 2; done
}
asks() {   # asks CERTIFICATE OPTIONS... -- COMMAND...: cisternctl through TCP with TLS, with the certificate of that name
  local certificate=$1
  shift
  podman run --rm --no-healthcheck --pod "${container%-cistern}" -v "$out/tls:/tls:ro" --entrypoint cisternctl "$image" --addr 127.0.0.1:5141 \
    --tls-server-name rel-cistern-control --ca /tls/ca.crt --cert "/tls/$certificate.crt" --key "/tls/$certificate.key" "$@" 2>&1
}

configurations
job_checks
play "$out/first"
inside cisternctl send --to udp://127.0.0.1:5140 "hello pod"
inside cisternctl send --to tcp://127.0.0.1:5140 "hello pod"
within 10 counts 2 hello || fail "two messages were sent, $(inside cisternctl count hello) are found"
[ "$(inside id -u):$(inside sed -n 's/CapEff:\t//p' /proc/1/status)" = 65532:0000000000000000 ] || fail "runs with rights"
inside bash -c ': > /usr/x' 2> /dev/null && fail "the root can be written"
helm_test "$out/first" > "$out/first/test.log" 2>&1 || fail "helm test: $(cat "$out/first/test.log")"
helm_test_fails "$out/first"
stop

play "$out/second" --set config.max_message_size=1KiB,probes.type=grpc
cmp "$out/first/fixed" "$out/second/fixed" || fail "an upgrade may not change that of a StatefulSet"
roll() { grep 'checksum/config' "$1/rendered.yaml"; }
[ "$(roll "$out/first")" != "$(roll "$out/second")" ] || fail "a changed configuration does not roll the pod"
counts 2 hello || fail "after an upgrade $(inside cisternctl count hello) of 2 records are found"
inside cisternctl send --to udp://127.0.0.1:5140 "long $(printf 'x%.0s' $(seq 2000))"
within 10 counts 1 long || fail "the pod of the upgrade receives nothing"
inside cisternctl query -o json long | grep -q '"flags":\["truncated"\]' || fail "the new configuration is not in force"
stop

# gRPC with certificates and tokens from Secrets, senders over TLS; asked as a pod beside it would.
values=podman-control
play "$out/control"
helm_test "$out/control" > "$out/control/test.log" 2>&1 || fail "helm test: $(cat "$out/control/test.log")"
grep -q "^tls://.* was found" "$out/control/test.log" || fail "helm test did not send over TLS"
helm_test_fails "$out/control"
chmod -R a+rX "$out/tls"
[ "$(asks viewer count helmtest*)" -ge 3 ] || fail "a certificate with the role reader may not read"
asks viewer tokens list > "$out/control/said" && fail "a reader may list tokens"
asks stranger count hello > "$out/control/said" && fail "a certificate without a grant may read"
https_get 5142 /metrics > "$out/control/metrics"
grep -q '^HTTP/1.. 401' "$out/control/metrics" || fail "metrics without a token: $(head -1 "$out/control/metrics")"
https_get 5142 /metrics "Authorization: Bearer $(cat "$out/token-prometheus")" > "$out/control/metrics"
grep -q '^cistern_stored_messages_total' "$out/control/metrics" || fail "metrics with a token: $(head -1 "$out/control/metrics")"
stop
echo "chart: its pod ran, answered its probes, passed helm test, kept its records over an upgrade, stopped with 0; gRPC and HTTPS obeyed certificates and tokens"
