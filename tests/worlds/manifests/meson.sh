# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Meson. The archive as a subproject by its wrap file, as a library that is installed and found by
# pkg-config, and `make install` as a dependency; with TLS and without.
# shellcheck shell=sh disable=SC2154
python_tool ninja ninja
python_tool meson meson
with meson --version
unpack || return

user() { # name, options of meson setup…: the example in a folder of its own
    user_name=$1
    shift
    mkdir -p "$dir/$user_name" && cp "$archive"/example/* "$dir/$user_name"
    step "$user_name is configured" meson setup --buildtype=debug "$@" "$dir/$user_name/build" "$dir/$user_name" &&
        step "$user_name is built" meson compile -C "$dir/$user_name/build"
}
uses() { # name, what meson says it found
    grep -q "$2" "$dir/$1/build/meson-logs/meson-log.txt"
    ok "$1: $2" $?
}

# As a subproject; nothing installed must be found first.
mkdir -p "$dir/sub/subprojects/packagefiles"
cp "$dir/made/dist/libdet.wrap" "$dir/sub/subprojects" && cp "$dir/made/dist"/*.tar.gz "$dir/sub/subprojects/packagefiles"
user sub --wrap-mode=forcefallback
uses sub '^ *libdet *: YES' # of the subprojects, at the end
reports "a subproject" https "$dir/sub/build/hello"

# Installed by Meson.
step "the library is configured" meson setup --buildtype=debug --prefix=/usr --libdir=lib -Dtls=false "$dir/library" "$archive" &&
    step "the library is built and installed" meson install -C "$dir/library" --destdir "$dir/stage"
export PKG_CONFIG_LIBDIR="$dir/stage/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/stage"
user installed
uses installed 'dependency libdet found: YES'
reports "Meson's install without TLS" http "$dir/installed/build/hello"

# Installed by make.
step "make install" flock "$B/make.lock" make -s B="$B" install DESTDIR="$dir/tree" PREFIX=/usr
export PKG_CONFIG_LIBDIR="$dir/tree/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/tree"
user make-install
uses make-install 'dependency libdet found: YES'
reports "make install" https "$dir/make-install/build/hello"
