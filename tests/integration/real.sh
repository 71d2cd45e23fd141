#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests over real sockets, one after another; `make real` has built them into B. The last line is the sum.
#     B=build sh tests/integration/real.sh
B=${B:-build}
passed=0 failed=0
for name in errors errors_core arguments refusals session_real get_real worker; do
    line=$("$B/$name" | tail -n 1)
    p=${line%% passed*} f=${line#*, } f=${f%% failed*}
    case $p$f in
    '' | *[!0-9]*)
        echo "$name did not count: is it built (make real)?" >&2
        p=0 f=1
        ;;
    esac
    passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
