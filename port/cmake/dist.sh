# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: CMakeLists.txt on top of the sources, and what `make install` shares for find_package(det).
# shellcheck shell=sh disable=SC2086,SC2154
library
posix
mkdir -p cmake
cp "$top"/port/cmake/*.cmake.in cmake
fill port/cmake/CMakeLists.txt.in CMakeLists.txt VERSION="$VERSION" SOURCES="$(each '' '' $SRC)" POSIX="$(each '' '' $PORT)"
mkdir example
cp "$top/port/cmake/example/CMakeLists.txt" "$top/tests/examples/seed.c" example
