#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch Debian 13's mbedTLS 3.6 into DESTDIR (include/ and lib/*.a), without installing anything (tests/aptroot.sh).
# Idempotent; needs apt and dpkg, not root.
#     sh tests/mbedtls36.sh DESTDIR      then: make MBEDTLS=DESTDIR
set -eu
dest=${1:?usage: mbedtls36.sh DESTDIR}
if [ -f "$dest/include/mbedtls/ssl.h" ] && [ -f "$dest/lib/libmbedtls.a" ]; then exit 0; fi
# shellcheck source=tests/aptroot.sh
. "$(dirname "$0")/aptroot.sh"

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
root=$dest/apt
apt_root "$root" trixie
mkdir -p "$root/debs" "$root/tree"
(cd "$root/debs" && private_apt download libmbedtls-dev)
for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/tree"; done
rm -rf "${dest:?}/include" "${dest:?}/lib"
mkdir -p "$dest/lib"
mv "$root/tree/usr/include" "$dest/include"
find "$root/tree/usr/lib" -name '*.a' -exec mv {} "$dest/lib/" \;
rm -rf "$root"
test -f "$dest/include/mbedtls/ssl.h" && test -f "$dest/lib/libmbedtls.a"
