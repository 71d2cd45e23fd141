#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make test` runs: lanes, each a build of its own below $B and a count of its own. Needs the packages of
# `make deps`, no network, no fixed port; writes only to $B and the temporary directory.
#     sh tests/run.sh [LANE…]         the last line is the sum: N passed, N failed
# A lane that crashes, hangs, counts nothing or ends otherwise than it counted has failed. The output of failing lanes
# is shown whole, that of the others not at all.
# shellcheck disable=SC2031 # counts changed by subshells of count.sh stay theirs
set -u
cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
MBEDTLS36=${MBEDTLS36:-$B/mbedtls36}
LANE_LIMIT=${LANE_LIMIT:-600}
jobs=$(nproc 2>/dev/null || echo 2)
lanes='layers headers knobs api units-gcc units-clang asan small ubsan mbedtls36 notls cortex size install replay
    integration torture tsan demo readme bench fuzz checks worlds'

# The caller's flags are for his builds; the lanes choose their own. Nor do tests talk to his master.
unset MAKEFLAGS MFLAGS MAKELEVEL CC AR CFLAGS LDFLAGS EXTRA TLS MBEDTLS WERROR DESTDIR PREFIX
unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME
export B MBEDTLS36

. tests/checks/count.sh

build() { # directory below $B, arguments of make
    build_dir=$1
    shift
    make -s -j"$jobs" B="$B/$build_dir" WERROR=1 "$@"
}

units() { # directory below $B, arguments of make: build and run the unit tests, those of $only if set, without $without
    units_dir=$1
    build "$@" unit
    ok "the unit tests build" $?
    units_n=0
    for units_c in tests/unit/test_*.c; do # some of them wait, most compute
        units_name=$(basename "$units_c" .c)
        [ "$units_name" = "${without:-}" ] && continue
        echo "$units_name" | grep -qE "${only:-.}" || continue
        later "$units_name" "$B/$units_dir/unit/$units_name"
        units_n=$((units_n + 1))
        [ $((units_n % (jobs * 2))) -ne 0 ] || together
    done
    together
}

programs() { # directory below $B, arguments of make: what the lanes with real sockets need
    build "$@" all real "$B/$1/det-master" "$B/$1/replay" "$B/$1/demo"
    ok "library, examples, master, replay, demo and the tests over sockets build" $?
}

