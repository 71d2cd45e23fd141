# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: the folder of an ESP-IDF component, with the lwIP port and, for the target linux, the POSIX one.
# shellcheck shell=sh disable=SC2046,SC2086,SC2154
mkdir libdet # a component is called as its folder
cd libdet || exit
library
posix
lwip=$(cd "$top" && ls port/lwip/*.c)
copy $(cd "$top" && ls port/lwip/*.[ch] port/esp-idf/*.[ch])
cp "$top/port/esp-idf/Kconfig" .
fill port/esp-idf/CMakeLists.txt.in CMakeLists.txt VERSION="$VERSION" SOURCES="$(each '' '' $SRC)" POSIX="$(each '' '' $PORT)" \
    LWIP="$(each '' '' $lwip)"
fill port/esp-idf/idf_component.yml.in idf_component.yml VERSION="$VERSION"
mkdir examples
cp -R "$top/port/esp-idf/example" examples/hello
cd .. || exit
