#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All benchmarks in one report: against two masters of our own on free loopback ports, plain and TLS. What a benchmark
# asserts (connections, system calls per request) decides the exit status; no time ever does.
# shellcheck disable=SC1091,SC2086,SC2154,SC2317 # lists of words; master.sh's variables; traps and run() call the rest
set -u
here=$(dirname "$0")
B=${B:-build}
. "$here/../demo/master.sh"
bin=$B/bench
failed=0

dir=$(mktemp -d) || exit 1
plain_pid=
tls_pid=
link_pid=
list_pids=
stop_all() {
    for pid in $plain_pid $tls_pid $link_pid $list_pids; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$dir"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

have() {
    command -v "$1" >/dev/null 2>&1
}

run() {
    "$@" || failed=1
    echo
}

# The newer mbedTLS, if it is there: a handshake with TLS 1.3 is a round trip shorter.
new=$B
[ -x "$B/tls13/bench/bench_rate" ] && new=$B/tls13

# ---- the masters -----------------------------------------------------------------------------------------------------
mkdir "$dir/plain" "$dir/tls"
start_master "$dir/plain" || exit 1
plain_pid=$master_pid
plain="http://localhost:$master_port $plain_pid"
tls=
cert=
if [ "${TLS:-1}" != 0 ]; then
    make_certificate "$dir/tls" || exit 1
    start_master "$dir/tls" --tls "$dir/tls/leaf.pem" "$dir/tls/leaf.key" || exit 1
    tls_pid=$master_pid
    tls="https://localhost:$master_port $tls_pid $dir/tls/ca.pem"
    mkdir "$dir/link"
    older=$B
    B=$new
    start_master "$dir/link" --tls "$dir/tls/leaf.pem" "$dir/tls/leaf.key" || exit 1
    B=$older
    link_pid=$master_pid
    link_port=$master_port
    cert="$dir/tls/leaf.pem $dir/tls/leaf.key $dir/tls/ca.pem"
fi
plain_url=${plain% *}

# ---- system calls by strace: what a run adds to a program that does nothing ------------------------------------------
calls_of() {
    strace -f -c -o "$dir/strace" "$@" >/dev/null 2>&1 || return 1
    awk '$1 ~ /^[0-9.]+$/ && $NF != "total" {n += $4} END {print n + 0}' "$dir/strace"
}

syscalls_of() {
    calls_of "$bin/bench_seed" --once "$1" $plain $tls
}

count_syscalls() {
    have strace && nothing=$(syscalls_of 4) || return 1
    list=
    for case in 0 1 2 3; do
        n=$(syscalls_of $case) || return 1
        list=$list${list:+,}$((n - nothing))
    done
    echo "$list"
}

# per_report FEW MANY OPTION COMMAND REST…: what the reports beyond FEW cost each.
per_report() {
    few=$1 many=$2 option=$3 command=$4
    shift 4
    a=$(calls_of "$command" "$option" "$few" "$@") && b=$(calls_of "$command" "$option" "$many" "$@") || return 1
    awk -v a="$a" -v b="$b" -v n=$((many - few)) 'BEGIN {printf "%.3f", (b - a) / n}'
}

# ---- a long line: plain and TLS at the same time, as nearly all of it is waiting ---------------------------------------
long_line() {
    "$bin/bench_link" "${plain_url##*:}" >"$dir/link.plain" 2>&1 &
    pid=$!
    good=0
    [ -z "$tls" ] || "$new/bench/bench_link" "$link_port" "$dir/tls/ca.pem" >"$dir/link.tls" 2>&1 || good=1
    wait "$pid" || good=1
    cat "$dir/link.plain"
    [ -z "$tls" ] || cat "$dir/link.tls"
    return $good
}

# ---- what a report costs the caller: without a master in the end, so one of its own -------------------------------------
cost() {
    mkdir "$dir/report"
    start_master "$dir/report" || return 1
    url=http://localhost:$master_port
    if have strace && calls=$(per_report 0 100 --queue "$bin/bench_report" "$url"); then
        echo "System calls of a report, by strace: $calls (limit: 0)"
        [ "$calls" = 0.000 ] || failed=1
    fi
    "$bin/bench_report" "$url" "$master_pid"
    good=$?
    wait "$master_pid" 2>/dev/null
    return $good
}

# ---- reports per second ----------------------------------------------------------------------------------------------
rate() {
    set -- "$plain_url" "$plain_pid"
    [ -z "$tls" ] || set -- "https://localhost:$link_port" "$link_pid" "$dir/tls/ca.pem"
    if have strace && det=$(per_report 10000 30000 --det "$new/bench/bench_rate" 0 "$@") &&
        curl=$(per_report 100 600 --curl "$new/bench/bench_rate" "$@"); then
        "$new/bench/bench_rate" --syscalls "$det,$curl" "$@"
    else
        "$new/bench/bench_rate" "$@"
    fi
}

# ---- instructions by callgrind: those within measured() alone --------------------------------------------------------
# collected NAME N COMMAND…: one row, all user-space instructions and those of src/ and port/, per call. That a program
# does not run under valgrind (sanitizers, clang 14's DWARF) is no failure of ours.
collected() {
    name=$1 n=$2
    shift 2
    valgrind -q --tool=callgrind --toggle-collect=measured --callgrind-out-file="$dir/callgrind" "$@" >/dev/null 2>&1 || {
        printf '  %-52s %10s %10s\n' "$name" '(failed)' ''
        return 0
    }
    callgrind_annotate --threshold=100 --auto=no --show-percs=no "$dir/callgrind" | awk -v name="$name" -v n="$n" '
        {gsub(",", "", $1)}
        /PROGRAM TOTALS/ {all = $1}
        $2 ~ /(^|\/)(src|port)\/[a-z]+\/[a-z0-9_]+\.[ch]:/ {own += $1}
        END {printf "  %-52s %10.0f %10.0f\n", name, all / n, own / n}'
}

instructions() {
    echo "User-space instructions, counted by callgrind (repeatable to a few)"
    printf '  %-52s %10s %10s\n' '' all 'of libdet'
    for row in 'bare-read:request, plain, bare write, read' 'bare-poll:request, plain, bare write, poll, read' \
        'det-poll:request, plain, libdet' 'tls-bare-poll:request, TLS, bare ssl_write, poll, ssl_read' \
        'tls-det-poll:request, TLS, libdet'; do
        case $row in
        tls-*) [ -n "$cert" ] || continue ;;
        esac
        collected "${row#*:}" 200 "$bin/bench_request" --count "${row%%:*}" 200 $cert
    done
    set -- "$plain_url" "$plain_pid"
    [ -z "$tls" ] || set -- "https://localhost:$link_port" "$link_pid" "$dir/tls/ca.pem"
    collected "report, ${tls:+TLS, }pipelined: all of it" 2000 "$new/bench/bench_rate" --det 2000 0 "$@"
    collected 'det_report_training_metrics(), ten doubles' 100 "$bin/bench_report" --count 100 "$plain_url"
}

