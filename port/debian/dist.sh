# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: a folder with the upstream archive, libdet_VERSION.orig.tar.gz, and the same unpacked with
# debian/ in it: dpkg-buildpackage -us -uc there.
# shellcheck shell=sh disable=SC2154
source=libdet-$VERSION
(
    mkdir "$source"
    cd "$source" || exit
    copy Makefile LICENSE README.md include src port/README.md port/posix port/cmake tests/examples
)
pack "$source" >"libdet_$VERSION.orig.tar.gz"
mkdir "$source/debian"
cp -R "$top"/port/debian/debian/* "$source/debian"
rm "$source/debian/changelog.in"
fill port/debian/debian/changelog.in "$source/debian/changelog" VERSION="$VERSION" \
    DATE="$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
