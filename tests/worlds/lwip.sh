#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The ports over lwIP's sockets, port/lwip and port/freertos, on real lwIP (Debian's sources), above the host's threads and above
# FreeRTOS's simulator for hosts, over a tap interface in a network namespace: the conformance test with names from a name
# server, then reports to det-master, over http and verified TLS, with the link cut meanwhile, and from three tasks at once.
# FreeRTOS on an emulated Cortex-M3 too, without a network.
#     sh tests/worlds/lwip.sh [lwip|freertos]     one of them alone. Last line: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
export B="${B:-build}"
worlds=${1:-lwip freertos}

skip() {
    echo "skipped: $1"
    echo "0 passed, 0 failed"
    exit 0
}

# ---- before the namespace: sources and programs ---------------------------------------------------------------------------
if [ "${IN_TAP:-}" = "" ]; then
    said=$(sh tests/port/tap.sh true 2>&1) || skip "$said"
    said=$(sh tests/firmware/sources.sh "$B/sources" 2>&1) || skip "lwIP's sources cannot be fetched: $said"
    case $worlds in
    *freertos*)
        said=$(sh tests/port/freertos.sh "$B/sources/freertos" 2>&1) || {
            [ "$worlds" = freertos ] && skip "FreeRTOS's sources cannot be fetched: $said"
            echo "skipped: freertos: its sources cannot be fetched: $said"
            worlds=lwip
        }
        ;;
    esac
    programs="conform-peer conform-dns det-master get conform-lwip report-lwip"
    case $worlds in *freertos*) programs="$programs conform-freertos tasks-freertos" ;; esac
    export CORTEX=
    case $worlds in *freertos*)
        if command -v qemu-system-arm >/dev/null && command -v arm-none-eabi-gcc >/dev/null; then
            programs="$programs conform-arm.elf" CORTEX=yes
        else
            echo "skipped: freertos on a Cortex-M: qemu-system-arm or gcc-arm-none-eabi is missing"
        fi
        ;;
    esac
    # shellcheck disable=SC2046,SC2086
    make -s -j2 B="$B/gcc" CC=gcc WERROR=1 LWIP="$B/sources/lwip" FREERTOS="$B/sources/freertos" $(printf "$B/gcc/%s " $programs) || {
        echo "0 passed, 1 failed"
        exit 1
    }
    B=$B/gcc NAMES='localhost 10.77.0.1 - six.test - fd77::1 twin.test 10.77.0.3 fd77::1' exec sh tests/port/tap.sh sh "$0" "$worlds"
fi

# ---- in it -----------------------------------------------------------------------------------------------------------------
scratch
make_certificate "$dir" || exit 1
export TALLY_LIMIT=200 TEST_LIMIT=180

conform() { # world, name, further arguments
    conform_world=$1 conform_name=$2
    shift 2
    tally "$conform_world: conformance, names by DNS: $conform_name" \
        sh tests/port/against.sh 10.77.0.1,fd77::1 "$B/conform-$conform_world" -n "$conform_name" "$@"
}

# The master holds so many reports of trial 1, over so many connections, each of them once.
holds() { # name, reports, connections
    ca=
    [ "$scheme" = http ] || ca=$dir/ca.pem
    DET_MASTER_CERT_FILE=$ca "$B/get" "$scheme://localhost:$master_port" /test/trials/1 >"$dir/trial" 2>&1
    DET_MASTER_CERT_FILE=$ca "$B/get" "$scheme://localhost:$master_port" /test/stats >"$dir/stats" 2>&1
    grep -q "\"state\":\"STATE_COMPLETED\"" "$dir/trial" && grep -q "\"reports\":$2," "$dir/trial"
    ok "$1: the master holds $2 reports of a completed trial" $? || cut -c 1-400 "$dir/trial"
    grep -q "\"connections\":$3," "$dir/stats"
    ok "$1: they came over $3 connection(s)" $? || cat "$dir/stats"
}
report() { # name, program, arguments behind the URL
    name=$1 program=$2
    shift 2
    timeout 100 "$B/$program" "$scheme://localhost:$master_port" "$@" >"$dir/out" 2>&1
    status=$?
    [ "$status" -eq 0 ] || sed 's/^/    /' "$dir/out"
    ok "$name: exit status 0 (got $status)" "$status"
}
with_master() { # scheme, options of det-master
    scheme=$1
    shift
    start_master "$dir" --any "$@" || exit 1
}

lwip() {
    conform lwip localhost -t twin.test
    conform lwip six.test -m 20
    with_master http
    report "http" report-lwip - 2000
    holds "http" 2000 1
    stop_master
    with_master https --tls "$dir/leaf.pem" "$dir/leaf.key"
    report "https, its name by DNS" report-lwip "$dir/ca.pem" 2000
    holds "https" 2000 1
    stop_master
    with_master https --tls "$dir/leaf.pem" "$dir/leaf.key"
    make_certificate "$dir" # another authority
    timeout 100 "$B/report-lwip" "https://localhost:$master_port" "$dir/ca.pem" 1 >"$dir/out" 2>&1
    grep -q 'certificate is not trusted' "$dir/out"
    ok "https: an authority that is not trusted is refused: $(head -n 1 "$dir/out")" $?
    stop_master
}

freertos() {
    if [ -n "$CORTEX" ]; then
        tally "freertos on a Cortex-M3: ticks of 32 bits that wrap, wake from an interrupt" qemu-system-arm -M mps2-an385 \
            -kernel "$B/conform-arm.elf" -nographic -monitor none -serial none -semihosting-config enable=on,target=native
    fi
    conform freertos localhost -m 300
    with_master http
    report "three tasks, http" tasks-freertos - 500
    holds "three tasks, http" 1500 1
    stop_master
    with_master https --tls "$dir/leaf.pem" "$dir/leaf.key"
    report "three tasks, https" tasks-freertos "$dir/ca.pem" 500
    holds "three tasks, https" 1500 1
    stop_master
    scheme=http master_port=1
    timeout 60 "$B/tasks-freertos" http://localhost:1 >"$dir/out" 2>&1
    [ $? -eq 1 ] && grep -q 'tcp: localhost:1: cannot connect' "$dir/out"
    ok "nobody there: the task is not left behind: $(head -n 1 "$dir/out")" $?
}

# Last, as the interface has no IPv6 address afterwards.
cut_link() {
    with_master http
    (
        for _ in $(seq 300); do # not before the first report: first contact may fail at once
            "$B/get" "http://localhost:$master_port" /test/stats 2>&1 | grep -q '"reports":[1-9]' && break
            sleep 0.1
        done
        ip link set tap0 down && sleep 4 && ip link set tap0 up
    ) &
    report "a cut of 4 s" report-lwip - 300 10
    wait $!
    holds "a cut of 4 s" 300 1
    stop_master
}

case $worlds in *lwip*) lwip ;; esac
case $worlds in *freertos*) freertos ;; esac
case $worlds in *lwip*) cut_link ;; esac
finish
