# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Bazel. The example workspace is built against the archive, with TLS in Bazel's sandbox, where a file
# that no rule names cannot be read, and without; buildifier finds nothing to say. Bazel is the machine's or npm's 2.1.0: newer ones
# are in no registry. What these would fetch, rules_cc and rules_java, are two files made here of their own rules; so
# MODULE.bazel, which came with Bazel 6, is only read by buildifier.
# shellcheck shell=sh disable=SC2154,SC2016
npm_tool() { # command, package: sets its path in npm_found
    npm_found=$B/npm/node_modules/.bin/$1
    [ -x "$npm_found" ] && return
    command -v npm >/dev/null || return
    flock "$B/npm.lock" npm install --silent --no-audit --no-fund --prefix "$B/npm" --fetch-retries 1 "$2" >"$dir/npm.log" 2>&1 </dev/null
    [ -x "$npm_found" ]
}
bazel=$(command -v bazel) || {
    npm_tool bazel @bazel/bazel-linux_x64@2.1.0 || skip "no bazel, and none to be had from npm: $(tail -n 1 "$dir/npm.log" 2>/dev/null)"
    bazel=$npm_found
}
case $bazel in
"$B"/*) echo "bazel: 2.1.0 of npm" ;;
*) echo "bazel: $(dpkg-query -W -f '${Package} ${Version}' bazel-bootstrap 2>/dev/null || "$bazel" --version)" ;;
esac
unpack || return

if npm_tool buildifier @bazel/buildifier@8.2.1; then
    with "$npm_found" --version
    step "buildifier" "$npm_found" --mode=check --lint=warn -r "$archive"
else
    echo "skipped: bazel: buildifier: not to be had from npm"
fi

native() { # repository, package in it, rule…: a repository that gives Bazel's own rules their new place
    mkdir -p "$dir/$1/$2"
    : >"$dir/$1/WORKSPACE"
    : >"$dir/$1/$2/BUILD"
    native_to=$dir/$1/$2/defs.bzl
    shift 2
    for rule; do echo "$rule = native.$rule"; done >"$native_to"
}
native rules_cc cc cc_library cc_binary cc_test cc_import cc_toolchain cc_toolchain_suite cc_proto_library objc_library objc_import \
    fdo_prefetch_hints fdo_profile
native rules_java java java_library java_binary java_test java_import java_runtime java_toolchain java_package_configuration java_plugin
build() ( # options of bazel build…
    cd "$archive/example" && env -u JAVA_HOME HOME="$dir" timeout 300 "$bazel" --output_user_root="$dir/bazel" --batch build \
        --override_repository=rules_cc="$dir/rules_cc" --override_repository=rules_java="$dir/rules_java" "$@" //:hello \
        >"$dir/log" 2>&1 </dev/null
)
build
check "bazel build" $? && reports "Bazel's program" https "$archive/example/bazel-bin/hello"
build --define=det_tls=0
check "bazel build --define=det_tls=0" $? && reports "Bazel's program without TLS" http "$archive/example/bazel-bin/hello"
chmod -R u+w "$dir/bazel"
