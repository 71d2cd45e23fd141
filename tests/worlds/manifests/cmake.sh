# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: CMake. The archive by add_subdirectory() and by find_package(det) after its own install, the tree by
# find_package(det) after `make install`; with TLS and without; versions that do not fit are refused.
# shellcheck shell=sh disable=SC2154,SC2016
python_tool cmake cmake
with cmake --version
unpack || return

build() { # name, source folder, options…: a program in $dir/NAME/hello
    build_name=$1 build_from=$2
    shift 2
    step "$build_name is configured" cmake -S "$build_from" -B "$dir/$build_name" -DCMAKE_BUILD_TYPE=Debug "$@" &&
        step "$build_name is built" cmake --build "$dir/$build_name" -j "$jobs"
}

# As a part of the user's own project.
mkdir "$dir/inside"
cat >"$dir/inside/CMakeLists.txt" <<Y
cmake_minimum_required(VERSION 3.16)
project(inside LANGUAGES C)
add_subdirectory($archive det)
add_executable(hello $archive/example/seed.c)
target_link_libraries(hello PRIVATE det::det)
Y
build subdirectory "$dir/inside" && reports "add_subdirectory()" https "$dir/subdirectory/hello"

# Installed by CMake, and moved afterwards.
for tls in ON OFF; do
    build "library-$tls" "$archive" -DDET_TLS=$tls -DCMAKE_INSTALL_PREFIX="$dir/first-$tls" &&
        step "TLS $tls: cmake --install" cmake --install "$dir/library-$tls" &&
        mv "$dir/first-$tls" "$dir/moved-$tls" &&
        build "found-$tls" "$archive/example" -DCMAKE_PREFIX_PATH="$dir/moved-$tls"
done
reports "find_package(det) of CMake's install" https "$dir/found-ON/hello"
reports "find_package(det) of CMake's install without TLS" http "$dir/found-OFF/hello"

# Installed by make.
step "make install" flock "$B/make.lock" make -s B="$B" install DESTDIR="$dir/made" PREFIX=/opt/det
build make-install "$archive/example" -DCMAKE_PREFIX_PATH="$dir/made/opt/det" &&
    reports "find_package(det) of make install" https "$dir/make-install/hello"
mkdir "$dir/asks"
printf 'cmake_minimum_required(VERSION 3.16)\nproject(asks LANGUAGES C)\nfind_package(det ${WANTED} REQUIRED)\n' >"$dir/asks/CMakeLists.txt"
asks() { cmake -S "$dir/asks" -B "$dir/asks/$1" -DWANTED="$1" -DCMAKE_PREFIX_PATH="$dir/made/opt/det"; }
version=$(sed -n 's/^Version: //p' "$dir/made/opt/det/lib/pkgconfig/libdet.pc")
for good in "${version%.*}" "$version"; do
    asks "$good" >"$dir/log" 2>&1
    ok "find_package(det $good) takes $version" $?
done
for bad in "$version.1" "${version%.*}.99" "${version%%.*}.99" 99; do
    refuses "find_package(det $bad) does not take $version" "version: $version" asks "$bad"
done
