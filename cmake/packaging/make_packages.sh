#!/usr/bin/env bash
# Debian packages of a configured build folder, into its folder deb: make_packages.sh BUILD_DIR [JOBS]
set -euo pipefail
cmake --build "$1" -j "${2:-$(nproc)}" --target package_files
rm -rf "$1/deb"
(cd "$1" && cpack -G DEB > deb.log 2>&1) || { cat "$1/deb.log"; exit 1; }
rm -rf "$1/deb/_CPack_Packages"
ls "$1"/deb/*.deb
