#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make deps: installs the Debian packages that building, testing and measuring need, those missing alone, and fetches Debian
# 13's mbedTLS 3.6 for the tests into a folder, and its sources and lwIP's beside it. Says one line for each thing it does,
# nothing if all is there. Needs to be root only if a package is missing. --worlds: also what only `make test-worlds` uses.
#     sh tests/deps.sh FOLDER [--worlds]
set -u
cd "$(dirname "$0")/.." || exit 1
mbedtls36=${1:?usage: deps.sh FOLDER [--worlds]}

build='gcc libc6-dev binutils make pkg-config libmbedtls-dev libyaml-dev openssl ca-certificates'
tests='clang g++ libjansson-dev faketime gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf
    qemu-system-arm qemu-user-static gcc-s390x-linux-gnu libc6-dev-s390x-cross musl-tools dpkg-dev'
bench='libhttp-parser-dev rapidjson-dev libcurl4-openssl-dev strace valgrind'
[ "${2:-}" != --worlds ] || tests="$tests gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-i686-linux-gnu libc6-dev-i386-cross
    gcc-riscv64-linux-gnu libc6-dev-riscv64-cross gcc-mingw-w64-x86-64 gcc-mingw-w64-i686 wine64 wine gcc-avr avr-libc debhelper
    lintian cmake ninja-build python3-venv arduino-builder arduino-core-avr qemu-system-misc liblwip-dev cargo iproute2"

for tool in apt-get apt-cache dpkg-query; do
    command -v $tool >/dev/null || {
        echo "make deps: needs Debian's $tool; elsewhere install what these packages hold: $build $tests $bench" >&2
        exit 1
    }
done

missing() { # package…
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf ' %s' "$package"
    done
}

# Clang's sanitizers are only recommended by it, by a package named after its version.
clang_runtime() {
    {
        dpkg-query -W -f '${Depends}' clang
        apt-cache depends clang
    } 2>/dev/null | sed -n 's/.*clang-\([0-9]\{1,\}\).*/libclang-rt-\1-dev/p' | head -n 1
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 </dev/null
}
update() {
    echo "make deps: apt-get update"
    apt update || {
        cat "$log"
        echo "make deps: apt-get update failed: see above" >&2
        exit 1
    }
}
install() {
    # shellcheck disable=SC2046,SC2086
    wanted=$(missing $build $tests $bench $(clang_runtime))
    echo "make deps: installing$wanted"
    # shellcheck disable=SC2046,SC2086
    apt install -y --no-install-recommends $wanted
}

# shellcheck disable=SC2046,SC2086
wanted=$(missing $build $tests $bench $(clang_runtime))
if [ -n "$wanted" ]; then
    [ "$(id -u)" -eq 0 ] || {
        echo "make deps: only root can install packages: run it as root, or: sudo apt-get install$wanted" >&2
        exit 1
    }
    log=$(mktemp) || exit 1
    trap 'rm -f "$log"' EXIT
    updated=
    [ -n "$(clang_runtime)" ] || { # no package lists at all
        update
        updated=1
    }
    install || { [ -z "$updated" ] && update && install; } || {
        cat "$log"
        echo "make deps: packages could not be installed: see above" >&2
        exit 1
    }
fi

fetch() { # what, folder, a file of it, command
    [ ! -f "$2/$3" ] || return 0
    what=$1 folder=$2
    shift 3
    parent=$(dirname "$folder")
    fresh=$folder
    [ -d "$parent" ] || fresh=$parent
    mkdir -p "$folder"
    if said=$("$@" 2>&1); then
        echo "make deps: $what fetched into $folder"
    else
        printf '%s\n' "$said"
        echo "make deps: $what could not be fetched (see above): the tests with it will fail, all else works" >&2
    fi
    # After sudo the folder belongs to whom the checkout belongs.
    [ "$(id -u)" -ne 0 ] || chown -R --reference=. "$fresh"
}
sources=$(dirname "$mbedtls36")/sources
fetch 'mbedTLS 3.6' "$mbedtls36" lib/libmbedtls.a sh tests/mbedtls36.sh "$mbedtls36"
fetch 'the sources of mbedTLS 3.6 and lwIP' "$sources" mbedtls/library/ssl_tls.c sh tests/firmware/sources.sh "$sources"
