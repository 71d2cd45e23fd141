#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README.md keeps its word: its first C block is tests/examples/seed.c and is compiled and run as it stands there against a
# master, plain and over TLS; what it names exists. Needs $B/libdet.a and $B/det-master, both with TLS. Last line: N passed,
# N failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
B=${B:-build}
CC=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'stop_master; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME

# ---- the seed example ------------------------------------------------------------------------------------------------
awk '/^```c$/ {on = 1; next} /^```$/ && on {exit} on' README.md >"$dir/seed.c"
grep -q det_open "$dir/seed.c"
ok "README.md's first C block is the example" $?
sed '1{/SPDX/d;}' tests/examples/seed.c | diff - "$dir/seed.c"
ok "it is tests/examples/seed.c, but for the licence line" $?
[ "$(wc -l <"$dir/seed.c")" -le 25 ]
ok "it fits in 25 lines" $?
"$CC" -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror -Iinclude "$dir/seed.c" -o "$dir/seed" "$B/libdet.a" \
    -lmbedtls -lmbedx509 -lmbedcrypto
ok "it compiles without a warning" $?

seed() { # what must be reported, and how, with the environment given
    env "$@" "$dir/seed" >"$dir/out" 2>&1
    ok "it runs to its end ($how)" $? || cat "$dir/out"
    stop_master
    grep -q '"reports":110,' "$dir/master.log" && grep -q '"connections":1,' "$dir/master.log"
    ok "the master was told 110 reports over one connection ($how)" $?
    [ "$(grep -c '/metrics"' "$dir/requests")" -eq 110 ] && grep -q STATE_COMPLETED "$dir/requests"
    ok "and that the trial is completed ($how)" $?
    [ "$failed" -eq 0 ] || sed 's/^/    /' "$dir/out" "$dir/master.log"
}
how=plain
start_master "$dir" --log "$dir/requests" || exit 1
seed DET_MASTER="http://localhost:$master_port"
how=TLS
make_certificate "$dir" || exit 1
start_master "$dir" --log "$dir/requests" --tls "$dir/leaf.pem" "$dir/leaf.key" || exit 1
seed DET_MASTER="https://localhost:$master_port" DET_MASTER_CERT_FILE="$dir/ca.pem"

DET_MASTER=http://localhost:$master_port "$dir/seed" >"$dir/out" 2>&1
status=$?
[ "$status" -eq 1 ] && [ "$(wc -l <"$dir/out")" -eq 1 ] && grep -q "tcp: localhost:$master_port" "$dir/out"
ok "without a master it says so in one line and exits 1" $? || cat "$dir/out"

# ---- what README.md names --------------------------------------------------------------------------------------------
[ "$(wc -l <README.md)" -le 200 ]
ok "README.md has at most 200 lines" $?
for page in README.md port/README.md; do
    grep -o 'det_[a-z0-9_]*(' "$page" | tr -d '(' | sort -u | while read -r f; do
        grep -rqw "$f" include port || echo "$page: no function $f"
    done >"$dir/bad"
    grep -ow 'DET_[A-Z0-9_]*[A-Z0-9]' "$page" | sort -u | while read -r name; do
        grep -rqw "$name" include port Makefile tests/demo || echo "$page: no $name"
    done >>"$dir/bad"
    grep -oE '\b(src|include|port|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$page" | sort -u | while read -r path; do
        [ -e "$path" ] || echo "$page: no file $path"
    done >>"$dir/bad"
    cat "$dir/bad"
    [ ! -s "$dir/bad" ]
    ok "functions, settings and files named in $page exist" $?
done
grep -oE 'make ([A-Z0-9]+=[^ ]+ )*[a-z]+' README.md | sed 's/.* //' | sort -u | while read -r target; do
    grep -qE "^[a-z ]*\\b$target\\b[a-z ]*:" Makefile tests/*/module.mk port/*/module.mk || echo "no target $target"
done >"$dir/bad"
cat "$dir/bad"
[ ! -s "$dir/bad" ]
ok "every make target named in README.md exists" $?
for target in deps demo test; do
    grep -q "make $target" README.md
    ok "README.md names make $target" $?
done
finish
