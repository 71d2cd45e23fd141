# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: PlatformIO. Its packer takes the manifest, its package manager installs the package into the example,
# and the example's two environments are built and run. Nothing but PyPI is asked: SCons, PlatformIO's build engine, comes from
# there in the version that it wants, the list of SPDX licences that it checks against from `packaging`, and the platform
# `native` is the few lines below.
# shellcheck shell=sh disable=SC2154
python_tool pio 'platformio>=6.1,<7' 'packaging>=24.2'
with pio --version
unpack || return
export PLATFORMIO_CORE_DIR="$dir/pio" PLATFORMIO_SETTING_ENABLE_TELEMETRY=no PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL=9999
python=$(sed -n '1s/^#!//p' "$(command -v pio)")

# The packages that PlatformIO would take from its registry.
scons=$dir/pio/packages/tool-scons
want=$("$python" -c 'from platformio.dependencies import get_core_dependencies as d; print(d()["tool-scons"].lstrip("~"))')
of_pypi=$(echo "$want" | sed 's/^\([0-9]*\)\.\1\{0,1\}\([0-9]\{2\}\)\([0-9]\{2\}\)\..*/\1 \2 \3/' | awk '{print $1 "." $2 + 0 "." $3 + 0}')
mkdir -p "$scons"
"$python" -m pip -q --disable-pip-version-check --timeout 20 --retries 1 install --target "$scons" "scons==$of_pypi" >"$dir/pip.log" 2>&1 ||
    skip "SCons $of_pypi cannot be had from PyPI: $(tail -n 1 "$dir/pip.log")"
cp "$scons/bin/scons" "$scons/scons.py"
printf '{"name": "tool-scons", "version": "%s"}\n' "$want" >"$scons/package.json"
printf '{"type": "tool", "name": "tool-scons", "version": "%s", "spec": {"owner": "platformio", "name": "tool-scons"}}\n' "$want" >"$scons/.piopm"
native=$dir/pio/platforms/native
mkdir -p "$native/builder"
printf '{"name": "native", "version": "1.0.0", "title": "Native", "packages": {}}\n' >"$native/platform.json"
printf 'from platformio.public import PlatformBase\n\n\nclass NativePlatform(PlatformBase):\n    pass\n' >"$native/platform.py"
cat >"$native/builder/main.py" <<'Y'
from SCons.Script import Default, DefaultEnvironment
env = DefaultEnvironment()
env.Tool("gcc"), env.Tool("gnulink"), env.Tool("ar")
env.Replace(PROGNAME="program")
Default(env.BuildProgram())
Y

cat >"$dir/pio.py" <<'Y'
import sys
from packaging.licenses._spdx import LICENSES
from platformio.__main__ import main
from platformio.package.manifest.schema import ManifestSchema
ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": x["id"]} for x in LICENSES.values()]})
sys.exit(main())
Y

step "pio pkg pack takes library.json" "$python" "$dir/pio.py" pkg pack "$archive" -o "$dir/packed.tar.gz"
sed 's/"Apache-2.0"/"No-Such-Licence"/' "$archive/library.json" >"$dir/library.json"
mkdir "$dir/bad" && cp -R "$archive"/* "$dir/bad" && cp "$dir/library.json" "$dir/bad"
refuses "pio pkg pack refuses an unknown licence" 'Invalid SPDX license' "$python" "$dir/pio.py" pkg pack "$dir/bad" -o "$dir/bad.tar.gz"
cp -R "$archive/examples/hello" "$dir/hello"
for env in hello without_tls; do
    step "pio pkg install, $env" pio pkg install -d "$dir/hello" -e $env --no-save -l "libdet=file://$dir/packed.tar.gz"
done
step "pio run" pio run -d "$dir/hello" -j "$jobs"
reports "PlatformIO's program" https "$dir/hello/.pio/build/hello/program"
reports "PlatformIO's program without TLS" http "$dir/hello/.pio/build/without_tls/program"
