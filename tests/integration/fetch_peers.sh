#!/usr/bin/env bash
# Unpacks rsyslog, syslog-ng, HAProxy, MariaDB, promtool and ripgrep with the libraries they lack here into DIR, without installing
# them: fetch_peers.sh DIR. The wrappers DIR/bin/{rsyslogd,syslog-ng,haproxy,mariadbd,mariadb,promtool,rg} run
# them.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
root=$dir/root
rm -rf "${dir:?}"/*
mkdir -p "$dir/deb" "$root" "$dir/bin"

# The package itself and whatever apt would have to install with it.
closure() {
  { printf '%s\n' "$@"
    apt-get install -s --no-install-recommends "$@" 2> /dev/null | awk '$1 == "Inst" {print $2}'; } | sort -u
}

unpack() {
  local packages
  mapfile -t packages < <(closure "$@")
  (cd "$dir/deb" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
}

# rsyslog and syslog-ng conflict with each other as installed packages: one closure each.
unpack rsyslog rsyslog-openssl
unpack syslog-ng-core
unpack haproxy
unpack mariadb-server-core mariadb-client-core
(cd "$dir/deb" && apt-get -qq -o APT::Sandbox::User=root download prometheus ripgrep)
for deb in "$dir"/deb/*.deb; do
  dpkg -x "$deb" "$root"
done
rm -rf "$dir/deb"

lib=$root/usr/lib/$(gcc -print-multiarch)
wrap() {
  printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%s\nexec %s "$@"\n' "$lib:$root/usr/lib/syslog-ng" "$2" > "$dir/bin/$1"
  chmod +x "$dir/bin/$1"
}
wrap rsyslogd "$root/usr/sbin/rsyslogd -M $lib/rsyslog"
wrap syslog-ng "$root/usr/sbin/syslog-ng --module-path=$(echo "$root"/usr/lib/syslog-ng/[0-9]*)"
wrap haproxy "$root/usr/sbin/haproxy"
share="--lc-messages-dir=$root/usr/share/mysql --character-sets-dir=$root/usr/share/mysql/charsets"
wrap mariadbd "$root/usr/sbin/mariadbd --no-defaults $share"
wrap mariadb "$root/usr/bin/mariadb --no-defaults"
wrap promtool "$root/usr/bin/promtool"
wrap rg "$root/usr/bin/rg"
{ "$dir/bin/rsyslogd" -v; "$dir/bin/syslog-ng" --version; "$dir/bin/haproxy" -v; "$dir/bin/mariadbd" --version; "$dir/bin/promtool" --version; "$dir/bin/rg" --version; } > "$dir/versions" 2>&1
touch "$dir/ready"
