#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each build and package world's archive (make dist-WORLD) unpacked elsewhere, built by that world's own tool, and a program
# built against it, which reports to a master on loopback where it can run here. What one world needs and does is in
# tests/worlds/manifests/WORLD.sh. Python tools that the machine lacks are installed from PyPI below $B/worlds; a world whose
# tool cannot be had says why in a line `skipped: …`. Needs make deps; no fixed port; several may run beside each other.
#     B=build sh tests/worlds/manifests.sh [WORLD…]       the last line is the sum: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
. tests/demo/master.sh
top=$(pwd)
mkdir -p "${B:=build}/worlds"
B=$(cd "$B/worlds" && pwd) # a build of its own: the library, detc and the master
all='cmake meson pkg-config conan debian platformio zephyr esp-idf arduino vcpkg bazel'
jobs=$(nproc 2>/dev/null || echo 2)
unset MAKEFLAGS MFLAGS MAKELEVEL CC AR CFLAGS LDFLAGS EXTRA TLS MBEDTLS WERROR DESTDIR PREFIX LIBDIR

# ---- for the scripts of the worlds -----------------------------------------------------------------------------------
# One check: a command, whose output is shown if it fails.
step() { # name, command…
    step_name=$1
    shift
    timeout 300 "$@" >"$dir/log" 2>&1 </dev/null
    step_status=$?
    ok "$step_name" $step_status
    [ $step_status -eq 0 ] || tail -n 25 "$dir/log" | sed 's/^/    /'
    return $step_status
}
# One that has to fail, and to say why.
refuses() { # name, what it says, command…
    refuses_name=$1 refuses_said=$2
    shift 2
    "$@" >"$dir/log" 2>&1 </dev/null
    refuses_status=$?
    [ $refuses_status -ne 0 ] && grep -q -- "$refuses_said" "$dir/log"
    ok "$refuses_name" $?
}
skip() { # reason
    echo "skipped: $world: $*"
    finish
}
# A command, the machine's own or installed from PyPI; its folder is in PATH afterwards.
python_tool() { # command, requirement for pip, …
    command -v "$1" >/dev/null && return
    python_tool=$1
    shift
    command -v python3 >/dev/null || skip "no $python_tool and no python3 to install it with"
    flock "$B/venv.lock" sh -c '
        venv=$1 tool=$2
        shift 2
        [ -x "$venv/bin/pip" ] || { rm -rf "$venv"; python3 -m venv "$venv"; } || exit
        [ -x "$venv/bin/$tool" ] || "$venv/bin/pip" -q --disable-pip-version-check --timeout 20 --retries 1 install "$@"
        ' sh "$B/venv" "$python_tool" "$@" >"$dir/pip.log" 2>&1 </dev/null
    [ -x "$B/venv/bin/$python_tool" ] || skip "$python_tool cannot be had from PyPI: $(tail -n 1 "$dir/pip.log")"
    PATH=$B/venv/bin:$PATH
}
# What validates: a line for whoever reads the test's output.
with() { # command…: prints a version
    echo "$world: $("$@" 2>/dev/null | grep -m 1 '[0-9]')"
}
# The archive of this world, unpacked to $dir/NAME; sets archive.
unpack() {
    make -s B="$dir/made" "dist-$world" >"$dir/dist" 2>"$dir/log" && tar -xzf "$(cat "$dir/dist")" -C "$dir"
    ok "make dist-$world" $? || return
    archive=$dir/$(basename "$(cat "$dir/dist")" .tar.gz)
}
make_library() { # further arguments of make; one at a time, as they share $B
    flock "$B/make.lock" make -s -j"$jobs" B="$B" lib detc "$B/det-master" "$@" >"$dir/log" 2>&1
}
# A program that reports like tests/examples/seed.c: does all of it arrive?
reports() { # what, http or https, command…
    reports_name=$1 reports_how=$2
    shift 2
    if [ "$reports_how" = https ]; then
        [ -f "$dir/leaf.pem" ] || make_certificate "$dir" || return
        start_master "$dir" --tls "$dir/leaf.pem" "$dir/leaf.key"
    else
        start_master "$dir"
    fi || return
    DET_MASTER=$reports_how://localhost:$master_port DET_MASTER_CERT_FILE=$dir/ca.pem timeout 60 "$@" >"$dir/log" 2>&1 </dev/null
    ok "$reports_name reports by $reports_how" $? || sed 's/^/    /' "$dir/log"
    stop_master
    grep -q '"reports":110,' "$dir/master.log" && grep -q '"connections":1,' "$dir/master.log"
    ok "$reports_name: the master was told 110 reports over one connection by $reports_how" $?
}

if [ "${1:-}" = --world ]; then
    world=$2
    scratch
    ulimit -c 0
    export HOME="$dir" TMPDIR="$dir"
    make_library
    ok "library and master build" $? || cat "$dir/log"
    # shellcheck source=/dev/null
    . "tests/worlds/manifests/$world.sh"
    finish
fi

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for name; do
    begun=$(date +%s)
    B=$(dirname "$B") sh tests/worlds/manifests.sh --world "$name" >"$log" 2>&1
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$log"
    before=$passed
    tally "$name" cat "$log"
    echo "$name: $((passed - before)) passed in $(($(date +%s) - begun)) s"
done
finish
