#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The seed example against det-master over TLS, with an authority made on the spot: whom it trusts, whom it refuses and
# with what sentence, and what that took by the master's own count (GET /test/stats, which is asked over TLS too).
# Needs $B/seed, $B/get and $B/det-master, all with TLS, and openssl. Loopback only. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
B=${B:-build}
scratch
unset SSL_CERT_FILE

make_leaf() { # name, alternative names: $dir/name.pem and name.key, signed by $dir/ca
    printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$2" >"$dir/$1.ext" &&
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$dir/$1.key" \
            -out "$dir/$1.csr" 2>>"$dir/openssl.log" &&
        openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -set_serial 3 -days 2 \
            -extfile "$dir/$1.ext" -out "$dir/$1.pem" 2>>"$dir/openssl.log"
}

# A fresh master, which shows that certificate, and the seed example once, with that environment.
run() { # name, certificate, environment…
    name="$1${tls12:+, TLS 1.2}"
    # shellcheck disable=SC2086
    start_master "$dir" --tls "$dir/$2.pem" "$dir/$2.key" $tls12 || exit 1
    shift 2
    url=https://${host:-localhost}:$master_port
    env DET_MASTER="$url" "$@" "$B/seed" >"$dir/out" 2>&1
    status=$?
    DET_MASTER_CERT_FILE=noverify "$B/get" "$url" /test/stats >"$dir/stats" 2>&1
    ok "$name: the master still answers" $? || cat "$dir/stats"
    stop_master
}
# The master's counters, less the connection that asked for them; it is not among those with a request.
counted() { # accepted, handshakes, connections with a request, reports
    got=$(awk -F '[{},:]' '{for (i = 2; i < NF; i += 2) v[$i] = $(i + 1)}
        END {print v["\"accepted\""] - 1, v["\"tlsHandshakes\""] - 1, v["\"connections\""], v["\"reports\""]}' "$dir/stats")
    [ "$got" = "$*" ]
    ok "$name: connections, handshakes, connections with a request, reports are $* (got $got)" $?
}
said() { # exit status, pattern of all that was said; none: nothing at all
    [ "$status" -eq "$1" ]
    ok "$name: exit status $1 (got $status)" $?
    if [ $# -eq 1 ]; then [ ! -s "$dir/out" ]; else [ "$(wc -l <"$dir/out")" -eq 1 ] && grep -Eqx -- "$2" "$dir/out"; fi
    ok "$name: ${2:-not a word}" $? || sed 's/^/    /' "$dir/out"
}
trusted() { # as run
    run "$@"
    said 0
    counted 1 1 1 110
}
refused() { # pattern of the reason; then as run
    reason=$1
    shift
    run "$@"
    said 1 "seed: tls: ${host:-localhost}:$master_port: $reason"
    counted 1 0 0 0
}

make_certificate "$dir" && mkdir "$dir/other" && make_certificate "$dir/other" || exit 1
make_leaf elsewhere DNS:master.example || exit 1
ca=$dir/ca.pem
cat "$dir/other/ca.pem" "$ca" >"$dir/both.pem"
no_trust='certificate is not trusted: give its CA \(ca_pem, DET_MASTER_CERT_FILE\) \(mbedTLS 8\)'
no_name='certificate is for another name: give that name \(tls_name, DET_MASTER_CERT_NAME\) \(mbedTLS 4\)'

for tls12 in '' --tls12; do
    trusted "the right CA" leaf DET_MASTER_CERT_FILE="$ca"
    trusted "the right CA among others" leaf DET_MASTER_CERT_FILE="$dir/both.pem"
    trusted "the right CA among the system's" leaf SSL_CERT_FILE="$ca"
    trusted "the master's certificate itself" leaf DET_MASTER_CERT_FILE="$dir/leaf.pem"
    refused "$no_trust" "the wrong CA" leaf DET_MASTER_CERT_FILE="$dir/other/ca.pem"
    refused "$no_trust" "no CA" leaf
    refused "$no_trust" "a file of certificates that does not exist" leaf DET_MASTER_CERT_FILE="$dir/missing.pem"
    refused "$no_name" "the wrong name" elsewhere DET_MASTER_CERT_FILE="$ca"
    trusted "the wrong name, which was to be expected" elsewhere DET_MASTER_CERT_FILE="$ca" \
        DET_MASTER_CERT_NAME=master.example
    refused "$no_name" "another name expected" leaf DET_MASTER_CERT_FILE="$ca" DET_MASTER_CERT_NAME=master.example
    refused "$no_trust" "the right name expected, without a CA" elsewhere DET_MASTER_CERT_NAME=master.example
    trusted "noverify, no CA" leaf DET_MASTER_CERT_FILE=noverify
    trusted "noverify, the wrong name" elsewhere DET_MASTER_CERT_FILE=NoVerify
    host=127.0.0.1
    trusted "an address, and a name to check instead" leaf DET_MASTER_CERT_FILE="$ca" DET_MASTER_CERT_NAME=localhost
    host=
done
tls12=

# Refused before there is any connection.
echo 'no certificate' >"$dir/junk.pem"
run "a file that holds no certificate" leaf DET_MASTER_CERT_FILE="$dir/junk.pem"
said 1 "seed: tls: localhost:$master_port: the certificates given as trusted cannot be read: see ca_pem, DET_MASTER_CERT_FILE"
counted 0 0 0 0

# http to the TLS port: an answer or none, but no report and no success.
start_master "$dir" --tls "$dir/leaf.pem" "$dir/leaf.key" || exit 1
name="http to a TLS port"
DET_MASTER=http://localhost:$master_port "$B/seed" >"$dir/out" 2>&1
status=$?
said 1 "seed: (http|tcp): localhost:$master_port: .*"
stop_master
grep -q '"tlsHandshakes":0,' "$dir/master.log" && grep -q '"reports":0,' "$dir/master.log"
ok "$name: nothing was reported" $?
finish
