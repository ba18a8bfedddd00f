# shellcheck shell=bash
# Sends a marked message to each of $TARGETS and looks for it in the store of each of $PODS, over gRPC with TLS.
found() {
  for pod in $PODS; do
    count=$(cisternctl --addr "$pod:5141" --tls-server-name "$CISTERN_TLS_SERVER_NAME" --timeout 5s count "$1") || continue
    [ "$count" = 0 ] || return 0
  done
  return 1
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
  word="$mark${target%%:*}"
  until found "$word"; do
    [ $SECONDS -lt $deadline ] || { echo "$target: $word was not found within $SECONDS_TO_WAIT s"; exit 1; }
    send "$target" "$word" || true
    sleep 1
  done
  echo "$target: $word was found"
done
