#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetch FreeRTOS's kernel into DESTDIR, as the crate freertos-next carries it (MIT). Idempotent; needs cargo, no Rust is built.
#     sh tests/port/freertos.sh DESTDIR
set -eu
dest=${1:?usage: freertos.sh DESTDIR}
[ ! -f "$dest/tasks.c" ] || exit 0
command -v cargo >/dev/null || {
    echo "freertos.sh: cargo is missing (Debian package cargo)" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
: >"$work/src/lib.rs"
printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2018"\n[dependencies]\nfreertos-next = "=0.12.0"\n' >"$work/Cargo.toml"
(cd "$work" && cargo -q vendor vendor >/dev/null)
mkdir -p "$(dirname "$dest")"
mv -T "$work/vendor/freertos-next/FreeRTOS-Kernel" "$dest" 2>/dev/null || [ -f "$dest/tasks.c" ] # another run was faster
