#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The conformance test of ports (tests/port) against the POSIX port, which keeps every promise; the template, which breaks all that
# are somebody's duty; and ports that break one promise each, every one of which has to be caught by name. No promise is left
# without one that breaks it. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
B=${B:-build}
if [ "${IN_PORT:-}" = "" ]; then
    make -s B="$B/gcc" CC=gcc WERROR=1 conform || {
        echo "0 passed, 1 failed"
        exit 1
    }
    # A name with two addresses needs a file of names of our own.
    if unshare -rm true 2>/dev/null; then IN_PORT=1 exec unshare -rm sh "$0"; fi
    echo "skipped: names with two addresses: no mount namespace to be had"
fi
B=$B/gcc
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT HUP
twin=
if [ "${IN_PORT:-}" != "" ]; then
    printf '127.0.0.1 localhost\n127.0.0.1 twin.test\n127.0.0.2 twin.test peer.test\n' >"$dir/hosts"
    mount --bind "$dir/hosts" /etc/hosts && twin='-t twin.test'
fi
# shellcheck disable=SC3045
ulimit -n 64 # what is left behind shows soon

against() { # arguments of against.sh behind the address
    B=$B sh tests/port/against.sh 127.0.0.2,127.0.0.1 "$@" </dev/null
}

# shellcheck disable=SC2086
against "$B/conform-posix" ${twin:+-n peer.test} $twin >"$dir/posix" 2>&1
ok "the POSIX port: exit status" $?
tally "the POSIX port" cat "$dir/posix"
untried=$(grep -c ' untried ' "$dir/posix")
[ "$untried" -eq "$([ -n "$twin" ] && echo 0 || echo 2)" ]
ok "the POSIX port: nothing is left untried ($untried)" $?

# ---- the template: nothing in it works, and the test says so without hanging ---------------------------------------------
against "$B/conform-template" >"$dir/template" 2>&1
[ $? -eq 1 ]
ok "the template: exit status 1" $?
sed -n 's/ .*BROKEN.*//p' "$dir/template" | tr '\n' ' ' >"$dir/broken"
printf '%s ' clock-runs clock-forward clock-pace open open-two open-refused open-unknown open-silent open-early open-again recv-again \
    bytes send-full nodelay peer-closes peer-resets send-gone close-zeroed close-twice close-seen many many-failed wait-ends \
    wait-read wait-write wake-before wake-often wake-during entropy entropy-differs roots >"$dir/expected"
cmp -s "$dir/broken" "$dir/expected"
ok "the template breaks what it should: $(cat "$dir/broken")" $?

# The command of port/README.md, as it stands there.
sed -n '/^ *cc -std=c99/,/[^\\]$/p' port/README.md | sed "s|-o conform-mine|-o $dir/conform-mine|; s|^ *cc |${CC:-cc} |" >"$dir/command"
sh "$dir/command" && "$dir/conform-mine" -l >"$dir/list" && [ "$(wc -l <"$dir/list")" -gt 40 ]
ok "port/README.md: its command builds the test" $?
# What is named: NAME, or the beginning of some and …
# shellcheck disable=SC2016
grep -o '`[^`]*`' port/README.md | tr -d '`' | tr ' ' '\n' >"$dir/named"
missing=$(sed 's/ .*//' "$dir/list" | awk 'NR == FNR { if (sub(/…$/, "")) begin[$0] = 1; else named[$0] = 1; next }
    { for (b in begin) if (b != "" && index($0, b) == 1) next; if (!($0 in named)) print }' "$dir/named" -)
[ -z "$missing" ]
ok "port/README.md: names each promise $missing" $?

# ---- one broken promise each -----------------------------------------------------------------------------------------------
# Caught: the promise is said to be broken, or its name is the last that was said before the port hung or crashed.
caught() { # mutant, promise, what to try
    # shellcheck disable=SC2086
    MUTANT=$1 TEST_LIMIT=60 against "$B/conform-mutants" -m 100 ${twin:+-n peer.test} $twin -o "$3" >"$dir/of-$1" 2>&1
    caught_status=$?
    if [ $caught_status -gt 2 ]; then
        tail -n 1 "$dir/of-$1" | grep -qE "^$2 +$"
    else
        grep -qE "^$2 +BROKEN" "$dir/of-$1"
    fi
    ok "$1 is caught by $2 (exit status $caught_status): $(tail -n 3 "$dir/of-$1")" $?
}
one() {
    passed=0
    failed=0
    began=$(date +%s)
    caught "$@"
    [ -z "${TIMES:-}" ] || echo "$1 $(($(date +%s) - began))" >>"$TIMES"
    finish
}

MUTANT=list "$B/conform-mutants" x 1 2 3 >"$dir/mutants"
[ "$(wc -l <"$dir/mutants")" -gt 40 ]
ok "there are $(wc -l <"$dir/mutants") broken ports" $?
[ -n "$twin" ] || sed -i '/ open-\(name\|twin\) /d' "$dir/mutants"
while read -r name promise try; do
    (one "$name" "$promise" "$try") >"$dir/count-$name" 2>&1 &
    running=$((${running:-0} + 1))
    [ $((running % 16)) -ne 0 ] || wait # most of their time is waiting
done <"$dir/mutants"
wait
for file in "$dir"/count-*; do tally "$(basename "$file")" cat "$file"; done
"$B/conform-posix" -l | cut -d' ' -f1 | sort >"$dir/all"
cut -d' ' -f2 "$dir/mutants" | sort -u >"$dir/covered"
[ -n "$twin" ] || printf 'open-name\nopen-twin\n' | sort - "$dir/covered" -o "$dir/covered"
cmp "$dir/all" "$dir/covered"
ok "each promise has a port that breaks it" $?
finish
