# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: BUILD.bazel, MODULE.bazel and WORKSPACE on top of the sources, and a workspace that uses them.
# shellcheck shell=sh disable=SC2046,SC2086,SC2154
library
posix
cp "$top/port/bazel/WORKSPACE" .
fill port/bazel/MODULE.bazel.in MODULE.bazel VERSION="$VERSION"
sorted() { printf '%s\n' "$@" | LC_ALL=C sort; } # as buildifier has it
fill port/bazel/BUILD.bazel.in BUILD.bazel SOURCES="$(each '"' '",' $(sorted $SRC $(find src -name '*.h')))" \
    HEADERS="$(each '"' '",' $(sorted include/*.h))" POSIX="$(each '"' '",' $(sorted $PORT port/posix/*.h))"
cp -R "$top/port/bazel/example" .
cp "$top/tests/examples/seed.c" example
