#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# detc over TLS: which certificates it trusts, in which order, and how it asks about one that is new. Needs $B/detc and
# $B/det-master, openssl. Loopback only. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
B=${B:-build}
scratch
export HOME="$dir" XDG_CONFIG_HOME="$dir" LC_ALL=C SSL_CERT_FILE=/dev/null
certs=$dir/determined/certs.json

run() { # expected status, name, input; the variables before it count
    timeout 30 "$B/detc" -v user whoami >"$dir/out" 2>"$dir/err" <"$3"
    status=$?
    [ "$status" -eq "$1" ]
    ok "$2: exit status $1 (got $status)" $?
    [ "$status" -eq "$1" ] || sed 's/^/    /' "$dir/err"
    name=$2
}
said() { # out or err, pattern
    grep -Eq -- "$2" "$dir/$1"
    ok "$name: $1 says $2" $?
}

mkdir "$dir/other"
make_certificate "$dir" && make_certificate "$dir/other" || exit 1
start_master "$dir" --user ada:Secret-123 --tls "$dir/leaf.pem" "$dir/leaf.key" || exit 1
export DET_MASTER=https://localhost:$master_port
echo Secret-123 | DET_MASTER_CERT_FILE=$dir/ca.pem "$B/detc" user login ada --password-stdin
ok "log in with DET_MASTER_CERT_FILE" $?

DET_MASTER_CERT_FILE=$dir/ca.pem run 0 'DET_MASTER_CERT_FILE' /dev/null
said out "^You are logged in as user 'ada'$"
SSL_CERT_FILE=$dir/ca.pem run 0 "the system's roots" /dev/null
DET_MASTER_CERT_FILE=$dir/other/ca.pem SSL_CERT_FILE=$dir/ca.pem run 0 "the system's roots beside another file" /dev/null
DET_MASTER_CERT_FILE=noverify run 0 'noverify' /dev/null
said err 'not verified'
DET_MASTER_CERT_FILE=$dir/ca.pem DET_MASTER_CERT_NAME=elsewhere run 1 'another name' /dev/null

fingerprint=$(openssl x509 -in "$dir/leaf.pem" -noout -fingerprint -sha256 | sed 's/.*=//' | tr A-F a-f)
echo n >"$dir/n"
echo y >"$dir/y"
run 1 'nobody answers' /dev/null
run 1 'n' "$dir/n"
said out "$fingerprint"
said err 'Unable to verify master certificate$'
[ ! -e "$certs" ]
ok "n stores nothing" $?
run 0 'y' "$dir/y"
[ "$(stat -c %a "$certs")" = 600 ]
ok "y stores, for its owner alone" $?
run 0 'stored' /dev/null
! grep -q fingerprint "$dir/out"
ok "stored: no question" $?
grep -q 'conn 1$' "$dir/err" && ! grep -q 'conn 2$' "$dir/err"
ok "stored: one connection" $?

# Another server at this address is not trusted for that.
port=$master_port
stop_master
start_master "$dir" --tls "$dir/other/leaf.pem" "$dir/other/leaf.key" --port "$port" || exit 1
run 1 'another certificate' "$dir/n"
said out "$(openssl x509 -in "$dir/other/leaf.pem" -noout -fingerprint -sha256 | sed 's/.*=//' | tr A-F a-f)"
said err 'Unable to verify master certificate$'
finish
