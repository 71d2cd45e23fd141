#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# detc when the master is busy, asks to come back later, or hangs up: what is asked again, how often, and what is not.
# Needs $B/detc and $B/det-master. Loopback only. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
B=${B:-build}
scratch
export HOME="$dir" XDG_CONFIG_HOME="$dir" LC_ALL=C
list=/api/v1/experiments

start_master "$dir" --user ada:Secret-123 || exit 1
export DET_MASTER=http://127.0.0.1:$master_port
echo Secret-123 | "$B/detc" user login ada --password-stdin || exit 1

fault() { # rules
    "$B/detc" api POST /test/faults -d "{\"clear\":true,\"rules\":[$1]}" >/dev/null
}
# How often a path was asked for is counted in what -v tells.
run() { # name, expected status, path, expected requests, arguments…
    name=$1 expected=$2 path=$3 times=$4
    shift 4
    timeout 60 "$B/detc" -v "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    asked=$(grep -c "^[A-Z]* $path[? ]" "$dir/err")
    [ "$status" -eq "$expected" ] && [ "$asked" -eq "$times" ]
    ok "$name: exit status $expected (got $status), asked $times times (got $asked)" $?
}
same() {
    cmp -s "$dir/out" "$dir/whole"
    ok "$name: the list as ever" $?
}

i=0
while [ $i -lt 6 ]; do
    "$B/detc" api POST $list -d '{"config": "{\"name\": \"x\", \"searcher\": {\"name\": \"single\", \"metric\": \"loss\"}}", "unmanaged": true}' >/dev/null
    i=$((i + 1))
done
run 'no fault' 0 $list 3 e list --limit 2
cp "$dir/out" "$dir/whole"
for status in 502 503 504; do
    fault "{\"path\":\"$list\",\"count\":1,\"status\":$status}"
    run "$status" 0 $list 4 e list --limit 2
    same
done
# The answers that were under way behind it are asked for again, too.
fault "{\"path\":\"$list\",\"count\":1,\"skip\":1,\"status\":503}"
run '503 to the second page' 0 $list 4 e list --limit 2
same
fault "{\"path\":\"$list\",\"count\":2,\"close_at\":0}"
run 'two connections lost' 0 $list 3 e list --limit 2
[ "$(wc -l <"$dir/out")" -eq "$(wc -l <"$dir/whole")" ]
ok "$name: the list as ever" $?
fault "{\"path\":\"$list\",\"count\":1,\"status\":429,\"retry_after\":1}"
start=$(date +%s%N)
run '429 with Retry-After: 1' 0 $list 4 e list --limit 2
[ $(($(date +%s%N) - start)) -ge 1000000000 ]
ok "$name: it waited" $?
same
fault "{\"path\":\"/me\",\"count\":1,\"status\":503}"
run '503 to GET /me' 0 /api/v1/me 2 e list --limit 2
same

# What is final is told at once.
fault "{\"path\":\"$list\",\"status\":429}"
run '429 without Retry-After' 1 $list 1 e list --limit 2
fault "{\"path\":\"$list\",\"status\":500}"
run '500' 1 $list 1 e list --limit 2
fault "{\"path\":\"/info\",\"count\":1,\"status\":503}"
run '503 to a first contact' 1 /info 1 e list
fault "{\"path\":\"$list\",\"method\":\"POST\",\"status\":503}"
run '503 to a POST' 1 $list 1 api POST $list -d '{}'

# Six times and no more: 15 s less jitter.
fault "{\"path\":\"$list\",\"status\":503}"
run '503 for ever' 1 $list 6 api GET $list
[ ! -s "$dir/out" ] && tail -n 1 "$dir/err" | grep -q '^Failed to call the API: Service Unavailable$'
ok "$name: told, and nothing printed" $?
finish
