# SPDX-License-Identifier: Apache-2.0
# Sourced by the worlds that build for something else than this machine and run it here: the unit tests, and the integration
# tests with a master of this machine. Needs tests/checks/count.sh, and from its caller:
#   world   a name; what is built lies in $B/worlds/$world, and a second run waits until it is
#   runner  QEMU's command in front of a program of that world; empty: none is needed
#   cflags  for the compiler; options: for make
# build ARGUMENTS…         make in there
# unit_tests TEST…         builds and runs them
# all_unit_tests           their names
# integration SCRIPT…      builds what tests/integration needs and runs these of its scripts
# have TOOL…               all there? If not, says `skipped: …` with the first that is missing
# shellcheck shell=sh disable=SC2031,SC2154 # the counts are count.sh's
unset MAKEFLAGS MFLAGS MAKELEVEL CC AR CFLAGS LDFLAGS EXTRA TLS MBEDTLS WERROR DESTDIR PREFIX
unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME
B=${B:-build}
mkdir -p "$B/worlds" && B=$(cd "$B" && pwd) || exit 1
jobs=$(nproc 2>/dev/null || echo 2)
here=$B/worlds/cross.$$ # this run's own
mkdir -p "$here" || exit 1
trap 'rm -rf "$here"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

have() {
    for tool; do
        command -v "$tool" >/dev/null || {
            echo "skipped: $world: $tool is missing"
            return 1
        }
    done
}

locked() { # command: one at a time of those that build in $world
    flock "$B/worlds/$world.lock" "$@"
}
build() {
    locked make -s -j"$jobs" B="$B/worlds/$world" WERROR=1 CFLAGS="$cflags" "$@"
}

all_unit_tests() {
    for file in tests/unit/test_*.c; do basename "$file" .c; done
}

unit_tests() {
    # shellcheck disable=SC2046,SC2086
    build $options $(printf "$B/worlds/$world/unit/%s\n" "$@")
    ok "$world: the unit tests build" $?
    n=0
    for name; do
        # shellcheck disable=SC2086
        later "$world-$name" $runner "$B/worlds/$world/unit/$name"
        n=$((n + 1))
        [ $((n % jobs)) -ne 0 ] || together
    done
    together
}

# Programs of this world as files that can be executed, beside a master and a server of recordings of this machine.
programs="seed get json_check detc demo $(sed -n 's/^REAL *:= *//p' tests/integration/module.mk)"
stage() {
    # shellcheck disable=SC2046,SC2086
    build $options $(printf "$B/worlds/$world/%s\n" $programs)
    ok "$world: library, command, examples, demo and the tests over sockets build" $?
    world=host locked make -s -j"$jobs" B="$B/gcc" CC=gcc WERROR=1 "$B/gcc/det-master" "$B/gcc/cli_replay"
    ok "the master builds" $?
    for program in det-master cli_replay; do ln -sf "$B/gcc/$program" "$here/$program"; done
    for program in $programs; do # they look for each other beside argv[0]
        if [ -z "$runner" ]; then
            cp "$B/worlds/$world/$program" "$here/$program"
            continue
        fi
        printf '#!/bin/sh\nexec %s %s "$0" "%s" "$@"\n' "$runner" "${argv0:--0}" "$B/worlds/$world/$program" >"$here/$program"
        chmod +x "$here/$program"
    done
}
integration() {
    stage
    for script; do tally "$world: $script" env B="$here" FAKETIME=0 sh "tests/integration/$script"; done
}
