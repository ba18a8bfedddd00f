#!/usr/bin/env bash
# The Debian packages in a fresh Debian: installed, run as the unit says, upgraded, removed, installed again, purged; the library
# used by another program. Needs root.
# deb_test.sh [BIN_DIR]   packages the build folder that BIN_DIR belongs to, build/release unless it is given.
set -euo pipefail
self=$(realpath "$0")
# Mounts of its own, which end with it.
[ "${CISTERN_IN_MOUNTS:-}" ] || CISTERN_IN_MOUNTS=1 exec unshare --mount --propagation private "$self" "$@"
cd "$(dirname "$self")/../../.."
. tests/integration/deploy/containers.sh
. tests/integration/deploy/debian_root.sh
build=$(dirname "${1:-build/release/bin}")

fail() { echo "deb: $*"; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"; }
silent() {  # silent WHAT COMMAND...: it says nothing
  local said
  said=$("${@:2}" 2>&1) || fail "$1: $said"
  [ -z "$said" ] || fail "$1: $said"
}
rendered() { man --warnings -E UTF-8 -l -Tutf8 -Z "$1" > /dev/null; }
trap 'kill "${network_pid:-}" "${daemon_pid:-}" "${notified_pid:-}" 2> /dev/null || true' EXIT

cmake/packaging/make_packages.sh "$build"
fresh_root
network
mkdir "$root/debs"
cp "$build"/deb/cistern_*.deb "$build"/deb/cistern-client_*.deb "$root/debs"

# --- what is in them -------------------------------------------------------------------------------------------------
for deb in "$build"/deb/*.deb; do dpkg-deb -x "$deb" "$work/unpacked"; done
for page in man8/cisternd.8 man1/cisternctl.1 man5/cistern.yaml.5; do
  gzip -dc "$work/unpacked/usr/share/man/$page.gz" > "$work/page"
  silent "$page" rendered "$work/page"
  silent "$page" mandoc -T lint "$work/page"
done
completions=$work/unpacked/usr/share/bash-completion/completions/cisternctl
bash -c "source $completions && complete -p cisternctl" > /dev/null || fail "bash completion"

# --- apt install, started as the unit says ---------------------------------------------------------------------------
inside apt-get update -qq
inside sh -c 'apt-get install -y -qq --no-install-recommends /debs/*.deb' > "$work/apt.log" 2>&1 || fail "$(cat "$work/apt.log")"
[ -L "$root/etc/systemd/system/multi-user.target.wants/cistern.service" ] || fail "the service is not enabled"
sed "s#/usr/bin/cisternd#$root&#" "$root/lib/systemd/system/cistern.service" > "$work/cistern.service"
silent "unit" systemd-analyze verify --man=no "$work/cistern.service"
systemd-analyze security --offline=true --no-pager --threshold=20 "$work/cistern.service" > "$work/security" \
  || fail "$(cat "$work/security")"
grep Overall "$work/security"

start_daemon
expect "user" cistern "$(inside stat -c %U "/proc/$daemon_pid")"
expect "capabilities" 0000000000000400 "$(sed -n 's/CapEff:\t//p' "/proc/$daemon_pid/status")"
found() { on_network cisternctl count "$1"; }
await() {  # await FILTER COUNT
  for _ in $(seq 100); do [ "$(found "$1")" = "$2" ] && return; sleep 0.05; done
  fail "expected $2 of $1, found $(found "$1"): $(cat "$work/daemon.log")"
}
on_network logger -n 127.0.0.1 -P 5140 -d hello udp
on_network logger -n 127.0.0.1 -P 5140 -T hello tcp
await hello 2
on_network cisternctl --addr unix:/run/cistern/control.sock query hello -o json | grep -q '"hello udp"' || fail "query"
as_nobody() { on_network setpriv --reuid=nobody --regid=nogroup "$@" cisternctl --addr unix:/run/cistern/control.sock count hello; }
expect "count by a member of the group cistern" 2 "$(as_nobody --groups=cistern)"
! as_nobody --clear-groups > /dev/null 2>&1 || fail "the control socket is open to everybody"

# --- port 514, by the unit's capability, put in force by a reload ----------------------------------------------------
sed -i 's/127.0.0.1:5140/127.0.0.1:514/' "$root/etc/cistern/cistern.yaml"
reload_daemon
on_network logger -n 127.0.0.1 -P 514 -d hello low port
await hello 3

# --- upgrade: a newer default configuration, and one that was changed ------------------------------------------------
for deb in "$root"/debs/*.deb; do
  dpkg-deb -R "$deb" "$work/newer"
  sed -i 's/^Version: .*/Version: 99.0-1/' "$work/newer/DEBIAN/control"
  [ ! -d "$work/newer/etc" ] || echo "# newer" >> "$work/newer/etc/cistern/cistern.yaml"
  mkdir -p "$root/newer"
  dpkg-deb -b "$work/newer" "$root/newer" > /dev/null
  rm -rf "$work/newer"
done
inside sh -c 'apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold /newer/*.deb' >> "$work/apt.log" 2>&1 \
  || fail "$(cat "$work/apt.log")"
expect "version" 99.0-1 "$(inside dpkg-query -W -f "\${Version}" cistern)"
[ -e "/proc/$daemon_pid" ] || fail "the upgrade stopped the daemon before the new one could take over"
grep -q 127.0.0.1:514 "$root/etc/cistern/cistern.yaml" || fail "the upgrade took the changed configuration away"
stop_daemon
start_daemon
on_network logger -n 127.0.0.1 -P 514 -d hello after the upgrade
await hello 4
stop_daemon

# --- remove keeps, another install finds, purge deletes --------------------------------------------------------------
inside apt-get remove -y -qq cistern >> "$work/apt.log" 2>&1
grep -q "records are kept in /var/lib/cistern" "$work/apt.log" || fail "remove does not say what it keeps"
[ ! -e "$root/usr/bin/cisternd" ] || fail "the daemon is still there"
[ -e "$root/etc/cistern/cistern.yaml" ] || fail "remove took the configuration away"
inside sh -c 'apt-get install -y -qq --no-install-recommends /newer/cistern_*.deb' >> "$work/apt.log" 2>&1
start_daemon
expect "records after remove and install" 4 "$(found hello)"
stop_daemon
inside apt-get purge -y -qq cistern cistern-client >> "$work/apt.log" 2>&1
grep -q "records in /var/lib/cistern are deleted" "$work/apt.log" || fail "purge does not say what it deletes"
rm -rf "$root/debs" "$root/newer"
expect "left behind by purge" "" "$(find "$root" -xdev -name '*cistern*')"
! grep -i "warning\|error" "$work/apt.log" || fail "apt: $(cat "$work/apt.log")"

# --- a program that embeds the library, against the package alone ----------------------------------------------------
example=$work/unpacked/usr/share/doc/libcistern-dev/examples/embed
cmake -G Ninja -S "$example" -B "$work/embed" -DCMAKE_PREFIX_PATH="$work/unpacked/usr" > "$work/embed.log" || fail "$(cat "$work/embed.log")"
cmake --build "$work/embed" > "$work/embed.log" || fail "$(cat "$work/embed.log")"
export PKG_CONFIG_PATH=$work/unpacked/usr/lib/x86_64-linux-gnu/pkgconfig
(cd "$work/unpacked/usr/include" && find cistern -name '*.h' -printf '#include <%p>\n') > "$work/headers.cc"
# shellcheck disable=SC2046
g++ -std=c++20 -fsyntax-only $(pkg-config --cflags cistern) "$work/headers.cc"
pkg-config --exists --print-errors cistern
"$work/embed/embed" "$work/logs" 3 'severity:>=err' > "$work/embed.log" 2>&1 &
embed_pid=$!
until grep -q ^tcp "$work/embed.log"; do [ -e "/proc/$embed_pid" ] || fail "$(cat "$work/embed.log")"; sleep 0.05; done
port() { sed -n "s/^$1 .*://p" "$work/embed.log"; }
logger -n 127.0.0.1 -P "$(port udp)" -d -p auth.err -t sshd over udp
logger -n 127.0.0.1 -P "$(port tcp)" -T -p auth.crit -t sshd over tcp
logger -n 127.0.0.1 -P "$(port tcp)" -T -p auth.info -t sshd not asked for
wait "$embed_pid" || fail "embed: $(cat "$work/embed.log")"
expect "embed" "2 found,tcp crit sshd: over tcp,udp err sshd: over udp" "$(sed 1,2d "$work/embed.log" | LC_ALL=C sort | paste -sd,)"
rm -rf --one-file-system "$work"
echo "deb: installed, ran, upgraded, removed with its records kept, found them again, was purged; the library was embedded"
