#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make api: what libdet.a exports and needs. Globals are det_… if a public header declares them, else det__…; src/ has no
# writable data and calls nothing but memcpy memmove memset memcmp strlen, the compiler's run-time helpers and, from the TLS
# file alone, mbedTLS.
#     B=DIR [CC=cc] sh tests/checks/api.sh [--list]      --list prints the public functions and external needs as well
# Needs $B/libdet.a and its objects in $B/src. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
B=${B:-build}
CC=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

none() { # name; every line of $dir/bad is a reason to fail
    sed "s|$B/|    |" "$dir/bad"
    [ ! -s "$dir/bad" ]
    ok "$1" $?
}

# Only objects whose source still exists: $B may hold older ones.
for c in src/*/*.c; do
    case $c in src/cli/*) ;; *) echo "$B/${c%.c}.o" ;; esac
done >"$dir/objs"
xargs nm -A -g --defined-only <"$dir/objs" | awk '{print $NF}' | sort -u >"$dir/ours"
nm -g --defined-only "$B/libdet.a" | awk 'NF == 3 {print $3}' | sort -u >"$dir/globals"
sed -n 's/^DET_API .*[ *]\(det_[a-z0-9_]*\)(.*/\1/p' include/*.h | sort -u >"$dir/declared"
"$CC" -print-libgcc-file-name | xargs nm -g --defined-only 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u >"$dir/helpers"
# bcmp: what clang makes of memcmp() == 0 where the libc has it.
printf '%s\n' memcpy memmove memset memcmp strlen bcmp _GLOBAL_OFFSET_TABLE_ >"$dir/libc"
[ -s "$dir/ours" ] && [ -s "$dir/globals" ] && [ -s "$dir/declared" ] && [ -s "$dir/helpers" ]
ok "there is a library, built, and public headers" $?

grep -v '^det_' "$dir/globals" >"$dir/bad"
none "every global begins with det_"
grep '^det_[^_]' "$dir/globals" | comm -23 - "$dir/declared" >"$dir/bad"
none "every det_… is declared in a public header; internals are det__…"
comm -13 "$dir/globals" "$dir/declared" >"$dir/bad"
none "every function declared is there"
grep '^det__' "$dir/declared" >"$dir/bad"
none "no public header declares an internal"

# Relocated constants (.data.rel.ro) are read-only when the program runs.
xargs size -A <"$dir/objs" |
    awk '/:$/ {file = $1} /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {print file, $1, $2}' >"$dir/bad"
none "nothing in src/ is writable"
xargs nm -A <"$dir/objs" | awk '$(NF - 1) ~ /^[Cc]$/' >"$dir/bad"
none "nothing in src/ is common"

# FILE SYMBOL of every need that src/ does not meet itself.
xargs nm -A -u <"$dir/objs" | sed 's/^\([^:]*\):.* U /\1 /' | sort -u |
    awk 'FILENAME != "-" {have[$1] = 1; next} !($2 in have)' "$dir/ours" - >"$dir/needs"
# mbedtls_calloc() and mbedtls_free() of <mbedtls/platform.h> may be macros of these.
awk 'FILENAME != "-" {have[$1] = 1; next}
    $1 ~ /tls_mbedtls\.o$/ && $2 ~ /^(mbedtls_.*|psa_.*|calloc|free)$/ {next}
    !($2 in have)' "$dir/libc" "$dir/helpers" - <"$dir/needs" >"$dir/bad"
none "src/ needs five functions of libc, compiler helpers, and in one file mbedTLS and its heap"

if [ "${1:-}" = --list ]; then
    echo "public functions ($(wc -l <"$dir/declared")):"
    sed 's/^/    /' "$dir/declared"
    echo "needed from outside by src/:"
    awk '{print "    " $2}' "$dir/needs" | sort -u
fi
finish
