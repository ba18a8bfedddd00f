# shellcheck shell=bash
# Source it in a mount namespace of its own: a fresh Debian in $root, and ways to run commands there. Needs $CT.
root=$CT/debian
work=$CT/deb-test

fresh_root() {
  if [ ! -f "$CT/root.tar" ]; then
    # shellcheck disable=SC2016
    mmdebstrap --quiet --variant=minbase --mode=root --customize-hook='rm -f "$1"/var/cache/apt/*.bin' \
      bookworm "$CT/root.new.tar" /etc/apt/sources.list.d/debian.sources
    mv "$CT/root.new.tar" "$CT/root.tar"
  fi
  rm -rf --one-file-system "$root" "$work"
  mkdir -p "$root" "$work"
  tar -xf "$CT/root.tar" -C "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/run"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
}

inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# A network in which the ports of the default configuration are free.
network() {
  unshare --net sleep infinity &
  network_pid=$!
  until [ "$(readlink "/proc/$network_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  nsenter --net="/proc/$network_pid/ns/net" ip link set lo up
}
on_network() {
  nsenter --net="/proc/$network_pid/ns/net" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

# What systemd would do with the unit; there is none here.
setting() { sed -n "s/^$1=//p" "$root/lib/systemd/system/cistern.service"; }
# $as_unit: in front of a command, with nothing that forks, so that $! is the command.
prepare_unit() {
  local files most
  files=$(setting LimitNOFILE) most=$(ulimit -Hn)   # containers may not allow as many
  [ "$most" = unlimited ] || [ "$most" -ge "$files" ] || files=$most
  as_unit=(nsenter --net="/proc/$network_pid/ns/net" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
    NOTIFY_SOCKET=/run/notify prlimit --nofile="$files" setpriv --reuid="$(setting User)" --regid="$(setting Group)"
    --init-groups --no-new-privs "--inh-caps=-all,+net_bind_service" "--ambient-caps=-all,+net_bind_service"
    "--bounding-set=-all,+net_bind_service")
}
# What the daemon tells systemd goes to $work/notified.
take_notifications() {
  rm -f "$root/run/notify"
  : > "$work/notified"
  (cd "$root/run" && exec python3 -c '
import os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(sys.argv[1], "ab", 0) as out:
    notify.bind("notify")
    os.chmod("notify", 0o777)
    while True:
        out.write(notify.recv(4096) + b"\n")
' "$work/notified") &
  notified_pid=$!
  until [ -S "$root/run/notify" ]; do sleep 0.05; done
}
notified() {  # notified TEXT: waits for it
  for _ in $(seq 400); do
    grep -q "$1" "$work/notified" && return
    [ -e "/proc/$daemon_pid" ] || break
    sleep 0.05
  done
  fail "no $1 from the daemon; it said: $(cat "$work/daemon.log" "$work/notified")"
}

start_daemon() {
  local command=() mode
  prepare_unit
  take_notifications
  for folder in /var/lib:State /run:Runtime /var/log:Logs; do
    mode=$(setting "${folder#*:}DirectoryMode")
    inside install -d -o "$(setting User)" -g "$(setting Group)" -m "${mode:-0755}" "${folder%:*}/$(setting "${folder#*:}Directory")"
  done
  read -ra command <<< "$(setting ExecStartPre)"
  "${as_unit[@]}" "${command[@]}" > /dev/null
  read -ra command <<< "$(setting ExecStart)"
  "${as_unit[@]}" "${command[@]}" 2> "$work/daemon.log" &
  daemon_pid=$!
  notified READY=1
}
reload_daemon() {
  local line command=()
  : > "$work/notified"
  while read -r line; do
    eval "command=(${line//\$MAINPID/$daemon_pid})"
    "${as_unit[@]}" "${command[@]}" > /dev/null
  done <<< "$(setting ExecReload)"
  notified RELOADING=1
  notified READY=1
}
stop_daemon() {
  kill -TERM "$daemon_pid"
  wait "$daemon_pid" || fail "the daemon ended with $?: $(cat "$work/daemon.log")"
  grep -q STOPPING=1 "$work/notified" || fail "no STOPPING=1"
  kill "$notified_pid"
}
