# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Debian. dpkg-buildpackage makes the packages, lintian finds nothing to warn of, and programs are
# built against libdet-dev where it was unpacked; nothing is installed.
# shellcheck shell=sh disable=SC2154,SC2016
for tool in dpkg-buildpackage dh lintian; do
    command -v $tool >/dev/null || skip "no $tool: Debian's packages dpkg-dev, debhelper and lintian have it"
done
echo "$world: $(dpkg-query -W -f '${Package} ${Version}, ' dpkg-dev debhelper)$(lintian --version | head -n 1)"
unpack || return
arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
(
    cd "$archive"/libdet-*/ && DEB_BUILD_OPTIONS=noopt timeout 300 dpkg-buildpackage -us -uc -j"$jobs" >"$dir/log" 2>&1 </dev/null
)
check "dpkg-buildpackage" $?
for made in "$archive"/libdet_*.dsc "$archive"/libdet-dev_*.deb "$archive"/detc_*.deb; do
    [ -f "$made" ]
    ok "it makes $(basename "$made")" $?
done
step "lintian" lintian --allow-root --fail-on error,warning "$archive"/libdet_*.changes
for deb in "$archive"/libdet-dev_*.deb "$archive"/detc_*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
export PKG_CONFIG_LIBDIR="$dir/root/usr/lib/$arch/pkgconfig"
# shellcheck disable=SC2046
step "a program by pkg-config" cc -std=c99 "$dir/root/usr/share/doc/libdet-dev/examples/seed.c" -o "$dir/hello" \
    $(PKG_CONFIG_SYSROOT_DIR="$dir/root" pkg-config --cflags --libs libdet)
reports "the program" https "$dir/hello"
if command -v cmake >/dev/null; then
    mkdir "$dir/example" && cp port/cmake/example/* tests/examples/seed.c "$dir/example"
    step "find_package(det) below the same folder" sh -c 'cmake -S "$1/example" -B "$1/by-cmake" -DCMAKE_PREFIX_PATH="$1/root/usr" &&
        cmake --build "$1/by-cmake"' sh "$dir"
fi
step "detc runs" "$dir/root/usr/bin/detc" version
