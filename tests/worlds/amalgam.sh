#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library as det.c and det.h: it compiles without a warning by gcc and clang with every set of knobs below, exports the
# public functions alone, and passes the unit tests, once linked as det.o (pair) and once as `static` functions of the test's
# own file (one). Tests that compile a file of src/ in themselves, with other knobs, get det.c with those knobs in its place.
#     sh tests/worlds/amalgam.sh [sample]
# The sample: unoptimized, fewer sets of knobs, a third of the tests, and one of them as `one`. Last line: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
extent=${1:-full}
B=${B:-build}
mkdir -p "$B" && B=$(cd "$B" && pwd) || exit 1
dir=$(mktemp -d "$B/amalgam.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT HUP
jobs=$(nproc 2>/dev/null || echo 2)
am=$dir/am
warn='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror'
tls='-lmbedtls -lmbedx509 -lmbedcrypto'

optimize=-O1
tests='.'
ones='^test_(cli_|tls_stream)' # not: the command's use the library through its objects, and no `static` can be replaced
if [ "$extent" = sample ]; then
    optimize=-O0
    tests='^test_(core|feed|session|pipe|json_pick|json_reader|json_writer|response|request|url|out|outbox|sha512|posix|plain|tls_stream)$'
    ones='^test_[^c]'
fi

sh port/amalgam/amalgam.sh "$am"
ok "make amalgam" $?
touch -d '2001-01-01' "$am/det.c" && sh port/amalgam/amalgam.sh "$am" && [ "$(find "$am" -newermt '2002-01-01' -name det.c)" = '' ]
ok "made again, the same text leaves the file alone" $?

# ---- it compiles, and exports what the headers say ----------------------------------------------------------------------
least='-DDET_TLS=0 -DDET_ERROR_TEXTS=0 -DDET_LOGIN=0 -DDET_LOCK=0 -DDET_PIPELINE=1 -DDET_EXACT=0 -DDET_JOIN=1 -DDET_POLICIES=0 -DDET_SPOOL=0'
small='-Os -DDET_FAST_DOUBLES=0 -DDET_FAST_CRC=0 -DDET_CHECK_RECORDS=1 -DDET_LONG_LINES=0'
for cc in gcc clang; do
    for flags in '-O2' '-DDET_TLS=0' "$small" "$least $small" "$least" '-DDET_PRIVATE='; do
        case $extent$flags in sample-O2 | sample-DDET_TLS=0 | sample-Os*) continue ;; esac
        # shellcheck disable=SC2086
        $cc -std=c99 $warn $optimize $flags -c "$am/det.c" -o "$dir/x.o"
        ok "det.c, $cc $flags" $?
    done
    nm -g --defined-only "$dir/x.o" | grep -q ' T det__'
    ok "-DDET_PRIVATE= shows what the files share, $cc" $?
    for file in det det_posix; do
        # shellcheck disable=SC2086
        $cc -std=c99 $warn $optimize -c "$am/$file.c" -o "$dir/$file.o"
        ok "$file.c, $cc" $?
        [ "$(nm -g --defined-only "$dir/$file.o" | awk '$3 !~ /^det_[a-z]/' | wc -l)" -eq 0 ]
        ok "$file.o exports public names alone, $cc" $?
    done
done

# ---- the unit tests on it ----------------------------------------------------------------------------------------------
# Every public header is det.h or the port's; every file of src/ that a test compiles in is det.c.
mkdir -p "$dir/h" "$dir/c"
for header in include/*.h; do
    file=det.h
    case $header in */det_posix.h | */det_env.h | */det_worker.h) file=det_posix.h ;; esac
    echo "#include \"$am/$file\"" >"$dir/h/$(basename "$header")"
done
for source in src/*/*.c; do
    case $source in src/cli/*) continue ;; esac
    mkdir -p "$dir/c/$(basename "$(dirname "$source")")"
    echo "#include \"$am/det.c\"" >"$dir/c/${source#src/}"
done
inc="-I$dir/h -Isrc -Iport/posix -Itests"
common="-std=c99 $optimize -g0 $inc"
one="-DDET_API=static -include $am/det_posix.c -include $am/det.c"
archive=$dir/libdet.a

compile() { # list of "output, blank, options" on standard input: $jobs at a time
    # shellcheck disable=SC2016
    xargs -P "$jobs" -L 1 sh -c 'out=$0; gcc -o "$out" "$@" || echo "$out" >>"$out.failed"'
}
{
    for file in det det_posix; do echo "$dir/$file.o $common -DDET_PRIVATE= -c $am/$file.c"; done
    for file in tests/unit/fake_*.c src/cli/*.c; do
        case $extent$file in */main.c | samplesrc/cli/*) continue ;; esac
        echo "$dir/$(basename "$file" .c).obj $common -c $file"
    done
} | compile
ar rcs "$archive" "$dir/det.o" "$dir/det_posix.o" && ar rcs "$dir/libother.a" "$dir"/*.obj
ok "det.o, det_posix.o and what the tests link with" $?
libs="$dir/libother.a $archive $tls -lm"
# test_tls_stream brings a TLS library of its own, which takes the place of det.o's where that is weak.
# shellcheck disable=SC2086
gcc $common -O0 -DDET_PRIVATE= -c "$am/det.c" -o "$dir/weak.o" && objcopy --wildcard --weaken-symbol='det__tls_*' "$dir/weak.o"
ok "det.o whose TLS library can be replaced" $?

recipe() { # test, how: the line for compile()
    test_c=tests/unit/$1.c
    options=$common
    if grep -q '#include "[a-z]*/[a-z0-9_]*\.c"' "$test_c" && [ "$1" != test_double_both ]; then # that one compares two
        options="-DDET_API=static -I$dir/c $options"
    elif [ "$2" = one ]; then
        options="$one $options"
    fi
    [ "$1" != test_tls_stream ] || options="$options $dir/weak.o"
    echo "$dir/$2-$1 $options $test_c $libs"
}
run() { # how, test…
    how=$1
    shift
    for name; do recipe "$name" "$how"; done | compile
    n=0
    for name; do
        [ -x "$dir/$how-$name" ] && [ ! -f "$dir/$how-$name.failed" ]
        ok "$name compiles, $how" $?
        later "$how-$name" "$dir/$how-$name"
        n=$((n + 1))
        [ $((n % (jobs * 3))) -ne 0 ] || together
    done
    together
}
names=$(for file in tests/unit/test_*.c; do basename "$file" .c; done | grep -E "$tests")
# shellcheck disable=SC2086
run pair $names
# shellcheck disable=SC2031,SC2154
echo "linked as det.o: $passed passed so far, $failed failed"
# shellcheck disable=SC2046,SC2086
run one $(printf '%s\n' $names | grep -vE "$ones")
finish
