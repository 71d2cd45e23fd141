# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: an overlay port for vcpkg, with CMake's archive as its sources beside it, and a program that
# uses it.
# shellcheck shell=sh disable=SC2154
mkdir -p ports/libdet "libdet-$VERSION"
cp "$top/port/vcpkg/portfile.cmake" "$top/port/vcpkg/usage" ports/libdet
fill port/vcpkg/vcpkg.json.in ports/libdet/vcpkg.json VERSION="$VERSION"
cd "libdet-$VERSION" || exit
. "$top/port/cmake/dist.sh"
mv example ..
cd .. || exit
pack "libdet-$VERSION" >ports/libdet/libdet.tar.gz
rm -r "libdet-$VERSION"
