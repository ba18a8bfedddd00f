# shellcheck shell=bash
# Sends a marked message to each of $TARGETS until the metrics of $PODS show one more received by that transport, and stored.
metrics() {
  for pod in $PODS; do
    exec 3<> "/dev/tcp/$pod/5142"
    printf 'GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n' "$pod" >&3
    cat <&3
    exec 3<&-
  done
}
total() {   # of one series, over all pods
  metrics | awk -v name="$1" 'index($0, name " ") == 1 {sum += $NF} END {printf "%d\n", sum}'
}
send() {   # send TARGET TEXT
  local options=()
  [[ "$1" != tls://* ]] || options=(--tls-skip-verify)
  [[ "$1" != tls://* || -z "${CISTERN_CERT:-}" ]] || options+=(--cert "$CISTERN_CERT" --key "$CISTERN_KEY")
  cisternctl send --app helm-test "${options[@]}" --to "$1" "$2"
}
mark="helmtest$(tr -d - < /proc/sys/kernel/random/uuid)"
deadline=$((SECONDS + SECONDS_TO_WAIT))
for target in $TARGETS; do
  transport=${target%%:*}
  received="cistern_received_messages_total{transport=\"$transport\"}"
  before=$(total "$received")
  stored=$(total cistern_stored_messages_total)
  until [ "$(total "$received")" -gt "$before" ] && [ "$(total cistern_stored_messages_total)" -gt "$stored" ]; do
    [ $SECONDS -lt $deadline ] || { echo "$target: nothing was received and stored within $SECONDS_TO_WAIT s"; exit 1; }
    send "$target" "$mark over $transport" || true
    sleep 1
  done
  echo "$target: received and stored"
done
echo "find it: cisternctl query $mark"
