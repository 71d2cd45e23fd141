#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make install` into a folder, then programs compiled and linked by pkg-config from there alone: C and C++, with and without
# --static, with and without TLS; and a build from a checkout that cannot be written. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
dir=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)

config() { # arguments of pkg-config, with the destination folder in front of the installed paths
    PKG_CONFIG_LIBDIR="$dest/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dest" pkg-config "$@" libdet
}
try() { # name, compiler, source, further options of pkg-config
    cc=$2 source=$3
    name=$1
    shift 3
    # shellcheck disable=SC2046,SC2086
    (cd "$dir" && $cc "$top/$source" -o "$dir/program" $(config --cflags --libs "$@"))
    ok "$name compiles and links" $?
    echo '{}' | "$dir/program" >/dev/null 2>"$dir/err"
    status=$?
    [ $status -lt 126 ] && ! grep -q 'libdet.so' "$dir/err"
    ok "$name runs" $?
}

top=$(pwd)
for tls in 1 0; do
    dest=$dir/tls$tls
    make -s -j"$jobs" B="$dir/build$tls" WERROR=1 TLS=$tls install DESTDIR="$dest" PREFIX=/usr
    ok "make install, TLS=$tls" $?
    (cd include && ls) | cmp -s - - <<X
$(ls "$dest/usr/include" 2>/dev/null)
X
    ok "every public header is installed" $?
    version=$(printf '#include <det_version.h>\nDET_VERSION\n' | gcc -E -P -I"$dest/usr/include" - | tail -n 1 | tr -d '" ')
    [ -n "$version" ] && [ "$(config --modversion)" = "$version" ]
    ok "libdet.pc has the version of det_version.h, $version" $?
    for static in '' --static; do
        # shellcheck disable=SC2086
        try "seed.c, TLS=$tls $static" 'gcc -std=c99' tests/examples/seed.c $static
        # shellcheck disable=SC2086
        try "json_check.c, TLS=$tls $static" 'clang -std=c99' tests/examples/json_check.c $static
    done
done

# A checkout owned by nobody we are: root may write anywhere, so permissions alone would prove nothing.
mkdir "$dir/checkout" && cp -R Makefile include src port tests "$dir/checkout" && find "$dir/checkout" | sort >"$dir/before"
chmod -R a-w "$dir/checkout"
make -s -j"$jobs" -C "$dir/checkout" B="$dir/elsewhere" WERROR=1 all
ok "make all B=… in a read-only checkout" $?
find "$dir/checkout" | sort | cmp -s - "$dir/before"
ok "and nothing is written there" $?
finish
