# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Conan. The package is created with each choice of mbedTLS, its test program built against it and
# run beside a master. No remote is asked: what stands for Conan's mbedtls is a package made here of the machine's library.
# shellcheck shell=sh disable=SC2154
python_tool cmake cmake
python_tool conan 'conan>=2,<3'
with conan --version
unpack || return
package=libdet/$(sed -n 's/^    version = "\(.*\)"/\1/p' "$archive/conanfile.py")
export CONAN_HOME="$dir/conan"
step "conan profile detect" conan profile detect
step "conan remote remove" conan remote remove '*'

mkdir "$dir/mbedtls"
cat >"$dir/mbedtls/conanfile.py" <<'Y'
from conan import ConanFile
class Machine(ConanFile):
    name, version, settings = "mbedtls", "2.28.3", ("os", "arch")
    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "MbedTLS")
        for name, needs in (("mbedcrypto", []), ("mbedx509", ["mbedcrypto"]), ("mbedtls", ["mbedx509"])):
            part = self.cpp_info.components[name]
            part.set_property("cmake_target_name", "MbedTLS::" + name)
            part.system_libs, part.requires, part.includedirs = [name], needs, []
Y
step "a package mbedtls of the machine's library" conan export-pkg "$dir/mbedtls"

for tls in package system none; do
    how=https
    [ $tls != none ] || how=http
    step "conan create, tls=$tls" conan create "$archive" -s build_type=Debug -o "libdet/*:tls=$tls" --test-folder= &&
        reports "Conan's test package, tls=$tls" $how conan test "$archive/test_package" "$package" -s build_type=Debug \
            -o "libdet/*:tls=$tls"
done
refuses "on Windows the POSIX port is refused" 'POSIX port is not for Windows' \
    conan install --requires="$package" -s os=Windows -s compiler=gcc
