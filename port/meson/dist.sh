# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: meson.build on top of the sources. The wrap file, which names the archive's hash, comes to lie
# beside the archive.
# shellcheck shell=sh disable=SC2086,SC2154
library
posix
mkdir example
cp "$top/port/meson/example/meson.build" example
cp "$top/tests/examples/seed.c" example
cp "$top/port/meson/meson_options.txt" .
fill port/meson/meson.build.in meson.build VERSION="$VERSION" SOURCES="$(each "'" "'," $SRC)" POSIX="$(each "'" "'," $PORT)" \
    HEADERS="$(each "'" "'," include/*.h)"
beside() { # archive: what else goes into $B/dist
    fill port/meson/libdet.wrap.in libdet.wrap VERSION="$VERSION" HASH="$(sha256sum "$1" | cut -d' ' -f1)"
}
