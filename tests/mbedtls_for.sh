#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mbedTLS for another world than this machine's, into DESTDIR (include/ and lib/*.a), without installing anything. Idempotent.
#     sh tests/mbedtls_for.sh DESTDIR debian SUITE ARCHITECTURE     Debian's libmbedtls-dev; needs apt and dpkg
#     sh tests/mbedtls_for.sh DESTDIR source SOURCES CC AR [OPTION…]   Debian 13's source (tests/firmware/sources.sh, below
#                                                                   SOURCES) compiled by CC with OPTIONs; needs dpkg-dev too
# then: make MBEDTLS=DESTDIR
set -eu
dest=${1:?usage: mbedtls_for.sh DESTDIR debian|source …}
if [ -f "$dest/include/mbedtls/ssl.h" ] && [ -f "$dest/lib/libmbedtls.a" ]; then exit 0; fi
tests=$(cd "$(dirname "$0")" && pwd)
how=$2
shift 2
mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
work=$(mktemp -d "$dest/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lib"

debian() { # suite, architecture
    # shellcheck source=tests/aptroot.sh
    . "$tests/aptroot.sh"
    printf 'APT::Architecture "%s";\nAPT::Architectures {"%s";};\n' "$2" "$2" >"$work/apt.conf"
    export APT_CONFIG="$work/apt.conf"
    apt_root "$work/apt" "$1"
    mkdir "$work/tree"
    (cd "$work" && private_apt download libmbedtls-dev && dpkg -x libmbedtls-dev_*.deb tree)
    mv "$work/tree/usr/include" "$work/include"
    find "$work/tree/usr/lib" -name '*.a' -exec mv {} "$work/lib/" \;
}

from_source() { # sources, compiler, archiver, options: the library's own list of its three parts' files
    sh "$tests/firmware/sources.sh" "$1"
    library=$(cd "$1/mbedtls/library" && pwd)
    cc=$2
    ar=$3
    shift 3
    cp -R "$library/../include" "$work/include"
    printf '%s\n' "$library"/*.c | (cd "$work" && xargs -P "$(nproc)" -L 1 "$cc" -O1 -I"$library/../include" -I"$library" "$@" -c)
    part mbedx509 'x509*.o' 'pkcs7.o'
    part mbedtls 'ssl_*.o' 'mps_*.o' 'net_sockets.o' 'debug.o'
    part mbedcrypto '*.o'
}
part() { # library, what belongs to it of the objects that are left
    name=$1
    shift
    # shellcheck disable=SC2068,SC2086
    (cd "$work" && objects=$(ls $@) && "$ar" rcs "lib/lib$name.a" $objects && rm $objects)
}

if [ "$how" = debian ]; then debian "$@"; else from_source "$@"; fi
rm -rf "${dest:?}/include" "${dest:?}/lib"
mv "$work/include" "$work/lib" "$dest/"
test -f "$dest/include/mbedtls/ssl.h" && test -f "$dest/lib/libmbedtls.a"
