# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: Conan's recipe and its test on top of CMake's archive, which it builds.
# shellcheck shell=sh disable=SC2154
. "$top/port/cmake/dist.sh"
fill port/conan/conanfile.py.in conanfile.py VERSION="$VERSION"
mv example test_package
cp "$top/port/conan/test_package/conanfile.py" test_package