# ---- detc, with masters of its own -------------------------------------------------------------------------------------
command_line() {
    have curl || {
        echo "(no curl: detc is not measured)"
        return 0
    }
    mkdir -p "$dir/list/plain" "$dir/list/tls"
    start_master "$dir/list/plain" --user ada:Secret-123 || return 1
    list_pids=$master_pid
    set -- "$master_port"
    if [ -n "$tls" ]; then
        start_master "$dir/list/tls" --user ada:Secret-123 --tls "$dir/tls/leaf.pem" "$dir/tls/leaf.key" || return 1
        list_pids="$list_pids $master_pid"
        set -- "$1" "$master_port" "$dir/tls/ca.pem"
    fi
    XDG_CONFIG_HOME=$dir/list "$bin/bench_list" "$B/detc" "$@"
    good=$?
    for pid in $list_pids; do
        kill "$pid"
        wait "$pid" 2>/dev/null
    done
    list_pids=
    return $good
}

# ---- the report ------------------------------------------------------------------------------------------------------
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
echo "libdet benchmarks: $(uname -srm), ${cpu:-unknown CPU}, $(getconf _NPROCESSORS_ONLN) CPUs, load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
echo "$(${CC:-cc} --version | head -n 1); ${CFLAGS:-}"
echo

if list=$(count_syscalls); then
    run "$bin/bench_seed" --syscalls "$list" $plain $tls
else
    echo "(no strace: the column of system calls stays empty)"
    run "$bin/bench_seed" $plain $tls
fi
if [ -n "$tls" ]; then
    set -- $tls
    run "$bin/bench_syscalls" "$plain_url" "$1" "$3"
else
    run "$bin/bench_syscalls" "$plain_url"
fi
run "$bin/bench_request" $cert
run cost
run "$bin/bench_worker" "$plain_url" "$plain_pid"
run long_line
run rate
run command_line
if have valgrind; then
    run instructions
else
    echo "(no valgrind: no counts of instructions)"
fi
echo "Heads of recorded answers, beside http_parser"
TEST_DATA=$here/../recordings run "$bin/bench_head"
echo "JSON, beside RapidJSON's strict SAX reader"
run "$bin/bench_json" "$here/../recordings/lists_paged.txt" "$here/../recordings/cli/e_list.txt"
exit $failed
