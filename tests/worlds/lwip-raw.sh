#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The port over lwIP's raw API, port/lwip-raw, with real lwIP (Debian's sources, NO_SYS) on this host, over a tap interface in a
# network namespace: the conformance test with names of one address of either family, and of one of each. On the emulated
# microcontroller: qemu.sh. Last line: N passed, N failed; or why it is skipped.
# shellcheck disable=SC2031 # counts changed by subshells of count.sh stay theirs
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/checks/count.sh
. tests/checks/count.sh
B=${B:-build}
export B
skip() {
    echo "skipped: $1"
    finish
}
said=$(sh tests/port/tap.sh true 2>&1) || skip "$said"
said=$(sh tests/firmware/sources.sh "$B/sources" 2>&1) || skip "lwIP's sources cannot be fetched: $said"
make -s B="$B/gcc" CC=gcc WERROR=1 LWIP="$B/sources/lwip" "$B/gcc/conform-lwip-raw" "$B/gcc/conform-peer" "$B/gcc/conform-dns"
ok 'the conformance test builds' $?
[ "$failed" -eq 0 ] || finish
conform() { # name, further arguments
    name=$1
    shift
    tally "conformance, $name" env B="$B/gcc" NAMES='localhost 10.77.0.1 - six.test - fd77::1 twin.test 10.77.0.3 fd77::1' \
        sh tests/port/tap.sh sh tests/port/against.sh 10.77.0.1,fd77::1 "$B/gcc/conform-lwip-raw" -n "$name" "$@"
}
conform localhost -t twin.test
conform six.test -m 20
finish
