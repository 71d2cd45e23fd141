#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a network namespace of its own with the interface tap0, the machine's side of which is 10.77.0.1 and fd77::1.
# Exit status 77: there can be none here, and why is printed.
#     [NAMES='NAME IPV4|- IPV6|- …'] B=build sh tests/port/tap.sh COMMAND [ARGUMENT…]     NAMES: a name server there knows them
set -u
B=${B:-build}
if [ "${IN_TAP:-}" = "" ]; then
    for tool in unshare ip; do
        command -v $tool >/dev/null || {
            echo "$tool is missing (Debian packages util-linux, iproute2)"
            exit 77
        }
    done
    [ -c /dev/net/tun ] || {
        echo "no /dev/net/tun"
        exit 77
    }
    unshare -rn true 2>/dev/null || {
        echo "no network namespace to be had"
        exit 77
    }
    IN_TAP=1 exec unshare -rn sh "$0" "$@"
fi
{ ip link set lo up && ip tuntap add dev tap0 mode tap && ip addr add 10.77.0.1/24 dev tap0 &&
    ip -6 addr add fd77::1/64 dev tap0 nodad && ip link set tap0 up; } || {
    echo "no tap interface to be had"
    exit 77
}
if [ -n "${NAMES:-}" ]; then
    dir=$(mktemp -d) && mkfifo "$dir/hold" || exit 1
    # shellcheck disable=SC2086
    "$B/conform-dns" 10.77.0.1 $NAMES <"$dir/hold" &
    exec 3>"$dir/hold" # the name server ends when this does
    rm -rf "$dir"
    "$@"
    exit
fi
exec "$@"
