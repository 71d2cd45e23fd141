#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests over real sockets, one after another; `make real` has built them into B. The last line is the sum.
#     B=build sh tests/integration/real.sh      FAKETIME=0: without the one on a fast clock
B=${B:-build}
fast_clock=${FAKETIME:-1}
unset FAKETIME # the programs take it for faketime's
passed=0 failed=0
add() { # name, its last line
    p=${2%% passed*} f=${2#*, } f=${f%% failed*}
    case $p$f in
    '' | *[!0-9]*)
        echo "$1 did not count: is it built (make real)?" >&2
        p=0 f=1
        ;;
    esac
    passed=$((passed + p)) failed=$((failed + f))
}
for name in errors errors_core arguments refusals session_real get_real worker worker_far; do
    add "$name" "$("$B/$name" | tail -n 1)"
done
if [ "$fast_clock" = 0 ]; then
    echo "the fast clock is passed over: no library can be preloaded into these programs"
elif command -v faketime >/dev/null; then
    add "worker_far on a fast clock" "$(faketime -f '+0 x100' env ONLY=heartbeat "$B/worker_far" | tail -n 1)"
else
    echo "faketime is missing: make deps" >&2
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
