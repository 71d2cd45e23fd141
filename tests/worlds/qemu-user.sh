#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unit and integration tests on other processors, under QEMU's user mode: big-endian 64-bit s390x, 32-bit armhf and i386,
# riscv64; https by Debian's mbedTLS for each (2.28, for riscv64 3.6), which is fetched at the first run (tests/mbedtls_for.sh).
# Without it: TLS=0, and it is said. Debian packages: qemu-user-static, gcc-<triplet>, libc6-dev-<architecture>-cross.
#     sh tests/worlds/qemu-user.sh [sample | ARCHITECTURE…]
# The sample: s390x, a few of the tests. Last line: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
world=qemu-user
. tests/worlds/cross/lib.sh
export TALLY_LIMIT=1200

processor() { # architecture: triplet, QEMU's name, the suite that has mbedTLS for it
    case $1 in
    s390x) echo s390x-linux-gnu s390x bookworm ;;
    armhf) echo arm-linux-gnueabihf arm bookworm ;;
    i386) echo i686-linux-gnu i386 bookworm ;;
    riscv64) echo riscv64-linux-gnu riscv64 trixie ;;
    *)
        echo "no such architecture: $1" >&2
        exit 1
        ;;
    esac
}

on() { # architecture, triplet, QEMU's name, suite; then `sample` or nothing
    world=$1
    have "$2-gcc" "qemu-$3-static" || return
    runner="qemu-$3-static -L /usr/$2" argv0=-0
    if [ "$1" = i386 ] && "/usr/$2/lib/ld-linux.so.2" --version >/dev/null 2>&1; then
        runner="/usr/$2/lib/ld-linux.so.2 --library-path /usr/$2/lib" argv0=--argv0 # the machine's own processor: QEMU 7.2 hangs there in fork()
    fi
    mbedtls=$B/worlds/mbedtls-$1
    tls="MBEDTLS=$mbedtls"
    locked sh tests/mbedtls_for.sh "$mbedtls" debian "$4" "$1" >"$here/log" 2>&1 || {
        tls=TLS=0
        echo "$1: without TLS: mbedTLS for it cannot be had: $(tail -n 1 "$here/log")"
    }
    options="CC=$2-gcc AR=$2-ar $tls"
    cflags='-O1 -DSANITIZED -D_FILE_OFFSET_BITS=64' # how much memory a program takes is QEMU's figure; readdir() of the tests'
    if [ "${5:-}" = sample ]; then
        unit_tests test_core test_session test_json_writer test_response test_sha512 test_crc32 test_posix
        integration tls_master.sh
        return
    fi
    # shellcheck disable=SC2046
    unit_tests $(all_unit_tests)
    integration real.sh cli.sh cli_master.sh cli_retry.sh # demo.sh trains for minutes here, against limits of seconds
    [ "$tls" = TLS=0 ] || integration tls_master.sh cli_tls.sh
}

extent=
[ $# -gt 0 ] || set -- s390x armhf i386 riscv64
if [ "$1" = sample ]; then
    extent=sample
    set -- s390x
fi
for architecture; do
    # shellcheck disable=SC2046
    on "$architecture" $(processor "$architecture") $extent
    # shellcheck disable=SC2031,SC2154
    echo "$architecture: $passed passed so far, $failed failed"
done
finish
