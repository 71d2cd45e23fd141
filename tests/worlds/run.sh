#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make test-worlds: every script of this folder, one after another: ports, architectures, package managers, the firmware. What
# is skipped says why, for want of a tool; `make deps-worlds` installs those that Debian has. Last line: N passed, N failed.
#     B=build sh tests/worlds/run.sh [NAME…]
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
MBEDTLS36=${MBEDTLS36:-$B/mbedtls36}
export B MBEDTLS36
. tests/checks/count.sh
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd tests/worlds && ls ./*.sh | sed 's/^\.\///; s/\.sh$//' | grep -v '^run$')
mkdir -p "$B/log"
for world; do
    begun=$(date +%s)
    log=$B/log/world-$world
    timeout "${WORLD_LIMIT:-1800}" sh "tests/worlds/$world.sh" >"$log" 2>&1 </dev/null
    status=$?
    # shellcheck disable=SC2046
    counts=$(count_of "$log")
    if [ -z "$counts" ] && [ "$status" -eq 0 ] && grep -q '^skipped: ' "$log"; then
        counts='0 0'
    elif [ -z "$counts" ] || { [ "${counts#* }" -eq 0 ] && [ "$status" -ne 0 ]; }; then
        echo "$world ended with status $status and no good count" >>"$log"
        counts="${counts%% *} 1"
    fi
    [ "${counts#* }" -eq 0 ] || sed "s/^/$world| /" "$log"
    grep '^skipped: ' "$log" | sed "s/^/$world /"
    passed=$((passed + ${counts%% *}))
    failed=$((failed + ${counts#* }))
    printf '%-12s %5d passed %4d failed %4d s\n' "$world" "${counts%% *}" "${counts#* }" "$(($(date +%s) - begun))"
done
finish
