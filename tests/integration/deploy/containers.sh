# shellcheck shell=bash
# Source it: podman and buildah with stores of their own below $CT, without systemd, a bridge network or a registry.
export CT=${CT:-$PWD/build/containers}
mkdir -p "$CT"
cat > "$CT/storage.conf" <<EOF
[storage]
driver = "overlay"
graphroot = "$CT/store"
runroot = "$CT/run"
EOF
cat > "$CT/containers.conf" <<EOF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$CT/libpod"
EOF
export CONTAINERS_STORAGE_CONF=$CT/storage.conf CONTAINERS_CONF=$CT/containers.conf BUILDAH_ISOLATION=chroot

# debian:bookworm-slim, made from the packages of the host's own apt sources; nothing is pulled.
base_image() {
  podman image exists docker.io/library/debian:bookworm-slim && return
  # usr-is-merged instead of usrmerge, as in the true one: no Perl modules.
  # shellcheck disable=SC2016
  mmdebstrap --quiet --variant=minbase --mode=root --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='rm -f "$1"/var/cache/apt/*.bin' \
    bookworm "$CT/base.tar" /etc/apt/sources.list.d/debian.sources > "$CT/base.log" 2>&1 || { cat "$CT/base.log"; return 1; }
  podman import --quiet "$CT/base.tar" docker.io/library/debian:bookworm-slim > /dev/null
  rm -f "$CT/base.tar"
}
