# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: vcpkg. The overlay port is installed with TLS and without, and the example built against each. By
# vcpkg itself if VCPKG_ROOT says where it is; no package registry has it, so else portfile.cmake is run with stand-ins for the
# functions that it calls (manifests/vcpkg). mbedTLS is the machine's in both.
# shellcheck shell=sh disable=SC2154,SC2016
python_tool cmake cmake
unpack || return
port=$archive/ports/libdet
awk '/"version": "[0-9.]*"/ {found = 1} END {exit !found}' "$port/vcpkg.json"
ok "vcpkg.json has a version" $?
step "vcpkg.json is JSON" sh -c '"$1/json_check" <"$2"' sh "$B" "$port/vcpkg.json"

if [ -x "${VCPKG_ROOT:-}/vcpkg" ]; then
    vcpkg=$VCPKG_ROOT/vcpkg
    with "$vcpkg" version
    export VCPKG_DISABLE_METRICS=1 VCPKG_FORCE_SYSTEM_BINARIES=1 VCPKG_BINARY_SOURCES=clear
    mkdir -p "$dir/machine/mbedtls"
    echo '{"name": "mbedtls", "version": "2.28.3"}' >"$dir/machine/mbedtls/vcpkg.json"
    echo 'set(VCPKG_POLICY_EMPTY_PACKAGE enabled)' >"$dir/machine/mbedtls/portfile.cmake"
    cp "$port/vcpkg.json" "$dir/vcpkg.json"
    "$vcpkg" format-manifest "$port/vcpkg.json" >"$dir/log" 2>&1 && cmp -s "$port/vcpkg.json" "$dir/vcpkg.json"
    check "vcpkg.json is as vcpkg format-manifest writes it" $?
    install() { # name, package
        step "vcpkg install $2" "$vcpkg" install "$2" --overlay-ports="$archive/ports" \
            --overlay-ports="$dir/machine" --triplet=x64-linux \
            --x-install-root="$dir/$1" --x-buildtrees-root="$dir/trees" --x-packages-root="$dir/packages" --downloads-root="$dir/downloads"
        prefix=$dir/$1/x64-linux
    }
else
    echo "skipped: vcpkg: vcpkg install: VCPKG_ROOT is not set, and no package registry has vcpkg; portfile.cmake runs on stand-ins"
    install() {
        step "portfile.cmake for $2" cmake -DPORTFILE="$port/portfile.cmake" -DWORK="$dir/$1" -DFEATURES="$3" -P tests/worlds/manifests/vcpkg/run.cmake
        prefix=$dir/$1/package
    }
fi
use() { # name, package, its features, http or https
    install "$1" "$2" "$3" || return
    [ -f "$prefix/share/libdet/copyright" ] && [ -f "$prefix/share/libdet/usage" ] && [ ! -e "$prefix/lib/cmake" ]
    ok "$2 is laid out as vcpkg wants it" $?
    step "the example with $2 is configured" cmake -S "$archive/example" -B "$dir/$1-example" -DCMAKE_PREFIX_PATH="$prefix" &&
        step "and built" cmake --build "$dir/$1-example" && reports "$2" "$4" "$dir/$1-example/hello"
}
use tls libdet 'core;tls' https
use plain 'libdet[core]' core http
