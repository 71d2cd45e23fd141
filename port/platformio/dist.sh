# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: library.json on top of the sources, and the example as a project.
# shellcheck shell=sh disable=SC2154
library
posix
copy port/platformio/port.py
fill port/platformio/library.json.in library.json VERSION="$VERSION"
mkdir -p examples/hello/src
cp "$top/port/platformio/example/platformio.ini" examples/hello
cp "$top/tests/examples/seed.c" examples/hello/src/main.c