integration() { # directory below $B, a script to leave out; all at once: they mostly wait
    for file in tests/integration/*.sh; do
        [ "$(basename "$file")" = "${2:-}" ] || later "$(basename "$file")" env B="$B/$1" sh "$file"
    done
    together
}

lane() {
    case $1 in
    layers) tally "layers" sh tests/checks/layers.sh ;;
    headers) tally "headers" sh tests/checks/headers.sh ;;
    knobs) tally "knobs" sh tests/checks/knobs.sh ;;
    api)
        for cc in gcc clang; do
            build "$cc" CC=$cc lib && tally "exported symbols, $cc" env B="$B/$cc" CC=$cc sh tests/checks/api.sh
            ok "the library builds with $cc" $?
        done
        ;;
    units-gcc) units gcc CC=gcc ;;
    units-clang) units clang CC=clang ;;
    asan)
        flags='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
        units asan CC=clang CFLAGS="$flags"
        programs asan CC=clang CFLAGS="$flags"
        tally "replay" "$B/asan/replay"
        FAKETIME=0 integration asan demo.sh # a minute there, and all of it runs in the others; faketime stops with the sanitizer
        ;;
    small) small ;;
    ubsan) units ubsan CC=gcc CFLAGS='-O2 -g -fsanitize=undefined -fno-sanitize-recover=all' ;;
    mbedtls36)
        [ -f "$MBEDTLS36/lib/libmbedtls.a" ]
        ok "mbedTLS 3.6 is in $MBEDTLS36 (make deps fetches it)" $?
        [ "$failed" -eq 0 ] || return
        only='tls|roots|pem|ahead|session|chain' units m36 CC=gcc MBEDTLS="$MBEDTLS36" # what the library differs in
        programs m36 CC=gcc MBEDTLS="$MBEDTLS36"
        tally "replay" "$B/m36/replay"
        integration m36
        ;;
    notls) notls ;;
    cortex) cortex ;;
    size) size ;;
    install) tally "install" sh tests/checks/install.sh ;;
    replay)
        programs gcc CC=gcc
        tally "replay" "$B/gcc/replay"
        ;;
    integration)
        programs gcc CC=gcc
        integration gcc
        ;;
    torture) # a sample; `make torture` is all of it
        build gcc CC=gcc "$B/gcc/torture" "$B/gcc/power" "$B/gcc/soak"
        ok "the torture builds" $?
        build asan CC=clang CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' "$B/asan/torture"
        ok "the torture builds with sanitizers" $?
        tally "torture" "$B/gcc/torture" --every 257
        grep -v '^#' tests/torture/known >"$B/known"
        while read -r name key; do
            "$B/gcc/torture" --one "$key" >"$B/known.out" 2>&1 && grep -q ': exact' "$B/known.out"
            ok "$name: $key" $?
        done <"$B/known"
        tally "power cuts" "$B/gcc/power" --every 97
        tally "torture with sanitizers" "$B/asan/torture" --every 6007
        tally "20,000 reports through a faulty relay" "$B/gcc/soak" --reports 20000 --bytes 500000
        tally "a reporter that is killed" "$B/gcc/soak" --reports 10000 --kills 8
        ;;
    tsan)
        build tsan CC=clang CFLAGS='-O1 -g -fsanitize=thread' "$B/tsan/worker" "$B/tsan/worker_far" "$B/tsan/det-master"
        ok "the worker's tests build with ThreadSanitizer" $?
        later "worker" env TSAN_OPTIONS=die_after_fork=0 "$B/tsan/worker"
        later "worker, far" "$B/tsan/worker_far"
        together
        ;;
    demo)
        build gcc CC=gcc demo >"$B/demo.out"
        ok "make demo" $?
        grep -qx 'connections: 1' "$B/demo.out"
        ok "the demo reports over one connection" $?
        awk '/^accuracy: / {good = $2 > 95} END {exit !good}' "$B/demo.out"
        ok "its accuracy is over 95 %" $?
        [ "$failed" -eq 0 ] || cat "$B/demo.out"
        ;;
    readme)
        programs gcc CC=gcc
        tally "README.md" env B="$B/gcc" CC=gcc sh tests/checks/readme.sh
        ;;
    bench) # only that they build: what is timed is no test
        for file in tests/bench/bench_*; do
            name=$(basename "${file%.*}")
            grep -q '^int main' "$file" || continue
            build gcc CC=gcc "$B/gcc/bench/$name"
            ok "$name builds" $?
        done
        ;;
    fuzz) fuzz ;;
    checks)
        programs gcc CC=gcc
        tally "the checks fail when they should" env B="$B/gcc" sh tests/checks/self.sh
        ;;
    worlds) # a sample; `make test-worlds` is all of it. They wait more than they compute
        later "amalgamation" sh tests/worlds/amalgam.sh sample
        later "big-endian" sh tests/worlds/qemu-user.sh sample
        later "musl" sh tests/worlds/musl.sh sample
        later "firmware" env CUT_S=10 sh tests/worlds/qemu.sh
        later "ports" sh tests/worlds/port.sh
        together
        ;;
    *)
        echo "no such lane: $1 (there are: $lanes)"
        failed=1
        ;;
    esac
}

# Without TLS neither library nor programs may want mbedTLS's headers or libraries.
notls() {
    for notls_c in src/*/*.c port/posix/*.c; do
        gcc -std=c99 -Iinclude -DDET_TLS=0 -M "$notls_c"
    done >"$B/notls.d"
    [ -s "$B/notls.d" ] && ! grep -nE '[ /](mbedtls|psa)/' "$B/notls.d"
    ok "TLS=0 includes no header of mbedTLS" $?
    without=test_tls
    units notls CC=gcc TLS=0
    programs notls CC=gcc TLS=0
    build notls CC=gcc TLS=0 demo >"$B/notls.out" || cat "$B/notls.out"
    grep -qx 'connections: 1' "$B/notls.out"
    ok "TLS=0 make demo" $?
}

# The smallest configurations of make size, which have an engine of their own: the core as it behaves there, with sanitizers.
small() {
    least=$(sed -n "s/^SMALL='\(.*\)'$/\1/p" tests/size/build.sh)
    for checks in 0 1; do # records checked and locked, too
        # shellcheck disable=SC2001
        knobs=$(echo "$least" | sed "s/\(DET_CHECK_RECORDS\|DET_LOCK\)=0/\1=$checks/g")
        build "small$checks" CC=gcc TLS=0 CLI= "$B/small$checks/unit/test_core" "$B/small$checks/unit/test_session" \
            CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $knobs"
        ok "the tests of the core build with $knobs" $?
        later "core, $checks" "$B/small$checks/unit/test_core"
        later "session, $checks" "$B/small$checks/unit/test_session"
    done
    together
}

# No warning on a 32-bit target either, with and without texts. The command is for hosts.
cortex() {
    for cortex_c in src/*/*.c port/template/*.c; do
        case $cortex_c in src/cli/*) continue ;; esac
        for texts in 0 1; do
            arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -std=c99 -Os -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef \
                -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror -Iinclude -DDET_TLS=0 -DDET_ERROR_TEXTS=$texts \
                -c "$cortex_c" -o "$B/cortex.o"
            ok "$cortex_c, DET_ERROR_TEXTS=$texts" $?
        done
    done
}

size() {
    QUIET=1 sh tests/size/size.sh "$B" >"$B/size.out" 2>&1
    status=$?
    passed=$(grep -cE ': [0-9]+ of [0-9]+$' "$B/size.out")
    failed=$(grep -c 'EXCEEDS' "$B/size.out")
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    [ "$failed" -eq 0 ] || cat "$B/size.out"
}

# The stored corpora once, then FUZZ_SECONDS of searching each; what it finds stays in $B/fuzz/found.
fuzz() {
    build fuzz CC=clang CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzz
    ok "the fuzz targets build" $?
    for file in tests/fuzz/fuzz_*.c; do later "$(basename "$file" .c)" sh tests/run.sh --fuzz "$(basename "$file" .c)"; done
    together
}
fuzz_one() { # target
    corpus=tests/fuzz/corpus/${1#fuzz_}
    mkdir -p "$B/fuzz/found" "$B/fuzz/new/$1"
    [ -d "$corpus" ] && "$B/fuzz/fuzz/$1" -runs=0 "$corpus"
    ok "$1: its corpus" $?
    "$B/fuzz/fuzz/$1" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$B/fuzz/found/$1-" "$B/fuzz/new/$1" "$corpus"
    ok "$1: ${FUZZ_SECONDS:-10} s" $?
}

case ${1:-} in
--lane)
    lane "$2"
    finish
    ;;
--fuzz)
    fuzz_one "$2"
    finish
    ;;
esac

mkdir -p "$B/log"
: >"$B/log/table"
trap 'exit 130' INT
trap 'exit 143' TERM HUP
bad=
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $lanes
for name; do
    begun=$(date +%s)
    timeout "$LANE_LIMIT" sh tests/run.sh --lane "$name" >"$B/log/$name" 2>&1 </dev/null
    status=$?
    # shellcheck disable=SC2046
    set -- $(count_of "$B/log/$name")
    if [ $# -ne 2 ] || [ "$(($1 + $2))" -eq 0 ]; then
        echo "lane $name ended without a count, exit status $status" >>"$B/log/$name"
        set -- 0 1
    elif [ "$2" -eq 0 ] && [ "$status" -ne 0 ]; then
        set -- "$1" 1
    fi
    [ "$2" -eq 0 ] || {
        bad="$bad $name"
        sed "s/^/$name| /" "$B/log/$name"
    }
    printf '%-12s %5d passed %4d failed %4d s\n' "$name" "$1" "$2" "$(($(date +%s) - begun))" | tee -a "$B/log/table"
    passed=$((passed + $1))
    failed=$((failed + $2))
done
[ -z "$bad" ] || {
    echo "---"
    cat "$B/log/table"
    echo "failed:$bad"
}
finish
