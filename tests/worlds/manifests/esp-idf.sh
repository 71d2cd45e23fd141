# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: ESP-IDF. Espressif's component manager packs the component; the example is built for the target
# linux, by ESP-IDF itself if IDF_PATH says where it is (with IDF_PYTHON_ENV_PATH), else by a stand-in for its CMake functions,
# manifests/esp-idf, and reports. No package registry has ESP-IDF or a compiler for its chips: what is theirs, the port over lwIP,
# is compiled against Debian's lwIP for the host.
# shellcheck shell=sh disable=SC2154
python_tool cmake cmake
python_tool compote 'idf-component-manager>=2.2,<4'
with compote version
unpack || return
component=$archive/libdet

step "compote component pack" compote component pack --name libdet --project-dir "$component" --dest-dir "$dir/packed"
tar -tzf "$dir"/packed/libdet_*.tgz >"$dir/list" 2>/dev/null
grep -q 'include/det\.h$' "$dir/list" && grep -q 'port/lwip/.*\.c$' "$dir/list" && grep -q 'examples/hello/main/main\.c$' "$dir/list"
ok "the package has headers, port and example" $?
sed 's/^version: .*/version: "one"/' "$component/idf_component.yml" >"$dir/bad.yml"
cp -R "$component" "$dir/bad" && cp "$dir/bad.yml" "$dir/bad/idf_component.yml"
refuses "compote component pack refuses a version that is none" 'nvalid version\|nvalid component version' \
    compote component pack --name libdet --project-dir "$dir/bad" --dest-dir "$dir/bad-packed"

build() { # build folder, 1 with TLS, options of CMake…
    build_to=$1 build_tls=$2
    shift 2
    cmake -S "$component/examples/hello" -B "$build_to" -DIDF_TARGET=linux -DDET_TLS="$build_tls" "$@" >"$dir/log" 2>&1 &&
        cmake --build "$build_to" -j "$jobs" >>"$dir/log" 2>&1
}
if [ -f "${IDF_PATH:-}/tools/cmake/project.cmake" ]; then
    python=${IDF_PYTHON_ENV_PATH:?}/bin/python
    echo "esp-idf: ESP-IDF $(sed -n 's/.*IDF_VERSION_M[A-Z]*O[A-Z]* \([0-9]*\).*/\1/p' "$IDF_PATH/tools/cmake/version.cmake" | paste -s -d .)"
    echo CONFIG_DET_TLS=n >"$component/examples/hello/sdkconfig.defaults"
    build "$dir/by-idf" 0 -G Ninja -DPYTHON="$python" -DPYTHON_DEPS_CHECKED=1 -DESP_PLATFORM=1
    check "ESP-IDF builds the example for linux" $? && reports "ESP-IDF's program" http "$dir/by-idf/hello.elf"
else
    echo "skipped: esp-idf: idf.py build: IDF_PATH is not set, and no package registry has ESP-IDF"
    IDF_PATH=$(pwd)/tests/worlds/manifests/esp-idf
    export IDF_PATH
    build "$dir/plain" 0
    check "the component builds on the stand-in" $? && reports "the component" http "$dir/plain/hello.elf"
    build "$dir/tls" 1
    check "the component with TLS builds on the stand-in" $?
fi

if [ -f /usr/include/lwip/lwip/tcpip.h ]; then
    for file in "$component"/port/lwip/*.c "$component"/port/esp-idf/*.c; do
        step "$(basename "$file") compiles against Debian's lwIP" gcc -std=c99 -Wall -Wextra -Wshadow -Wconversion -Werror -D_DEFAULT_SOURCE \
            -I"$component/include" -I"$component/port/lwip" -I"$component/port/esp-idf" -Itests/worlds/manifests/esp-idf/include \
            -isystem tests/port/lwip -isystem /usr/include/lwip -fsyntax-only "$file"
    done
else
    echo "skipped: esp-idf: the lwIP side: no liblwip-dev"
fi
