#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library, the WinSock port and detc built by mingw-w64 for 64- and 32-bit Windows without a warning; under wine (64 bits) the
# unit tests that are not about POSIX, and a program that reports to a master of this machine over http and verified https
# (mbedTLS 3.6 from Debian's source package, compiled for it at the first run; without it TLS=0, and it is said).
# Debian packages: gcc-mingw-w64-x86-64, gcc-mingw-w64-i686, wine64 and wine; without wine it only compiles, and that is said.
#     sh tests/worlds/mingw.sh         the last line is the sum: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
world=mingw
. tests/worlds/cross/lib.sh
. tests/demo/master.sh
have x86_64-w64-mingw32-gcc || finish
warn='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror'

for cc in x86_64-w64-mingw32-gcc i686-w64-mingw32-gcc; do
    have $cc || continue
    for file in src/*/*.c port/winsock/*.c; do
        # shellcheck disable=SC2086
        $cc -std=c99 -O2 $warn -Iinclude -Iport/winsock -D__USE_MINGW_ANSI_STDIO=1 -DDET_TLS=0 -c "$file" -o "$here/x.o"
        ok "$file, $cc" $?
    done
done
have wine wineserver || finish

mbedtls=$B/worlds/mbedtls-mingw
tls="MBEDTLS=$mbedtls"
locked sh tests/mbedtls_for.sh "$mbedtls" source "$B/worlds/sources" x86_64-w64-mingw32-gcc x86_64-w64-mingw32-ar \
    >"$here/log" 2>&1 || {
    tls=TLS=0
    echo "mingw: without TLS: mbedTLS cannot be made for it: $(tail -n 1 "$here/log")"
}

# A Windows of this run's own, that ends with it.
export WINEPREFIX="$here/wine" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
trap 'stop_master; wineserver -k >/dev/null 2>&1; rm -rf "$here"' EXIT
timeout 180 wine wineboot -i >"$here/log" 2>&1
ok "wine starts" $? || cat "$here/log"

# The C library's own warnings in macros as isnan() are not ours: the tests are built without -Werror.
names=
for name in $(all_unit_tests); do
    case $name in
    test_cli_* | test_posix* | test_tls | test_feed | test_master_*) ;; # POSIX: terminals, sockets, fork, mkdtemp
    test_double | test_double_narrow | test_double_small) ;;            # judged by strtod(), see below
    *) names="$names $name" ;;
    esac
done
windows() { # arguments of make
    # shellcheck disable=SC2086
    locked make -s -j"$jobs" B="$B/worlds/mingw" CC=x86_64-w64-mingw32-gcc AR=x86_64-w64-mingw32-ar CFLAGS=-O1 $tls CLI= \
        PORT="$(echo port/winsock/*.c)" EXTRA='-D__USE_MINGW_ANSI_STDIO=1 -Iport/winsock' LDFLAGS='-lws2_32 -lbcrypt -lcrypt32 -static' "$@"
}
# shellcheck disable=SC2046,SC2086
windows $(printf "$B/worlds/mingw/unit/%s\n" $names) >"$here/log" 2>&1
ok "the unit tests build" $? || cat "$here/log"
for name in $names; do
    printf '#!/bin/sh\nwine "%s.exe" | tr -d "\\r"\n' "$B/worlds/mingw/unit/$name" >"$here/$name"
    tally "$name under wine" sh "$here/$name"
done

# Why test_double is not among them: what it takes for right is the C library's strtod(), which is not here.
printf '#include <stdlib.h>\nint main(void) { volatile double d = 3.839223843572815e-239;\n return strtod("3.839223843572815e-239", 0) == d; }\n' \
    >"$here/strtod.c"
if gcc "$here/strtod.c" -o "$here/strtod" && ! "$here/strtod" && x86_64-w64-mingw32-gcc "$here/strtod.c" -o "$here/strtod.exe" &&
    wine "$here/strtod.exe"; then
    echo "skipped: mingw: test_double and its variants: this strtod() reads 3.839223843572815e-239 one unit too high"
fi

# ---- a program that reports --------------------------------------------------------------------------------------------
with_tls="1 -L$mbedtls/lib -lmbedtls -lmbedx509 -lmbedcrypto"
[ "$tls" != TLS=0 ] || with_tls=0
# shellcheck disable=SC2086
windows "$B/worlds/mingw/libdet.a" &&
    x86_64-w64-mingw32-gcc -std=c99 $warn -Iinclude tests/worlds/cross/winsock_report.c -o "$here/report.exe" \
        "$B/worlds/mingw/libdet.a" -DDET_TLS=$with_tls -lws2_32 -lbcrypt -lcrypt32 -static
ok "a reporting program builds" $?
# shellcheck disable=SC2086
locked make -s -j"$jobs" B="$B/worlds/mingw-detc" CC=x86_64-w64-mingw32-gcc AR=x86_64-w64-mingw32-ar CFLAGS=-O1 WERROR=1 $tls \
    PORT="$(echo port/winsock/*.c)" EXTRA='-D__USE_MINGW_ANSI_STDIO=1 -Iport/winsock' \
    LDFLAGS='-lws2_32 -lbcrypt -lcrypt32 -static' "$B/worlds/mingw-detc/detc" >"$here/log" 2>&1
ok "detc builds" $? || cat "$here/log"
windows_detc=$B/worlds/mingw-detc/detc.exe
world=host locked make -s -j"$jobs" B="$B/gcc" CC=gcc WERROR=1 "$B/gcc/det-master" "$B/gcc/detc" "$B/gcc/get" "$B/gcc/conform-peer"
ok "the master and a peer for the port build" $?
B=$B/gcc

report() { # name, what it says, URL, arguments…
    name=$1
    says=$2
    shift 2
    timeout 120 wine "$here/report.exe" "$@" 2>/dev/null | tr -d '\r' >"$here/out"
    grep -Eqx -- "$says" "$here/out"
    ok "$name: $says (said: $(cat "$here/out"))" $?
}
counted() { # name, reports: by the master's own count, on one connection
    "$B/get" "http${https:+s}://localhost:$master_port" /test/stats >"$here/stats" 2>&1
    grep -q "\"reports\":$2," "$here/stats" && grep -q '"connections":1[,}]' "$here/stats"
    ok "$1: $2 reports over one connection" $? || cat "$here/stats"
}

# ---- the port's promises, one by one -----------------------------------------------------------------------------------
# shellcheck disable=SC2086
x86_64-w64-mingw32-gcc -std=c99 -O1 $warn -D__USE_MINGW_ANSI_STDIO=1 -Iinclude -Itests/port -DDET_TLS=0 tests/port/conformance.c \
    tests/port/clock.c tests/port/open.c tests/port/bytes.c tests/port/end.c tests/port/wait.c tests/port/supply.c tests/port/link.c \
    tests/port/main.c tests/worlds/cross/conform_winsock.c port/winsock/*.c src/base/error.c -o "$here/conform.exe" \
    -lws2_32 -lbcrypt -lcrypt32 -static
ok "the conformance test of ports builds" $?
echo "skipped: mingw: promise peer-resets: recv() of this wine is 0 for a reset that has come before it is called (Windows is expected to say 10054: not tried)"
promises=$(wine "$here/conform.exe" -l | tr -d '\r' | awk '$1 != "peer-resets" && !/^ /{printf "%s%s", c, $1; c = ","}')
printf '#!/bin/sh\nwine "%s" "$@" | tr -d "\\r"\n' "$here/conform.exe" >"$here/conform" && chmod +x "$here/conform"
tally "the WinSock port's promises under wine" env B="$B" sh tests/port/against.sh 127.0.0.1 "$here/conform" -m 300 -n localhost \
    -o "$promises"

# ---- detc: standard output as of this machine's detc, byte for byte, and its exit status ------------------------------------
same() { # expected status, arguments of detc
    expected=$1
    shift
    timeout 60 "$B/detc" "$@" <"$here/password" >"$here/linux" 2>"$here/linux.err"
    linux=$?
    timeout 120 wine "$windows_detc" "$@" <"$here/password" >"$here/windows" 2>"$here/windows.err"
    windows=$?
    cmp "$here/linux" "$here/windows" && [ "$linux" -eq "$expected" ] && [ "$windows" -eq "$expected" ]
    ok "detc $*: the same output, exit status $expected (got $linux, under wine $windows)" $?
    sed 's/os error [0-9]*/os error/' "$here/linux.err" >"$here/expected.err"
    sed 's/os error [0-9]*/os error/' "$here/windows.err" | cmp - "$here/expected.err"
    ok "detc $*: the same on standard error, but for the system's number" $?
}
export XDG_CONFIG_HOME="$here/config"
echo Secret-123 >"$here/password"
start_master "$here" --user ada:Secret-123 || exit 1
export DET_MASTER="http://127.0.0.1:$master_port"
same 0 version
same 0 -h
same 0 user login ada --password-stdin
ls "$WINEPREFIX"/drive_c/users/*/AppData/Local/determined/auth.json >/dev/null
ok "auth.json is where det has it on Windows" $?
same 0 user whoami
for name in 'naïve, \\\"one\\\"' two three; do
    printf '{"config": "{\\"name\\": \\"%s\\", \\"searcher\\": {\\"name\\": \\"single\\", \\"metric\\": \\"loss\\"}}", "unmanaged": true}\n' \
        "$name" >"$here/experiment"
    wine "$windows_detc" api POST /api/v1/experiments -d "@$here/experiment" >/dev/null
    ok "detc api POST -d @FILE: $name" $?
done
same 0 experiment list
same 0 experiment list --limit 1
same 0 experiment list --csv
same 0 experiment list --json
same 0 experiment list-checkpoints 1
same 0 api GET /api/v1/experiments
same 1 experiment list-checkpoints 99
same 1 api GET /api/v1/nonsense
same 2 experiment list --limit
same 2 nonsense
same 1 -m 127.0.0.1:1 experiment list
[ "$(wc -l <"$here/windows.err")" -eq 1 ] && grep -q '^Failed to list experiments: Master not found at .* (os error 10061)' "$here/windows.err"
ok "a refused connection is told in one sentence" $? || cat "$here/windows.err"
same 0 user logout
same 0 user whoami
unset DET_MASTER XDG_CONFIG_HOME
stop_master

https=
start_master "$here" || exit 1
report "http" 'reported 110' "http://127.0.0.1:$master_port"
counted http 110
stop_master
start_master "$here" || exit 1
report "http to a name" 'reported 110' "http://localhost:$master_port"
stop_master
report "a port where nobody listens" 'tcp: 127.0.0.1:1: cannot connect: .*\(os error 10061\)' http://127.0.0.1:1
report "a name that does not exist" 'dns: nowhere.invalid:80: .*' http://nowhere.invalid:80
if [ "$tls" != TLS=0 ]; then
    export DET_MASTER_CERT_FILE=noverify https=1
    make_certificate "$here" && start_master "$here" --tls "$here/leaf.pem" "$here/leaf.key" || exit 1
    report "https" 'reported 110' "https://localhost:$master_port" "$here/ca.pem"
    counted https 110
    stop_master
    start_master "$here" --tls "$here/leaf.pem" "$here/leaf.key" || exit 1
    report "https, only Windows's roots" 'tls: .*: certificate is not trusted: .*' "https://localhost:$master_port"
    report "https, another name" 'tls: .*: certificate is for another name: .*' "https://localhost:$master_port" "$here/ca.pem" other.example
    stop_master
fi
finish
