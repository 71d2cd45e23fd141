#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch the sources that the firmware is built from, Debian 13's lwIP 2.2 and mbedTLS 3.6 with Debian's patches, into
# DESTDIR/lwip and DESTDIR/mbedtls, without installing anything (tests/aptroot.sh). Idempotent; needs apt and dpkg-dev, not root.
#     sh tests/firmware/sources.sh DESTDIR
set -eu
dest=${1:?usage: sources.sh DESTDIR}
[ ! -f "$dest/lwip/src/core/tcp.c" ] || [ ! -f "$dest/mbedtls/library/ssl_tls.c" ] || exit 0
# shellcheck source=tests/aptroot.sh
. "$(dirname "$0")/../aptroot.sh"
command -v dpkg-source >/dev/null || {
    echo "sources.sh: dpkg-source is missing (Debian package dpkg-dev)" >&2
    exit 1
}

mkdir -p "$dest"
work=$(mktemp -d "$(cd "$dest" && pwd)/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
apt_root "$work/apt" trixie deb-src
cd "$work"
private_apt source --download-only lwip mbedtls # apt checks them against the archive's signed lists
for name in lwip mbedtls; do
    dpkg-source --no-check -x "$name"_*.dsc "$name" >/dev/null
    mv -T "$name" "../$name" 2>/dev/null || [ -d "../$name" ] # another run was faster
done
