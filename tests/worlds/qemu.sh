#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The firmware on an emulated Cortex-M4 (QEMU's mps2-an386, LAN9118 Ethernet, user network) against a master of our own: verified
# TLS 1.2 and 1.3, names by DNS, the clock from an answer's Date, refusals, a cable cut for a minute, every row compared; then
# what the images cost. `make test-qemu` builds what it needs. All traffic stays on this machine.
#     B=build MBEDTLS36=build/mbedtls36 sh tests/worlds/qemu.sh      CUT_S=60: how long the cable is cut
# Last line: N passed, N failed; or why it is skipped.
# shellcheck disable=SC2031 # counts changed by subshells of count.sh stay theirs
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
MBEDTLS36=${MBEDTLS36:-$B/mbedtls36}
CUT_S=${CUT_S:-60}
fw=$B/firmware
# shellcheck source=tests/checks/count.sh
. tests/checks/count.sh

skip() {
    echo "skipped: $1"
    finish
}
for tool in qemu-system-arm arm-none-eabi-gcc dpkg-source openssl; do
    command -v "$tool" >/dev/null ||
        skip "$tool is missing (Debian: qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi dpkg-dev openssl)"
done
said=$(sh tests/firmware/sources.sh "$B/sources" 2>&1) || skip "the sources of lwIP and mbedTLS cannot be fetched: $said"

dir=$(mktemp -d) || exit 1
pids=
# shellcheck disable=SC2086,SC2317 # a list of numbers; a trap calls it
stop() {
    [ -z "$pids" ] || kill $pids 2>/dev/null
    wait
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
make -s B="$B" firmware "$fw/dnsd" "$B/det-master" "$B/detc" >"$dir/log" 2>&1
ok 'firmware, name server, master and command build' $?
[ "$failed" -eq 0 ] || {
    cat "$dir/log"
    finish
}
master13=
if sh tests/mbedtls36.sh "$MBEDTLS36"; then
    make -s B="$B/m36" MBEDTLS="$MBEDTLS36" "$B/m36/det-master" >"$dir/log" 2>&1
    ok 'a master with TLS 1.3 builds' $?
    master13=$B/m36/det-master
else
    echo 'skipped: TLS 1.3 wants a master with mbedTLS 3.6, which cannot be fetched'
fi
unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME

# ---- what the board talks to -----------------------------------------------------------------------------------------
authority() { # name of the files
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=libdet $1" \
        -keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null
    : >"$dir/$1.index"
}
certificate() { # name of the files, host name, options of `openssl ca`: signed by ca.pem
    name=$1 host=$2
    shift 2
    cat >"$dir/config" <<X
[ca]
default_ca = test
[test]
database = $dir/ca.index
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:$host,DNS:localhost
basicConstraints = CA:FALSE
X
    {
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -keyout "$dir/$name.key" \
            -out "$dir/$name.csr" &&
            openssl ca -batch -notext -config "$dir/config" -cert "$dir/ca.pem" -keyfile "$dir/ca.key" -in "$dir/$name.csr" \
                -out "$dir/$name.pem" "$@"
    } >"$dir/openssl.log" 2>&1 || cat "$dir/openssl.log"
}
await() { # file, pattern, seconds: that a line of it matches
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt "$(($3 * 20))" ] || return 1
        sleep 0.05
    done
}
start() { # name, program and options, in which PORT stands for a file: it writes its port there
    name=$1
    shift
    "$@" >"$dir/$name.said" 2>&1 &
    pids="$pids $!"
    await "$dir/$name.port" . 10
    ok "$name runs" $?
}
port() { cat "$dir/$1.port"; }
master() { # name, program, certificate, options
    name=$1 program=$2 leaf=$3
    shift 3
    start "$name" "$program" --port-file "$dir/$name.port" --tls "$dir/$leaf.pem" "$dir/$leaf.key" "$@"
}

authority ca
authority other
certificate leaf master.test -days 20
certificate elsewhere other.test -days 20
certificate old master.test -startdate 20240101000000Z -enddate 20250101000000Z
start dns "$fw/dnsd" master.test 10.0.2.2 "$dir/dns.port"
start plain "$B/det-master" --port-file "$dir/plain.port"
master tls12 "$B/det-master" leaf
master elsewhere "$B/det-master" elsewhere
master old "$B/det-master" old
master faulty "$B/det-master" leaf --fault '{"path":"/metrics","every":9,"reset_at":20}' \
    --fault '{"path":"/metrics","every":14,"close_at":0}'
[ -z "$master13" ] || master tls13 "$master13" leaf

