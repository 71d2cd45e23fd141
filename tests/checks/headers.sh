#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, twice, and with all others in both orders, as C99 and C++98, by gcc and clang, with and
# without TLS; and C++ sees every function under its C name. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
warn='-pedantic -Wall -Wextra -Wshadow -Wundef -Wconversion -Wcast-qual -Werror'

includes() { # header…
    for include; do echo "#include \"$(basename "$include")\""; done
}
compile() { # name of the check, header…
    what=$1
    shift
    { includes "$@" && echo 'int nothing;'; } >"$dir/x"
    for tls in 0 1; do
        for as in 'gcc -x c -std=c99 -Wstrict-prototypes' 'clang -x c -std=c99 -Wstrict-prototypes' \
            'g++ -x c++ -std=c++98' 'clang++ -x c++ -std=c++98'; do
            # shellcheck disable=SC2086
            $as $warn -Iinclude -Iport/template -DDET_TLS=$tls -fsyntax-only - <"$dir/x"
            ok "$what, ${as%% *}, DET_TLS=$tls" $?
        done
    done
}

reversed=
for h in include/*.h port/template/*.h; do
    compile "$h alone" "$h"
    compile "$h twice" "$h" "$h"
    reversed="$h $reversed"
done
compile "all headers" include/*.h
# shellcheck disable=SC2086
compile "all headers in reversed order" $reversed

# A C++ object that takes every function's address asks for exactly the names of C.
sed -n 's/^DET_API .*[ *]\(det_[a-z0-9_]*\)(.*/\1/p' include/*.h | sort -u >"$dir/names"
for cxx in g++ clang++; do
    {
        includes include/*.h
        awk '{print "extern void (*const use_" $1 ")(); void (*const use_" $1 ")() = (void (*)())" $1 ";"}' "$dir/names"
    } >"$dir/x.cc"
    "$cxx" -std=c++98 -w -Iinclude -c "$dir/x.cc" -o "$dir/x.o" &&
        nm -u "$dir/x.o" | awk '$2 ~ /^det_/ {print $2}' | sort -u | cmp -s - "$dir/names"
    ok "$cxx sees the functions under their C names" $?
done
[ -s "$dir/names" ]
ok "the headers declare functions" $?
finish
