#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# detc against det-master, as a person uses it: log in, look, create, list over pages, log out; what goes wrong, and how it
# is told; connections by the master's own count. Needs $B/detc and $B/det-master. Loopback only.
# Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
B=${B:-build}
scratch
export HOME="$dir" XDG_CONFIG_HOME="$dir" LC_ALL=C
auth=$dir/determined/auth.json

run() { # expected status, arguments of detc…
    expected=$1
    shift
    timeout 30 "$B/detc" "$@" >"$dir/out" 2>"$dir/err" <"${input:-/dev/null}"
    status=$?
    name=$*
    [ "$status" -eq "$expected" ]
    ok "$name: exit status $expected (got $status)" $?
    [ "$status" -eq "$expected" ] || sed 's/^/    /' "$dir/err"
}
says() { # out or err, pattern of a whole line; none: nothing at all
    if [ $# -eq 1 ]; then [ ! -s "$dir/$1" ]; else grep -Eqx -- "$2" "$dir/$1"; fi
    said=$?
    ok "$name: $1 says ${2:-nothing}" $said
    [ $said -eq 0 ] || head -n 5 "$dir/$1" | sed 's/^/    /'
}
stats() { # name: the master's counter
    "$B/detc" api GET /test/stats | sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

# Ada's name and password are known to the master.
start_master "$dir" --user ada:Secret-123 || exit 1
export DET_MASTER=http://127.0.0.1:$master_port
echo Secret-123 >"$dir/right"
echo wrong-One1 >"$dir/wrong"

input=$dir/wrong run 1 user login ada --password-stdin
says out
says err 'Failed to log in user: .*'
[ ! -e "$auth" ] || ! grep -q ada "$auth"
ok "a refused login is not stored" $?
input=$dir/right run 0 user login ada --password-stdin
says out
says err
[ "$(stat -c %a "$auth")" = 600 ] && [ "$(stat -c %a "$dir/determined")" = 700 ]
ok "auth.json is for its owner alone" $?
! grep -q 'Secret' "$auth"
ok "the password is not stored" $?
run 0 user whoami
says out "You are logged in as user 'ada'"
says err
run 0 e list
says err
[ "$(wc -l <"$dir/out")" -eq 2 ]
ok "no experiments: a head without a body" $?

# 23 experiments, made with detc api; pages of any size show the same.
cat >"$dir/experiment" <<'J'
{"config": "{\"name\": \"naïve, \\\"one\\\"\", \"searcher\": {\"name\": \"single\", \"metric\": \"loss\"}}", "unmanaged": true}
J
made=0
while [ $made -lt 23 ] && "$B/detc" api POST /api/v1/experiments -d "@$dir/experiment" >"$dir/made"; do made=$((made + 1)); done
[ $made -eq 23 ]
ok "detc api makes experiments (got $made)" $?
grep -q '^{"experiment":{"id":23,' "$dir/made"
ok "its answer is the master's" $?
run 0 e list
cp "$dir/out" "$dir/whole"
[ "$(wc -l <"$dir/out")" -eq 25 ]
ok "the list has 23 rows" $?
for limit in 1 5 22 23 24; do
    run 0 e list --limit $limit
    cmp -s "$dir/out" "$dir/whole"
    ok "pages of $limit show the same" $?
done
run 0 e list --limit 5 --pages 1 --offset 20
[ "$(wc -l <"$dir/out")" -eq 5 ]
ok "the last page has three rows" $?
run 0 e list --csv
[ "$(wc -l <"$dir/out")" -eq 24 ] && grep -q '^23,ada,"naïve, ""one""",' "$dir/out"
ok "CSV quotes" $?

accepted=$(stats accepted)
run 0 e list --limit 2
connections=$(($(stats accepted) - accepted - 1))
[ $connections -eq 1 ]
ok "twelve pages take one connection (got $connections)" $?
run 0 -v e list --limit 10
[ "$(grep -c '^GET /api/v1/experiments?.* 200 .* conn 1$' "$dir/err")" -eq 3 ]
ok "-v tells each request" $?
! grep -q "$(sed -n 's/.*"ada": *"\([^"]*\)".*/\1/p' "$auth")" "$dir/err"
ok "-v tells no token" $?
cmp -s "$dir/out" "$dir/whole"
ok "-v leaves the output as it is" $?

# What goes wrong under way. An answer cut off after its head is an error, as det has it, and nothing is printed.
"$B/detc" api POST /test/faults -d '{"clear":true,"rules":[{"path":"/api/v1/experiments","count":1,"skip":1,"close_at":500}]}' >/dev/null
run 1 e list --limit 5
says out
"$B/detc" api POST /test/faults -d '{"clear":true,"rules":[{"path":"/api/v1/experiments","count":1,"skip":1,"close_at":0}]}' >/dev/null
run 0 e list --limit 5
cmp -s "$dir/out" "$dir/whole"
ok "a connection closed before an answer is made good: these are reads" $?
"$B/detc" api POST /test/faults -d '{"clear":true}' >/dev/null

# How it ends.
run 1 e lc 99
says out
says err "Failed to list checkpoints of experiment: experiment '99' not found"
run 1 api GET /api/v1/nonsense
says out
run 2 e list --limit
says out
run 2 nonsense
run 2 e lc seven
run 0 e list -h
says err
run 0 help
run 0 version
"$B/detc" e list >/dev/full 2>"$dir/err"
[ $? -eq 1 ] && [ "$(wc -l <"$dir/err")" -eq 1 ]
ok "a full device is told in a line" $?
for i in 1 2 3 4 5 6; do "$B/detc" e list --csv 2>>"$dir/pipe"; done | :
[ ! -s "$dir/pipe" ]
ok "a pipe that nobody reads is no news" $?
"$B/detc" api POST /test/faults -d '{"clear":true,"rules":[{"path":"/api/v1/experiments","never":true}]}' >/dev/null
timeout -s INT 1 "$B/detc" e list >"$dir/out" 2>"$dir/err" </dev/null
"$B/detc" api POST /test/faults -d '{"clear":true}' >/dev/null
name='Ctrl-C'
says out
says err 'Interrupting\.\.\.'
run 1 -m 127.0.0.1:1 e list
says out
says err 'Failed to list experiments: Master not found at http://127\.0\.0\.1:1 .*'
run 1 -m 'ftp://host' e list
says out

# Expired, and gone.
"$B/detc" api POST /test/control -d '{"expireTokens":true}' >/dev/null
run 1 e list
says out
[ "$(wc -l <"$dir/err")" -eq 1 ]
ok "an expired login is told in a line" $?
DET_USER=ada DET_PASS=Secret-123 run 0 e list
cmp -s "$dir/out" "$dir/whole"
ok "DET_USER and DET_PASS log in" $?
input=$dir/right run 0 user login ada --password-stdin
run 0 user logout
says out
! grep -q '"ada"' "$auth"
ok "after logout auth.json knows no token" $?
run 0 user whoami
says out "You are logged in as user 'determined'"

# Damaged: told, kept.
echo '{"version": 1, "mas' >"$auth"
input=$dir/right run 1 user login ada --password-stdin
says err '.*auth\.json .* is damaged; .*'
[ "$(grep -l '"mas$' "$dir"/determined/* | wc -l)" -eq 1 ]
ok "a damaged auth.json is kept beside" $?
input=$dir/right run 0 user login ada --password-stdin
run 0 user whoami
says out "You are logged in as user 'ada'"
finish
