#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make deps: installs the Debian packages that building, testing and measuring need, those missing alone, and fetches Debian
# 13's mbedTLS 3.6 for the tests into a folder. Says one line for each thing it does, nothing if all is there. Needs to be
# root only if a package is missing.
#     sh tests/deps.sh FOLDER
set -u
cd "$(dirname "$0")/.." || exit 1
mbedtls36=${1:?usage: deps.sh FOLDER}

build='gcc libc6-dev binutils make pkg-config libmbedtls-dev libyaml-dev openssl ca-certificates'
tests='clang g++ libjansson-dev faketime gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf'
bench='libhttp-parser-dev rapidjson-dev libcurl4-openssl-dev strace valgrind'

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

if [ ! -f "$mbedtls36/lib/libmbedtls.a" ]; then
    folder=$(dirname "$mbedtls36")
    fresh=$mbedtls36
    [ -d "$folder" ] || fresh=$folder
    mkdir -p "$mbedtls36"
    if said=$(sh tests/mbedtls36.sh "$mbedtls36" 2>&1); then
        echo "make deps: mbedTLS 3.6 fetched into $mbedtls36"
    else
        printf '%s\n' "$said"
        echo "make deps: mbedTLS 3.6 could not be fetched (see above): its tests will fail, all else works" >&2
    fi
    # After sudo the folder belongs to whom the checkout belongs.
    [ "$(id -u)" -ne 0 ] || chown -R --reference=. "$fresh"
fi
