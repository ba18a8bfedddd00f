#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing: install-deps.sh GROUP...   (build, test, check, fuzz, package, deploy)
# Calls apt only when something is missing; as root, or through sudo.
set -euo pipefail

build=(ccache cmake g++ lld make ninja-build pkg-config libabsl-dev libbenchmark-dev libboost1.81-dev
  libboost-json1.81-dev libcli11-dev libctemplate-dev libcurl4-openssl-dev libfmt-dev libgmock-dev libgrpc++-dev libgtest-dev
  libmariadb-dev libnghttp2-dev libprotobuf-dev librdkafka-dev libre2-dev libspdlog-dev libsqlite3-dev libssl-dev libsystemd-dev libvectorscan-dev libxxhash-dev
  libyaml-cpp-dev libzstd-dev
  prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc tzdata zlib1g-dev)
# python3-grpcio and python3-grpc-tools: a client that shares no code with ours.
test=(bsdutils curl iproute2 iptables openssl python3 python3-aiosmtpd python3-grpc-tools python3-grpcio sqlite3 util-linux zstd)
check=(clang-format shellcheck)
fuzz=(clang-16 libclang-rt-16-dev)
package=(dpkg-dev file python3)
deploy=(binutils buildah catatonit docker-compose git iproute2 man-db mandoc mmdebstrap openssl podman python3-yaml runc systemd util-linux)

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    check) wanted+=("${check[@]}") ;;
    fuzz) wanted+=("${fuzz[@]}") ;;
    package) wanted+=("${package[@]}") ;;
    deploy) wanted+=("${deploy[@]}") ;;
    *) echo "install-deps: unknown group '$group'; known: build test check fuzz package deploy" >&2; exit 64 ;;
  esac
done

if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
  echo "install-deps: no apt-get here; install the equivalents of these Debian 12 packages, then use" \
    "'make SKIP_DEPS=1 ...': ${wanted[*]}" >&2
  exit 69
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "install-deps: run this as root (there is no sudo here): apt-get install ${missing[*]}" >&2
    exit 69
  fi
  as_root=(sudo)
fi
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
