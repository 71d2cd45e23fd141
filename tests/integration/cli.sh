#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# detc on the recordings of its commands and on answers made up for it (tests/data/cli): stdout byte for byte as det's, the
# exit status, what it asked for, and that over one connection. Needs $B/detc and $B/cli_replay. Loopback only.
# Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
B=${B:-build}
recordings=tests/recordings/cli
made=tests/data/cli
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME NO_COLOR
export HOME="$dir" XDG_CONFIG_HOME="$dir" LC_ALL=C

# As ok, and what was said in FILE if it failed.
show() { # name, status, file
    ok "$1" "$2"
    [ "$2" -eq 0 ] || head -n 12 "$3" | sed 's/^/    /'
}

# detc beside a recording, as a person who is logged in.
run() { # name, recording, expected status, arguments…
    name=$1
    recording=$2
    expected=$3
    shift 3
    rm -rf "$dir/determined"
    mkdir -p "$dir/determined"
    # shellcheck disable=SC2086
    timeout 60 "$B/cli_replay" ${piece:-} --auth "$dir/determined/auth.json" --report "$dir/report" "$recording" \
        "$B/detc" "$@" >"$dir/stdout" 2>"$dir/stderr" <"${input:-/dev/null}"
    status=$?
    [ "$status" -eq "$expected" ]
    show "$name: exit status $expected (got $status)" $? "$dir/stderr"
    grep -q '^connections 1 requests [0-9]* unexpected 0$' "$dir/report"
    show "$name: one connection, nothing unexpected" $? "$dir/report"
}
printed() { # file det wrote, file detc wrote; without the former nothing was
    wanted=$1
    [ -f "$wanted" ] || wanted=/dev/null
    diff -a "$wanted" "$dir/$2" >"$dir/diff"
    show "$name: $2 as det's" $? "$dir/diff"
}
recorded() { # name, recording, arguments…
    case_name=$1
    case_recording=$2
    shift 2
    run "$case_name" "$recordings/$case_recording.txt" 0 "$@"
    printed "$recordings/$case_name.stdout" stdout
    printed /nowhere stderr
}

all_recorded() {
    recorded e_list e_list e list
    recorded e_list_2pages e_list_2pages e list --limit 2 --offset 9
    recorded e_list_all e_list_all e list --all --limit 2 --pages 1
    recorded e_list_csv e_list_csv e list --limit 2 --pages 1 --csv
    recorded e_list_checkpoints e_list_checkpoints e list-checkpoints 13
    recorded e_list_checkpoints_best e_list_checkpoints_best e list-checkpoints 13 --best 1
    recorded e_list_checkpoints_csv e_list_checkpoints e list-checkpoints 13 --csv
    recorded e_list_checkpoints_none e_list_checkpoints_none e list-checkpoints 1
    recorded user_whoami user_whoami user whoami
    echo Secret-123 >"$dir/password"
    input=$dir/password
    recorded user_login user_login user login determined --password-stdin
    input=
    grep -q '"determined": *"TOKEN"' "$dir/determined/auth.json"
    ok "user_login: the token is in auth.json" $?
}
all_made() {
    while read -r case script expected arguments; do
        case $case in '' | '#'*) continue ;; esac
        # shellcheck disable=SC2086
        run "$case" "$made/$script.txt" "$expected" $arguments
        printed "$made/$case.stdout" stdout
        printed "$made/$case.stderr" stderr
    done <"$made/cases"
}

piece=
all_recorded
all_made
# The answers in pieces: every cut of a record, a character, an escape happens somewhere.
piece='--piece 1'
all_recorded
recorded_made() { # case
    # shellcheck disable=SC2046
    set -- $(grep "^$1 " "$made/cases")
    case=$1
    script=$2
    expected=$3
    shift 3
    run "$case, in pieces" "$made/$script.txt" "$expected" "$@"
    printed "$made/$case.stdout" stdout
}
for case in names mixed_all_csv empty checkpoints failing json json_checkpoints; do recorded_made "$case"; done
piece='--piece 1009'
recorded_made many
finish
