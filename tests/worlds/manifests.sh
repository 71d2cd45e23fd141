#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each build and package world's archive (make dist-WORLD) unpacked elsewhere, built by that world's own tool, and a program
# built against it, which reports to a master on loopback where it can run here. What one world needs and does is in
# tests/worlds/manifests/WORLD.sh. Python tools that the machine lacks are installed from PyPI below $B/worlds; a world whose
# tool cannot be had says why in a line `skipped: …`. Needs make deps; no fixed port; several may run beside each other.
#     B=build sh tests/worlds/manifests.sh [WORLD…]       the last line is the sum: N passed, N failed
# shellcheck disable=SC2031 # tally's counts are this shell's
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
. tests/worlds/manifests/common
mkdir -p "${B:=build}/worlds"
B=$(cd "$B/worlds" && pwd) # a build of its own: the library, detc and the master
all='cmake meson pkg-config conan debian platformio zephyr esp-idf arduino vcpkg bazel'
export B
unset MAKEFLAGS MFLAGS MAKELEVEL CC AR CFLAGS LDFLAGS EXTRA TLS MBEDTLS WERROR DESTDIR PREFIX LIBDIR

if [ "${1:-}" = --world ]; then
    world=$2
    scratch
    export HOME="$dir" TMPDIR="$dir"
    make_library
    check "library and master build" $?
    # shellcheck source=/dev/null
    . "tests/worlds/manifests/$world.sh"
    finish
fi

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# As many at a time as there are processors: each has its stretches of one.
export logs
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 sh -c 'begun=$(date +%s)
    B=${B%/worlds} sh tests/worlds/manifests.sh --world "$0" >"$logs/$0" 2>&1
    echo $(($(date +%s) - begun)) >"$logs/$0.seconds"'
for name; do
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$logs/$name"
    before=$passed
    tally "$name" cat "$logs/$name" >"$logs/said" # it was said above
    grep 'no test counted\|in spite of' "$logs/said"
    echo "$name: $((passed - before)) passed in $(cat "$logs/$name.seconds") s"
done
finish
