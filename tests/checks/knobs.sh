#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every knob of det_config.h has a range in its comment ("64 … 65536", or 0 and 1), and the library compiles at both ends of
# it, on a host and, where the compiler is there, on a 32-bit target. The command is for hosts and as they are set by
# default. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)

# NAME=VALUE of each end; NAME alone if a range is not said. TLS without its library is a lane of its own.
awk '/^\/\*/ {text = ""}
    {text = text " " $0}
    /^#ifndef DET_[A-Z_]*$/ && !/_H$/ {
        if (match(text, /[0-9]+ … [0-9]+/)) {
            split(substr(text, RSTART, RLENGTH), end, " … ")
        } else if (text ~ /[^0-9]1:/ && text ~ /[^0-9]0:/) {
            end[1] = 0
            end[2] = 1
        } else if (text ~ /multiple of 8/) {
            next # a size that others set a lower bound to
        } else {
            print $2
            next
        }
        print $2 "=" end[1]
        print $2 "=" end[2]
    }' include/det_config.h >"$dir/knobs"

ls src/*/*.c port/posix/*.c | grep -v '^src/cli/' >"$dir/files"
grep -v '^port/\|/tls\|/mbedtls' "$dir/files" >"$dir/files32"
small() { # a knob: on a 32-bit target
    command -v arm-none-eabi-gcc >/dev/null || return 0
    xargs -P "$jobs" -n 8 arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -std=c99 -O0 -Wall -Wextra -Werror -Iinclude \
        "-D$1" -fsyntax-only <"$dir/files32"
}
while read -r knob; do
    case $knob in
    *=*) xargs -P "$jobs" -n 8 gcc -std=c99 -O0 -Wall -Wextra -Werror -Iinclude "-D$knob" -fsyntax-only <"$dir/files" && small "$knob" ;;
    *) false ;;
    esac
    ok "$knob" $?
done <"$dir/knobs"
least=$(sed -n "s/^SMALL='\(.*\)'$/\1/p" tests/size/build.sh)
# shellcheck disable=SC2086
[ -n "$least" ] && xargs -P "$jobs" -n 8 gcc -std=c99 -O0 -Wall -Wextra -Werror -Iinclude $least -DDET_LOGIN=0 -fsyntax-only <"$dir/files"
ok "the smallest of make size" $?
[ "$(wc -l <"$dir/knobs")" -gt 10 ]
ok "there are knobs" $?
finish
