# SPDX-License-Identifier: Apache-2.0
# Sourced by the test scripts: counting, and telling what failed.
#   ok NAME STATUS           one check, good if STATUS is 0
#   tally NAME COMMAND…      a program with a count of its own: its last line, `N passed, N failed`, is added. One that
#                            crashes, prints no count or ran nothing is a failure. Its output is shown only if it fails
#   later NAME COMMAND…      tally, beside what else is started so; NAME is a file name
#   together                 waits for all of them and adds their counts
#   finish                   prints the sum, exits accordingly
# shellcheck shell=sh disable=SC2030,SC2031 # the counts of a subshell are its own
passed=0
failed=0

ok() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1"
    fi
}

# The count in the last line of FILE: "N M", or nothing.
count_of() {
    tail -n 1 "$1" | sed -n 's/^\([0-9]\{1,\}\) passed, \([0-9]\{1,\}\) failed$/\1 \2/p'
}

tally() {
    tally_name=$1
    shift
    tally_log=$(mktemp) || exit 1
    timeout "${TALLY_LIMIT:-300}" "$@" >"$tally_log" 2>&1 </dev/null
    tally_status=$?
    # shellcheck disable=SC2046
    set -- $(count_of "$tally_log")
    if [ $# -ne 2 ] || [ "$(($1 + $2))" -eq 0 ]; then
        echo "FAIL $tally_name: no test counted (exit status $tally_status):"
        set -- 0 1
    elif [ "$2" -eq 0 ] && [ "$tally_status" -ne 0 ]; then
        echo "FAIL $tally_name: exit status $tally_status in spite of its count:"
        set -- "$1" 1
    elif [ "$2" -ne 0 ]; then
        echo "FAIL $tally_name:"
    fi
    [ "$2" -eq 0 ] || sed 's/^/    /' "$tally_log"
    rm -f "$tally_log"
    passed=$((passed + $1))
    failed=$((failed + $2))
}

later() {
    [ -n "${later_dir:-}" ] || later_dir=$(mktemp -d) || exit 1
    (
        passed=0
        failed=0
        tally "$@"
        finish
    ) >"$later_dir/$1" 2>&1 &
}

together() {
    [ -n "${later_dir:-}" ] || return 0
    wait
    for later_log in "$later_dir"/*; do tally "$(basename "$later_log")" cat "$later_log"; done
    rm -rf "$later_dir"
    later_dir=
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
