# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Zephyr. No package registry has Zephyr's tree, so nothing here is built by it: west takes the manifest
# (the projects it names are empty ones made here), kconfiglib, which Zephyr's build uses, the Kconfig; the module's and the
# sample's CMakeLists.txt are run on stand-ins for Zephyr's CMake functions and the port on stand-ins for its calls, all in
# manifests/zephyr, and that program reports.
# shellcheck shell=sh disable=SC2154,SC2016
python_tool cmake cmake
python_tool west 'west>=1.2'
python=$(sed -n '1s/^#!//p' "$(command -v west)")
"$python" -c 'import kconfiglib' 2>/dev/null || "$python" -m pip -q --disable-pip-version-check --timeout 20 \
    --retries 1 install kconfiglib >"$dir/pip.log" 2>&1 || skip "kconfiglib cannot be had from PyPI: $(tail -n 1 "$dir/pip.log")"
with west --version
unpack || return
echo "skipped: zephyr: west build: no package registry has Zephyr's tree; compiled and run on stand-ins for it"

# ---- west: the workspace of west.yml, with repositories of this folder in the place of GitHub's ----------------------
export GIT_CONFIG_GLOBAL="$dir/gitconfig" GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x
export GIT_COMMITTER_EMAIL=x@localhost
git config --file "$GIT_CONFIG_GLOBAL" "url.file://$dir/remote/.insteadOf" https://github.com/zephyrproject-rtos/
revision=$(sed -n 's/^ *revision: //p' "$archive/west.yml")
remote() { # name, tag: a repository of what lies there
    git init -q "$dir/remote/$1" && git -C "$dir/remote/$1" add -A &&
        git -C "$dir/remote/$1" commit -q --allow-empty -m x && git -C "$dir/remote/$1" tag "$2"
}
mkdir -p "$dir/remote/zephyr" "$dir/remote/mbedtls" "$dir/workspace"
printf 'manifest:\n  defaults:\n    remote: up\n  remotes:\n    - {name: up, url-base: "https://github.com/zephyrproject-rtos"}
  projects:\n    - {name: mbedtls, revision: t}\n    - {name: hal_other, revision: t}\n' >"$dir/remote/zephyr/west.yml"
remote zephyr "$revision" && remote mbedtls t
ok "repositories for west" $?
cp -R "$archive" "$dir/workspace/libdet"
west() (cd "$dir/workspace" && command west "$@")
west init -l libdet >"$dir/log" 2>&1
check "west init -l" $?
west update >"$dir/log" 2>&1
check "west update" $?
west manifest --validate >"$dir/log" 2>&1
check "west manifest --validate" $?
[ "$(west list -f '{name}' | tr '\n' ' ')" = 'manifest zephyr mbedtls ' ]
ok "the workspace has zephyr and mbedtls, and no more" $?

# ---- Kconfig, CMake, the port ----------------------------------------------------------------------------------------
configured() { # where to, further files of settings…: .config by kconfiglib, any warning is a failure
    MODULE=$archive "$python" -c 'import sys, kconfiglib
kconfig = kconfiglib.Kconfig(sys.argv[1], warn_to_stderr=False)
for i, file in enumerate(sys.argv[3:]): kconfig.load_config(file, replace=i == 0)
for symbol in kconfig.unique_defined_syms:
    if symbol.user_value is not None and symbol.str_value != {0: "n", 2: "y"}.get(symbol.user_value, symbol.user_value):
        kconfig.warnings.append(symbol.name + " does not get its value")
kconfig.write_config(sys.argv[2])
sys.exit("\n".join(kconfig.warnings) or 0)' tests/worlds/manifests/zephyr/Kconfig "$@" >"$dir/log" 2>&1
}
configured "$dir/plain.config" "$archive/samples/hello/prj.conf"
check "kconfiglib takes Kconfig and prj.conf" $?
printf 'CONFIG_MBEDTLS=y\nCONFIG_LIBDET_TLS=y\n' >"$dir/tls.conf"
configured "$dir/tls.config" "$archive/samples/hello/prj.conf" "$dir/tls.conf"
check "kconfiglib: with mbedTLS" $?
echo CONFIG_LIBDET_TLS=y >"$dir/bad.conf"
! configured "$dir/bad.config" "$archive/samples/hello/prj.conf" "$dir/bad.conf" && grep -q 'LIBDET_TLS does not get' "$dir/log"
ok "kconfiglib: LIBDET_TLS wants MBEDTLS" $?
build='cmake -S "$2/samples/hello" -B "$1/$3" -DZephyr_DIR="$4" -DZEPHYR_EXTRA_MODULES="$2" -DDOTCONFIG="$1/$3.config" &&
    cmake --build "$1/$3" -j2'
export DET_USER=determined DET_PASS=
step "the module with TLS builds" sh -c "$build" sh "$dir" "$archive" tls "$(pwd)/tests/worlds/manifests/zephyr"
reports "the Zephyr port" http sh -c "$build && \"\$1/\$3/app\"" sh "$dir" "$archive" plain "$(pwd)/tests/worlds/manifests/zephyr"

# The port's promises (tests/port), on the same stand-ins.
objects=$(printf 'include Makefile\nobjects: ; @echo $(CONFORM_OBJ)\n' | make -s -f - B="$B" objects)
# shellcheck disable=SC2086
flock "$B/make.lock" make -s -j"$jobs" B="$B" $objects "$B/conform-peer" "$B/tests/port/spawn_posix.o" >"$dir/log" 2>&1 &&
    gcc -std=c99 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wundef -Wcast-qual -Werror -Iinclude -Iport/zephyr -Itests/port \
        -Itests/worlds/manifests/zephyr/include tests/worlds/manifests/zephyr/conform.c port/zephyr/det_zephyr.c \
        $objects "$B/tests/port/spawn_posix.o" "$B/libdet.a" -lmbedtls -lmbedx509 -lmbedcrypto -o "$dir/conform" >"$dir/log" 2>&1
check "the conformance test builds for the Zephyr port" $?
tally "the Zephyr port keeps its promises" sh tests/port/against.sh 127.0.0.1 "$dir/conform" -n localhost
