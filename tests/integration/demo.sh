#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demo as a user meets it: with a master, without one, with a master that fails in every way that matters.
# Needs $B/demo and $B/det-master. Loopback only, ports of the system's choice. Last line: N passed, N failed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
demo=$B/demo
data=$top/tests/data/digits.csv
. "$top/tests/demo/master.sh"

unset DET_MASTER DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME
passed=0
failed=0
master_pid=
demo_pid=
dir=$(mktemp -d) || exit 1
finish() {
    [ -z "$demo_pid" ] || kill -9 "$demo_pid" 2>/dev/null
    stop_master
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

ok() { # name, exit status of what was checked
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1"
        sed 's/^/    /' "$dir/out" "$dir/err" 2>/dev/null | tail -25
    fi
}
says() { # name, pattern of one whole line on stdout
    grep -Eqx -- "$2" "$dir/out"
    ok "$1" $?
}
tells() { # name, pattern of one whole line on stderr; its only line
    [ "$(wc -l <"$dir/err")" -eq 1 ] && grep -Eqx -- "$2" "$dir/err"
    ok "$1" $?
}
exits() { # name, status wanted
    [ "$status" -eq "$2" ]
    ok "$1 (exit status $2, got $status)" $?
}
counted() { # name, pattern in the counters that the master prints when it ends
    grep -Eq -- "$2" "$dir/master.log"
    ok "$1" $?
}
run() {
    "$@" >"$dir/out" 2>"$dir/err"
    status=$?
}
run_beside() { # epochs: start the demo and come back when it has finished two
    : >"$dir/out" # of the run before
    "$demo" "$data" "$1" >"$dir/out" 2>"$dir/err" &
    demo_pid=$!
    tries=0
    until grep -q '^epoch  2/' "$dir/out" || [ "$tries" -gt 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}
await() {
    wait "$demo_pid"
    status=$?
    demo_pid=
}
accurate() {
    awk '/^accuracy: / { n++; good = $2 > 95 && $3 == "%" } END { exit !(n == 1 && good) }' "$dir/out"
    ok "$1: accuracy over 95 %" $?
}
serve() { # options of det-master: a TLS master, and the environment to reach it
    start_master "$dir" --tls "$dir/leaf.pem" "$dir/leaf.key" "$@" || exit 1
    DET_MASTER=https://localhost:$master_port
    DET_MASTER_CERT_FILE=$dir/ca.pem
    export DET_MASTER DET_MASTER_CERT_FILE
}
trained_without() { # name, pattern of the reason
    tells "$1 is told in one sentence" "demo: training without reporting: $2"
    accurate "$1"
    exits "$1 does not fail the training" 0
}

make_certificate "$dir" || exit 1
mkdir "$dir/other" && make_certificate "$dir/other" || exit 1

# ---- as `make demo` runs it ------------------------------------------------------------------------------------------
run env B="$B" sh "$top/tests/demo/run.sh"
exits "run.sh starts a master and trains" 0
[ ! -s "$dir/err" ]
ok "a good run says nothing on stderr" $?
says "it names master, experiment and trial" 'reporting to https://localhost:[0-9]+: experiment [0-9]+, trial [0-9]+'
says "every epoch is a line when stdout is no terminal" 'epoch 30/30  loss .*  accuracy .* %  reports 1170, to send [0-9]+'
says "the last row is the last step" '          1 +1140 steps'
says "what was reported is shown" 'training.loss +reported +1140( +[0-9.]+){4}'
says "and beside it what the master holds" ' +master +1140( +[0-9.]+){4}  1140 of 1140'
says "every validation row is there" ' +master +30( +[0-9.]+){4}  30 of 30'
says "one connection" 'connections: 1'
says "every report is acknowledged" 'reports: 1170 accepted, 1170 acknowledged, 0 refused, 0 unsure, 0 not sent'
says "requests are counted" 'requests: 1[0-9]{3}'
says "bytes are counted" 'bytes: [1-9][0-9]+ sent, [1-9][0-9]+ received'
says "a report's cost is told" 'microseconds per report: [0-9]+\.[0-9]+ \(median\)'
accurate "run.sh"
! grep -q "$(printf '\r')" "$dir/out"
ok "no line is rewritten when stdout is no terminal" $?

# ---- DET_MASTER given ------------------------------------------------------------------------------------------------
serve --log "$dir/requests"
run env B="$B" sh "$top/tests/demo/run.sh" 3
exits "run.sh uses the master of DET_MASTER" 0
says "and no other" "reporting to $DET_MASTER: experiment 1, trial 1"
stop_master
counted "the master saw one connection" '"accepted":1,"connections":1,'
counted "and every report once" '"reports":117,'
counted "over TLS" '"tlsHandshakes":1,"tlsFailures":0,'
[ "$(grep -c STATE_COMPLETED "$dir/requests")" -eq 1 ]
ok "the trial ends COMPLETED" $?
gone=$master_port

# ---- masters that cannot be reached ------------------------------------------------------------------------------------
run env DET_MASTER="http://127.0.0.1:$gone" "$demo" "$data"
trained_without "a port where nobody listens" "tcp: 127\.0\.0\.1:$gone: .*connect.*"
run env DET_MASTER=http://no-such-host.invalid "$demo" "$data"
trained_without "a host that does not exist" "dns: no-such-host\.invalid:80: .*"

serve
run env DET_MASTER_CERT_FILE="$dir/other/ca.pem" "$demo" "$data"
trained_without "an untrusted certificate" "tls: localhost:$master_port: certificate .*trusted.*"
run env -u DET_MASTER_CERT_FILE "$demo" "$data"
trained_without "no certificate given" "tls: localhost:$master_port: certificate .*trusted.*"
run env DET_MASTER_CERT_NAME=elsewhere.example "$demo" "$data"
trained_without "a certificate for another name" "tls: localhost:$master_port: certificate .*name.*"
run env DET_MASTER="http://localhost:$master_port" "$demo" "$data"
trained_without "http to a TLS port" "(http|tcp): localhost:$master_port: .*"
run env DET_USER=determined DET_PASS=wrong-password "$demo" "$data"
trained_without "a wrong password" "server: localhost:$master_port: POST /api/v1/auth/login answered 401: invalid credentials.*"
! grep -q wrong-password "$dir/out" "$dir/err"
ok "the password is not shown" $?
stop_master
counted "none of them reported anything" '"reports":0,'

# ---- masters that fail in mid-run --------------------------------------------------------------------------------------
serve --fault '{"path":"/metrics","skip":5,"count":1,"status":500,"text":"no room"}'
run "$demo" "$data" 2
exits "a refused report fails the run" 1
grep -q 'differs from what was reported' "$dir/err"
ok "and is told" $?
says "counted" 'reports: 78 accepted, 77 acknowledged, 1 refused, 0 unsure, 0 not sent'
says "and seen in what was read back" ' +master +75( +[0-9.]+){4}  5 of 76'
stop_master

serve --fault '{"path":"/metrics","skip":9,"count":1,"close_at":0}'
run "$demo" "$data" 2
exits "a lost answer does not fail the run" 0
says "every report arrives all the same" 'reports: 78 accepted, 78 acknowledged, 0 refused, 0 unsure, 0 not sent'
says "exactly once" ' +master +76( +[0-9.]+){4}  76 of 76'
says "on a second connection" 'connections: 2'
stop_master

serve
run_beside 40
gone=$master_port
stop_master
await
exits "a master that dies fails the run" 1
says "but the training reaches its end" 'epoch 40/40 .*'
accurate "a master that died"
grep -Eq '^demo: (training goes on without reporting|[0-9]+ reports are left over): ' "$dir/err"
ok "which goes on without reporting, and says so" $?
grep -Eq "^demo: closing: tcp: localhost:$gone: " "$dir/err"
ok "the last word names stage and address" $?

# ---- Ctrl-C --------------------------------------------------------------------------------------------------------------
serve --log "$dir/requests"
run_beside 500
kill -INT "$demo_pid"
await
exits "Ctrl-C ends the run" 130
says "and says so" interrupted
[ "$(grep -c STATE_ERROR "$dir/requests")" -eq 1 ]
ok "the trial ends ERROR" $?
stop_master

# ---- usage ---------------------------------------------------------------------------------------------------------------
run "$demo" "$dir/missing.csv"
exits "a missing file is a usage error" 2
tells "which names it" "demo: $dir/missing.csv: cannot be opened"
{ sed -n 1,40p "$data"; echo '1,2,3'; } >"$dir/bad.csv"
run "$demo" "$dir/bad.csv"
exits "a bad line is a usage error" 2
tells "which names it" "demo: $dir/bad.csv: not 64 pixels of 0 to 16 and a digit: line 41"
run "$demo" "$data" 0
exits "no epochs are a usage error" 2

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