# ---- a board ---------------------------------------------------------------------------------------------------------
# settings NAME LINE…: with a seed, the name server and the authority $ca
ca=ca
settings() {
    name=$1
    shift
    {
        printf '%s\n' "$@" "dns=10.0.2.2:$(port dns)" "seed=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
        printf 'ca='
        cat "$dir/$ca.pem"
    } >"$dir/$name.settings"
}
# The time limit is far above what any run takes.
board() { # name, image, options of QEMU: until it ends; its monitor is on standard input
    name=$1 image=$2
    shift 2
    timeout 300 qemu-system-arm -M mps2-an386 -display none -semihosting -kernel "$fw/$image.elf" -nic user,id=net \
        -serial "file:$dir/$name.out" -device "loader,file=$dir/$name.settings,addr=0x21000000,force-raw=on" \
        -monitor stdio "$@" >"$dir/$name.monitor" 2>&1
}
says() { # name, pattern of a whole line, what it means
    grep -qx "$2" "$dir/$1.out"
    status=$?
    ok "$1: $3" "$status"
    [ "$status" -eq 0 ] || sed 's/^/    /' "$dir/$1.out"
}
value() { sed -n "s/^$2: //p" "$dir/$1.out"; } # name, what

# ---- what arrived ----------------------------------------------------------------------------------------------------
ask() { # port, path
    DET_MASTER_CERT_FILE=$dir/ca.pem HOME=$dir DET_USER=determined DET_PASS='' "$B/detc" -m "https://localhost:$1" api GET "$2" \
        2>"$dir/ask.err" || cat "$dir/ask.err" >&2
}
held() { # port, trial, group: "row GROUP STEPS VALUE" for each, in the order of steps
    ask "$1" "/api/v1/trials/time-series?trialIds=$2&metricIds=$3.loss&startBatches=1&endBatches=100000&maxDatapoints=100000" |
        grep -o '"batches":[0-9]*,"values":{"loss":[^}]*}' | sed "s/.*:\([0-9]*\),.*:\(.*\)}/row $3 \1 \2/"
}
arrived() { # name, master: rows exact, each once and in order; so are the summaries
    trial=$(value "$1" trial)
    for group in training validation; do
        grep "^row $group " "$dir/$1.out" >"$dir/reported"
        held "$(port "$2")" "$trial" "$group" >"$dir/held"
        [ -s "$dir/reported" ] && cmp -s "$dir/reported" "$dir/held"
        ok "$1: the master holds the $(wc -l <"$dir/reported") $group rows that were reported" $?
        cmp -s "$dir/reported" "$dir/held" || diff "$dir/reported" "$dir/held" | head -n 20
        key=avg_metrics
        [ "$group" = training ] || key=validation_metrics
        counted=$(ask "$(port "$2")" "/api/v1/trials/$trial" | grep -o "\"$key\":{.*" | grep -o '"loss":{[^}]*' |
            head -n 1 | sed -n 's/.*"count":\([0-9]*\).*/\1/p')
        [ "$counted" = "$(wc -l <"$dir/reported")" ]
        ok "$1: and its $group summary counts $counted" $?
    done
    says "$1" 'done' 'ended in order'
    says "$1" 'reports pending: 0' 'nothing is left'
}

# ---- a cable that is cut: beside all else, as it takes a minute --------------------------------------------------------
cut() { # name, image, port: a report a second, 13 an epoch; the cable is out from the fifth on
    settings "$1" "url=https://master.test:$3" "time=10.0.2.2:$(port plain)" "epochs=$(((CUT_S + 17) / 13))" pace=1000
    mkfifo "$dir/$1.in"
    board "$1" "$2" <"$dir/$1.in" &
    exec 9>"$dir/$1.in"
    if await "$dir/$1.out" '^row training 5' 60; then
        echo 'set_link net off' >&9
        sleep "$CUT_S"
        echo 'set_link net on' >&9
    fi
    wait $!
    exec 9>&-
}
cut cut-tls12 train-tls12-min "$(port tls12)" &
slow=$!
[ -z "$master13" ] || {
    cut cut-tls13 train-both "$(port tls13)" &
    slow="$slow $!"
}
# Answers that break off: connections reset, and closed without a word.
settings faulty "url=https://master.test:$(port faulty)" "time=10.0.2.2:$(port plain)" epochs=3
board faulty train-tls12-min </dev/null &
slow="$slow $!"

