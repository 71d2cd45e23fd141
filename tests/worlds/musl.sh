#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unit and integration tests of a build against musl, linked statically, with musl-gcc; https by mbedTLS 3.6 from Debian's
# source package, compiled for it at the first run (tests/mbedtls_for.sh); without it TLS=0, and it is said. Programs are
# static: `ldd` finds nothing in them. Debian package: musl-tools.
#     sh tests/worlds/musl.sh [sample]
# The sample: TLS=0, a few of the tests. Last line: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
world=musl
. tests/worlds/cross/lib.sh
runner=
cflags=-O1
have musl-gcc || finish

static() {
    ! readelf -l "$B/worlds/$world/detc" | grep -q INTERP && ! readelf -l "$B/worlds/$world/seed" | grep -q INTERP
    ok "detc and seed need no library and no loader" $?
}

if [ "${1:-}" = sample ]; then
    world=musl-notls
    options='CC=musl-gcc LDFLAGS=-static TLS=0'
    unit_tests test_core test_session test_posix test_posix_spool test_json_writer test_cli_tty
    integration cli_master.sh cli.sh
    static
    finish
fi
mbedtls=$B/worlds/mbedtls-musl
tls="MBEDTLS=$mbedtls"
locked sh tests/mbedtls_for.sh "$mbedtls" source "$B/worlds/sources" musl-gcc ar >"$here/log" 2>&1 || {
    tls=TLS=0
    echo "musl: without TLS: mbedTLS cannot be made for it: $(tail -n 1 "$here/log")"
}
options="CC=musl-gcc LDFLAGS=-static $tls"
# shellcheck disable=SC2046
unit_tests $(all_unit_tests)
integration real.sh cli.sh cli_master.sh cli_retry.sh demo.sh
[ "$tls" = TLS=0 ] || integration tls_master.sh cli_tls.sh
static
finish
