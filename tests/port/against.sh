#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command with a peer of the conformance test beside it: its last arguments become the peer's address and three ports.
#     B=build sh tests/port/against.sh ADDRESS[,OTHER_ADDRESS] COMMAND [ARGUMENT…]
# Ends as the command does, after TEST_LIMIT seconds (120) by force.
set -u
B=${B:-build}
address=${1%%,*}
other=${1#"$address"}
shift
dir=$(mktemp -d) || exit 1
mkfifo "$dir/hold" || exit 1
# shellcheck disable=SC2086
"$B/conform-peer" "$address" ${other#,} <"$dir/hold" >"$dir/ports" &
peer=$!
exec 3>"$dir/hold" # the peer ends when this does
i=0
while [ ! -s "$dir/ports" ] && [ $i -lt 100 ] && kill -0 $peer 2>/dev/null; do sleep 0.1 && i=$((i + 1)); done
[ -s "$dir/ports" ] || {
    rm -rf "$dir"
    exit 3
}
# shellcheck disable=SC2046
timeout "${TEST_LIMIT:-120}" "$@" "$address" $(cat "$dir/ports") 3>&-
status=$?
exec 3>&-
kill $peer 2>/dev/null
wait $peer 2>/dev/null
rm -rf "$dir"
exit $status
