#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make size: one table of flash by configuration and target, RAM and the deepest stack, held against tests/size.txt (64 bytes
# a figure) and, on a Cortex-M4, against the bars; also that src/ has no writable data. Behind the table, for a Cortex-M4: the
# bytes of each file and the largest symbols. UPDATE=1 writes tests/size.txt and the costs in det_config.h.
#     sh tests/size/size.sh BUILD        the lines that count end in `: N of M`, what fails says EXCEEDS
set -eu
B=${1:?build directory}/size
cd "$(dirname "$0")/../.."
. tests/size/build.sh
BUILD=$B
LTO=-flto
failed=0
limit() { # name value limit
    if [ "$2" -le "$3" ]; then echo "  $1: $2 of $3"; else echo "  $1: $2 EXCEEDS $3"; failed=1; fi
}

# name | bar on a Cortex-M4 | program | knobs. Bars: issue 6, or what was reached, rounded up to 256.
configurations="session, HTTP, JSON, doubles|10240|session|-DDET_PIPELINE=1
token client, smallest, -flto|14336|report|$SMALL -DDET_LOGIN=0 -DDET_CHECK_VALUES=0 $LTO
token client, smallest|14848|report|$SMALL -DDET_LOGIN=0 -DDET_CHECK_VALUES=0
token client|15360|report|$SMALL -DDET_LOGIN=0
with password login|16896|core|$SMALL
all, knobs as by default|29184|core|"

# Everything is measured first: a line in figures is target|name|flash|writable.
measure() {
    for t in $targets; do
        target "$t" || continue
        echo "$configurations" | while IFS='|' read -r name bar program knobs; do
            B=$BUILD/$t/$(echo "$name" | tr -dc a-z)
            # shellcheck disable=SC2086
            {
                compile . $knobs
                link "$program" $knobs
            }
            echo "$t|$name|$(flash)|$(writable)"
            if [ "$t" = cortex-m4 ]; then
                {
                    echo "$name ($knobs):"
                    by_file
                    echo "  largest:"
                    largest 10
                } >>"$BUILD/details"
            fi
        done
    done
}

# What lies in the caller's memory, by knobs.
ram() {
    # shellcheck disable=SC2086
    "${CROSS}gcc" $ARCH -std=c99 -Iinclude "$@" -x c -c - -o "$BUILD/ram.o" <<'C'
#include "det.h"
char session[sizeof(det_session) - DET_TLS * DET_TLS_STATE_SIZE];
char core[sizeof(det_core) - sizeof(det_session)];
char record[sizeof(int64_t) * (DET_SPOOL ? 4 : 3)];
C
    "${CROSS}nm" -S "$BUILD/ram.o" | awk '
        function hex(s,  i, v) { v = 0; for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1; return v }
        {n[$4] = hex($2)} END {print n["session"], n["core"], n["record"]}'
}

table() {
    echo "Bytes of flash at -Os, without mbedTLS and error texts; - where the compiler is missing."
    echo
    awk -F'|' -v targets="$targets" '
        { flash[$1, $2] = $3 }
        !($2 in seen) { seen[$2] = 1; name[++names] = $2 }
        END {
            n = split(targets, t, " ")
            printf "%-34s", ""
            for (i = 1; i <= n; i++) printf "%15s", t[i]
            for (k = 1; k <= names; k++) {
                printf "\n%-34s", name[k]
                for (i = 1; i <= n; i++) printf "%15s", (t[i], name[k]) in flash ? flash[t[i], name[k]] : "-"
            }
            print ""
        }' "$BUILD/figures"
    echo
    echo "Bytes of RAM on a Cortex-M4 in the caller's memory, beside 4096 or more of mem"
    echo
    # shellcheck disable=SC2046
    printf '%-34s%15s%15s%15s\n' "" session core "a report +" \
        "token client" $(ram $SMALL -DDET_LOGIN=0) "all, knobs as by default" $(ram)
    echo
    printf '%-34s%15s\n' "Deepest stack outside mbedTLS" "$(sed -n 's/.*deepest stack outside mbedTLS: \([0-9]*\) .*/\1/p' "$BUILD/stack")"
}

mkdir -p "$BUILD"
: >"$BUILD/details"
measure >"$BUILD/figures"
target cortex-m4
sh tests/size/stack.sh "$BUILD/cortex-m4/allknobsasbydefault/." 1024 >"$BUILD/stack" || failed=1
table >"$BUILD/table"
cat "$BUILD/table"

echo
echo "Cortex-M4:"
echo "$configurations" >"$BUILD/configurations"
while IFS='|' read -r name bar program knobs; do
    limit "$name" "$(awk -F'|' -v n="$name" '$1 == "cortex-m4" && $2 == n {print $3}' "$BUILD/figures")" "$bar"
done <"$BUILD/configurations"
limit "session, its receive and TLS read buffers included" "$(ram | cut -d ' ' -f 1)" 3584
limit "deepest stack outside mbedTLS" "$(sed -n 's/.*deepest stack outside mbedTLS: \([0-9]*\) .*/\1/p' "$BUILD/stack")" 1024
limit ".data and .bss of src/, all targets" "$(awk -F'|' '{n += $4} END {print n}' "$BUILD/figures")" 0

[ -z "${UPDATE:-}" ] || {
    cp "$BUILD/table" tests/size.txt
    sh tests/size/costs.sh "$1" --update
}
# Figure by figure; one that is missing here is not held against the stored one.
diff=$(awk 'NR == FNR { was[FNR] = $0; next }
    {
        n = split($0, is, " "); m = split(was[FNR], before, " ")
        if (n != m) { print "  line " FNR " is new: " $0; next }
        for (i = 1; i <= n; i++) {
            if (is[i] == before[i] || is[i] == "-" || before[i] == "-") continue
            if (is[i] !~ /^[0-9]+$/ || is[i] - before[i] > 64 || before[i] - is[i] > 64) print "  " before[i] " became " is[i] " in: " $0
        }
    }' tests/size.txt "$BUILD/table")
if [ -z "$diff" ]; then
    limit "figures that differ from tests/size.txt by more than 64 bytes" 0 0
else
    echo "$diff"
    limit "figures that differ from tests/size.txt by more than 64 bytes" "$(echo "$diff" | wc -l)" 0
fi
[ -n "${QUIET:-}" ] || cat "$BUILD/details" "$BUILD/stack"
exit $failed
