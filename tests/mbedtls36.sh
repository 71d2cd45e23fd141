#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch Debian 13's mbedTLS 3.6 into DESTDIR (include/ and lib/*.a), without installing anything: a private apt root
# with the machine's own Debian mirror and keys and the suite trixie. Idempotent; needs apt and dpkg, not root.
#     sh tests/mbedtls36.sh DESTDIR      then: make MBEDTLS=DESTDIR
set -eu
suite=trixie
dest=${1:?usage: mbedtls36.sh DESTDIR}
if [ -f "$dest/include/mbedtls/ssl.h" ] && [ -f "$dest/lib/libmbedtls.a" ]; then exit 0; fi

# The first Debian archive among the machine's sources, in either format; security and third-party archives do not count.
mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
    sed -n -e 's/^URIs:[[:space:]]*//p' -e 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' |
    tr ' ' '\n' | grep '/debian/*$' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ]; then
    echo "mbedtls36.sh: no Debian archive among this machine's apt sources" >&2
    exit 1
fi

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
root=$dest/apt
mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/etc/preferences.d" "$root/debs" "$root/tree"
: >"$root/status"
echo "deb [signed-by=$keys] $mirror $suite main" >"$root/sources.list"

apt() {
    apt-get -qq -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$root/etc/preferences.d" \
        -o Dir::State::Lists="$root/lists" -o Dir::State::status="$root/status" -o Dir::Cache="$root/cache" \
        -o APT::Default-Release= -o APT::Sandbox::User= "$@"
}

apt update
(cd "$root/debs" && apt download libmbedtls-dev)
for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/tree"; done
rm -rf "$dest/include" "$dest/lib"
mkdir -p "$dest/lib"
mv "$root/tree/usr/include" "$dest/include"
find "$root/tree/usr/lib" -name '*.a' -exec mv {} "$dest/lib/" \;
rm -rf "$root"
test -f "$dest/include/mbedtls/ssl.h" && test -f "$dest/lib/libmbedtls.a"
