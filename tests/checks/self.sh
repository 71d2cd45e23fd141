#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The checks fail when they should: what each must find is planted in a copy of the tree. Needs $B/libdet.a and the objects
# beside it, as api.sh does. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
B=${B:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/b/src" "$dir/tree/tests"
cp -R Makefile README.md include src port "$dir/tree"
cp -R tests/checks tests/examples tests/demo "$dir/tree/tests"

finds() { # name, pattern of what is to be said, command…
    name=$1 pattern=$2
    shift 2
    "$@" >"$dir/out" 2>&1
    status=$?
    # shellcheck disable=SC2046
    set -- $(count_of "$dir/out") none
    [ "$status" -ne 0 ] && [ "${2:-0}" != none ] && [ "${2:-0}" -gt 0 ] && grep -q -- "$pattern" "$dir/out"
    ok "$name" $?
}
plant() { # file, text for its end; unplant puts it back
    planted=$1
    cp "$dir/tree/$1" "$dir/saved"
    printf '%s\n' "$2" >>"$dir/tree/$1"
}
unplant() { cp "$dir/saved" "$dir/tree/$planted"; }

# ---- layers ----------------------------------------------------------------------------------------------------------
while read -r file include; do
    plant "$file" "#include $include"
    finds "layers: $file may not include $include" "$file" sh tests/checks/layers.sh "$dir/tree"
    unplant
done <<'X'
src/http/url.c "../session/internal.h"
src/http/url.c "det_port.h"
src/json/text.c "../http/url.h"
src/base/wipe.c "../json/text.h"
src/transport/plain.c "det_session.h"
src/session/session.c "../core/internal.h"
src/session/session.c "det.h"
src/core/value.c "../transport/stream.h"
src/core/core.c "../cli/tty.h"
src/core/core.c <stdio.h>
src/transport/plain.c <mbedtls/ssl.h>
port/posix/det_posix.c "../../src/base/out.h"
include/det_session.h "det.h"
X
tally "layers: the tree is as it was" sh tests/checks/layers.sh "$dir/tree"

# ---- exported symbols ------------------------------------------------------------------------------------------------
exports() { # name, pattern, C text that takes the place of src/base/wipe.c
    rm -rf "$dir/b"
    mkdir "$dir/b"
    cp -R "$B/src" "$B/libdet.a" "$dir/b"
    { cat src/base/wipe.h src/base/wipe.c && echo "$3"; } | sed '/include "wipe.h"/d' |
        gcc -std=c99 -Iinclude -O2 -w -x c -c - -o "$dir/b/src/base/wipe.o" && ar r "$dir/b/libdet.a" "$dir/b/src/base/wipe.o"
    finds "api: $1" "$2" env B="$dir/b" CC=gcc sh tests/checks/api.sh
}
exports "a static counter" '\.bss' 'int det__planted(void); int det__planted(void) { static int n; return ++n; }'
exports "initialised data" '\.data' 'int det__planted = 3;'
exports "a global without the prefix" 'planted' 'int planted(void) { return 1; }'
exports "a public function of no header" 'det_planted' 'int det_planted(void) { return 1; }'
exports "stdio" 'puts' 'int puts(const char *); int det__planted(void) { return puts(""); }'
exports "the heap" 'malloc' 'void *malloc(unsigned long); void *det__planted(void) { return malloc(9); }'
exports "mbedTLS outside its file" 'mbedtls_planted' 'int mbedtls_planted(void); int det__planted(void) { return mbedtls_planted(); }'
exports "a call of the port" 'det_posix_port' 'const void *det_posix_port(void); const void *det__planted(void) { return det_posix_port(); }'

# ---- headers and README ----------------------------------------------------------------------------------------------
plant include/det_error.h 'enum { DET_PLANTED, };'
finds "headers: what C++98 refuses" 'det_error.h' sh "$dir/tree/tests/checks/headers.sh"
unplant
plant include/det_env.h 'DET_API int det_planted(int);'
finds "headers: a function outside extern \"C\"" 'C names' sh "$dir/tree/tests/checks/headers.sh"
unplant
plant include/det_config.h '#ifndef DET_PLANTED'
finds "knobs: one without a range" 'DET_PLANTED' sh "$dir/tree/tests/checks/knobs.sh"
unplant
top=$(pwd)
case $B in /*) ;; *) B=$top/$B ;; esac
plant tests/examples/seed.c '/* changed */'
finds "readme: an example that differs" 'seed.c' env B="$B" sh "$dir/tree/tests/checks/readme.sh"
unplant

# ---- the counting ----------------------------------------------------------------------------------------------------
counts() { # name, script, sum wanted
    got=$(sh -c '. tests/checks/count.sh; TALLY_LIMIT=1 tally x sh -c "$1"; finish' sh "$2" | tail -n 1)
    [ "$got" = "$3" ]
    ok "counting: $1 is $3 (got $got)" $?
}
counts "a good program" 'echo 3 passed, 0 failed' '3 passed, 0 failed'
counts "a bad program" 'echo 3 passed, 2 failed; exit 1' '3 passed, 2 failed'
counts "a crash" 'kill -SEGV $$' '0 passed, 1 failed'
counts "a crash after the count" 'echo 3 passed, 0 failed; kill -SEGV $$' '0 passed, 1 failed'
counts "a wrong exit status" 'echo 3 passed, 0 failed; exit 1' '3 passed, 1 failed'
counts "no count" 'echo all is well' '0 passed, 1 failed'
counts "text after the count" 'echo 3 passed, 0 failed; echo oops' '0 passed, 1 failed'
counts "no test at all" 'echo 0 passed, 0 failed' '0 passed, 1 failed'
counts "a program that hangs" 'echo 3 passed, 0 failed; sleep 60' '3 passed, 1 failed'
finds "a lane that does not exist" 'no such lane' env B="$dir/lanes" sh tests/run.sh no-such-lane
finish