# ---- refusals --------------------------------------------------------------------------------------------------------
refused() { # name, code, stage, settings: on the image for TLS 1.2
    name=$1 code=$2 stage=$3
    shift 3
    settings "$name" "$@"
    board "$name" "train-tls12-min" </dev/null
    says "$name" "error in open: $code, stage $stage, detail .*" "$code"
}
time=time=10.0.2.2:$(port plain)
refused no-clock DET_E_CLOCK tls "url=https://master.test:$(port tls12)"
refused expired DET_E_EXPIRED tls "url=https://master.test:$(port old)" "$time"
refused wrong-name DET_E_NAME tls "url=https://master.test:$(port elsewhere)" "$time"
refused no-such-name DET_E_DNS dns "url=https://nobody.test:$(port tls12)" "$time"
refused no-tls-there DET_E_RESET tls "url=https://master.test:$(port plain)" "$time"
refused no-master-there DET_E_CONNECT tcp 'url=https://10.0.2.2:1' "$time"
ca=other
refused not-trusted DET_E_TRUST tls "url=https://master.test:$(port tls12)" "$time"
ca=ca

# ---- training --------------------------------------------------------------------------------------------------------
trains() { # name, image, master: one instruction is 1 ns of the board's time
    settings "$1" "url=https://master.test:$(port "$3")" "$time" user=determined epochs=5
    board "$1" "$2" -icount shift=0 </dev/null
    before=$(($(date +%s) - 60))
    [ "$(value "$1" 'clock set by the Date of an answer')" -gt "$before" ]
    ok "$1: the clock is that of the answer's Date" $?
    arrived "$1" "$3"
    says "$1" 'connections: 1' 'all of it over one connection'
    [ "$(value "$1" 'accuracy in thousandths')" -gt 700 ]
    ok "$1: and it has learnt: $(value "$1" 'accuracy in thousandths') of 1000" $?
}
trains tls12-min train-tls12-min tls12
trains both-over-tls12 train-both tls12
[ -z "$master13" ] || {
    trains tls13-min train-tls13-min tls13
    trains both-over-tls13 train-both tls13
}
grep -q '^master.test: known' "$dir/dns.said"
ok 'the names were asked for by DNS' $?
settings plain-http "url=http://10.0.2.2:$(port plain)" user=determined epochs=5
board plain-http train-tls12-min -icount shift=0 </dev/null
says plain-http 'done' 'http to an address, to tell what TLS costs'
says plain-http 'reports pending: 0' 'nothing is left'

# ---- the smallest client ---------------------------------------------------------------------------------------------
token=$(DET_MASTER_CERT_FILE=$dir/ca.pem HOME=$dir "$B/detc" -m "https://localhost:$(port tls12)" api POST /api/v1/auth/login \
    -d '{"username":"determined","password":""}' 2>"$dir/ask.err" | sed 's/.*"token":"\([^"]*\)".*/\1/')
settings hello "url=https://master.test:$(port tls12)" "$time" "token=$token"
board hello hello-tls12-min -icount shift=0 </dev/null
says hello 'done' 'a client with a token reports'
says hello 'reports acknowledged: 10' 'all ten'

# ---- what was broken is whole -------------------------------------------------------------------------------------------
# shellcheck disable=SC2086 # a list of numbers
wait $slow
for name in cut-tls12 ${master13:+cut-tls13}; do
    [ "$(grep -c '^link: down$' "$dir/$name.out")" -eq 1 ] && [ "$(grep -c '^link: up$' "$dir/$name.out")" -eq 1 ]
    ok "$name: the board saw the cable go and come" $?
done
for name in cut-tls12 ${master13:+cut-tls13} faulty; do
    arrived "$name" "${name#cut-}"
    echo "$name: $(value "$name" connections) connections, $(value "$name" fenced) rewinds," \
        "$(value "$name" 'reports sent again') reports sent again, outbox $(value "$name" 'outbox peak') bytes at most," \
        "heap $(value "$name" 'closed, heap peak') at most"
done

[ "$(value faulty connections)" -gt 5 ]
ok 'the faulty master broke connections off' $?

# ---- what it costs -----------------------------------------------------------------------------------------------------
for name in tls12-min ${master13:+tls13-min both-over-tls13} plain-http hello; do
    echo "$name:"
    grep -E 'instructions|heap|stack|outbox' "$dir/$name.out" | sed 's/^/  /'
done
for image in "$fw"/*.elf; do arm-none-eabi-nm "$image"; done >"$dir/symbols"
[ -s "$dir/symbols" ] && ! grep -E ' _?(malloc|calloc|realloc|free|sbrk|printf|snprintf)(_r)?$' "$dir/symbols"
ok 'no image has a heap of libc or its printf' $?
sh tests/firmware/sizes.sh "$fw" hello-tls12-min train-tls12-min train-tls13-min train-both >"$fw/sizes.txt"
ok "the images' sizes keep to issue 6's limits" $?
cat "$fw/sizes.txt"
finish
