# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: pkg-config. What `make install` leaves, by this compiler and that, moved to another prefix, from a
# library folder of its own. tests/checks/install.sh has the other combinations.
# shellcheck shell=sh disable=SC2154
command -v pkg-config >/dev/null || skip "no pkg-config"
with pkg-config --version

for libdir in lib lib/x86_64-linux-gnu; do
    how=$(echo "$libdir" | tr / -)
    step "make install LIBDIR=/opt/det/$libdir" flock "$B/make.lock" \
        make -s B="$B" install DESTDIR="$dir/$how" PREFIX=/opt/det LIBDIR=/opt/det/$libdir
    mv "$dir/$how/opt/det" "$dir/moved-$how"
    export PKG_CONFIG_LIBDIR="$dir/moved-$how/$libdir/pkgconfig"
    for cc in gcc clang; do
        command -v $cc >/dev/null || continue
        # shellcheck disable=SC2046
        step "$how: $cc builds" $cc -std=c99 tests/examples/seed.c -o "$dir/hello-$cc-$how" \
            $(pkg-config --define-variable=prefix="$dir/moved-$how" --cflags --static --libs libdet) &&
            reports "$how, $cc" https "$dir/hello-$cc-$how"
    done
done
step "pkg-config takes libdet >= 0.1" pkg-config --print-errors 'libdet >= 0.1'
refuses "pkg-config does not take libdet >= 99" 'libdet >= 99' pkg-config --print-errors 'libdet >= 99'
